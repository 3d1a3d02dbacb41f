"""What can go wrong in ingest, as types."""

from heartwire.errors import PermanentError, RetryableError


class StreamsChangedError(RetryableError):
    """Rows of `streams` are not as this process left them: another wrote them, or a commit's outcome was unknown."""


class BatchRefusedError(PermanentError):
    """The database refuses something in these very rows; other rows it would take.

    Attributes
    ----------
    sqlstate : str
        The database's code, or ``"client"`` where the driver refused before it asked.
    """

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class BrokerThreadDiedError(PermanentError):
    """A defect ended the thread that speaks to the broker."""
