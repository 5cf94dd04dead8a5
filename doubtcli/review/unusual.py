"""Which values of a row are unusual for its label."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.records import Role
from doubtcli.wording.numbers import format_count, format_percent

if TYPE_CHECKING:
    from doubtcli.records import Examples
    from doubtcli.records.arrays import Floats

_TAIL = 0.02
"""A number is unusual where fewer rows of its label have one that is as low, or as high."""
_RARE = 0.02
"""A category is unusual where fewer rows of its label have it ..."""
_TIMES = 5.0
"""... and this many times as many among the rows of the suggested label."""
_FEWEST_ROWS = 30
"""With fewer rows of a label nothing is unusual."""


class UnusualValues:
    """Compares the values of a row with those of other rows of its label.

    Args:
        examples: The labelled rows.
    """

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self._sorted_numbers = lru_cache(maxsize=256)(self._sort_numbers)
        self._counted_values = lru_cache(maxsize=256)(self._count_values)

    def explain(self, row: int, given: int, suggested: int) -> dict[str, str]:
        """What is unusual about each value, by column; columns with usual values are left out.

        Args:
            row: Its number.
            given: The code of its label.
            suggested: The code of the label that is suggested instead.
        """
        found = {
            name: self._explain_number(name, row, given) for name in self._examples.columns_of(Role.NUMERIC)
        } | {
            name: self._explain_category(name, row, given, suggested)
            for name in self._examples.columns_of(Role.CATEGORICAL)
        }
        return {name: words for name, words in found.items() if words}

    def _explain_number(self, name: str, row: int, label: int) -> str:
        value, others = self._value(name, row), self._sorted_numbers(name, label)
        if value is None or len(others) < _FEWEST_ROWS:
            return ""
        number = float(value)
        lower = np.searchsorted(others, number, side="right") / len(others)
        higher = 1 - np.searchsorted(others, number, side="left") / len(others)
        who = self._examples.class_names[label]
        if lower <= _TAIL:
            return f"lower than {format_percent(1 - lower)} of {who}"
        return f"higher than {format_percent(1 - higher)} of {who}" if higher <= _TAIL else ""

    def _explain_category(self, name: str, row: int, given: int, suggested: int) -> str:
        value = self._value(name, row)
        own, n_own = self._counted_values(name, given)
        other, n_other = self._counted_values(name, suggested)
        if given == suggested or min(n_own, n_other) < _FEWEST_ROWS or value is None:
            return ""
        n_with, share = own.get(str(value), 0), own.get(str(value), 0) / n_own
        if share > _RARE or other.get(str(value), 0) / n_other < _TIMES * share:
            return ""
        return f"{format_count(n_with)} of {format_count(n_own)} rows of {self._examples.class_names[given]}"

    def _value(self, name: str, row: int) -> Any:  # noqa: ANN401  # a value of the user's
        return self._examples.inputs.column(name)[row].as_py()

    def _take(self, name: str, label: int) -> pa.ChunkedArray:
        rows = np.flatnonzero(self._examples.training_labels == label)
        return self._examples.inputs.column(name).take(pa.array(rows)).drop_null()

    def _sort_numbers(self, name: str, label: int) -> Floats:
        numbers = pc.cast(self._take(name, label), pa.float64(), safe=False).to_numpy()
        return np.sort(numbers)

    def _count_values(self, name: str, label: int) -> tuple[dict[str, int], int]:
        values = self._take(name, label)
        counted = pc.value_counts(values).to_pylist()
        return {str(one["values"]): one["counts"] for one in counted}, len(values)
