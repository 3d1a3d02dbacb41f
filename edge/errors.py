"""What can go wrong at the edge, as types and reasons."""

from enum import StrEnum

from heartwire.errors import PermanentError, RetryableError


class SourceError(PermanentError):
    """The signal cannot be read as asked."""


class OutboxReason(StrEnum):
    """Why an outbox cannot be used."""

    LOCKED = "locked"
    """Another agent holds it."""
    FOREIGN = "foreign"
    """The file belongs to another program."""
    NEWER = "newer"
    """A newer heartwire wrote it."""
    CORRUPT = "corrupt"
    """The file is damaged."""
    OTHER_DEVICE = "other_device"
    """It holds the frames of another device."""
    UNREACHABLE = "unreachable"
    """The folder or file cannot be opened or written."""


class OutboxError(PermanentError):
    """The outbox on disk cannot be used until somebody acts."""

    def __init__(self, reason: OutboxReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class OutboxDiskFullError(RetryableError):
    """The disk under the outbox has no room; nothing of the call was kept."""


class LinkReason(StrEnum):
    """Why there is no connection to the broker."""

    UNREACHABLE = "unreachable"
    """Nothing answers at host and port, or the name is unknown."""
    TLS = "tls"
    """The broker's certificate, or ours, was not accepted."""
    PROTOCOL = "protocol"
    """The broker does not speak this version of MQTT."""
    REFUSED = "refused"
    """The broker answered and said no: user, password or rights."""
    LOST = "lost"
    """There was a connection, and it broke."""


class LinkError(RetryableError):
    """The broker cannot be reached now; the signal waits in the outbox."""

    def __init__(self, reason: LinkReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
