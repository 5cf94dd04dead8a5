import json
from collections.abc import Callable
from typing import Any

import pytest

from doubtcli.errors import InputError
from doubtcli.read.verdicts import read_answers

Write = Callable[..., str]

OURS: dict[str, Any] = {"doubt_id": "a", "verdict": "spam"}
LABEL_STUDIO: dict[str, Any] = {"data": {"doubt_id": "a"}, "annotations": []}
LABEL_STUDIO_MIN: dict[str, Any] = {
    "doubt_id": "a",
    "label": "spam",
    "annotation_id": 1,
    "annotator": 1,
    "created_at": "",
    "updated_at": "",
    "lead_time": 1,
}
ARGILLA: dict[str, Any] = {"id": "a", "fields": {}, "responses": {}, "suggestions": {}}
ARGILLA_FLAT: dict[str, Any] = {"id": "a", "_server_id": None, "label.suggestion": "spam"}
PRODIGY: dict[str, Any] = {"doubt_id": "a", "answer": "accept", "accept": ["spam"]}
DOCCANO: dict[str, Any] = {"doubt_id": "a", "label": ["spam"]}

TOOLS = [
    (OURS, "doubt"),
    (LABEL_STUDIO, "label-studio"),
    (LABEL_STUDIO_MIN, "label-studio"),
    (ARGILLA, "argilla"),
    (ARGILLA_FLAT, "argilla"),
    (PRODIGY, "prodigy"),
    (DOCCANO, "doccano"),
]


def refusal(path: str) -> str:
    """How a file is refused."""
    with pytest.raises(InputError) as refused:
        read_answers(path)
    return str(refused.value)


@pytest.mark.parametrize("name", ["verdicts", "project.csv", "all.parquet", "x.jsonl"])
@pytest.mark.parametrize(("record", "tool"), TOOLS)
def test_a_tool_is_told_by_its_records(write: Write, record: dict[str, Any], tool: str, name: str) -> None:
    """In a list or line by line, and whatever the file is called."""
    assert read_answers(write([record], name)).tool == tool
    assert read_answers(write(json.dumps(record) + "\n", name)).tool == tool


@pytest.mark.parametrize(
    "own",
    [
        {"label": "ham", "Comments": "none"},
        {"label": ["ham"]},
        {"answer": "accept", "accept": "x"},
        {"annotation_id": 1, "created_at": "", "updated_at": "", "lead_time": 2, "annotator": "ana"},
        {"id": 7, "_server_id": 1, "label.responses": "many"},
    ],
    ids=["doccano", "doccano list", "prodigy", "label studio", "argilla"],
)
def test_a_queue_of_ours_may_hold_any_columns(write: Write, own: dict[str, Any]) -> None:
    """The user's own ones may be called as a tool calls its own; `doubt_id` and `verdict` decide."""
    found = read_answers(write([OURS | own]))

    assert (found.tool, found.answers[0].verdict) == ("doubt", "spam")


@pytest.mark.parametrize("answer", ["accept", "yes", None])
def test_a_users_column_called_answer_makes_no_prodigy_task(write: Write, answer: str | None) -> None:
    """Questions and answers are sent to doccano, too."""
    assert read_answers(write([DOCCANO | {"answer": answer}])).tool == "doccano"


@pytest.mark.parametrize(
    ("first", "second"),
    [(one, other) for one, _ in TOOLS for other, _ in TOOLS if one is not other]
    + [(one, {"text": "hi"}) for one, _ in TOOLS],
)
def test_mixed_shapes_are_refused(write: Write, first: dict[str, Any], second: dict[str, Any]) -> None:
    """One export a file: the first record that differs is named, with what it should be told by."""
    path = write([first, first, second])

    told = refusal(path)

    assert told.startswith(f"{path}, row 3: the record is not like those before it\nexpected: ")
    assert told.endswith("\nto do: give one export as its tool wrote it, not several in one file")


def test_an_unlike_record_is_described(write: Write) -> None:
    """What it should have, and what it has."""
    told = refusal(write([PRODIGY, DOCCANO]))

    assert told.splitlines()[1] == (
        "expected: Prodigy JSON Lines, told by 'answer' and 'accept'; it has 'doubt_id', 'label'"
    )


def test_an_unknown_shape_is_refused(write: Write) -> None:
    """All shapes that we know are listed, and what stands there instead."""
    path = write([{"text": "hi", "label": "spam"}])

    assert refusal(path) == (
        f"{path}, row 1: there are no verdicts of a shape that we know: it has 'text', 'label'\n"
        "expected: one of: doubt's own queue ('doubt_id' and 'verdict'); "
        "Label Studio JSON ('annotations' and 'data'); "
        "Label Studio JSON_MIN, CSV or TSV ('annotation_id', 'annotator' and 'lead_time'); "
        "Argilla's records.json ('fields' and 'responses'); "
        "Argilla's flat export ('_server_id' and 'label.responses'); "
        "Prodigy JSON Lines ('answer' and 'accept'); "
        "doccano JSONL or JSON ('doubt_id' and a list 'label'); "
        "doccano CSV ('doubt_id', 'label' and 'Comments')\n"
        "to do: give a tool's export, a queue.csv with its verdicts filled in, or a file with its two columns"
    )


def test_tasks_that_went_out_are_no_verdicts(write: Write) -> None:
    """The file that was brought into a tool is not what comes out of it."""
    assert "there are no verdicts" in refusal(write([{"data": {"doubt_id": "a"}, "predictions": []}]))
    assert "there are no verdicts" in refusal(write([{"doubt_id": "a", "accept": ["spam"], "options": []}]))


def test_what_is_to_be_known_of_the_file_is_told(write: Write) -> None:
    """How its bytes were read, and how many answers gave way to newer ones."""
    path = write("")
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(
            "doubt_id,verdict,annotator,time\na,é,ana,2026-01-01\na,e,ana,2026-01-02\n".encode("latin-1")
        )

    found = read_answers(path)

    assert [answer.verdict for answer in found.answers] == ["e"]
    assert found.notes == ("not UTF-8: read as latin-1",)
    assert found.n_older == 1
