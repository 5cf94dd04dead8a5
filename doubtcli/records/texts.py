"""Many texts in little memory, such as the ids of a million rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from doubtcli.records.arrays import Codes

_BLOCK_TEXTS = 2**16
"""So many become objects of Python at once."""


class Texts(Sequence[str]):
    """Texts in an array of Arrow's, none missing: each takes its bytes and 8 more.

    It is equal to any sequence of the same texts, and `pa.array` takes it as it is.

    Example:
        >>> Texts.of(["a", "b", "c"])[-1]
        'c'
    """

    __slots__ = ("array",)
    __hash__ = None  # type: ignore[assignment]  # it is equal to lists, which have none

    def __init__(self, array: pa.Array) -> None:
        """The texts of an array of the type `large_string`, without nulls."""
        self.array = array

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Any texts; the same object where they are in an array already."""
        import pyarrow as pa

        if isinstance(texts, Texts):
            return texts
        return cls(pa.array(texts, pa.large_string()))

    def take(self, places: Codes) -> Texts:
        """Some of the texts, in the order of their places."""
        import pyarrow as pa

        return Texts(self.array.take(pa.array(places)))

    def replace(self, changed: Mapping[int, str]) -> Texts:
        """The texts with other ones at some places."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if not changed:
            return self
        is_changed = np.zeros(len(self), dtype=np.bool_)
        is_changed[list(changed)] = True
        new = pa.array([changed[place] for place in sorted(changed)], self.array.type)
        return Texts(pc.replace_with_mask(self.array, pa.array(is_changed), new))

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.array)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Texts: ...
    def __getitem__(self, place: int | slice) -> str | Texts:
        """One text, or some in an array of their own."""
        if isinstance(place, slice):
            return Texts(self.array[place])
        return self.array[int(place)].as_py()  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        """Each text; of a few at once there are objects."""
        for start in range(0, len(self), _BLOCK_TEXTS):
            yield from self.array.slice(start, _BLOCK_TEXTS).to_pylist()

    def __eq__(self, other: object) -> bool:
        """Whether another sequence has the same texts."""
        if isinstance(other, Texts):
            return bool(self.array.equals(other.array))
        if isinstance(other, str) or not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002  # Arrow's name
        """The array, as `pa.array` asks for it."""
        return self.array if type is None else self.array.cast(type)

    def __repr__(self) -> str:
        """How many there are, and the first ones."""
        return f"<{len(self):,} texts: {', '.join(map(repr, self[:3]))}{', ...' * (len(self) > 3)}>"  # noqa: PLR2004
