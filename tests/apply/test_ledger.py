from __future__ import annotations

import errno
import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.apply.ledger import (
    append_lines,
    ledger_path,
    name_batch,
    read_ledger,
    render_batch,
    retract_lines,
)
from doubtcli.errors import InputError
from doubtcli.records.file_format import FileLayout
from doubtcli.records.relabelling import Batch, LedgerAction, LedgerLine

LINE = LedgerLine(LedgerAction.RELABEL, "row-7", 8, "x", "y", b'"x"', b'"y"', b"", "0123456789abcdef")
BATCH = Batch(
    "b1", "2026-11-21T14:05:00Z", (LINE,), FileLayout("csv", "label", 1, 2), 60, "before", "after", "data.csv"
)
ANY = st.text(max_size=8)
RAW = st.binary(max_size=8)


def write_ledger(folder: Path, *batches: Batch) -> Path:
    """A ledger with some batches."""
    path = folder / "ledger.jsonl"
    path.write_bytes(b"".join(map(render_batch, batches)))
    return path


LINES = st.builds(
    LedgerLine,
    *(st.just(LedgerAction.DROP), ANY, st.just(1), st.none() | ANY, st.none() | ANY),
    *(RAW, st.none() | RAW, RAW, st.just("rest")),
    who=st.lists(ANY, max_size=2).map(tuple),
    why=ANY,
    seen_as=st.just("\ud800"),
)


@settings(max_examples=50)
@given(line=LINES, encoding=st.sampled_from(["utf-8", "latin-1", "utf-16-le", "cp932"]))
def test_read_back(line: LedgerLine, encoding: str) -> None:
    """Any content and any comment are read back unchanged, from one line for each row."""
    form = FileLayout("csv", "é", encoding=encoding)
    batch = replace(BATCH, lines=(line, LINE), form=form, source="caf\udce9/\n.csv", undoes="a")
    other = replace(BATCH, id="b2")

    with TemporaryDirectory() as folder:
        path = write_ledger(Path(folder), batch, other)

        assert read_ledger(path) == (batch, other)
        assert len(path.read_bytes().split(b"\n")) == 4


def test_cells_are_text() -> None:
    """A cell is written to the ledger as its text in the file, with quotes."""
    line = json.loads(render_batch(BATCH))

    assert (line["old_cell"], line["new_cell"], line["old"], line["new"]) == ('"x"', '"y"', "x", "y")
    assert {"row_id", "who", "when", "tool", "audit", "why", "batch", "applied", "from"} <= line.keys()


def test_number_of_lines() -> None:
    """Each line has the number of lines of its batch."""
    lines = render_batch(replace(BATCH, lines=(LINE, LINE))).splitlines()

    assert [json.loads(line)["lines"] for line in lines] == [2, 2]


def test_lost_line(tmp_path: Path) -> None:
    """A lost line is detected by the number of lines, which stays when the batch is written again."""
    path = tmp_path / "ledger.jsonl"
    (first, _) = render_batch(replace(BATCH, lines=(LINE, LINE))).splitlines(keepends=True)
    path.write_bytes(first)

    (found,) = read_ledger(path)

    assert found.missing_lines
    assert (found.n_written, len(found.lines)) == (2, 1)
    assert render_batch(found) == first


def test_ledger_without_numbers_of_lines(tmp_path: Path) -> None:
    """A ledger of an earlier version, without numbers of lines, is read."""
    path = tmp_path / "ledger.jsonl"
    entry = json.loads(render_batch(BATCH))
    del entry["lines"]
    path.write_text(json.dumps(entry) + "\n")

    (found,) = read_ledger(path)

    assert (found, found.missing_lines) == (BATCH, None)


def test_cells_in_base64() -> None:
    """Bytes that a text would not give again are written as base64."""
    line = replace(LINE, old_cell=b"\x87\x9a")  # cp932 writes this character as 81 E6
    batch = replace(BATCH, lines=(line,), form=FileLayout("csv", "label", encoding="cp932"))

    assert json.loads(render_batch(batch))["old_cell"] == {"base64": "h5o="}


def test_path() -> None:
    """The ledger is next to its file, and has its whole name."""
    assert ledger_path(Path("a/data.csv.gz")) == Path("a/data.csv.gz.ledger.jsonl")


# ------------------------------------------------------------------------- ids


def test_same_batch_same_id() -> None:
    """The same changes at the same time after the same batches have the same id, of 12 digits."""
    one, other = (name_batch(replace(BATCH, id=name), ()) for name in ("", "x"))

    assert one == other
    assert len(one.id) == 12
    assert int(one.id, 16) >= 0


@pytest.mark.parametrize(
    ("change", "past"),
    [({"applied": "2026-11-21T14:05:01Z"}, ()), ({"lines": (replace(LINE, new="z"),)}, ()), ({}, (BATCH,))],
    ids=["time", "label", "past"],
)
def test_other_batch_other_id(change: dict[str, Any], past: tuple[Batch, ...]) -> None:
    """Another time, another change or another earlier batch gives another id."""
    assert name_batch(replace(BATCH, **change), past).id != name_batch(BATCH, ()).id


