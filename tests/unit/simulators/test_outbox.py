"""A device lets go of a frame when, and only when, the database has it, or its own bound is met."""

from hypothesis import given
from hypothesis import strategies as st

from heartwire.frames import Ack, EcgFlag, EcgFrame
from simulators.outbox import Outbox


def _outbox(n: int, most: int = 1000) -> Outbox[EcgFrame]:
    outbox: Outbox[EcgFrame] = Outbox(7, most)
    for seq in range(n):
        outbox.add(EcgFrame(7, seq, seq * 1_000_000, 250_000, "II", 200.0, 0, 0, b""))
    return outbox


def _ack(committed: int, *missing: tuple[int, int], highest: int | None = None, boot_id: int = 7) -> Ack:
    return Ack(boot_id, "ecg", committed, missing, committed if highest is None else highest)


def _send(outbox: Outbox[EcgFrame], now_s: float = 0.0) -> list[int]:
    sent = []
    while (frame := outbox.next(now_s)) is not None:
        sent.append(frame.seq)
    return sent


def test_each_is_sent_once_in_order_and_stays_until_confirmed() -> None:
    outbox = _outbox(5)
    assert _send(outbox) == [0, 1, 2, 3, 4]
    assert _send(outbox) == []
    outbox.confirm(_ack(2), 1)
    assert (len(outbox), outbox.confirmed) == (2, 3)


def test_what_is_missing_is_sent_again_but_not_while_it_may_be_under_way() -> None:
    outbox = _outbox(10)
    _send(outbox)
    ack = _ack(1, (2, 3), (6, 6), highest=8)
    outbox.confirm(ack, 1)
    assert _send(outbox, 1) == []
    outbox.confirm(ack, 4)
    assert _send(outbox, 4) == [2, 3, 6]
    outbox.confirm(ack, 5)
    assert _send(outbox, 5) == []
    assert (len(outbox), outbox.confirmed) == (4, 6)


def test_after_a_break_everything_unconfirmed_is_sent_again() -> None:
    outbox = _outbox(4)
    _send(outbox)
    outbox.confirm(_ack(0), 1)
    outbox.send_all_again()
    assert _send(outbox, 2) == [1, 2, 3]


def test_after_a_silence_the_newest_is_sent_again() -> None:
    outbox = _outbox(3)
    _send(outbox, 10)
    outbox.send_last_again(12, quiet_s=4)
    assert _send(outbox, 12) == []
    outbox.send_last_again(15, quiet_s=4)
    assert _send(outbox, 15) == [2]
    outbox.confirm(_ack(2), 16)
    outbox.send_last_again(30, quiet_s=4)
    assert _send(outbox, 30) == []


def test_an_ack_of_another_boot_or_of_frames_that_never_were_means_nothing() -> None:
    outbox = _outbox(3)
    outbox.confirm(_ack(2, boot_id=8), 0)
    outbox.confirm(_ack(3), 0)
    assert len(outbox) == 3


def test_when_full_the_oldest_goes_and_the_next_says_so() -> None:
    outbox = _outbox(12, most=10)
    assert (len(outbox), outbox.dropped) == (10, 2)
    first, second = outbox.next(0), outbox.next(0)
    assert first is not None
    assert second is not None
    assert (first.seq, first.flags) == (2, EcgFlag.GAP_BEFORE)
    assert (second.seq, second.flags) == (3, 0)


@given(st.data())
def test_nothing_is_let_go_of_that_the_database_does_not_have(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 40))
    outbox = _outbox(n)
    _send(outbox)
    stored: set[int] = set()
    for now_s in range(0, 400, 20):
        stored |= data.draw(st.sets(st.integers(0, n - 1)))
        if now_s == 380:
            stored = set(range(n))
        highest = max(stored, default=-1)
        gaps = tuple((seq, seq) for seq in range(highest) if seq not in stored)
        outbox.confirm(_ack(gaps[0][0] - 1 if gaps else highest, *gaps, highest=highest), now_s)
        assert len(outbox) == n - len(stored)
        assert not stored & set(_send(outbox, now_s))
    assert outbox.confirmed == n
