from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubtcli.errors import InputError
from doubtcli.tools.read import read_answer_files, read_answers

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


def refuse(path: str) -> InputError:
    """The error for a file that is refused."""
    with pytest.raises(InputError) as refused:
        read_answers(path)
    return refused.value


@pytest.mark.parametrize("name", ["verdicts", "project.csv", "all.parquet", "x.jsonl"])
@pytest.mark.parametrize(("record", "tool"), TOOLS)
def test_a_tool_is_recognised_by_its_records(
    write: Write, record: dict[str, Any], tool: str, name: str
) -> None:
    """Records are in a list or in lines; the file's name doesn't matter."""
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
def test_a_queue_file_may_have_any_columns(write: Write, own: dict[str, Any]) -> None:
    """A user's columns may have a tool's names; `doubt_id` and `verdict` decide what it is."""
    found = read_answers(write([OURS | own]))

    assert (found.tool, found.answers[0].verdict) == ("doubt", "spam")


@pytest.mark.parametrize("answer", ["accept", "yes", None])
def test_a_users_column_called_answer_is_not_a_prodigy_task(write: Write, answer: str | None) -> None:
    """A data set of questions and answers may come back from doccano."""
    assert read_answers(write([DOCCANO | {"answer": answer}])).tool == "doccano"


@pytest.mark.parametrize(
    ("first", "second"),
    [(one, other) for one, _ in TOOLS for other, _ in TOOLS if one is not other]
    + [(one, {"text": "hi"}) for one, _ in TOOLS],
)
def test_mixed_shapes_are_refused(write: Write, first: dict[str, Any], second: dict[str, Any]) -> None:
    """There is one export in a file: the error names the first record that differs."""
    path = write([first, first, second])

    error = refuse(path)

    assert (error.where, error.row) == (path, 3)


def test_a_different_record_is_described(write: Write, sentences: Any) -> None:
    """The error has what the record should have, and what it has."""
    sentences.check(refuse(write([PRODIGY, DOCCANO])))


def test_an_unknown_shape_is_refused(write: Write, sentences: Any) -> None:
    """The error lists all known shapes, and the keys of the first record."""
    path = write([{"text": "hi", "label": "spam"}])

    error = refuse(path)

    assert (error.where, error.row) == (path, 1)
    sentences.check(error)


@pytest.mark.parametrize(
    "record",
    [{"data": {"doubt_id": "a"}, "predictions": []}, {"doubt_id": "a", "accept": ["spam"], "options": []}],
    ids=["label-studio", "prodigy"],
)
def test_tasks_without_answers_are_refused(write: Write, record: dict[str, Any]) -> None:
    """A file for a tool is not an export of that tool."""
    assert refuse(write([record])).row == 1


def test_notes_on_a_file(write: Write, sentences: Any) -> None:
    """They name the encoding; the number of older answers is counted."""
    path = write("")
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(
            "doubt_id,verdict,annotator,time\na,é,ana,2026-01-01\na,e,ana,2026-01-02\n".encode("latin-1")
        )

    found = read_answers(path)

    assert [answer.verdict for answer in found.answers] == ["e"]
    assert found.n_older == 1
    [note] = found.notes
    sentences.check(note)


HEAD = "doubt_id,verdict,annotator,time\n"
EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"


def doccano(label: str) -> list[dict[str, Any]]:
    """An export of doccano for one person."""
    return [{"doubt_id": "a", "label": [label], "Comments": []}]


def label_studio(label: str, time: str) -> list[dict[str, Any]]:
    """An export of a server with one user."""
    choice = {"from_name": "label", "type": "choices", "value": {"choices": [label]}}
    annotation = {"completed_by": 1, "result": [choice], "was_cancelled": False, "updated_at": time}
    return [{"data": {"doubt_id": "a"}, "annotations": [annotation]}]


def test_all_files_are_read(write: Write) -> None:
    """Answers are in the order of the files; a note on all of them is given once."""
    one, other = write(doccano("ham"), "one"), write(doccano("spam"), "two")

    found = read_answer_files([one, other])

    assert [(answer.file, answer.verdict) for answer in found.answers] == [(one, "ham"), (other, "spam")]
    assert (found.path, len(found.notes)) == (f"{one}, {other}", 1)


