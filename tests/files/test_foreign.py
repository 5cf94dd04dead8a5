from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

from doubtcli.errors import InputError
from doubtcli.files.table import read_table
from doubtcli.records import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences

TASKS = [
    {
        "id": number,
        "data": {"text": text},
        "annotations": [{"result": [{"value": {"choices": [label]}, "type": "choices"}]}],
    }
    for number, (text, label) in enumerate([("hi", "a"), ("bye", "b")])
]
COCO = {
    "images": [{"id": 7, "file_name": "7.jpg"}],
    "annotations": [{"id": 0, "image_id": 7, "category_id": 3}],
    "categories": [{"id": 3, "name": "cat"}],
}
CHATS = [
    {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
    for text, label in [("hi", "a"), ("bye", "b")]
]
TEXTS = [{"text": "hi", "label": "a"}, {"text": "bye", "label": "b"}]


def lines_of(records: list[Any]) -> str:
    """JSON Lines."""
    return "".join(f"{json.dumps(one)}\n" for one in records)


CONLL = "Anna NNP B-PER\nsees VBZ O\nBonn NNP B-LOC\n. . O\n\nYes RB O\n"
MADE = [
    pytest.param("r.json", json.dumps(TASKS), [{**one, "id": i} for i, one in enumerate(TEXTS)], id="tasks"),
    pytest.param("r.jsonl", lines_of(TASKS), [{**one, "id": i} for i, one in enumerate(TEXTS)], id="lines"),
    pytest.param("r.json", json.dumps(COCO), [{"image": "7.jpg", "label": "cat"}], id="COCO"),
    pytest.param("r.json", json.dumps(COCO, indent=1), [{"image": "7.jpg", "label": "cat"}], id="indented"),
    pytest.param("r.jsonl", lines_of(CHATS), TEXTS, id="chat"),
    pytest.param("r.json", json.dumps({"version": "1", "data": TEXTS}), TEXTS, id="rows under a key"),
    pytest.param(
        "r.json",
        json.dumps({name: {str(i): one[name] for i, one in enumerate(TEXTS)} for name in ("text", "label")}),
        TEXTS,
        id="pandas",
    ),
    pytest.param(
        "r.arff",
        "% made up\n@relation r\n@attribute x numeric\n@attribute y {a,b}\n@data\n0.5,a\n2,b\n",
        [{"x": "0.5", "y": "a"}, {"x": "2.0", "y": "b"}],
        id="ARFF",
    ),
    pytest.param(
        "r.txt",
        "0 1:0.5 3:2\n1 2:1\n",
        [
            {"x0": "0.5", "x1": "0.0", "x2": "2.0", "label": "0"},
            {"x0": "0.0", "x1": "1.0", "x2": "0.0", "label": "1"},
        ],
        id="libsvm",
    ),
]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # one line has no room to close files
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("name", "content", "rows"), MADE)
def test_command_of_the_message_makes_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str, rows: list[Any]
) -> None:
    """The command in the message makes a file that is read, with the examples and their labels."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(name)
    hint = str(caught.value.hint)
    _, _, code, old, new, *_ = shlex.split(hint[hint.index("python -c") :].replace(".json,", ".json"))
    monkeypatch.setattr(sys, "argv", ["-c", old, new])

    exec(code, {})  # what the user is asked to run

    found = read_table(new).data
    names = sorted(rows[0])
    assert found.select([one for one in names if one in found.column_names]).to_pylist() == [
        {key: row[key] for key in names} for row in rows
    ]


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        pytest.param("r.csv", "<!DOCTYPE html>\n<title>404</title>\n", "an HTML page ('404')", id="HTML"),
        pytest.param("r.parquet", "<html><body></body></html>", "an HTML page", id="HTML as Parquet"),
        pytest.param(
            "r.xls", "<table border=1>\n<tr><td>a</td></tr>\n</table>\n", "an HTML table", id="HTML as XLS"
        ),
        pytest.param("r.csv", '<?xml version="1.0"?>\n<Error><Code>No</Code></Error>', "'No'", id="XML"),
        pytest.param("r.txt", "__label__a __label__b hi\n", "several labels", id="labels"),
        pytest.param("r.conll", CONLL, "CoNLL", id="CoNLL"),
        pytest.param("r.txt", "-DOCSTART- -X- O\n\n" + CONLL, "CoNLL", id="documents"),
    ],
)
def test_other_files_are_named(
    tmp_path: Path, name: str, content: str, fact: str, sentences: Sentences
) -> None:
    """A file that is no table is named for what it is."""
    (tmp_path / name).write_text(content, encoding="utf-8")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / name))

    assert fact in caught.value.found
    sentences.check(str(caught.value.found))


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.csv.gz", "r.jsonl", "r.parquet", "r.arrow", "r"])
@pytest.mark.parametrize("given", [None, "csv"])
def test_git_lfs_pointer_is_named(tmp_path: Path, name: str, given: str | None, sentences: Sentences) -> None:
    """A Git LFS pointer is named under any name, and with any format given."""
    path = tmp_path / name
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")

    with pytest.raises(InputError) as caught:
        read_table(str(path), ReadOptions(given))

    assert "git lfs pull" in str(caught.value.hint)
    if name == "r.csv" and given is None:
        sentences.check(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "n_rows"),
    [
        pytest.param("r.csv", "text\n" + "two words\n" * 9, 9, id="texts of two words"),
        pytest.param(
            "r.jsonl", '{"text": "a", "answer": "accept", "label": "x"}\n' * 3, 3, id="all accepted"
        ),
        pytest.param("r.jsonl", '{"text": "a", "answer": "reject"}\n' * 3, 3, id="answer is the label"),
        pytest.param("r.jsonl", '{"messages": [], "label": "x"}\n' * 2, 2, id="chats with a label"),
        pytest.param("r.jsonl", '{"a": {"x": 1}}\n', 1, id="one row"),
        pytest.param("r.csv", "label\n__label__a\n__label__b\n", 2, id="marked labels"),
    ],
)
def test_tables_stay_tables(tmp_path: Path, name: str, content: str, n_rows: int) -> None:
    """A table that only resembles one of these files is read."""
    (tmp_path / name).write_text(content, encoding="utf-8")

    assert read_table(str(tmp_path / name)).data.num_rows == n_rows


def test_fasttext_with_another_ending_is_named(tmp_path: Path) -> None:
    """Lines of fastText in a file named like CSV are named, with the format that reads them."""
    (tmp_path / "r.csv").write_text("__label__a hi\n__label__b bye\n", encoding="utf-8")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "r.csv"))

    assert caught.value.hint == "add --input-format fasttext"
    assert read_table(str(tmp_path / "r.csv"), ReadOptions("fasttext")).data.num_rows == 2


def test_command_unpacks_a_zip_archive(tmp_path: Path, sentences: Sentences) -> None:
    """An archive is named with the first file in it, and the command unpacks it."""
    with ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("data/r.csv", "text,label\nhi,a\n")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "r.zip"))

    sentences.check(caught.value.found)
    command, _, new = str(caught.value.hint).partition(": ")[2].partition(", and scan ")
    subprocess.run([sys.executable, *shlex.split(command)[1:]], check=True)
    assert read_table(new).data.to_pylist() == [{"text": "hi", "label": "a"}]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_command_exports_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentences: Sentences
) -> None:
    """A database is named with its tables, and the command writes one of them as CSV."""
    with closing(sqlite3.connect(tmp_path / "r.db")) as database:
        database.execute("create table tickets (text, label)")
        database.execute("insert into tickets values ('hi', 'a')")
        database.execute("create table people (name)")
        database.commit()

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "r.db"))

    sentences.check(caught.value.found)
    _, _, code, old, new = shlex.split(str(caught.value.hint).partition(": ")[2])
    monkeypatch.setattr(sys, "argv", ["-c", old, new])
    exec(code, {})
    assert read_table(new).data.to_pylist() == [{"text": "hi", "label": "a"}]


def test_given_format_is_believed(tmp_path: Path) -> None:
    """With --input-format, a file is read as that."""
    (tmp_path / "r.txt").write_text("__label__a hi\n__label__b bye\n", encoding="utf-8")

    assert read_table(str(tmp_path / "r.txt"), ReadOptions("csv")).data.num_rows == 1


HEADLESS = [
    pytest.param("r.csv", "0.57,3,b\n0.26,2,a\n" * 12, id="numbers and classes"),
    pytest.param(
        "r.tsv", "a\tthis is a bank charge\nb\tthe parcel is not here\n" * 12, id="classes and texts"
    ),
    pytest.param("r.csv", "".join(f"R{number:03};{'ab'[number % 2]}\n" for number in range(30)), id="codes"),
]
WITH_HEADER = [
    pytest.param("0,1,2\n" + "0.5,0.25,0.25\n" * 20, id="places"),
    pytest.param("2019,2021,2023\n" + "5,7,2\n" * 20, id="years"),
    pytest.param("spam,text\n" + "spam,win a prize now today\nham,see you at the office\n" * 9, id="class"),
    pytest.param("x,label\n" + "0.5,a\n0.7,b\n" * 9 + "x,label\n", id="repeated header"),
    pytest.param(
        "text,label\n" + "hi,a\nbye,b\n" * 9 + "\ufefftext,label\n" + "hi,a\n" * 9, id="joined files"
    ),
    pytest.param("0.5,a\n0.7,b\n", id="too few rows"),
    pytest.param("id,label\n" + "".join(f"R{number},a\n" for number in range(20)), id="codes"),
]


@pytest.mark.parametrize(("name", "content"), HEADLESS)
def test_file_without_header_is_refused_and_read_as_the_message_says(
    tmp_path: Path, name: str, content: str
) -> None:
    """A first row like the rows below it is named, and with --no-header it is a row."""
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / name))
    assert "has the file no header?" in caught.value.found
    assert "--no-header" in str(caught.value.hint)

    read = read_table(str(tmp_path / name), ReadOptions(has_header=False)).data

    assert read.column_names == [f"column_{place + 1}" for place in range(read.num_columns)]
    assert read.num_rows == len(content.splitlines())


@pytest.mark.parametrize("content", WITH_HEADER)
def test_header_that_resembles_data_is_a_header(tmp_path: Path, content: str) -> None:
    """Names that are numbers, or one of the classes, stay names."""
    (tmp_path / "r.csv").write_text(content, encoding="utf-8")

    assert read_table(str(tmp_path / "r.csv")).data.num_rows == len(content.splitlines()) - 1


ANSWERED = "item,text,annotator,label\n" + "".join(
    f"{item},text {item},{who},{label}\n"
    for item in range(5)
    for who, label in [("ann", "a"), ("bob", "b"), ("cid", "b")]
)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_row_for_each_answer_is_noted_with_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command in the note makes one row an example, a column an annotator, and the label most gave."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.csv").write_text(ANSWERED, encoding="utf-8")
    (note,) = read_table("r.csv").notes
    code = note[note.index('"') + 1 : note.rindex('"')]
    monkeypatch.setattr(sys, "argv", ["-c", "r.csv", "r.wide.csv"])

    exec(code, {})

    assert read_table("r.wide.csv").data.to_pylist() == [
        {
            "item": str(item),
            "text": f"text {item}",
            "label": "b",
            "annotator_ann": "a",
            "annotator_bob": "b",
            "annotator_cid": "b",
        }
        for item in range(5)
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("id,annotator,label\n1,ann,a\n2,bob,b\n3,ann,a\n", id="one answer each"),
        pytest.param("text,annotator,label\nhi,ann,a\nhi,ann,b\nbye,bob,a\nbye,bob,b\n", id="same annotator"),
        pytest.param("item,label\n1,a\n1,b\n", id="no annotators"),
    ],
)
def test_one_row_an_example_has_no_note(tmp_path: Path, content: str) -> None:
    """Rows that repeat for other reasons get no note."""
    (tmp_path / "r.csv").write_text(content, encoding="utf-8")

    assert read_table(str(tmp_path / "r.csv")).notes == ()
