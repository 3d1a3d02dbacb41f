"""A set of numbers as ranges is the set of these numbers, whatever their order."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.seqs import Gap, SeqSet, multirange

NUMBERS = st.lists(st.integers(0, 40), max_size=60)


def _gaps(numbers: set[int]) -> list[Gap]:
    missing = [number for number in range(max(numbers, default=-1)) if number not in numbers]
    begins = [number for number in missing if number - 1 not in missing]
    ends = [number for number in missing if number + 1 not in missing]
    return [Gap(low, high) for low, high in zip(begins, ends, strict=True)]


@given(NUMBERS, st.integers(0, 10))
def test_it_is_the_set_of_its_numbers(numbers: list[int], most: int) -> None:
    seqs = SeqSet()
    known: set[int] = set()
    for number in numbers:
        assert seqs.add(number) == (number not in known)
        known.add(number)
        assert seqs.highest == max(known)
    assert {number for low, high in seqs.ranges for number in range(low, high)} == known
    assert all(high < low for (_, high), (low, _) in zip(seqs.ranges, seqs.ranges[1:], strict=False))
    assert list(seqs.gaps(most)) == _gaps(known)[:most]
    again = SeqSet(seqs.ranges)
    assert [again.add(number) for number in range(42)] == [number not in known for number in range(42)]


@given(st.sets(st.integers(0, 40)))
def test_the_database_s_words(numbers: set[int]) -> None:
    words = multirange(list(numbers)).strip("{}").replace("),", ");").split(";")
    ranges = [range(*map(int, word.strip("[)").split(","))) for word in words if word]
    assert {number for one in ranges for number in one} == numbers


def test_the_empty_one() -> None:
    assert (SeqSet().highest, SeqSet().gaps(5), multirange([])) == (-1, (), "{}")
