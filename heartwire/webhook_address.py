"""Where a webhook may lead: an administrator names the address, the machine itself is not his.  Pure."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

from heartwire.errors import PermanentError

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class AddressError(PermanentError):
    """An address that nothing is sent to."""


def is_open(address: str, *, local_too: bool) -> bool:
    """Whether a network address may be asked.

    A hospital's own network is as good as any; the machine itself, its link (where clouds keep their secrets) and
    addresses of many are not, unless `local_too`.
    """
    if local_too:
        return True
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return not (ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved)


def split_address(url: str) -> SplitResult:
    """Return a webhook's address in its parts.

    Raises
    ------
    AddressError
        If it is none, carries a password, or is not encrypted (which only the machine itself needs not be).
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressError(f"{url!r} is no address: {error}") from None
    if not parts.hostname or port == 0 or parts.username is not None or parts.fragment:
        raise AddressError(f"{url!r}: wanted https://HOST/PATH, without a name, a password or a #part")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise AddressError(f"{url!r}: alarms are sent over https only")
    return parts
