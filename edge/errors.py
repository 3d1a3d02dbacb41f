"""What can go wrong at the edge, as types and reasons."""

from enum import StrEnum

from heartwire.errors import PermanentError, RetryableError


class SourceError(PermanentError):
    """The signal cannot be read as asked."""


class PairingError(PermanentError):
    """The machine cannot be paired, or its pairing cannot be used, until somebody acts."""


class ServerReason(StrEnum):
    """Why the pages' server does not say what it is asked for."""

    UNREACHABLE = "unreachable"
    """Nothing answers, or nothing that can be understood."""
    REVOKED = "revoked"
    """The care team has revoked this device."""
    REFUSED = "refused"
    """It answered and said no."""


class ServerError(RetryableError):
    """The pages' server does not say what it is asked for now."""

    def __init__(self, reason: ServerReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


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


class WearableBytesError(PermanentError):
    """What a wearable sent is not what its specification says; the next notification is served all the same."""


class WearableReason(StrEnum):
    """Why a wearable sends nothing."""

    NO_BLUETOOTH = "no_bluetooth"
    """This machine has no Bluetooth that can be used."""
    NOT_FOUND = "not_found"
    """It is not near, or asleep, or connected to something else."""
    LOST = "lost"
    """There was a connection, and it broke or fell silent."""
    REFUSED = "refused"
    """It answered and said no."""
    UNFIT = "unfit"
    """It does not offer what is needed."""


class WearableError(RetryableError):
    """The wearable cannot be heard now."""

    def __init__(self, reason: WearableReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