def test_a_note_on_several_files_is_given_once(tmp_path: Path) -> None:
    """It depends neither on the path nor on the place of the first byte that is not UTF-8."""
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, why in zip(paths, ("café", "another café"), strict=True):
        path.write_bytes(f"{HEAD.strip()},why\na,ham,,,{why}\n".encode("latin-1"))

    found = read_answer_files(map(str, paths))

    [note] = found.notes
    assert "latin-1" in note
    assert "--" not in note


def test_a_file_that_is_named_twice_is_read_once(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Different paths of one file are one file."""
    path = write(doccano("ham"), "one")
    (tmp_path / "link").symlink_to(path)
    monkeypatch.chdir(tmp_path)

    found = read_answer_files([path, "one", "./one", "link", path])

    assert [(answer.file, answer.repeated) for answer in found.answers] == [(path, False)]
    assert (found.path, len(found.notes)) == (path, 1)


@pytest.mark.parametrize("lines", ["a,ham,ann,\n", f"a,ham,,{EARLY}\n", f"a,ham,1,{EARLY}\nb,ham,,\n"])
def test_a_copy_counts_once(write: Write, tmp_path: Path, lines: str) -> None:
    """An equal file with names or times is a copy, also if it is compressed; a note names it."""
    path, copy = write(HEAD + lines, "one"), write(HEAD + lines, "two")
    packed = tmp_path / "three"
    packed.write_bytes(gzip.compress(Path(path).read_bytes()))

    found = read_answer_files([path, copy, str(packed)])

    assert found.answers == read_answer_files([path]).answers
    [note] = found.notes
    assert note.endswith(f": {copy!r}, {str(packed)!r}")


def test_equal_files_may_be_of_two_people(write: Write, tmp_path: Path, sentences: Any) -> None:
    """Without names and times it is not known: the answers are marked, and a note names the file."""
    one, two, three = (write(doccano(label), name) for name, label in (("1", "x"), ("2", "y"), ("3", "x")))

    found = read_answer_files([one, two, three], confirmed=True)

    assert [(answer.file, answer.repeated) for answer in found.answers] == [
        (one, False),
        (two, False),
        (three, True),
    ]
    [note] = found.notes
    assert repr(three) in note
    sentences.check(note.replace(str(tmp_path), "folder"))


def test_people_who_answered_again(write: Write, sentences: Any) -> None:
    """One note counts older answers, those in the same file and those in another."""
    one = write(HEAD + f"a,ham,ann,{EARLY}\na,spam,ann,{LATE}\nb,ham,ann,{EARLY}\n", "one")
    other = write(HEAD + f"b,spam,ann,{LATE}\n", "two")

    alone, both = read_answer_files([one]), read_answer_files([one, other])

    sentences.check("\n".join([*alone.notes, *both.notes]))
    assert [(answer.row_id, answer.verdict) for answer in both.answers] == [("a", "spam"), ("b", "spam")]


def test_the_first_users_of_two_servers_are_two_people(write: Write) -> None:
    """Both answers count, although both people have the number 1."""
    paths = [write(label_studio("ham", EARLY), "one"), write(label_studio("spam", LATE), "two")]

    found = read_answer_files(paths)

    assert [(answer.annotator, answer.verdict) for answer in found.answers] == [("1", "ham"), ("1", "spam")]
    assert found.notes == ()


def test_a_project_that_was_exported_twice(write: Write) -> None:
    """An answer that is in both exports counts once, even if its annotator is only a number."""
    task = label_studio("ham", "2026-01-01T10:00:00.206269Z")
    more = json.loads(json.dumps(task))
    more[0]["annotations"] += label_studio("spam", "2026-01-02T10:00:00.1Z")[0]["annotations"]
    more[0]["annotations"][1]["completed_by"] = 2

    found = read_answer_files([write(task, "monday"), write(more, "tuesday")])

    assert [answer.verdict for answer in found.answers] == ["ham", "spam"]


def test_the_invalid_file_is_named(write: Write) -> None:
    """The error names the one file that can't be used."""
    path = write("text\nhi\n", "none")

    with pytest.raises(InputError) as refused:
        read_answer_files([write(doccano("ham"), "one"), path])

    assert refused.value.where == path