# ------------------------------------------------------------------ what is refused


def test_no_ledger(tmp_path: Path) -> None:
    """Without a ledger, there is no batch."""
    assert read_ledger(tmp_path / "none") == ()


def test_unreadable(tmp_path: Path) -> None:
    """A ledger that can't be read is an error."""
    with pytest.raises(InputError) as caught:
        read_ledger(tmp_path)

    assert caught.value.where == str(tmp_path)


RENDERED = render_batch(BATCH).rstrip()


@pytest.mark.parametrize(
    "line",
    [
        *(b"{", b"[]", b"{}", b'"x"', b"[" * 100_000),
        RENDERED.replace(b'"who": []', b'"whose": []'),
        RENDERED.replace(b'"who": []', b'"who": [1]'),
        RENDERED.replace(b'"when": ""', b'"when": 7'),
        RENDERED.replace(b'"undoes": null', b'"undoes": []'),
        RENDERED.replace(b'"format": ', b'"format": 1, "was": '),
    ],
    ids=range(10),
)
def test_damaged(tmp_path: Path, line: bytes) -> None:
    """The error names the damaged line."""
    path = tmp_path / "ledger"
    path.write_bytes(render_batch(BATCH) + line + b"\n")

    with pytest.raises(InputError) as caught:
        read_ledger(path)

    assert (caught.value.where, caught.value.line) == (str(path), 2)


def test_of_a_newer_version(tmp_path: Path, sentences: Any) -> None:
    """A line of a newer version is refused, and the error says what to do."""
    path = tmp_path / "ledger"
    path.write_bytes(b'{"ledger": 2}\n')

    with pytest.raises(InputError) as caught:
        read_ledger(path)

    assert (caught.value.where, caught.value.line) == (str(path), 1)
    sentences.check(caught.value)


# --------------------------------------------------------------------- appending


def test_append(tmp_path: Path) -> None:
    """Lines are added at the end."""
    path = tmp_path / "ledger"
    append_lines(path, b"1\n")

    append_lines(path, b"2\n3\n")

    assert path.read_bytes() == b"1\n2\n3\n"


def test_append_again(tmp_path: Path) -> None:
    """Only missing lines are added."""
    path = tmp_path / "ledger"
    path.write_bytes(b"0\n1\n")

    append_lines(path, b"1\n2\n")

    assert path.read_bytes() == b"0\n1\n2\n"


def test_incomplete_line(tmp_path: Path) -> None:
    """An incomplete last line is not read, and is removed when lines are added."""
    path = write_ledger(tmp_path, BATCH)
    path.write_bytes(path.read_bytes() + render_batch(replace(BATCH, id="b2"))[:-9])
    before = read_ledger(path)

    append_lines(path, render_batch(replace(BATCH, id="b3")))

    assert [batch.id for batch in before] == ["b1"]
    assert [batch.id for batch in read_ledger(path)] == ["b1", "b3"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_no_room(tmp_path: Path) -> None:
    """If not all lines can be written, none is."""
    import resource

    path = tmp_path / "ledger"
    path.write_bytes(b"1\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        with pytest.raises(OSError) as caught:  # noqa: PT011  # its number is checked below
            append_lines(path, b"22\n333\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"1\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_permissions(tmp_path: Path) -> None:
    """A new ledger gets the given permissions; an existing one keeps its own."""
    append_lines(tmp_path / "new", b"1\n", 0o600)
    append_lines(tmp_path / "new", b"2\n", 0o644)

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").read_bytes() == b"1\n2\n"


# --------------------------------------------------------------------- retracting


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"0\n1\n2\n", b"0\n"),
        (b"0\n1\n", b"0\n"),
        (b"0\n1\n2", b"0\n"),
        (b"0\n", b"0\n"),
        (b"0\ntorn", b"0\ntorn"),
        (b"torn", b"torn"),
        (b"1\n2\n0\n", b"1\n2\n0\n"),
        (b"1\n2\n", None),
        (b"1", None),
        (b"", None),
        (None, None),
    ],
)
def test_retract(tmp_path: Path, content: bytes | None, left: bytes | None) -> None:
    """Only the lines that were added last are removed, complete or not; an empty ledger is removed, too."""
    path = tmp_path / "ledger"
    if content is not None:
        path.write_bytes(content)

    retract_lines(path, b"1\n2\n")
    retract_lines(path, b"1\n2\n")

    assert (path.read_bytes() if path.exists() else None) == left


@settings(max_examples=50)
@given(
    before=st.lists(st.sampled_from([b"0\n", b"1\n", b"\n"])),
    lines=st.lists(st.sampled_from([b"a\n", b"b\n", b"ab\n"]), min_size=1, unique=True),
    data=st.data(),
)
def test_back_and_forth(before: list[bytes], lines: list[bytes], data: st.DataObject) -> None:
    """Whether lines were added in part or in full, retracting them restores the ledger."""
    old, added = b"".join(before), b"".join(lines)
    n_bytes = data.draw(st.integers(0, len(added)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger"
        path.write_bytes(old + added[:n_bytes])

        retract_lines(path, added)

        assert (path.read_bytes() if path.exists() else b"") == old
