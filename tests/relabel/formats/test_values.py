from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.relabel.formats.values import image_keys, json_line, json_lines, own_rows, own_texts, plain

if TYPE_CHECKING:
    from tests.relabel.conftest import Case


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
    assert plain(value) == told


@given(st.text())
def test_a_line_is_one_line(text: str) -> None:
    """Whatever stands in a value, its line is one line to every reader, and gives the value back."""
    line = json_line({"a": text})

    assert line.splitlines() == [line]
    assert json.loads(line) == {"a": text}


def test_lines() -> None:
    """Each line ends, also the last; letters of every script stay as they are."""
    assert json_lines([{"a": "é"}, {"b": 1}]) == '{"a": "é"}\n{"b": 1}\n'.encode()


def test_own_columns(tickets: Case) -> None:
    """The user's columns go along with their types, but for vectors and the text that is shown as it is."""
    rows = own_rows(tickets.queue(), {"label", "age"})

    assert rows == [
        {"input_label": "billing", "zip": "007", "input_doubt_id": "mine", "input_age": 1.5},
        {"input_label": "bug", "zip": None, "input_doubt_id": "mine", "input_age": None},
        {"input_label": "delivery", "zip": "NA", "input_doubt_id": "mine", "input_age": None},
    ]


def test_own_columns_as_text(tickets: Case) -> None:
    """As texts they are never missing."""
    rows = own_texts(tickets.queue(), ())

    assert rows[1] == {"label": "bug", "zip": "", "input_doubt_id": "mine", "age": ""}
    assert [row["age"] for row in rows] == ["1.5", "", ""]


def test_no_columns_go_along(tickets: Case) -> None:
    """A file of nothing but a vector has no columns that go along."""
    queue = tickets.queue()
    bare = replace(queue, own=queue.own.select(["vector"]))

    assert own_rows(bare, ()) == own_texts(bare, ()) == [{}, {}, {}]


def test_shown_keys_are_taken(images: Case, case: type[Case]) -> None:
    """A column that bears the name of what is shown gets a prefix; the text itself goes once."""
    assert [row["input_image"] for row in own_rows(images.queue(), ())] == ["one", "two", "three"]

    several = case(
        rows=[{}], data={"text": ["a"], "b": ["c"], "doubt_card": [1]}, roles={"text": "text", "b": "text"}
    )

    assert own_rows(several.queue(), ()) == [{"input_text": "a", "b": "c", "input_doubt_card": 1}]


def test_image_keys(case: type[Case]) -> None:
    """Columns of images are counted."""
    two = case(
        rows=[{}], data={"a": ["x.png"], "b": ["y.png"]}, roles={"a": "categorical", "b": "categorical"}
    )

    assert image_keys(two.queue()) == ["image", "image_2"]
