from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import InputError
from doubtcli.records.answers import Answer
from doubtcli.tools.doccano import Doccano
from doubtcli.tools.read import read_answers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Case


def test_row(tickets: Case, first: dict[str, Any]) -> None:
    """A row comes with its given label; what is suggested stands beside it."""
    assert tickets.files("doccano")["queue.jsonl"][0] == {
        "id": "t1",
        "text": "Where is\nmy parcel?\n\nage: 1.5",
        "label": ["billing"],
        **first,
        "age": "1.5",
    }


def test_rows_drawn_at_random(tickets: Case) -> None:
    """They come without a label, and the way in says so; their given label stands beside them."""
    shares = {"random": 50, "top": 50}

    told, load = tickets.files("doccano", shares, size=4)["queue.jsonl"], Doccano().how_to_import

    assert [row["label"] for row in told] == [
        [] if row["doubt_stratum"] else [row["given_label"]] for row in told
    ]
    assert {bool(row["doubt_stratum"]) for row in told} == {True, False}
    assert any("come without a label" in step for step in load(tickets.queue(shares, size=4)))
    assert not any("come without a label" in step for step in load(tickets.queue()))


def test_approval(tickets: Case) -> None:
    """Only approved rows come back, so people are told to approve them."""
    assert any("Approve each row" in step for step in Doccano().how_to_import(tickets.queue()))
    assert any("Export only approved documents" in step for step in Doccano().how_to_export)


def test_same_keys_and_no_nulls(tickets: Case) -> None:
    """All rows have the same keys, each with values of one kind, and none is null."""
    told = tickets.files("doccano", {"random": 50, "top": 50}, size=4)["queue.jsonl"]

    assert len({tuple(row) for row in told}) == 1
    assert all(len({type(row[key]) for row in told}) == 1 for key in told[0])
    assert None not in [value for row in told for value in row.values()]


def test_missing_text(tickets: Case) -> None:
    """A row without a text has an empty one."""
    bare = replace(
        tickets, data={**tickets.data, "text": [None] * 5}, roles={"text": "text", "label": "label"}
    )

    assert {row["text"] for row in bare.files("doccano")["queue.jsonl"]} == {""}


def test_labels(images: Case) -> None:
    """All labels can be imported, each with a key of its own as far as keys go."""
    labels = images.files("doccano")["labels.json"]

    assert [label["text"] for label in labels] == list(images.class_names)
    assert "".join(label["suffix_key"] for label in labels) == "1234567890ab"

    many = replace(images, class_names=tuple(map(str, range(40)))).files("doccano")["labels.json"]

    assert [label["suffix_key"] for label in many[35:]] == ["z", None, None, None, None]


def test_images(images: Case) -> None:
    """An image is told by its path."""
    assert images.files("doccano")["queue.jsonl"][0]["text"] == "cats/a b#1.png\n\nimage: one"
    assert any("not the images" in step for step in Doccano().how_to_import(images.queue()))


Write = Callable[..., str]

ROW: dict[str, Any] = {"doubt_id": "a", "text": "hi", "label": ["spam"], "Comments": []}


@pytest.mark.parametrize(("ending", "joined"), [("jsonl", False), ("csv", True)])
def test_recorded(exports: Path, ending: str, joined: bool) -> None:
    """A label is a verdict, none is open, and nobody tells who looked at a row."""
    path = str(exports / f"doccano.{ending}")

    found = read_answers(path)

    about: dict[str, Any] = {
        "joined": joined,
        "prefilled": True,
        "tool": "doccano",
        "column": "label",
        "file": path,
    }
    assert found.tool == "doccano"
    assert found.answers == (
        Answer(1, "row-17", "negative", **about),
        Answer(2, "row-42", **about),
    )
    [note] = found.notes
    assert note == (
        "doccano does not tell which rows were looked at: those that still bear their given label count as "
        "undecided"
    )


def test_rows_that_are_known_to_be_confirmed(exports: Path) -> None:
    """Where only confirmed rows were exported, each of them was looked at."""
    found = read_answers(str(exports / "doccano.jsonl"), confirmed=True)

    assert not any(answer.prefilled for answer in found.answers)
    assert found.notes == ()


def test_given_labels_of_rows_drawn_at_random(write: Write) -> None:
    """They went out without a label, so one that they bear was chosen, be it the given one."""
    drawn = ROW | {"given_label": "spam", "doubt_stratum": "1 of 1 (9 rows)", "doubt_inclusion": "0.5"}

    found = read_answers(write([drawn, drawn | {"doubt_id": "b", "label": []}])).answers

    assert [(one.verdict, one.prefilled) for one in found] == [("spam", False), ("", False)]


def test_the_json_export(write: Write) -> None:
    """It lists the same rows; several labels and comments are lists."""
    path = write([ROW | {"label": ["ham", "spam"], "Comments": ["why", "because"]}])

    [found] = read_answers(path).answers

    assert (found.verdict, found.other_verdicts, found.why) == ("ham", ("spam",), "why\nbecause")


def test_a_label_with_a_hash_stays_whole_in_a_list(write: Write) -> None:
    """Only the CSV file joins labels."""
    [found] = read_answers(write(json.dumps(ROW | {"label": ["C#"]}))).answers

    assert (found.verdict, found.joined) == ("C#", False)


def test_comments_of_a_csv_file(write: Write) -> None:
    """They are told as they stand there."""
    [found] = read_answers(write("doubt_id,text,label,Comments\na,hi,spam#ham,why#because\n")).answers

    assert (found.verdict, found.joined, found.why) == ("spam#ham", True, "why#because")


@pytest.mark.parametrize("label", [[[0, 2, "spam"]], [{"id": 1, "label": "spam"}], 1])
def test_other_projects_are_refused(write: Write, label: object) -> None:
    """A span of a text is no label of a row."""
    path = write([ROW | {"label": label}])

    with pytest.raises(InputError, match="row 1: there are no verdicts of a shape that we know"):
        read_answers(path)
