"""Conditions that a person types: the rows that they fire on, and how they write names and values."""

from __future__ import annotations

import json
from functools import lru_cache
from keyword import iskeyword
from typing import TYPE_CHECKING

import pyarrow as pa

from doubtcli.errors import ConditionError
from doubtcli.rules.condition import parse_condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import Bools, Examples

_REMEMBERED = 64
"""A page asks for the list, the counts and the map of one condition."""


class Conditions:
    """Finds the rows that conditions fire on, and remembers them.

    Args:
        examples: The labelled rows.
        others: The file's columns that are no inputs, or are other cells there, as `select_other_columns`
            gives them; None for none.
        labels: The columns of the labels, which no condition may read.
    """

    def __init__(
        self, examples: Examples, others: pa.Table | None = None, labels: Sequence[str] = ()
    ) -> None:
        self._examples, self._labels = examples, labels
        self._others = pa.table({}) if others is None else others
        self.columns = tuple(dict.fromkeys([*examples.inputs.column_names, *self._others.column_names]))
        """The columns that a condition can read."""
        self.find = lru_cache(maxsize=_REMEMBERED)(self._find)

    def _find(self, when: str) -> Bools:
        """Which rows a condition fires on, shape `(n_rows,)`.

        Raises:
            ConditionError: It is no condition, or not one on these columns.
        """
        condition = parse_condition(when)
        judged = next((name for name in condition.columns if name in self._labels), None)
        if judged is not None:
            raise ConditionError(f"it reads the column {judged!r}, which is what is judged")
        table = self._examples.inputs
        for name in condition.columns:
            if name in self._others.column_names:
                cells = self._others.column(name).take(pa.array(self._examples.positions))
                table = _set_column(table, name, cells)
        fires = condition.find(table)
        fires.setflags(write=False)
        return fires


def select_other_columns(data: pa.Table, examples: Examples, labels: Sequence[str]) -> pa.Table:
    """The columns of a file that a condition reads from it, since the inputs don't have them as they are.

    Args:
        data: The file, whose cells are what a scan asks.
        examples: Its labelled rows.
        labels: The columns of the labels, which no condition may read.
    """
    kinds = dict(zip(examples.inputs.column_names, examples.inputs.schema.types, strict=True))
    same = {
        name
        for name, kind in zip(data.column_names, data.schema.types, strict=True)
        if kinds.get(name) == kind
    }
    return data.select([name for name in data.column_names if name not in same and name not in labels])


def _set_column(table: pa.Table, name: str, cells: pa.ChunkedArray) -> pa.Table:
    at = table.column_names.index(name) if name in table.column_names else None
    return table.append_column(name, cells) if at is None else table.set_column(at, name, cells)


def write_column(name: str) -> str:
    """A column's name in a condition."""
    is_word = name.isidentifier() and not iskeyword(name)
    return name if is_word else f"column({write_value(name)})"


def write_value(value: str | int) -> str:
    """A value in a condition."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
