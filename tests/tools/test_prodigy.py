from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import InputError
from doubtcli.records.answers import Answer
from doubtcli.tools.prodigy import Prodigy
from doubtcli.tools.read import read_answers

if TYPE_CHECKING:
    from tests.conftest import Case


def test_task(tickets: Case, first: dict[str, Any]) -> None:
    """A task shows the row, all labels with the suggested one selected, and how many rows are equal."""
    assert tickets.files("prodigy")["queue.jsonl"][0] == {
        "text": "Where is\nmy parcel?\n\nage: 1.5",
        "options": [
            {"id": "billing", "text": "billing", "meta": "given"},
            {"id": "bug", "text": "bug"},
            {"id": "delivery", "text": "delivery", "meta": "suggested, doubt 0.97"},
        ],
        "accept": ["delivery"],
        "meta": {
            "doubt_id": "t1",
            "given": "billing",
            "score": 0.97,
            "reasons": "low-self-confidence, duplicate-conflict",
            "why": 'models give delivery 0.91; "t3" is delivery',
            "equal rows": "2",
            "conflicts": "t3",
        },
        **first,
    }


def test_nothing_to_suggest(tickets: Case) -> None:
    """Without a better label, nothing is selected, and empty values are not shown."""
    second = tickets.files("prodigy")["queue.jsonl"][1]

    assert second["accept"] == []
    assert second["meta"] == {"doubt_id": "t2", "given": "bug", "score": 0.6}


def test_no_hashes(tickets: Case) -> None:
    """Prodigy makes the hashes of a task itself."""
    assert not any(key.startswith("_") for task in tickets.files("prodigy")["queue.jsonl"] for key in task)


def test_images(images: Case) -> None:
    """An image is shown alone, with the rest of the row in the card's corner."""
    first = images.files("prodigy")["queue.jsonl"][0]

    assert first["image"] == "cats/a b#1.png"
    assert "text" not in first
    assert first["meta"]["row"] == "image: one"
    assert first["input_image"] == "one"
    assert any("web server" in step for step in Prodigy().how_to_import(images.queue()))


Write = Callable[..., str]

TASK: dict[str, Any] = {
    "text": "the flight was delayed again",
    "options": [
        {"id": "negative", "text": "negative"},
        {"id": "positive", "text": "positive", "meta": "given"},
    ],
    "accept": ["negative"],
    "meta": {"doubt_id": "row-17", "given": "positive", "score": 0.91},
    "doubt_id": "row-17",
    "answer": "accept",
    "_input_hash": -1426921351,
    "_task_hash": 182940,
}


def lines(*tasks: dict[str, Any]) -> str:
    """Tasks as JSON Lines."""
    return "".join(json.dumps(task) + "\n" for task in tasks)


def test_an_accepted_choice_is_a_verdict(write: Write) -> None:
    """The annotator, the time and a typed note are read, and the given label of the queue."""
    path = write(
        lines(
            TASK
            | {
                "_annotator_id": "ana",
                "_session_id": "doubt-ana",
                "_timestamp": 1767225600,
                "user_input": "sure",
            }
        )
    )

    found = read_answers(path)

    assert found.tool == "prodigy"
    assert found.answers == (
        Answer(
            1,
            "row-17",
            "negative",
            annotator="ana",
            time="2026-01-01T00:00:00+00:00",
            why="sure",
            given_label="positive",
            tool="prodigy",
            column="accept",
            file=path,
        ),
    )


@pytest.mark.parametrize(("word", "status"), [("reject", "rejected"), ("ignore", "ignored")])
def test_a_task_that_is_not_accepted_corrects_nothing(write: Write, word: str, status: str) -> None:
    """Its selected suggestion does not count."""
    [found] = read_answers(write(lines(TASK | {"answer": word}))).answers

    assert (found.status, found.decides) == (status, False)


def test_binary_tasks(write: Write) -> None:
    """The label on the card is the verdict if it is accepted; if rejected, there is no verdict."""
    binary = {"doubt_id": "a", "label": "spam", "_task_hash": 1}

    found = read_answers(write(lines(binary | {"answer": "accept"}, binary | {"answer": "reject"}))).answers

    assert [(one.verdict, one.decides) for one in found] == [("spam", True), ("spam", False)]


@pytest.mark.parametrize(
    ("accept", "verdict", "other_verdicts"),
    [([], "", ()), (None, "", ()), (["a", "b"], "a", ("b",)), ([1], "1", ()), (["[x]"], "[x]", ())],
)
def test_what_was_selected(
    write: Write, accept: object, verdict: str, other_verdicts: tuple[str, ...]
) -> None:
    """Nothing selected is no verdict, several stay several, and ids of options are texts."""
    [found] = read_answers(write(lines(TASK | {"accept": accept}))).answers

    assert (found.verdict, found.other_verdicts) == (verdict, other_verdicts)


def test_a_task_without_choices_has_no_verdict(write: Write) -> None:
    """It was accepted, but has no label."""
    [found] = read_answers(write(lines({"doubt_id": "a", "answer": "accept", "_task_hash": 1}))).answers

    assert found.open


def test_meta_that_is_a_text(write: Write) -> None:
    """`meta` is ignored if it is not an object."""
    [found] = read_answers(write(lines(TASK | {"meta": "hi", "given_label": "positive"}))).answers

    assert (found.row_id, found.given_label) == ("row-17", "positive")


@pytest.mark.parametrize("time", ["yesterday", None, 1e300, float("inf")])
def test_an_invalid_time(write: Write, time: object) -> None:
    """A time that is not valid is left out."""
    [found] = read_answers(write(lines(TASK | {"_timestamp": time}))).answers

    assert found.time == ""


def test_a_selection_that_is_not_a_list(write: Write, sentences: Any) -> None:
    """The error names the record."""
    path = write(lines(TASK, TASK | {"accept": "negative"}))

    with pytest.raises(InputError) as refused:
        read_answers(path)

    error = refused.value
    assert (error.where, error.row, error.column) == (path, 2, "accept")
    sentences.check(error)
