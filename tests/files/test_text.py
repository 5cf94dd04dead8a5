from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.files.table import read_table
from doubtcli.files.text import (
    STEP_BYTES,
    count_mark_bytes,
    find_byte_places,
    find_physical_lines,
    find_plain_encoding,
)
from doubtcli.records import ReadOptions, Source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences

LETTERS = st.text(st.sampled_from("aé😀ソ\n,"), max_size=40)


@settings(max_examples=60)
@given(text=LETTERS, encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"]))
def test_each_character(text: str, encoding: str) -> None:
    """Each character's bytes start where those of the characters before it end."""
    found = find_byte_places(text.encode(encoding), encoding, range(len(text) + 1))

    assert found == [len(text[:place].encode(encoding)) for place in range(len(text) + 1)]


@pytest.mark.parametrize("before", range(STEP_BYTES - 3, STEP_BYTES + 2))
def test_across_a_border(before: int) -> None:
    """A character whose bytes are split between two chunks has one place."""
    content = b"x" * before + "😀y".encode()

    assert find_byte_places(content, "utf-8", [before, before + 1, before + 2]) == [
        before,
        before + 4,
        before + 5,
    ]


def test_two_ways_to_write_a_character() -> None:
    """A character has its place even if encoding it would give other bytes."""
    content = b"\x87\x9a,\x81\xe6,x"  # both are "because" in Windows' Shift JIS

    assert content.decode("cp932") == "∵,∵,x"
    assert find_byte_places(content, "cp932", [0, 1, 2, 3, 4]) == [0, 2, 3, 5, 6]


def test_behind_the_end() -> None:
    """A place past the end is the end."""
    assert find_byte_places(b"", "utf-8", [0]) == [0]


@pytest.mark.parametrize(
    ("content", "encoding", "plain", "length"),
    [
        (b"x", "utf-8", "utf-8", 0),
        (codecs.BOM_UTF8 + b"x", "utf-8-sig", "utf-8", 3),
        (codecs.BOM_UTF16_LE + b"x\0", "utf-16", "utf-16-le", 2),
        (codecs.BOM_UTF16_BE + b"\0x", "utf-16", "utf-16-be", 2),
        (codecs.BOM_UTF32_LE + b"x\0\0\0", "utf-32", "utf-32-le", 4),
        (codecs.BOM_UTF32_BE + b"\0\0\0x", "utf-32", "utf-32-be", 4),
        (b"x\0", "UTF-16LE", "utf-16-le", 0),
        (b"x", "latin-1", "latin-1", 0),
    ],
)
def test_marks(content: bytes, encoding: str, plain: str, length: int) -> None:
    """The encoding after a byte order mark, and the mark's length, are found."""
    found = find_plain_encoding(content, encoding)

    assert (found, count_mark_bytes(content, found)) == (plain, length)


# ------------------------------------------------------------- physical lines


def lines_of(path: Path, *rows: int, quoting: str | None = None) -> dict[int, tuple[int, int]]:
    """The lines of rows of a file, read as a scan reads it."""
    source = read_table(str(path), ReadOptions(quoting=quoting)).source
    return find_physical_lines(source, rows)


def test_plain_rows(tmp_path: Path) -> None:
    """The first row is below the header."""
    (tmp_path / "a.csv").write_text("text,label\na,x\nb,y\nc,x\n")

    assert lines_of(tmp_path / "a.csv", 1, 3) == {1: (2, 2), 3: (4, 4)}


def test_quoted_newlines(tmp_path: Path) -> None:
    """A row spans the lines of its quoted fields, and so does the header; blank lines are not rows."""
    (tmp_path / "a.csv").write_bytes(b'"te\nxt",label\n"a\n\nb",x\n\nc,y\n"d\r\n",x\n')

    assert lines_of(tmp_path / "a.csv", 1, 2, 3) == {1: (3, 5), 2: (7, 7), 3: (8, 9)}


def test_one_column(tmp_path: Path) -> None:
    """If there is a single column, a blank line is a row."""
    (tmp_path / "a.csv").write_text("label\nx\n\ny\n")

    assert lines_of(tmp_path / "a.csv", 2, 3) == {2: (3, 3), 3: (4, 4)}


def test_quotes_as_characters(tmp_path: Path) -> None:
    """If quotes are plain characters, a row is one line."""
    (tmp_path / "a.csv").write_text('text,label\n"a,x\nb,y"\n')

    assert lines_of(tmp_path / "a.csv", 2, quoting="none") == {2: (3, 3)}


def test_json_lines(tmp_path: Path) -> None:
    """In JSON Lines each row is one line; blank lines are not rows."""
    (tmp_path / "a.jsonl").write_text('{"label": "x", "t": "a"}\n\n \n{"label": "y", "t": "b"}\n')

    assert lines_of(tmp_path / "a.jsonl", 1, 2) == {1: (1, 1), 2: (4, 4)}


def test_packed_and_encoded(tmp_path: Path) -> None:
    """Lines are counted in the text, after unpacking and decoding."""
    text = 'text,label\n"ä\nb",x\nc,y\n'
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode("utf-16")))

    assert lines_of(tmp_path / "a.csv.gz", 1, 2) == {1: (2, 3), 2: (4, 4)}


