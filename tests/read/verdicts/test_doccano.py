import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubtcli.errors import InputError
from doubtcli.read.verdicts import Answer, read_answers

Write = Callable[..., str]

ROW: dict[str, Any] = {"doubt_id": "a", "text": "hi", "label": ["spam"], "Comments": []}


@pytest.mark.parametrize(("ending", "joined"), [("jsonl", False), ("csv", True)])
def test_recorded(exports: Path, ending: str, joined: bool) -> None:
    """A label is a verdict, none is open, and nobody tells who looked at a row."""
    path = str(exports / f"doccano.{ending}")

    found = read_answers(path)

    about: dict[str, Any] = {"joined": joined, "prefilled": True, "tool": "doccano", "file": path}
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


def test_rows_drawn_at_random(write: Write) -> None:
    """They went out without a label, so one that they bear was chosen, be it the given one."""
    drawn = ROW | {"given_label": "spam", "doubt_stratum": "1 of 1 (9 rows)", "doubt_inclusion": "0.5"}

    found = read_answers(write([drawn, drawn | {"doubt_id": "b", "label": []}])).answers

    assert [(one.verdict, one.prefilled) for one in found] == [("spam", False), ("", False)]


def test_the_json_export(write: Write) -> None:
    """It lists the same rows; several labels and comments are lists."""
    path = write([ROW | {"label": ["ham", "spam"], "Comments": ["why", "because"]}])

    [found] = read_answers(path).answers

    assert (found.verdict, found.also, found.why) == ("ham", ("spam",), "why\nbecause")


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
