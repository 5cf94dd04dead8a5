"""Numbers, categories and times -> a block of one dense float32 matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.predict.kernel_ridge import KernelRidge
from doubtcli.predict.table_models import ExtraTrees, GradientBoosting, LinearModel
from doubtcli.records import Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Block, Bools, Codes, Examples, Model

MOST_CATEGORIES = 50
"""Rarer values of a column share one indicator: nothing can be learned from a category that few rows have."""
_FEWEST_ROWS = 2
_FARTHEST = 100.0
"""In usual distances from the median; values beyond it count as if they were at it."""
_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class TableBlock:
    """Numbers, or what can be turned into numbers."""

    dense: NDArray[np.float32]
    """Shape `(n_rows, n_dense)`: table columns, standardized."""
    suffix: str = ""
    """Added to the names of its models, where another block has the same models."""

    tokens: ClassVar = None

    @property
    def exact_keys(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number have the same values."""
        number: dict[bytes, int] = {}
        return np.array([number.setdefault(row.tobytes(), len(number)) for row in self.dense], dtype=np.intp)

    @property
    def decides_alone(self) -> Bools:
        """Shape `(n_rows,)`: always False; two rows with the same numbers need not be copies."""
        return np.zeros(len(self.dense), dtype=np.bool_)

    def neighbor_space(self) -> NDArray[np.float32]:
        """The values, divided by the square root of how many there are."""
        return np.asarray(self.dense / np.sqrt(self.dense.shape[1], dtype=np.float32))

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
    return TableBlock(np.ascontiguousarray(np.hstack(parts))) if parts else None


def make_numeric_features(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """A standardized column with missing values at its median, and an indicator if any are missing.

    Extreme values are compressed (cut off at 100 times the usual distance from the median, then `arcsinh`),
    so that one typing slip does not flatten the rest.

    Returns:
        Shape `(n_rows, 1 or 2)`.
    """
    values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64).copy()
    missing = ~np.isfinite(values)
    values[missing] = np.median(values[~missing]) if (~missing).any() else 0.0
    parts = [_compress_extremes(values)]
    if missing.any():
        parts.append(missing.astype(np.float64))
    return np.column_stack(parts).astype(np.float32)


def _compress_extremes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    away = values / 2 - np.median(values / 2)  # halved, so that no difference overflows to infinity
    if not away.any():
        return away
    usual = np.median(np.abs(away[away != 0]))
    near = np.clip(away, -_FARTHEST * usual, _FARTHEST * usual) / usual
    return np.asarray(np.arcsinh((near - near.mean()) / near.std()))


def make_categorical_features(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """One indicator for each of the commonest values (missing is a value), and one for all others.

    Returns:
        Shape `(n_rows, n_values)`.
    """
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
    indicators = np.eye(len(kept) + 1, dtype=np.float32)[place[codes]]
    return np.asarray(indicators if len(kept) < len(values) else indicators[:, :-1])


def make_datetime_features(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """The time as a standardized number of days, and the hour and weekday as points on circles.

    Returns:
        Shape `(n_rows, 5)`, or `(n_rows, 6)` with the indicator of missing times.
    """
    seconds = pc.divide(pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64()), 1_000_000)
    days = np.asarray(pc.cast(seconds, pa.float64()).to_numpy(zero_copy_only=False)) / _SECONDS_A_DAY
    when = make_numeric_features(pa.chunked_array([pa.array(days, from_pandas=True)]))
    known = np.where(np.isfinite(days), days, 0.0)
    circles = [np.stack([np.sin(turn), np.cos(turn)]) for turn in (2 * np.pi * known, 2 * np.pi * known / 7)]
    return np.column_stack([when, *np.concatenate(circles)]).astype(np.float32)
