from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubtcli.errors import InputError
from doubtcli.tools.read import read_answers, read_together

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


Write = Callable[..., str]

HEAD = "doubt_id,verdict,annotator,time\n"
EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"
NOT_TOLD = (
    "doccano does not tell which rows were looked at: those that still bear their given label count as "
    "undecided"
)


def doccano(label: str) -> list[dict[str, Any]]:
    """What doccano exports for one person."""
    return [{"doubt_id": "a", "label": [label], "Comments": []}]


def label_studio(label: str, time: str) -> list[dict[str, Any]]:
    """What a server of one user exports."""
    choice = {"from_name": "label", "type": "choices", "value": {"choices": [label]}}
    said = {"completed_by": 1, "result": [choice], "was_cancelled": False, "updated_at": time}
    return [{"data": {"doubt_id": "a"}, "annotations": [said]}]


def test_all_files_are_read(write: Write) -> None:
    """One behind the other; what holds for all of them is told once."""
    one, other = write(doccano("ham"), "one"), write(doccano("spam"), "two")

    found = read_together([one, other])

    assert [(answer.file, answer.verdict) for answer in found.answers] == [(one, "ham"), (other, "spam")]
    assert (found.path, found.notes) == (f"{one}, {other}", (NOT_TOLD,))


def test_what_is_told_of_how_files_were_read_is_told_once(tmp_path: Path) -> None:
    """Wherever in each of them the first strange byte stands; no option is named, since none is taken."""
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, why in zip(paths, ("café", "another café"), strict=True):
        path.write_bytes(f"{HEAD.strip()},why\na,ham,,,{why}\n".encode("latin-1"))

    found = read_together(map(str, paths))

    assert found.notes == ("not UTF-8: read as latin-1",)


def test_a_file_that_is_named_twice_is_read_once(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is named."""
    path = write(doccano("ham"), "one")
    (tmp_path / "link").symlink_to(path)
    monkeypatch.chdir(tmp_path)

    found = read_together([path, "one", "./one", "link", path])

    assert [(answer.file, answer.repeated) for answer in found.answers] == [(path, False)]
    assert (found.path, found.notes) == (path, (NOT_TOLD,))


@pytest.mark.parametrize("said", ["a,ham,ann,\n", f"a,ham,,{EARLY}\n", f"a,ham,1,{EARLY}\nb,ham,,\n"])
def test_a_copy_counts_once(write: Write, tmp_path: Path, said: str) -> None:
    """Under another name or packed: nobody else was called the same, or answered at the same time."""
    path, copy = write(HEAD + said, "one"), write(HEAD + said, "two")
    packed = tmp_path / "three"
    packed.write_bytes(gzip.compress(Path(path).read_bytes()))

    found = read_together([path, copy, str(packed)])

    assert found.answers == read_together([path]).answers
    assert found.notes == (f"files that are copies of another, passed over: {copy!r}, {str(packed)!r}",)


def test_files_that_are_the_same_may_be_of_two_people(write: Write) -> None:
    """Where they tell neither who answered nor when, that can't be told: they are marked, and named."""
    one, two, three = (write(doccano(label), name) for name, label in (("1", "x"), ("2", "y"), ("3", "x")))

    found = read_together([one, two, three], confirmed=True)

    assert [(answer.file, answer.repeated) for answer in found.answers] == [
        (one, False),
        (two, False),
        (three, True),
    ]
    [note] = found.notes
    assert note == (
        f"files that are the same as another, and don't tell who answered: {three!r}; "
        "a majority counts only if it is the same without them"
    )


def test_people_who_answered_again(write: Write) -> None:
    """In one file or in another: one note counts both."""
    one = write(HEAD + f"a,ham,ann,{EARLY}\na,spam,ann,{LATE}\nb,ham,ann,{EARLY}\n", "one")
    other = write(HEAD + f"b,spam,ann,{LATE}\n", "two")

    alone, both = read_together([one]), read_together([one, other])

    assert alone.notes == ("answers of people who answered again, passed over: 1",)
    assert both.notes == ("answers of people who answered again, passed over: 2 (1 of them in another file)",)
    assert [(answer.row_id, answer.verdict) for answer in both.answers] == [("a", "spam"), ("b", "spam")]


def test_the_first_users_of_two_servers_are_two_people(write: Write) -> None:
    """Nothing is passed over."""
    paths = [write(label_studio("ham", EARLY), "one"), write(label_studio("spam", LATE), "two")]

    found = read_together(paths)

    assert [(answer.annotator, answer.verdict) for answer in found.answers] == [("1", "ham"), ("1", "spam")]
    assert found.notes == ()


def test_a_project_that_was_exported_twice(write: Write) -> None:
    """What stands in both exports is one answer, though its annotator is only a number."""
    task = label_studio("ham", "2026-01-01T10:00:00.206269Z")
    more = json.loads(json.dumps(task))
    more[0]["annotations"] += label_studio("spam", "2026-01-02T10:00:00.1Z")[0]["annotations"]
    more[0]["annotations"][1]["completed_by"] = 2

    found = read_together([write(task, "monday"), write(more, "tuesday")])

    assert [answer.verdict for answer in found.answers] == ["ham", "spam"]


def test_a_file_that_is_none_is_named(write: Write) -> None:
    """Whichever it is."""
    path = write("text\nhi\n", "none")

    with pytest.raises(InputError) as refused:
        read_together([write(doccano("ham"), "one"), path])

    assert refused.value.where == path