def test_files_without_lines(tmp_path: Path) -> None:
    """Parquet has no lines."""
    pq.write_table(pa.table({"t": ["a", "b"], "label": ["x", "y"]}), tmp_path / "a.parquet")

    assert lines_of(tmp_path / "a.parquet", 1) == {}


def test_no_such_row(tmp_path: Path) -> None:
    """A row that is not in the file has no lines; without rows there are no lines."""
    (tmp_path / "a.csv").write_text("text,label\na,x\n")

    assert lines_of(tmp_path / "a.csv", 1, 2) == {1: (2, 2)}
    assert lines_of(tmp_path / "a.csv") == {}


def test_changed_since(tmp_path: Path, sentences: Sentences) -> None:
    """A file that has changed since it was read is refused, since its rows may be on other lines."""
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\n")
    source = read_table(str(path)).source
    path.write_text('text,label\n"a\n')

    with pytest.raises(InputError) as caught:
        find_physical_lines(source, [1])
    assert (caught.value.where, caught.value.row) == (str(path), None)
    sentences.check(caught.value)


def test_gone_since(tmp_path: Path) -> None:
    """A file that no longer exists is an error."""
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\n")
    source = read_table(str(path)).source
    path.unlink()

    with pytest.raises(InputError) as caught:
        find_physical_lines(source, [1])

    assert isinstance(caught.value.__cause__, FileNotFoundError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipe(tmp_path: Path) -> None:
    """A pipe is not read a second time."""
    os.mkfifo(tmp_path / "pipe")
    source = Source(str(tmp_path / "pipe"), "csv", 1, "ab", encoding="utf-8", delimiter=",")

    assert find_physical_lines(source, [1]) == {}


def test_standard_input() -> None:
    """Standard input can't be read a second time."""
    source = read_table("-", ReadOptions(input_format="csv"), stdin=io.BytesIO(b"t,label\na,x\n")).source

    assert find_physical_lines(source, [1]) == {}


TEXTS = st.text(st.sampled_from('ab,";\n\r ä😀'), max_size=6)


@settings(max_examples=50)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_any_table(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str) -> None:
    """For any table that the csv module writes, the lines are those counted while it was written."""
    path = tmp_path_factory.mktemp("lines") / "a.csv"
    written, expected = "t,label,n" + end, {}
    for number, row in enumerate(rows, start=1):
        line = io.StringIO()
        csv.writer(line, lineterminator=end, quoting=csv.QUOTE_ALL).writerow([*row, number])
        first = _count(written) + 1
        written += line.getvalue()
        expected[number] = (first, _count(written))
    path.write_bytes(written.encode())
    source = read_table(str(path), ReadOptions(delimiter=",", encoding="utf-8")).source

    assert find_physical_lines(source, expected.keys()) == expected


def _count(text: str) -> int:
    r"""The number of line ends in a text: `\n`, `\r`, and both together as one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\n\n\r\n", "\n\r"])
TABLES = {
    "minimal": ["a,b", '"a",b', '"a\nb",c', 'ä,"""\r\n\n"', '"\n",""', '",",', ","],
    "none": ["a,b", '"a,b', 'ä,b"', ',""', ",", '" ,"'],
}
"""Lines of two fields that a strict reader accepts, by quoting; the lone delimiter is no row."""


@settings(max_examples=60)
@given(
    st.sampled_from(list(TABLES)).flatmap(
        lambda quoting: st.tuples(
            st.just(quoting),
            st.lists(st.tuples(st.sampled_from(TABLES[quoting]), ENDS), min_size=2, max_size=9),
        )
    ),
    st.sampled_from(["", "\n", "\r\n\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-be", "windows-1252"]),
)
def test_agrees_with_the_reader(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[str, list[tuple[str, str]]],
    before: str,
    encoding: str,
) -> None:
    """With any line ends, each row's lines have only this row, and there are as many rows as are read."""
    quoting, (_, *written) = table
    written.append(("a,b", "\n"))
    header = 'h,"\nn"' if quoting == "minimal" else 'h,"n'
    text = before + header + "\n" + "".join(row + end for row, end in written)
    rows = [row for row, _ in written if row != ","]
    path = tmp_path_factory.mktemp("lines") / "a.csv"
    path.write_bytes(text.encode(encoding))
    read = read_table(str(path), ReadOptions(delimiter=",", encoding=encoding, quoting=quoting))

    found = find_physical_lines(read.source, range(1, 11))

    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found_rows = ["\n".join(lines[first - 1 : last]) for first, last in found.values()]
    assert list(found) == list(range(1, len(rows) + 1))
    assert found_rows == [row.replace("\r\n", "\n") for row in rows]
    assert len(rows) == read.data.num_rows
