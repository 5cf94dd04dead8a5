from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from doubtcli.files import values
from doubtcli.files.values import find_distinct, remember_columns

if TYPE_CHECKING:
    import pytest


def test_a_column_is_looked_at_once_where_columns_are_remembered() -> None:
    """Asked for again, its different values are the same object; outside they are found again."""
    table = pa.table({"a": ["x", "y", "x"], "b": ["x", "y", "y"]})

    with remember_columns():
        first, other, again = (find_distinct(table.column(name)) for name in "aba")
    outside = find_distinct(table.column("a"))

    assert again is first
    assert other.codes.tolist() == [0, 1, 1]
    assert outside is not first
    assert outside.codes.tolist() == [0, 1, 0]


def test_a_part_of_a_column_is_another_column() -> None:
    """The first two rows, and the last two, have their own values."""
    column = pa.chunked_array([["x", "y", "z"]])

    with remember_columns():
        found = [
            find_distinct(part).values.to_pylist() for part in (column, column.slice(0, 2), column.slice(1))
        ]

    assert found == [["x", "y", "z"], ["x", "y"], ["y", "z"]]


def test_few_columns_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for five cells, the column of three that was asked for first is forgotten."""
    monkeypatch.setattr(values, "MOST_REMEMBERED", 5)
    table = pa.table({"a": ["x", "y", "x"], "b": ["x", "y", "y"]})

    with remember_columns():
        first, _, again = (find_distinct(table.column(name)) for name in "aba")

    assert again is not first


def test_categories_of_columns_are_told_apart() -> None:
    """Two columns with the same codes and other categories are not taken for one."""
    codes = pa.array([0, 1, 0])
    columns = [
        pa.chunked_array([pa.DictionaryArray.from_arrays(codes, names)]) for names in (["a", "b"], ["c", "d"])
    ]

    with remember_columns():
        found = [find_distinct(column).values.to_pylist() for column in columns]

    assert found == [["a", "b"], ["c", "d"]]


def test_a_column_of_which_a_part_is_empty_is_remembered_as_any_other():
    """A file may be read in parts, the first without rows."""
    column = pa.chunked_array([pa.array([], pa.int64()), pa.array([3, 4, 3])])

    with remember_columns():
        assert find_distinct(column).values.to_pylist() == [3, 4]


def test_values_of_a_column_in_several_chunks_are_numbered_across_them() -> None:
    """A value has one number in all parts of a file."""
    column = pa.chunked_array([["b", None], [], ["a", "b"]], pa.large_string())

    found = find_distinct(column)

    assert found.values.to_pylist() == ["b", "a"]
    assert found.codes.tolist() == [0, -1, 1, 0]


def test_a_column_without_rows_has_no_values() -> None:
    """Where every row was left out."""
    found = find_distinct(pa.chunked_array([pa.array([], pa.large_string())]))

    assert (found.values.to_pylist(), found.codes.tolist()) == ([], [])
