"""The role `embedding`: a column of vectors, which become one matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.files.values import TEXT, is_text, is_vector, simplify_column
from doubtcli.records import Fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.read.roles.assign import InspectedColumn
    from doubtcli.records import Table

WRITTEN_VECTOR = r"^\s*\[[-+.,\s0-9eE]*\d[-+.,\s0-9eE]*\]\s*$"
"""A vector as Python, JSON or NumPy writes it to a text file: [0.1, -2e-3] or [0.1 -0.002]."""


@dataclass(frozen=True)
class EmbeddingRole:
    """Vectors of one length."""

    name: ClassVar = "embedding"
    asked_at: ClassVar = 10
    may_leak: ClassVar = False
    shown: ClassVar = None

    def fits(self, column: InspectedColumn) -> Fit | None:
        """If it has lists of numbers; left out if they are not vectors of one length."""
        data = column.table.data.column(column.name)
        if not looks_like_vectors(data):
            return None
        found = read_vectors(data)
        if isinstance(found, Flaw):
            return Fit(f"row {found.row}: {found.found}: left out", is_usable=False)
        return Fit(f"{found.shape[1]} numbers a row")

    def convert(self, table: Table, name: str) -> NDArray[np.float32]:
        """As one matrix.

        Raises:
            InputError: It has no vectors, or a broken one; names the first row that is broken.
        """
        found = read_vectors(table.data.column(name))
        if isinstance(found, Flaw):
            raise InputError(
                found.found,
                where=table.source.path,
                row=found.row,
                column=name,
                expected="the same number of finite numbers on every row",
            )
        return found


@dataclass(frozen=True)
class Flaw:
    """Why a column or an array can't be used, and the row."""

    found: str
    row: int | None = None
    """Counted from 1."""


def looks_like_vectors(column: pa.ChunkedArray) -> bool:
    """Whether a column is meant to have vectors: by its type, or because every text is written like one."""
    column = simplify_column(column)
    if column.type != TEXT:
        return is_vector(column.type)
    known = column.drop_null()
    for part in (known.slice(0, 1), known):
        if not len(part) or not pc.all(pc.match_substring_regex(part, WRITTEN_VECTOR)).as_py():
            return False
    return True


def read_vectors(column: pa.ChunkedArray) -> NDArray[np.float32] | Flaw:
    """The vectors of a column, shape `(n_rows, n_dimensions)`, or why it has none."""
    if not looks_like_vectors(column):
        return Flaw("it has no lists of numbers")
    lists = _as_lists(simplify_column(column))
    lengths = pc.fill_null(pc.list_value_length(lists), -1).to_numpy(zero_copy_only=False)
    if (lengths < 1).any():
        return Flaw("the vector is missing", _first_row_of(lengths < 1))
    if (lengths != lengths[0]).any():
        row = _first_row_of(lengths != lengths[0])
        return Flaw(f"its vector has {lengths[row - 1]} numbers, but that of row 1 has {lengths[0]}", row)
    numbers = pc.cast(pc.list_flatten(lists), pa.float64()).to_numpy(zero_copy_only=False)
    return as_finite(numbers.reshape(len(lengths), -1))


def as_finite(numbers: NDArray[np.floating]) -> NDArray[np.float32] | Flaw:
    """The numbers as float32, or the first row with a number that is not finite in float32."""
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(numbers, dtype=np.float32)
    broken = np.asarray(~np.isfinite(narrow).all(axis=1))
    if not broken.any():
        return narrow
    row = _first_row_of(broken)
    place = int(np.flatnonzero(~np.isfinite(narrow[row - 1]))[0])
    return Flaw(f"number {place + 1} of its vector is {numbers[row - 1, place]}", row)


def _as_lists(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not is_text(column.type):
        return column
    bare = pc.replace_substring_regex(column, r"[\[\],]+", " ")
    words = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(bare))
    return words.cast(pa.large_list(pa.float64()))


def _first_row_of(rows: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(rows)[0]) + 1
