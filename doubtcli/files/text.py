"""Text and edits -> the same bytes, except label cells and dropped rows; and the lines of rows.

A format says by `LabelCells` where its labels are; here positions in characters become positions in bytes.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from doubtcli.errors import InputError, OutputError
from doubtcli.files.encoding import PADDING, open_text
from doubtcli.files.formats import find_format, name_in_crash
from doubtcli.files.source import open_source
from doubtcli.records.file_format import (
    Drop,
    Relabel,
    Restore,
    Rewritten,
    Touched,
    group_added_rows,
    hash_rest,
)
from doubtcli.wording.lists import MOST_NAMED, join_first

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from doubtcli.records import Source
    from doubtcli.records.file_format import Edit, FileLayout, LineSpan

    Span = tuple[int, int]
    """Start and end, in characters."""

LINE_ENDS = "\r\n"


class LabelCells(Protocol):
    """Where a text format has rows and labels, and how it writes a label."""

    def find_rows(self, text: str, layout: FileLayout) -> Iterator[Span]:
        """Each row with the blank lines before it and its line end, without the header."""
        ...

    def find_label(self, text: str, row: Span, layout: FileLayout) -> Span | None:
        """The label's cell in a row; None if the row has none."""
        ...

    def write_label(self, label: str, old: str, like: str | None, layout: FileLayout) -> str:
        """A label as it is written in the file.

        Args:
            label: The new label.
            old: The old cell.
            like: A cell of the file with this label; None if there is none.
            layout: The layout of the file.

        Raises:
            ValueError: The file can't store it; says why.
        """
        ...


def rewrite_text(
    content: bytes,
    layout: FileLayout,
    labels: LabelCells,
    edits: Mapping[int, Edit],
    added: Mapping[int, bytes],
) -> Rewritten:
    """The text with its edits.

    Args:
        content: The whole file, unpacked.
        layout: The layout of the file.
        labels: Where rows and labels are in its format, and how a label is written.
        edits: By row.
        added: Whole rows to add, by their place in the new file.

    Raises:
        InputError: There is no such row, or it has no label.
        OutputError: The file can't store a label.
    """
    before = group_added_rows(edits, added)
    start = count_mark_bytes(content, layout.encoding)
    body = content[start:]
    text = body.decode(layout.encoding).rstrip(PADDING)
    located = _locate_rows(text, layout, labels, edits, before)
    new = {row: _new_cell(row, edit, located, layout, labels) for row, edit in edits.items()}
    at = _find_byte_positions(body, layout.encoding, located, before)

    def cut(span: Span) -> bytes:
        return body[at[span[0]] : at[span[1]]]

    pieces = [(at[place], at[place], b"".join(before[row])) for row, place in located.gaps(before)]
    touched = {}
    for row, raw in new.items():
        span = located.rows[row] if raw is None else located.cells[row]
        pieces.append((at[span[0]], at[span[1]], raw or b""))
        record = cut(span) if raw is None else b""
        touched[row] = Touched(cut(located.cells[row]), raw, located.rest(row), record)
    pieces.sort(key=lambda piece: piece[:2])  # rows added before a row come before its edits
    return Rewritten(content[:start] + _splice(body, pieces), located.n_rows, touched)


@dataclass(frozen=True)
class _LocatedRows:
    """A text, and where the rows that are needed are in it."""

    text: str
    rows: Mapping[int, Span]
    cells: Mapping[int, Span]
    n_rows: int
    end: int
    """The end of the last row."""

    def cell(self, row: int) -> str:
        """The label's cell of a row."""
        start, end = self.cells[row]
        return self.text[start:end]

    def rest(self, row: int) -> str:
        """A hash of a row's content without its label and its line end."""
        start, end = self.rows[row]
        cell_start, cell_end = self.cells[row]
        before, after = self.text[start:cell_start], self.text[cell_end:end]
        return hash_rest(before.lstrip(LINE_ENDS), after.rstrip(LINE_ENDS))

    def gaps(self, before: Iterable[int]) -> Iterator[Span]:
        """Each of these rows, and the place for what is added before it."""
        return ((row, self.rows[row][0] if row in self.rows else self.end) for row in before)


