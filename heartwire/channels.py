"""Ways to reach a person: which addresses are taken, and what is shown of them."""

import re
from typing import Final

import msgspec

from heartwire.errors import PermanentError

_SCHEME: Final = re.compile(r"^([a-z][a-z0-9+.-]{0,30})://", re.IGNORECASE)
#: Those that speak to the machine itself, not to a person.
_LOCAL: Final = frozenset({"windows", "macosx", "dbus", "qt", "kde", "glib", "gio", "gnome", "syslog", "blink1"})


class ChannelError(PermanentError):
    """An address by which nobody can be reached."""


class PushKeys(msgspec.Struct, frozen=True):
    """What a browser gives to encrypt for it: base64url."""

    p256dh: str
    auth: str


class PushSubscription(msgspec.Struct, frozen=True):
    """A browser's subscription, as `PushSubscription.toJSON` gives it (W3C Push API)."""

    endpoint: str
    keys: PushKeys


def check_address(address: str) -> str:
    """Return the scheme of an apprise URL by which somebody can be reached.

    Raises
    ------
    ChannelError
        If apprise does not understand it, or it leads to the machine itself. It does not repeat the address: that is a
        secret.
    """
    from apprise import Apprise  # noqa: PLC0415 # a third of a second, and few need it

    found = _SCHEME.match(address)
    if found is None:
        raise ChannelError("an address begins with its kind, as mailto:// or ntfy://")
    scheme = found[1].lower()
    if scheme in _LOCAL:
        raise ChannelError(f"{scheme}:// reaches this machine, not a person")
    if Apprise.instantiate(address, suppress_exceptions=True) is None:
        raise ChannelError(
            f"the {scheme}:// address is not understood; see https://appriseit.com for how it is written"
        )
    return scheme
