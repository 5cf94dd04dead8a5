"""What something is computed from -> a key: with the same key it is the same, and not computed again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from doubtcli.records import Examples, Keeper

Made = TypeVar("Made")
LABEL_FREE = (
    *("inputs", "column_roles", "pairs", "embeddings", "groups", "annotations", "given_pred_probs"),
    "n_rows",
)
"""What examples have besides labels: what `Examples.hide_labels` leaves."""


_ROWS_AT_ONCE = 2**16
"""Rows of a table that are copied at a time, so that the key does not depend on how its chunks lie."""


class _UnknownKindError(TypeError):
    """A value of which no key can be made."""


def hash_content(*values: object) -> str | None:
    """64 hexadecimal digits that differ if any of the values does; None if no key can be made of one of them.

    It can be made of arrays, Arrow tables, plain values, and of records, lists and mappings of these.

    Example:
        >>> hash_content("1", 1) == hash_content("1", 1), hash_content("1", 1) == hash_content(1, "1")
        (True, False)
    """
    content = _Content(hashlib.sha256())
    try:
        for value in values:
            content.add(value)
    except _UnknownKindError:
        return None
    return str(content.digest.hexdigest())


def hash_examples(examples: Examples) -> str | None:
    """The key of all that examples have besides labels."""
    return hash_content(*(getattr(examples, name) for name in LABEL_FREE))


def find_or_make(keeper: Keeper | None, make_key: Callable[[], str | None], make: Callable[[], Made]) -> Made:
    """What an earlier run kept under a key; else it is made now, and kept.

    Args:
        keeper: Where it is kept; None: it is made in any case.
        make_key: Makes the key; None: it is not kept.
        make: Makes the value.
    """
    key = None if keeper is None else make_key()
    if keeper is None or key is None:
        return make()
    found: Made | None = keeper.find(key)
    if found is None:
        found = make()
        keeper.keep(key, found)
    return found


@dataclass(frozen=True)
class _Content:
    """Hashes values, each after its kind and its size, so that no two values are hashed as the same bytes."""

    digest: Any

    def add(self, value: object) -> None:
        """Hash one more value.

        Raises:
            _UnknownKindError: It is of no known kind, or has a part that is not.
        """
        import pyarrow as pa

        match value:
            case np.ndarray() if not value.dtype.hasobject:
                self._add_head(f"array {value.dtype.str} {value.shape}")
                self.digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
            case pa.Table():
                self._add_head("table")
                sink = pa.PythonFile(self, mode="w")
                with pa.ipc.new_stream(sink, value.schema) as stream:
                    for start in range(0, value.num_rows, _ROWS_AT_ONCE):
                        part = value.slice(start, _ROWS_AT_ONCE).combine_chunks()
                        # a copy, as a slice may be written with bytes of its neighbours
                        stream.write_table(part.take(np.arange(part.num_rows)))
            case str() | int() | float() | None | np.generic():
                text = repr(value)
                self._add_head(f"{type(value).__name__} {len(text)} {text}")
            case list() | tuple():
                self._add_head(f"list {len(value)}")
                for item in value:
                    self.add(item)
            case Mapping():
                self._add_head("mapping")
                self.add([part for item in value.items() for part in item])
            case _ if is_dataclass(value):
                self._add_head(f"record {type(value).__qualname__}")
                self.add([getattr(value, field.name) for field in fields(value)])
            case _:
                raise _UnknownKindError(type(value).__name__)

    def write(self, part: bytes) -> int:
        """Hash a part of a table that Arrow writes."""
        self.digest.update(part)
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""

    closed = False

    def _add_head(self, text: str) -> None:
        self.digest.update(text.encode(errors="surrogatepass") + b";")