def _locate_rows(
    text: str, layout: FileLayout, labels: LabelCells, edits: Mapping[int, Edit], before: Iterable[int]
) -> _LocatedRows:
    likes = {edit.like for edit in edits.values() if isinstance(edit, Relabel) and edit.like is not None}
    labelled, wanted = likes | edits.keys(), likes | edits.keys() | set(before)
    rows: dict[int, Span] = {}
    n_rows = end = 0
    for row, span in enumerate(labels.find_rows(text, layout)):
        if row in wanted:
            rows[row] = span
        n_rows, end = row + 1, span[1]
    cells = {}
    for row in labelled:
        cell = labels.find_label(text, rows[row], layout) if row in rows else None
        if cell is None:
            raise InputError("there is no label to replace", row=row + 1, column=layout.column)
        cells[row] = cell
    return _LocatedRows(text, rows | dict(_extend_dropped_rows(text, rows, edits)), cells, n_rows, end)


def _extend_dropped_rows(
    text: str, rows: Mapping[int, Span], edits: Mapping[int, Edit]
) -> Iterator[tuple[int, Span]]:
    """Dropped rows with the line ends after them that must be dropped, too.

    If a CR before a row would meet an LF after it, the two would become one line end, and the row's place
    would be lost.
    """
    dropped = {row for row, edit in edits.items() if isinstance(edit, Drop)}
    before = ""
    for row in sorted(dropped):
        start, end = rows[row]
        if row - 1 not in dropped:
            before = text[start - 1 : start]
        if row + 1 not in dropped and before == "\r":
            while text.startswith("\n", end):
                end += 1
            yield row, (start, end)


def _new_cell(
    row: int, edit: Edit, located: _LocatedRows, layout: FileLayout, labels: LabelCells
) -> bytes | None:
    """The label's new cell; None if the row is dropped."""
    match edit:
        case Drop():
            return None
        case Restore():
            return edit.raw
    like = None if edit.like is None else located.cell(edit.like)
    try:
        return labels.write_label(edit.label, located.cell(row), like, layout).encode(layout.encoding)
    except ValueError as error:
        why = f"{layout.encoding} can't encode it" if isinstance(error, UnicodeError) else str(error)
        raise OutputError(
            f"the label {edit.label!r} can't be written: {why}",
            row=row + 1,
            column=layout.column,
            hint="choose a label that fits, or save the file in a format that can store it",
        ) from error


def _find_byte_positions(
    body: bytes, encoding: str, located: _LocatedRows, before: Iterable[int]
) -> Mapping[int, int]:
    """The position in bytes of each character position that is needed."""
    spans = (*located.rows.values(), *located.cells.values())
    places = {place for span in spans for place in span} | {place for _, place in located.gaps(before)}
    in_order = sorted(places)
    return dict(zip(in_order, find_byte_places(body, encoding, in_order), strict=True))


def _splice(body: bytes, pieces: Iterable[tuple[int, int, bytes]]) -> bytes:
    """The bytes with some of them replaced; pieces are in order and don't overlap."""
    parts, done = [], 0
    for start, end, new in pieces:
        parts += [body[done:start], new]
        done = end
    return b"".join([*parts, body[done:]])


STEP_BYTES = 2**12
"""Bytes decoded at a time: few enough to decode them again for every position that is looked for."""

MARKS = {
    "utf-8": (codecs.BOM_UTF8, "utf-8"),
    "utf-8-sig": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "utf-32-le": (codecs.BOM_UTF32_LE, "utf-32-le"),
    "utf-32-be": (codecs.BOM_UTF32_BE, "utf-32-be"),
}
"""The byte order mark that text may start with, and the encoding of the text after it."""

