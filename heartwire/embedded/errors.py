"""What can go wrong with the embedded servers."""

from heartwire.errors import PermanentError


class EmbeddedServerError(PermanentError):
    """A server that comes with heartwire cannot be started or does not answer."""
