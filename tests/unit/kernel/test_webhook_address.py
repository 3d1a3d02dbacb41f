"""Where a webhook may lead, and where not."""

import pytest

from heartwire.webhook_address import AddressError, is_open, split_address


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.4", "172.16.9.9", "93.184.216.34", "2606:2800:220:1::1"])
def test_a_hospitals_network_and_the_worlds_are_open(address: str) -> None:
    assert is_open(address, local_too=False)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1",  # noqa: S104
     "::ffff:127.0.0.1", "::ffff:169.254.169.254", "255.255.255.255"],
)  # fmt: skip
def test_the_machine_and_its_link_are_not(address: str) -> None:
    assert not is_open(address, local_too=False)
    assert is_open(address, local_too=True)


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "https://", "https:///path", "https://name:secret@host/", "https://host/#part", "https://host:x/",
     "https://host:0/", "https://[::1/", "http://host/", "javascript:alert(1)", ""],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressError):
        split_address(url)


def test_an_address_in_its_parts() -> None:
    parts = split_address("https://host.example:8443/alarms?ward=B")
    assert (parts.hostname, parts.port, parts.path, parts.query) == ("host.example", 8443, "/alarms", "ward=B")
    assert split_address("http://localhost/").scheme == "http"
