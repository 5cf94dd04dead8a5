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
    """A row has its given label; the suggested one is in its metadata."""
    assert tickets.files("doccano")["queue.jsonl"][0] == {
        "id": "t1",
        "text": "Where is\nmy parcel?\n\nage: 1.5",
        "label": ["billing"],
        **first,
        "age": "1.5",
    }


def test_rows_drawn_at_random(tickets: Case, sentences: Any) -> None:
    """They have no label, as the instructions say; their given label is in the metadata."""
    shares = {"random": 50, "top": 50}

    rows, describe = tickets.files("doccano", shares, size=4)["queue.jsonl"], Doccano().how_to_import

    assert [row["label"] for row in rows] == [
        [] if row["doubt_stratum"] else [row["given_label"]] for row in rows
    ]
    assert {bool(row["doubt_stratum"]) for row in rows} == {True, False}
    sampled, all_given = describe(tickets.queue(shares, size=4)), describe(tickets.queue())
    sentences.check("\n".join(step for step in sampled if step not in all_given))


def test_approval(tickets: Case) -> None:
    """The instructions say to approve rows, since only approved ones are exported."""
    assert any("Approve" in step for step in Doccano().how_to_import(tickets.queue()))
    assert any("approved documents" in step for step in Doccano().how_to_export)


def test_same_keys_and_no_nulls(tickets: Case) -> None:
    """All rows have the same keys, each with values of one kind, and none is null."""
    rows = tickets.files("doccano", {"random": 50, "top": 50}, size=4)["queue.jsonl"]

    assert len({tuple(row) for row in rows}) == 1
    assert all(len({type(row[key]) for row in rows}) == 1 for key in rows[0])
    assert None not in [value for row in rows for value in row.values()]


def test_missing_text(tickets: Case) -> None:
    """A row without a text has an empty one."""
    bare = replace(
        tickets, data={**tickets.data, "text": [None] * 5}, roles={"text": "text", "label": "label"}
    )

    assert {row["text"] for row in bare.files("doccano")["queue.jsonl"]} == {""}


def test_labels(images: Case) -> None:
    """All labels can be imported; the first 36 of them have a shortcut key."""
    labels = images.files("doccano")["labels.json"]

    assert [label["text"] for label in labels] == list(images.class_names)
    assert "".join(label["suffix_key"] for label in labels) == "1234567890ab"

    many = replace(images, class_names=tuple(map(str, range(40)))).files("doccano")["labels.json"]

    assert [label["suffix_key"] for label in many[35:]] == ["z", None, None, None, None]


def test_images(images: Case) -> None:
    """An image is shown as its path, as the instructions say."""
    assert images.files("doccano")["queue.jsonl"][0]["text"] == "cats/a b#1.png\n\nimage: one"
    assert "paths" in Doccano().how_to_import(images.queue())[-1]


Write = Callable[..., str]

ROW: dict[str, Any] = {"doubt_id": "a", "text": "hi", "label": ["spam"], "Comments": []}


@pytest.mark.parametrize(("ending", "joined"), [("jsonl", False), ("csv", True)])
def test_recorded(exports: Path, ending: str, joined: bool, sentences: Any) -> None:
    """A row without a label has no verdict; a note says that it is not known who looked at a row."""
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
    sentences.check(note)


def test_rows_that_are_known_to_be_confirmed(exports: Path) -> None:
    """If only confirmed rows were exported, all labels are verdicts."""
    found = read_answers(str(exports / "doccano.jsonl"), confirmed=True)

    assert not any(answer.prefilled for answer in found.answers)
    assert found.notes == ()


def test_given_labels_of_rows_drawn_at_random(write: Write) -> None:
    """They had no label in doccano, so a label was chosen by a person, even if it is the given one."""
    drawn = ROW | {"given_label": "spam", "doubt_stratum": "1 of 1 (9 rows)", "doubt_inclusion": "0.5"}

    found = read_answers(write([drawn, drawn | {"doubt_id": "b", "label": []}])).answers

    assert [(one.verdict, one.prefilled) for one in found] == [("spam", False), ("", False)]


def test_the_json_export(write: Write) -> None:
    """It has the same rows; several labels and comments are lists."""
    path = write([ROW | {"label": ["ham", "spam"], "Comments": ["why", "because"]}])

    [found] = read_answers(path).answers

    assert (found.verdict, found.other_verdicts, found.why) == ("ham", ("spam",), "why\nbecause")


def test_a_label_with_a_hash_stays_whole_in_a_list(write: Write) -> None:
    """Only the CSV file joins labels."""
    [found] = read_answers(write(json.dumps(ROW | {"label": ["C#"]}))).answers

    assert (found.verdict, found.joined) == ("C#", False)


def test_comments_of_a_csv_file(write: Write) -> None:
    """They are not split."""
    [found] = read_answers(write("doubt_id,text,label,Comments\na,hi,spam#ham,why#because\n")).answers

    assert (found.verdict, found.joined, found.why) == ("spam#ham", True, "why#because")


@pytest.mark.parametrize("label", [[[0, 2, "spam"]], [{"id": 1, "label": "spam"}], 1])
def test_other_projects_are_refused(write: Write, label: object) -> None:
    """A span of a text is not a label of a row."""
    path = write([ROW | {"label": label}])

    with pytest.raises(InputError) as refused:
        read_answers(path)

    assert (refused.value.where, refused.value.row) == (path, 1)
