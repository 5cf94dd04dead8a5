from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records.queue import RESERVED_COLUMNS
from doubtcli.tools.values import (
    list_own_columns_as_json,
    list_own_columns_as_text,
    name_image_keys,
    name_own_columns,
    read_answer_text,
    read_answer_texts,
    read_count,
    read_our_columns,
    to_csv_texts,
    to_json_value,
    write_json_line,
    write_json_lines,
)

if TYPE_CHECKING:
    from tests.conftest import Case


class TestValues:
    """Values that tools write become texts."""

    @pytest.mark.parametrize(
        ("value", "text"),
        [("x", "x"), (None, ""), (1, "1"), (1.0, "1"), (0.5, "0.5"), (float("nan"), ""), (True, "true")],
    )
    def test_as_text(self, value: object, text: str) -> None:
        """Every value is a text; a missing one is empty."""
        assert read_answer_text(value) == text

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            (None, ()),
            ("", ()),
            ("a", ("a",)),
            ("a, b", ("a, b",)),
            (["a", 2, " ", None], ("a", "2")),
            ('["a", "b"]', ("a", "b")),
            ("[a", ("[a",)),
            ("[" * 100_000, ("[" * 100_000,)),
        ],
    )
    def test_lists(self, value: object, found: tuple[str, ...]) -> None:
        """A list, a JSON list, or a single text."""
        assert read_answer_texts(value) == found

    @pytest.mark.parametrize(
        ("value", "count"),
        [
            ("12", 12),
            (12, 12),
            ("12.0", 12),
            (12.0, 12),
            ("1,200", 1200),
            ("1.200", 1200),
            ("1 200", 1200),
            ("1,00", 1),
            ("", 1),
            (None, 1),
            ("0", 1),
            ("-3", 1),
            ("many", 1),
            ("1.2", 1),
        ],
    )
    def test_counts(self, value: object, count: int) -> None:
        """A number of rows, as a spreadsheet or pandas writes it again; 1 for anything else."""
        assert read_count(value) == count

    def test_our_columns(self) -> None:
        """Our columns are read back from a task."""
        data = {"doubt_id": 7, "given_label": True, "doubt_duplicates": ["8"], "doubt_inclusion": 0.25}
        data |= {"doubt_row_hash": " 00ff", "doubt_equal_rows": "12"}

        assert read_our_columns(data) == {
            "row_id": "7",
            "given_label": "true",
            "stratum": "",
            "inclusion": "0.25",
            "seen_hash": "00ff",
            "duplicates": ("8",),
            "equal_rows": 12,
        }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        (float("nan"), None),
        (float("inf"), None),
        ("a\nb", "a\nb"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.datetime(2024, 2, 29, 12, 30), "2024-02-29 12:30:00"),  # noqa: DTZ001  # files have such
        (Decimal("0.10"), "0.10"),
        ([1, None, [float("nan")]], [1, None, [None]]),
        ({"a": dt.date(2024, 2, 29), 2: "b"}, {"a": "2024-02-29", "2": "b"}),
        (b"\xff", "b'\\xff'"),
    ],
)
def test_json_value(value: object, expected: Any) -> None:
    """A value is as in JSON: NaN and infinity are null, and a value of another type is a text."""
    assert to_json_value(value) == expected


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    """With any text in it, the JSON of a value is one line for every reader, and gives the value back."""
    line = write_json_line({"a": text})

    assert line.splitlines() == [line]
    assert json.loads(line) == {"a": text}


def test_lines() -> None:
    """Each line has a line end, also the last one; letters of all scripts are not escaped."""
    assert write_json_lines([{"a": "é"}, {"b": 1}]) == '{"a": "é"}\n{"b": 1}\n'.encode()


def test_own_columns(tickets: Case) -> None:
    """The user's columns keep their types; vectors and the text that is shown are left out."""
    rows = list_own_columns_as_json(tickets.queue(), {"label", "age"})

    assert rows == [
        {"input_label": "billing", "zip": "007", "input_doubt_id": "mine", "input_age": 1.5},
        {"input_label": "bug", "zip": None, "input_doubt_id": "mine", "input_age": None},
        {"input_label": "delivery", "zip": "NA", "input_doubt_id": "mine", "input_age": None},
    ]


def test_own_columns_as_text(tickets: Case) -> None:
    """As texts, missing values are empty."""
    rows = list_own_columns_as_text(tickets.queue(), ())

    assert rows[1] == {"label": "bug", "zip": "", "input_doubt_id": "mine", "age": ""}
    assert [row["age"] for row in rows] == ["1.5", "", ""]


def test_no_own_columns(tickets: Case) -> None:
    """A file with only a vector has no columns to write."""
    queue = tickets.queue()
    bare = replace(queue, own=queue.own.select(["vector"]))

    assert list_own_columns_as_json(bare, ()) == list_own_columns_as_text(bare, ()) == [{}, {}, {}]


def test_shown_keys_are_taken(images: Case, case: type[Case]) -> None:
    """A column with the name of a shown part gets a prefix; the text itself is written once."""
    assert [row["input_image"] for row in list_own_columns_as_json(images.queue(), ())] == [
        "one",
        "two",
        "three",
    ]

    several = case(
        rows=[{}], data={"text": ["a"], "b": ["c"], "doubt_card": [1]}, roles={"text": "text", "b": "text"}
    )

    assert list_own_columns_as_json(several.queue(), ()) == [
        {"input_text": "a", "b": "c", "input_doubt_card": 1}
    ]


def test_image_keys(case: type[Case]) -> None:
    """Image columns are numbered."""
    two = case(
        rows=[{}], data={"a": ["x.png"], "b": ["y.png"]}, roles={"a": "categorical", "b": "categorical"}
    )

    assert name_image_keys(two.queue()) == ["image", "image_2"]


def test_names_of_ours_are_reserved() -> None:
    """A user's column with a name of ours, or of a verdict, gets a prefix; others keep their names."""
    assert name_own_columns(["doubt_duplicates", "why", "text"]) == [
        "input_doubt_duplicates",
        "input_why",
        "text",
    ]
    assert name_own_columns(["doubt_row_hash"]) == ["input_doubt_row_hash"]


def test_names_of_a_tool() -> None:
    """A tool's names are reserved, too; two columns never get the same name."""
    names = name_own_columns(["label", "input_label", "text"], RESERVED_COLUMNS | {"label"})

    assert names == ["input_input_label", "input_label", "text"]


def test_nested_values_are_json() -> None:
    """A list is written as JSON."""
    assert to_csv_texts(pa.chunked_array([[[1, 2], None]])).to_pylist() == ["[1, 2]", None]
