"""Tables of state: one array a quantity, one row a patient.  Pure.

A table knows its columns' types and first values, so that growing, clearing, saving and restoring a row are
written once, and none can forget a column.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

Rows: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Singles: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int64]
Samples: TypeAlias = NDArray[np.int16]
Bytes: TypeAlias = NDArray[np.uint8]
Bools: TypeAlias = NDArray[np.bool_]

_COLUMN: Final = "column"


def column(dtype: DTypeLike, *shape: int, first: float = 0) -> Any:  # noqa: ANN401 # stands where the array will
    """Declare a column: the type and shape of one row's part, and its first value."""
    return field(init=False, metadata={_COLUMN: (np.dtype(dtype), shape, first)})


@dataclass(slots=True)
class Table:
    """Base of the tables. A subclass is a dataclass whose fields are `column`s."""

    capacity: int

    def __post_init__(self) -> None:
        """Make the arrays."""
        for name, (dtype, shape, first) in self._columns():
            setattr(self, name, np.full((self.capacity, *shape), first, dtype))

    def _columns(self) -> list[tuple[str, tuple[np.dtype[Any], tuple[int, ...], float]]]:
        return [(each.name, each.metadata[_COLUMN]) for each in fields(self) if _COLUMN in each.metadata]

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows; new ones hold first values."""
        for name, (dtype, shape, first) in self._columns():
            added = np.full((capacity - self.capacity, *shape), first, dtype)
            setattr(self, name, np.concatenate([getattr(self, name), added]))
        self.capacity = capacity

    def clear(self, rows: Rows, *, keep: frozenset[str] = frozenset()) -> None:
        """Put first values into these rows, but for the columns to keep."""
        for name, (_, _, first) in self._columns():
            if name not in keep:
                getattr(self, name)[rows] = first

    @property
    def row_bytes(self) -> int:
        """Length of a saved row."""
        return sum(dtype.itemsize * int(np.prod(shape)) for _, (dtype, shape, _) in self._columns())

    def save(self, row: int) -> bytes:
        """Return all columns of one row."""
        return b"".join(getattr(self, name)[row].tobytes() for name, _ in self._columns())

    def restore(self, row: int, saved: bytes) -> None:
        """Take over all columns of one row from `save`.

        Raises
        ------
        ValueError
            If the length is not that of a row.
        """
        if len(saved) != self.row_bytes:
            raise ValueError(f"{len(saved)} bytes of state, wanted {self.row_bytes}")
        start = 0
        for name, (dtype, shape, _) in self._columns():
            count = int(np.prod(shape))
            values = np.frombuffer(saved, dtype, count, start).reshape(shape)
            cast("NDArray[Any]", getattr(self, name))[row] = values
            start += dtype.itemsize * count
