"""The cells of the label column that are no labels: repeated headers, units, values that mean "no label"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.files.text import show_rows
from doubtcli.files.values import (
    NO_VALUE,
    NUMBER,
    TEXT,
    WRITTEN,
    find_distinct,
    is_text,
    show_value,
    simplify_column,
)
from doubtcli.read.labels import class_label_names
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.files.values import Distinct
    from doubtcli.records import Table
    from doubtcli.records.arrays import Bools

NAMED_BY_US = re.compile(r"unnamed_\d+")
IN_BRACKETS = r"^\s*[(\[<{].*[)\]>}]\s*$"
ROWS_COMPARED = 20
"""A row of units is compared with this many rows after it."""
FEWEST_CELLS = 2
"""One odd cell is no row of units."""
MOSTLY = 0.9
"""The share of numbers in a column of numbers."""


@dataclass(frozen=True)
class ClearedLabels:
    """A table whose label column has only labels, and what was set aside."""

    table: Table
    """The label is missing where the cell is none; all else is as it was read."""
    notes: tuple[str, ...] = ()


def clear_other_cells(table: Table, column: str, no_label: Sequence[str] = ()) -> ClearedLabels:
    """The table without the label cells that are no labels.

    Args:
        table: The file.
        column: The label column.
        no_label: Values that mean "no label", as the user named them.
    """
    if pa.types.is_nested(simplify_column(table.data.column(column).slice(0, 0)).type):
        return ClearedLabels(table)
    headers, units = find_repeated_headers(table, column), find_units_row(table, column)
    unlabelled, notes = _find_unlabelled(table, column, no_label)
    is_none = headers | units | unlabelled
    if is_none.any():
        cells = simplify_column(table.data.column(column))
        cells = pc.if_else(pa.array(is_none), pa.scalar(None, cells.type), cells)
        place = table.data.column_names.index(column)
        cleared = replace(table, data=table.data.set_column(place, column, cells))
    else:
        cleared = table
    found = (
        *_note_rows(table, headers, "repeat the header", "repeats the header"),
        *_note_rows(table, units, "", "says what the columns hold, such as their units"),
    )
    return ClearedLabels(cleared, (*found, *notes))


def find_rows_of_names(table: Table, column: str) -> Bools:
    """The rows that are no data: they repeat the header, or say what the columns hold; shape `(n_rows,)`.

    Args:
        table: The file.
        column: The label column.
    """
    return find_repeated_headers(table, column) | find_units_row(table, column)


def find_repeated_headers(table: Table, column: str) -> Bools:
    """The rows in which every cell is the name of its column, as where files were joined: `(n_rows,)`.

    There are none if a column is named by a number: then the header may be a row, and rows may be equal.
    """
    data = table.data
    found = np.zeros(data.num_rows, dtype=np.bool_)
    if data.num_columns < FEWEST_CELLS or not all(is_text(field.type) for field in data.schema):
        return found
    if _share_like(pa.array(data.column_names, TEXT), NUMBER):
        return found
    rows = np.flatnonzero(_has_name(data.column(column), column))
    for name in data.column_names:
        rows = rows[_has_name(data.column(name).take(pa.array(rows, pa.int64())), name)]
    found[rows] = True
    return found


def _has_name(column: pa.ChunkedArray, name: str) -> Bools:
    """Whether each cell is the column's name; a byte order mark may be before it."""
    is_name = pc.is_in(column.cast(TEXT), pa.array([name, f"\ufeff{name}"], TEXT))
    if NAMED_BY_US.fullmatch(name):
        is_name = pc.or_(is_name, pc.is_null(column))
    return np.asarray(is_name.to_numpy(zero_copy_only=False), dtype=np.bool_)


def find_units_row(table: Table, column: str) -> Bools:
    """The first row, if it says what the columns hold; shape `(n_rows,)`.

    It has words in all columns that have numbers below it, in two at least; or all of its cells are in
    brackets, and those below are not. No other row has its label.
    """
    data = table.data
    found = np.zeros(data.num_rows, dtype=np.bool_)
    if data.num_rows <= FEWEST_CELLS or not all(is_text(field.type) for field in data.schema):
        return found
    top = {name: cell for name, cell in data.slice(0, 1).to_pylist()[0].items() if cell is not None}
    below = {name: pc.drop_null(data.column(name).slice(1, ROWS_COMPARED)).cast(TEXT) for name in top}
    if not (_is_in_brackets(top, below) or _is_over_numbers(top, below)):
        return found
    is_same = pc.equal(data.column(column), data.column(column)[0])
    found[0] = (pc.sum(is_same).as_py() or 0) <= 1
    return found


def _is_in_brackets(top: dict[str, str], below: dict[str, pa.ChunkedArray]) -> bool:
    if len(top) < FEWEST_CELLS or not all(re.match(IN_BRACKETS, cell) for cell in top.values()):
        return False
    return not any(_share_like(cells, IN_BRACKETS) for cells in below.values())


def _is_over_numbers(top: dict[str, str], below: dict[str, pa.ChunkedArray]) -> bool:
    numeric = [name for name, cells in below.items() if _share_like(cells, WRITTEN) >= MOSTLY]
    cells = pa.array([top[name] for name in numeric], TEXT)
    no_words = f"{NUMBER}|{WRITTEN}|{NO_VALUE.removeprefix('(?i)')}"
    return len(numeric) >= FEWEST_CELLS and _share_like(cells, f"(?i){no_words}") == 0


def _share_like(cells: pa.Array | pa.ChunkedArray, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(cells, pattern)).as_py() or 0.0) if len(cells) else 0.0


def _note_rows(table: Table, is_found: Bools, many: str, one: str) -> tuple[str, ...]:
    """A note on rows that are no data, with their lines."""
    rows = (np.flatnonzero(is_found) + 1).tolist()
    if not rows:
        return ()
    shown = show_rows(table.source, rows)
    if len(rows) == 1:
        return (f"row {shown} {one}: not judged; remove it from the file",)
    return (f"rows {shown} {many}: not judged; remove them from the file",)


def _find_unlabelled(table: Table, column: str, no_label: Sequence[str]) -> tuple[Bools, tuple[str, ...]]:
    """The rows whose label means "no label", and a note on values that no label has."""
    if not no_label:
        return np.zeros(table.data.num_rows, dtype=np.bool_), ()
    values = find_distinct(table.data.column(column))
    names = _name_values(values, class_label_names(table, column))
    is_named = np.array([name.strip() in no_label or name in no_label for name in names], dtype=bool)
    unused = [name for name in no_label if name not in {text.strip() for text in names} | set(names)]
    notes = (_say_unused(name, names) for name in unused)
    return np.asarray(values.on_rows(is_named, missing=False), dtype=np.bool_), tuple(notes)


def _name_values(values: Distinct, listed: Sequence[str]) -> list[str]:
    """The class that each value stands for, as text."""
    found = values.values.to_pylist()
    if not listed:
        return [show_value(value) or "" for value in found]
    return [listed[code] if 0 <= code < len(listed) else "" for code in found]


def _say_unused(name: str, names: Sequence[str]) -> str:
    near = did_you_mean(name, names)
    return f"no label is {name!r} (--no-label){f': {near}' if near else ''}"