ORDERED = {
    "utf-16": (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-le"),
    "utf-32": (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-le"),
}
"""Encodings with two byte orders: the mark of one, that encoding, and the other encoding."""


def find_plain_encoding(content: bytes, encoding: str) -> str:
    """The encoding of the text after the byte order mark: "utf-16" -> "utf-16-le", "utf-8-sig" -> "utf-8"."""
    name = codecs.lookup(encoding).name
    if name in ORDERED:
        mark, one, other = ORDERED[name]
        return one if content.startswith(mark) else other
    return MARKS[name][1] if name in MARKS else encoding


def count_mark_bytes(content: bytes, encoding: str) -> int:
    """The number of bytes in the byte order mark; 0 if there is none."""
    mark, _ = MARKS.get(codecs.lookup(encoding).name, (b"", ""))
    return len(mark) if mark and content.startswith(mark) else 0


def find_byte_places(content: bytes, encoding: str, places: Sequence[int]) -> list[int]:
    """The place at which the bytes of each character start.

    They are found by decoding only: some encodings can write a character in two ways, so that encoding it
    again might not give the file's bytes.

    Args:
        content: Text without a byte order mark.
        encoding: From `find_plain_encoding`.
        places: Numbers of characters, from 0, in ascending order; the last may be past the end.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    found: list[int] = []
    n_before = 0
    for start in range(0, len(content), STEP_BYTES):
        chunk, state = content[start : start + STEP_BYTES], decoder.getstate()
        n_characters = len(decoder.decode(chunk))
        after = decoder.getstate()
        while len(found) < len(places) and places[len(found)] <= n_before + n_characters:
            wanted = places[len(found)] - n_before
            found.append(start + _count_fewest_bytes(decoder, state, chunk, wanted))
        decoder.setstate(after)
        n_before += n_characters
    return found + [len(content)] * (len(places) - len(found))


def _count_fewest_bytes(
    decoder: codecs.IncrementalDecoder, state: tuple[bytes, int], chunk: bytes, wanted: int
) -> int:
    """The smallest number of bytes of the chunk that decode to this many characters."""

    def n_characters(n_bytes: int) -> int:
        decoder.setstate(state)
        return len(decoder.decode(chunk[:n_bytes]))

    return bisect_left(range(len(chunk)), wanted, key=n_characters)


# -------------------------------------------------------------------------- lines


def find_physical_lines(source: Source, rows: Collection[int]) -> dict[int, LineSpan]:
    """The first and the last line of each row, counted from 1; empty for a file without lines.

    A row of a delimited file spans several lines if a quoted field does; blank lines are not rows. A line of
    a spreadsheet is a row of its sheet. Standard input and pipes can't be read again; Parquet and Arrow have
    no lines. A row that is not in the file is
    left out.

    Args:
        source: The file when it was read: path, hash, and how it is written.
        rows: Row numbers, from 1, without the header.

    Raises:
        InputError: The file is gone, can't be read, or has changed since.
    """
    has_lines = source.encoding is not None or source.sheet is not None
    if not (has_lines and rows and _can_be_read_again(source.path)):
        return {}
    with open_source(source.path) as stored:
        if stored.sha256 != source.sha256:
            raise InputError(
                "the file has changed since it was read",
                where=source.path,
                hint="run again when nothing is writing to it",
            )
        format_, options = find_format(source.format), source.read_options()
        with ExitStack() as opened:
            opened.enter_context(name_in_crash(format_))
            if source.encoding is None:
                spans = format_.sheet_rows(stored, options)
            else:
                text = opened.enter_context(open_text(stored, source.encoding))
                spans = format_.row_lines(text, options)
            wanted = set(rows)
            numbered = enumerate(islice(spans, max(rows)), start=1)
            return {row: span for row, span in numbered if row in wanted}


def locate_rows(source: Source, rows: Sequence[int]) -> str:
    """Row numbers as text, each with its first line where it is known: `17 (line 35) and 18 (line 37)`.

    Only the first few are listed. In a spreadsheet it is the row of the sheet: `17 (row 18 of the sheet)`.

    Args:
        source: The file when it was read.
        rows: Row numbers, from 1.
    """
    lines = find_physical_lines(source, rows[:MOST_NAMED])
    place = "line {:,}" if source.sheet is None else "row {:,} of the sheet"
    shown = [f"{row:,} ({place.format(lines[row][0])})" if row in lines else f"{row:,}" for row in rows]
    return join_first(shown, MOST_NAMED)


def _can_be_read_again(path: str) -> bool:
    """Whether the bytes are still there after they were read, unlike those of a pipe."""
    return path != "-" and (Path(path).is_file() or not Path(path).exists())
