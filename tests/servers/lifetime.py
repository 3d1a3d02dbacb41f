"""A server of a test's own, from `with` to its end."""

from types import TracebackType
from typing import Self


class Lifetime:
    """Starts with the block, and leaves nothing behind, even where the start fails."""

    def start(self) -> Self:
        """Start and return when it serves."""
        raise NotImplementedError

    def remove(self) -> None:
        """Kill it and delete all that it kept."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Start it."""
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it and delete all that it kept."""
        self.remove()
