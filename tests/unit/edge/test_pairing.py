"""A pairing on this machine: what was typed, what is kept, whose credential is used for what."""

import stat
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from edge.command import edge
from edge.errors import PairingError, SourceError
from edge.paired import Paired, PairedWearable, forget_paired, keep_paired, load_settings, read_paired
from edge.server import Invitation, is_encrypted, look, read_invitation

PAIRED = Paired(
    server="https://heart.example.org",
    patient="Marie D.",
    ward="Cardiology Ward B",
    device="0123456789abcdef",
    username="0123456789abcdef",
    password="secret",  # noqa: S106 # of nobody
    broker_host="broker.example.org",
    broker_port=8883,
    broker_tls=True,
    ca="-----BEGIN CERTIFICATE-----\n",
    wearable=PairedWearable("24:AC:AC:01:02:03", "Polar H10 1A2B3C4D", "polar_h10"),
)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HEARTWIRE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "server", "invitation"),
    [
        ("4f7k-92qx", "https://a.org/", Invitation("https://a.org", "4F7K92QX")),
        (" 4F7K 92QX\n", "http://127.0.0.1:8080", Invitation("http://127.0.0.1:8080", "4F7K92QX")),
        ("https://a.org/phone/?code=4F7K92QX", None, Invitation("https://a.org", "4F7K92QX")),
        (
            "https://a.org:8443/heart/phone/?x=1&code=4f7k92qx",
            "https://b.org",
            Invitation("https://a.org:8443/heart", "4F7K92QX"),
        ),
    ],
)
def test_a_code_and_the_text_of_a_qr_code_are_read(text: str, server: str | None, invitation: Invitation) -> None:
    assert read_invitation(text, server) == invitation


@pytest.mark.parametrize(
    ("text", "server", "words"),
    [
        ("4F7K", "https://a.org", "no pairing code"),
        ("https://a.org/phone/", None, "no pairing code"),
        ("4F7K92QX", None, "--server"),
        ("4F7K92QX", "a.org", "no server's address"),
        ("ftp://a.org/phone/?code=4F7K92QX", None, "no server's address"),
    ],
)
def test_what_is_no_code_says_what_is_wanted(text: str, server: str | None, words: str) -> None:
    with pytest.raises(PairingError, match=words):
        read_invitation(text, server)


def test_what_is_encrypted() -> None:
    assert is_encrypted("https://a.org")
    assert is_encrypted("http://127.0.0.1:8080")
    assert not is_encrypted("http://a.org")


def test_a_server_that_cannot_be_reached_says_so(free_port: int) -> None:
    with pytest.raises(PairingError, match="cannot be reached"):
        look(Invitation(f"http://127.0.0.1:{free_port}", "4F7K92QX"))


def test_the_credential_is_kept_for_its_owner_alone_and_goes(home: Path) -> None:
    assert read_paired() is None
    path = keep_paired(PAIRED)
    assert read_paired() == PAIRED
    for kept in path.parent.iterdir():
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600, kept
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(list(path.parent.iterdir())) == 2
    forget_paired()
    assert not list(path.parent.iterdir())
    forget_paired()


def test_a_damaged_pairing_says_so() -> None:
    path = keep_paired(PAIRED)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(PairingError, match="unpair"):
        read_paired()
    assert CliRunner().invoke(edge, ["unpair", "--yes"]).exit_code == 0
    assert read_paired() is None


def test_the_pairing_sets_what_nobody_set(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    keep_paired(PAIRED)
    settings = load_settings(PAIRED)
    assert (settings.device, settings.broker_host, settings.broker_port) == (PAIRED.device, "broker.example.org", 8883)
    assert settings.uses_tls
    assert settings.broker_ca_file == home / "edge" / "broker-ca.pem"
    assert settings.broker_password is not None
    assert settings.broker_password.get_secret_value() == "secret"
    monkeypatch.setenv("HEARTWIRE_EDGE_BROKER_HOST", "elsewhere")
    assert load_settings(PAIRED).broker_host == "elsewhere"
    assert load_settings(PAIRED, broker_host="here").broker_host == "here"


def test_another_device_gets_nothing_of_the_pairing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(PAIRED, device="fedcba9876543210").broker_password is None
    monkeypatch.setenv("HEARTWIRE_EDGE_DEVICE", "fedcba9876543210")
    assert load_settings(PAIRED).broker_password is None
    assert load_settings(PAIRED).device == "fedcba9876543210"


def test_run_without_a_wearable_says_what_to_do() -> None:
    result = CliRunner().invoke(edge, ["run"])
    assert isinstance(result.exception, PairingError)
    assert "heartwire edge pair" in str(result.exception)
    keep_paired(msgspec.structs.replace(PAIRED, wearable=None))
    assert isinstance(CliRunner().invoke(edge, ["run"]).exception, PairingError)


def test_a_machine_that_does_not_know_the_time_says_so_instead_of_sending_wrong_times() -> None:
    keep_paired(msgspec.structs.replace(PAIRED, paired_us=PAIRED.paired_us + 3_600_000_000))
    result = CliRunner().invoke(edge, ["run"])
    assert isinstance(result.exception, SourceError)
    assert "before it was paired" in str(result.exception)


def test_status_says_whose_it_is_and_a_paired_machine_is_not_paired_again() -> None:
    keep_paired(PAIRED)
    result = CliRunner().invoke(edge, ["status"])
    assert "paired for Marie D., cared for by Cardiology Ward B, by https://heart.example.org" in result.output
    assert "wearable: Polar H10 1A2B3C4D (24:AC:AC:01:02:03)" in result.output
    result = CliRunner().invoke(edge, ["pair", "https://a.org/phone/?code=4F7K92QX"])
    assert "paired already, for Marie D." in str(result.exception)
    result = CliRunner().invoke(edge, ["unpair"], input="n\n")
    assert result.exit_code == 1
    assert read_paired() == PAIRED
