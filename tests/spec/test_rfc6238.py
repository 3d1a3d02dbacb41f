"""RFC 6238 (one-time codes of the time) and RFC 4226 (of a counter): what an app shows is what the server takes."""

import pytest

from dashboard.one_time_codes import enrolment_uri, matching_step, new_secret, secret_text
from tests.authenticator import STEP_S, Authenticator

_SECRET = b"12345678901234567890"
_NOW_S = 1_795_701_720.0


@pytest.mark.parametrize(
    ("now_s", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_appendix_b_test_vectors(now_s: int, code: str) -> None:
    # The table has eight digits; six are its last ones (RFC 4226, 5.3: a remainder).
    assert matching_step(_SECRET, code[2:], now_s, 0) == now_s // STEP_S


def test_5_2_one_step_of_drift_and_no_more() -> None:
    app = Authenticator(secret_text(_SECRET))
    now = int(_NOW_S // STEP_S)
    taken = [drift for drift in range(-4, 5) if matching_step(_SECRET, app.at(_NOW_S + drift * STEP_S), _NOW_S, 0)]
    assert taken == [-1, 0, 1]
    assert matching_step(_SECRET, app.at(_NOW_S - STEP_S), _NOW_S, 0) == now - 1


def test_5_2_a_code_is_taken_once_and_none_before_it() -> None:
    app = Authenticator(secret_text(_SECRET))
    now = int(_NOW_S // STEP_S)
    assert matching_step(_SECRET, app.at(_NOW_S), _NOW_S, now) is None
    assert matching_step(_SECRET, app.at(_NOW_S - STEP_S), _NOW_S, now) is None
    assert matching_step(_SECRET, app.at(_NOW_S + STEP_S), _NOW_S, now) == now + 1


def test_rfc4226_4_the_secret_has_160_bits() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
    assert len(new_secret()) * 8 == 160


def test_what_the_qr_code_says_is_what_is_typed() -> None:
    secret = new_secret()
    scanned, typed = Authenticator.scan(enrolment_uri(secret, "nora@ward")), Authenticator(secret_text(secret))
    assert scanned.at(_NOW_S) == typed.at(_NOW_S)
    assert matching_step(secret, f" {typed.at(_NOW_S)[:3]} {typed.at(_NOW_S)[3:]} ", _NOW_S, 0), "as an app shows it"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 4000])
def test_what_is_no_code_is_none(code: str) -> None:
    assert matching_step(_SECRET, code, _NOW_S, 0) is None
