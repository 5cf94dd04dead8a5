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
from doubtcli.tools.plain import write_csv_line
from doubtcli.tools.values import (
    name_image_keys,
    name_own_columns,
    own_columns_as_json,
    own_columns_as_text,
    read_answer_text,
    read_answer_texts,
    read_our_columns,
    to_csv_texts,
    to_json_value,
    write_json_line,
    write_json_lines,
)

if TYPE_CHECKING:
    from tests.conftest import Case


class TestValues:
    """What tools write."""

    @pytest.mark.parametrize(
        ("value", "text"),
        [("x", "x"), (None, ""), (1, "1"), (1.0, "1"), (0.5, "0.5"), (float("nan"), ""), (True, "true")],
    )
    def test_as_text(self, value: object, text: str) -> None:
        """Every label is a text, and what is missing says nothing."""
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
        """A list, JSON of one, or a single text."""
        assert read_answer_texts(value) == found

    def test_what_is_carried(self) -> None:
        """What a task brings back of what went out with it."""
        data = {"doubt_id": 7, "given_label": True, "doubt_duplicates": ["8"], "doubt_inclusion": 0.25}
        data |= {"doubt_row_hash": " 00ff"}

        assert read_our_columns(data) == {
            "row_id": "7",
            "given_label": "true",
            "stratum": "",
            "inclusion": "0.25",
            "seen_hash": "00ff",
            "duplicates": ("8",),
        }


@pytest.mark.parametrize(
    ("value", "told"),
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
def test_plain(value: object, told: Any) -> None:
    """A value is as JSON has it; what JSON has no number for is null, what it has no type for is text."""
    assert to_json_value(value) == told


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    """Whatever stands in a value, its line is one line to every reader, and gives the value back."""
    line = write_json_line({"a": text})

    assert line.splitlines() == [line]
    assert json.loads(line) == {"a": text}


def test_lines() -> None:
    """Each line ends, also the last; letters of every script stay as they are."""
    assert write_json_lines([{"a": "é"}, {"b": 1}]) == '{"a": "é"}\n{"b": 1}\n'.encode()


def test_own_columns(tickets: Case) -> None:
    """The user's columns go along with their types, but for vectors and the text that is shown as it is."""
    rows = own_columns_as_json(tickets.queue(), {"label", "age"})

    assert rows == [
        {"input_label": "billing", "zip": "007", "input_doubt_id": "mine", "input_age": 1.5},
        {"input_label": "bug", "zip": None, "input_doubt_id": "mine", "input_age": None},
        {"input_label": "delivery", "zip": "NA", "input_doubt_id": "mine", "input_age": None},
    ]


def test_own_columns_as_text(tickets: Case) -> None:
    """As texts they are never missing."""
    rows = own_columns_as_text(tickets.queue(), ())

    assert rows[1] == {"label": "bug", "zip": "", "input_doubt_id": "mine", "age": ""}
    assert [row["age"] for row in rows] == ["1.5", "", ""]


def test_no_columns_go_along(tickets: Case) -> None:
    """A file of nothing but a vector has no columns that go along."""
    queue = tickets.queue()
    bare = replace(queue, own=queue.own.select(["vector"]))

    assert own_columns_as_json(bare, ()) == own_columns_as_text(bare, ()) == [{}, {}, {}]


def test_shown_keys_are_taken(images: Case, case: type[Case]) -> None:
    """A column that bears the name of what is shown gets a prefix; the text itself goes once."""
    assert [row["input_image"] for row in own_columns_as_json(images.queue(), ())] == ["one", "two", "three"]

    several = case(
        rows=[{}], data={"text": ["a"], "b": ["c"], "doubt_card": [1]}, roles={"text": "text", "b": "text"}
    )

    assert own_columns_as_json(several.queue(), ()) == [{"input_text": "a", "b": "c", "input_doubt_card": 1}]


def test_image_keys(case: type[Case]) -> None:
    """Columns of images are counted."""
    two = case(
        rows=[{}], data={"a": ["x.png"], "b": ["y.png"]}, roles={"a": "categorical", "b": "categorical"}
    )

    assert name_image_keys(two.queue()) == ["image", "image_2"]


def test_names_of_ours_are_reserved() -> None:
    """A user's column that bears a name of ours, or of a verdict's, gets a prefix; others keep theirs."""
    assert name_own_columns(["doubt_duplicates", "why", "text"]) == [
        "input_doubt_duplicates",
        "input_why",
        "text",
    ]
    assert name_own_columns(["doubt_row_hash"]) == ["input_doubt_row_hash"]


def test_names_of_a_tool() -> None:
    """A tool's own names may be reserved, too; two columns never come to bear one name."""
    names = name_own_columns(["label", "input_label", "text"], RESERVED_COLUMNS | {"label"})

    assert names == ["input_input_label", "input_label", "text"]


def test_nested_values_stand_as_json() -> None:
    """A list has no text of its own."""
    assert to_csv_texts(pa.chunked_array([[[1, 2], None]])).to_pylist() == ["[1, 2]", None]


def test_line() -> None:
    """Nothing stands for a missing value, quotes for an empty text, and a quote is doubled."""
    assert write_csv_line([None, "", 'a "b"', "c"]) == ',"","a ""b""",c\n'
