"""Numbers, categories and times -> a block of one float32 matrix, made some rows at a time.

A column of categories has up to fifty indicators, and a table of millions of rows would have gigabytes of
them. So each category is one byte, and rows become numbers when they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.predict.kernel_ridge import KernelRidge
from doubtcli.predict.table_models import ExtraTrees, GradientBoosting, LinearModel
from doubtcli.records import Role
from doubtcli.records.arrays import number_in_order, split_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

    from doubtcli.records import Block, Bools, Codes, Examples, Model, Rows

MOST_CATEGORIES = 50
"""Rarer values of a column share one indicator: nothing can be learned from a category that few rows have."""
_FEWEST_ROWS = 2
_FARTHEST = 100.0
"""In usual distances from the median; values beyond it count as if they were at it."""
_SECONDS_A_DAY = 86_400.0
_DIGEST_BYTES = 8


@dataclass(frozen=True, eq=False)
class Indicators:
    """A column of codes that stands for one column a code: 1 in that of a row's code, else 0."""

    codes: NDArray[np.uint8]
    """Shape `(n_rows,)`, 0 … `n_columns` - 1."""
    n_columns: int


Part: TypeAlias = "NDArray[np.float32] | Bools | Indicators"
"""One or more columns: numbers or true and false, of shape `(n_rows,)`, or indicators."""


class TableMatrix:
    """Columns side by side, shape `(n_rows, n_columns)`: rows of it are float32 arrays.

    `np.asarray` makes it an array as a whole.

    Example:
        >>> import numpy as np
        >>> colours = Indicators(np.array([0, 2, 1], dtype=np.uint8), 3)
        >>> TableMatrix([np.array([0.5, 1.5, 2.5], dtype=np.float32), colours])[np.array([2, 0])]
        array([[2.5, 0. , 1. , 0. ],
               [0.5, 1. , 0. , 0. ]], dtype=float32)
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        widths = [part.n_columns if isinstance(part, Indicators) else 1 for part in parts]
        self._starts = np.cumsum([0, *widths]).tolist()
        self.shape = (len(self._columns[0]), self._starts[-1])

    @cached_property
    def _columns(self) -> tuple[NDArray[np.float32] | NDArray[np.uint8] | Bools, ...]:
        """What is held of each part."""
        return tuple(part.codes if isinstance(part, Indicators) else part for part in self._parts)

    def __len__(self) -> int:
        """The number of rows."""
        return self.shape[0]

    def __getitem__(self, rows: Codes | slice) -> NDArray[np.float32]:
        """Some rows, as a new array."""
        taken = [column[rows] for column in self._columns]
        made = np.zeros((len(taken[0]), self.shape[1]), dtype=np.float32)
        for part, column, start in zip(self._parts, taken, self._starts, strict=False):
            if isinstance(part, Indicators):
                made[np.arange(len(made)), start + column.astype(np.intp)] = 1
            else:
                made[:, start] = column
        return made

    def __array__(self, dtype: DTypeLike | None = None, *, copy: bool | None = None) -> NDArray[Any]:
        """All rows, as a new array."""
        del copy  # it always is one
        made = np.empty(self.shape, dtype=np.float32)
        for rows in split_rows(*self.shape):
            made[rows] = self[rows]
        return made.astype(np.float32 if dtype is None else dtype, copy=False)


@dataclass(frozen=True, eq=False)
class TableBlock:
    """Numbers, or what can be turned into numbers."""

    dense: Rows
    """Shape `(n_rows, n_dense)`: table columns, standardized."""
    suffix: str = ""
    """Added to the names of its models, where another block has the same models."""

    tokens: ClassVar = None

    @property
    def exact_keys(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number have the same values."""
        # digests, since the rows themselves would be a copy of the table
        digests = np.zeros(len(self.dense), dtype=np.uint64)
        for rows in split_rows(*self.dense.shape):
            digests[rows] = [
                int.from_bytes(blake2b(row, digest_size=_DIGEST_BYTES).digest()) for row in self.dense[rows]
            ]
        return number_in_order(digests)

    @property
    def decides_alone(self) -> Bools:
        """Shape `(n_rows,)`: always False; two rows with the same numbers need not be copies."""
        return np.zeros(len(self.dense), dtype=np.bool_)

    def neighbor_space(self) -> NDArray[np.float32]:
        """The values, divided by the square root of how many there are."""
        space = np.array(self.dense, dtype=np.float32)
        space /= np.sqrt(space.shape[1], dtype=np.float32)
        return space

    def models(self, beside: tuple[Block, ...], *, fast: bool) -> tuple[Model, ...]:
        """A linear model, a forest, boosting and a kernel; if `fast`, the first two, the forest if alone."""
        inputs = self.dense, self.suffix
        linear, forest = LinearModel(*inputs), ExtraTrees(*inputs)
        if fast:
            return (linear,) if beside else (linear, forest)
        return linear, forest, GradientBoosting(*inputs), KernelRidge(*inputs)


