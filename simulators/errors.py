"""What can go wrong in the simulators, as types."""

from heartwire.errors import PermanentError


class SimulationError(PermanentError):
    """A script, a configuration or a record that cannot be played as asked."""
