from __future__ import annotations

import pyarrow as pa

from doubtcli.queue_columns import RESERVED_COLUMNS, as_text, csv_line, own_names, shown_inclusion


def test_names_of_ours_are_reserved() -> None:
    """A user's column that bears a name of ours, or of a verdict's, gets a prefix; others keep theirs."""
    assert own_names(["doubt_duplicates", "why", "text"]) == ["input_doubt_duplicates", "input_why", "text"]
    assert own_names(["doubt_row_hash"]) == ["input_doubt_row_hash"]


def test_names_of_a_tool() -> None:
    """A tool's own names may be reserved, too; two columns never come to bear one name."""
    names = own_names(["label", "input_label", "text"], RESERVED_COLUMNS | {"label"})

    assert names == ["input_input_label", "input_label", "text"]


def test_inclusion() -> None:
    """A probability has six digits that tell something."""
    assert [shown_inclusion(value) for value in (1.0, 0.125, 1 / 3)] == ["1", "0.125", "0.333333"]


def test_nested_values_stand_as_json() -> None:
    """A list has no text of its own."""
    assert as_text(pa.chunked_array([[[1, 2], None]])).to_pylist() == ["[1, 2]", None]


def test_line() -> None:
    """Nothing stands for a missing value, quotes for an empty text, and a quote is doubled."""
    assert csv_line([None, "", 'a "b"', "c"]) == ',"","a ""b""",c\n'
