from __future__ import annotations

import gzip
import io
import json
import sys
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError, OutputError
from doubtcli.files.table import check_unchanged, read_table
from doubtcli.files.values import drop_rows
from doubtcli.records import Source, Table
from doubtcli.records.edits import Changes

SOURCES = {
    "csv": Source("data.csv", "csv", 0, "", None, "utf-8", ","),
    "jsonl": Source("data.jsonl", "jsonl", 0, "", None, "utf-8"),
    "parquet": Source("data.parquet", "parquet", 0, ""),
}


def stored(format_: str, labels: list[Any], texts: list[str] | None = None, **extra: Any) -> bytes:
    """A file of texts and labels."""
    texts = texts or [f"t{row}" for row in range(len(labels))]
    table = pa.table({"t": texts, "label": labels, **extra})
    if format_ == "parquet":
        sink = io.BytesIO()
        pq.write_table(table, sink)
        return sink.getvalue()
    if format_ == "csv":
        return "".join(
            ["t,label\n", *(f"{text},{label}\n" for text, label in zip(texts, labels, strict=True))]
        ).encode()
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def read(format_: str, content: bytes) -> Table:
    """The table of a file."""
    source = SOURCES[format_]
    return replace(read_table("-", source.read_options(), stdin=io.BytesIO(content)), source=source)


def check(format_: str, before: bytes, after: bytes, labels: dict[int, Any], **changes: Any) -> None:
    """Hold a file against what it was rewritten to."""
    check_unchanged(read(format_, before), before, after, Changes("label", labels, **changes))


@pytest.mark.parametrize("format_", SOURCES)
def test_as_it_should_be(format_: str) -> None:
    """Labels that are what was decided, and rows that came and went as they should, are no error."""
    before = stored(format_, ["x", "y", "x", "y"])
    after = stored(format_, ["y", "new", "y", "z"], ["t0", "t1", "t3", "t4"])

    check(format_, before, after, {0: 1, 1: "new"}, dropped={2}, added={3})


@pytest.mark.parametrize("format_", SOURCES)
@pytest.mark.parametrize(
    ("labels", "texts", "changes"),
    [
        (["y", "y", "x"], None, {}),
        (["x", "z", "x"], None, {}),
        (["x", "x", "x"], ["t0", "t1", "other"], {}),
        (["x", "x"], None, {}),
        (["x", "x", "x", "x"], None, {}),
        (["x", "x", "x"], None, {"dropped": {2}}),
    ],
    ids=["another label", "the wrong label", "another text", "a row less", "a row more", "a row that stays"],
)
def test_anything_else(
    format_: str, labels: list[str], texts: list[str] | None, changes: dict[str, Any]
) -> None:
    """Whatever else differs is refused: a label that wasn't decided, a text, a row."""
    before, after = stored(format_, ["x", "y", "x"]), stored(format_, labels, texts)

    with pytest.raises(OutputError, match="without changing more than labels") as caught:
        check(format_, before, after, {1: "x"}, **changes)

    assert caught.value.where == SOURCES[format_].path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("format_", SOURCES)
def test_no_room_to_look(format_: str) -> None:
    """Where the file can't be read back for want of room, that is told of the file, and what to do."""
    import resource

    content = stored(format_, ["x", "y"])
    table = read(format_, content)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        with pytest.raises(InputError) as caught:
            check_unchanged(table, content, content, Changes("label", {}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert str(caught.value) == (
        f"{SOURCES[format_].path}: its bytes can't be kept in a temporary file: file too large\n"
        "to do: raise the limit on file sizes (ulimit -f)"
    )


@pytest.mark.parametrize("format_", SOURCES)
def test_any_label(format_: str) -> None:
    """Where a label may be any, only the rest is looked at."""
    before, after = stored(format_, ["x", "y"]), stored(format_, ["x", "z"])

    check(format_, before, after, {1: None})


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("labels", "wanted", "value"),
    [([1, 2], "3", 3), ([1.0, 2.0], "2.50", 2.5), ([1.0, 2.0], "3.0", 3.0), ([True, False], "true", True)],
)
def test_labels_of_a_type(format_: str, labels: list[Any], wanted: str, value: object) -> None:
    """A label as text is the value that it stands for."""
    check(format_, stored(format_, labels), stored(format_, [labels[0], value]), {1: wanted})

    with pytest.raises(OutputError):
        check(format_, stored(format_, labels), stored(format_, labels), {1: wanted})


def test_not_a_number() -> None:
    """No number is like another, and yet unchanged."""
    before, after = (stored("parquet", labels, n=[float("nan"), 1.0]) for labels in (["x", "y"], ["y", "y"]))

    check("parquet", before, after, {0: "y"})


def test_other_schema() -> None:
    """Columns of another type, or other metadata, are refused."""
    before, after = stored("parquet", ["x", "y"], n=[1, 2]), stored("parquet", ["x", "y"], n=[1.0, 2.0])

    with pytest.raises(OutputError, match="its columns would be others"):
        check("parquet", before, after, {})


@pytest.mark.parametrize("after", [b't,label\n"t0,x\n', b"t,label\nt0,\xff\n", b"t,label\n"])
def test_no_longer_readable(after: bytes) -> None:
    """What can't be read any more is refused."""
    with pytest.raises(OutputError, match="without changing more than labels"):
        check("csv", stored("csv", ["x"]), after, {})


def test_lines_no_longer_readable() -> None:
    """Lines that are no JSON any more are refused, and letters that aren't in the encoding."""
    for after in (b'{"label": "x"\n', b'{"label": "\xff"}\n'):
        with pytest.raises(OutputError, match="without changing more than labels"):
            check("jsonl", stored("jsonl", ["x"]), after, {})


def test_packed() -> None:
    """Packed files are held against each other unpacked."""
    before, after = (gzip.compress(stored("csv", labels)) for labels in (["x", "y"], ["y", "y"]))

    check("csv", before, after, {0: "y"})


@pytest.mark.parametrize(("rows", "left"), [((), [0, 1, 2]), ((0,), [1, 2]), ((2, 1), [0]), ((0, 1, 2), [])])
def test_without_rows(rows: tuple[int, ...], left: list[int]) -> None:
    """The other rows stay, also of types that can't be filtered."""
    table = pa.table({"n": [0, 1, 2], "t": pa.array(["a", "b", "c"], pa.string_view())})

    assert drop_rows(table, rows).column("n").to_pylist() == left