def table_block(examples: Examples) -> TableBlock | None:
    """The numbers, categories and times of the rows side by side, or None if there are none."""
    makers = {
        make_numeric_features: examples.columns_of(Role.NUMERIC),
        make_categorical_features: examples.columns_of(Role.CATEGORICAL),
        make_datetime_features: examples.columns_of(Role.DATETIME),
    }
    # by name, so that columns in another order give the same doubts: trees draw columns by their place
    parts = [make(examples.inputs.column(name)) for make, names in makers.items() for name in sorted(names)]
    return TableBlock(TableMatrix([part for some in parts for part in some])) if parts else None


def make_numeric_features(column: pa.ChunkedArray) -> tuple[Part, ...]:
    """A standardized column with missing values at its median, and an indicator if any are missing.

    Extreme values are compressed (cut off at 100 times the usual distance from the median, then `arcsinh`),
    so that one typing slip does not flatten the rest.

    Returns:
        One column or two.
    """
    values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64).copy()
    missing = ~np.isfinite(values)
    values[missing] = np.median(values[~missing]) if (~missing).any() else 0.0
    compressed = _compress_extremes(values).astype(np.float32)
    return (compressed, missing) if missing.any() else (compressed,)


def _compress_extremes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    away = values / 2 - np.median(values / 2)  # halved, so that no difference overflows to infinity
    if not away.any():
        return away
    usual = np.median(np.abs(away[away != 0]))
    near = np.clip(away, -_FARTHEST * usual, _FARTHEST * usual) / usual
    return np.asarray(np.arcsinh((near - near.mean()) / near.std()))


def make_categorical_features(column: pa.ChunkedArray) -> tuple[Part, ...]:
    """One indicator for each of the commonest values (missing is a value), and one for all others."""
    words = pc.fill_null(pc.cast(column, pa.large_string()), "\0missing")
    coded = words.combine_chunks().dictionary_encode()
    values, codes = np.asarray(coded.dictionary.to_pylist(), dtype=object), coded.indices.to_numpy()
    in_order = np.argsort(values)
    values, codes = values[in_order], np.argsort(in_order)[codes]
    counts = np.bincount(codes)
    by_size = np.lexsort((np.arange(len(values)), -counts))[:MOST_CATEGORIES]
    kept = np.sort(by_size[counts[by_size] >= _FEWEST_ROWS])
    place = np.full(len(values), len(kept))
    place[kept] = np.arange(len(kept))
    return (Indicators(place.astype(np.uint8)[codes], min(len(kept) + 1, len(values))),)


def make_datetime_features(column: pa.ChunkedArray) -> tuple[Part, ...]:
    """The time as a standardized number of days, and the hour and weekday as points on circles.

    Returns:
        Five columns, or six with the indicator of missing times.
    """
    seconds = pc.divide(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()), 1_000_000)
    days = np.asarray(pc.cast(seconds, pa.float64()).to_numpy(zero_copy_only=False)) / _SECONDS_A_DAY
    when = make_numeric_features(pa.chunked_array([pa.array(days, from_pandas=True)]))
    known = np.where(np.isfinite(days), days, 0.0)
    circles = [turn(2 * np.pi * known / n_days) for n_days in (1, 7) for turn in (np.sin, np.cos)]
    return (*when, *(circle.astype(np.float32) for circle in circles))
