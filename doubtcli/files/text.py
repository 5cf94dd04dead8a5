"""Text and edits -> the same bytes but for label cells and the rows that are dropped; and the lines of rows.

What is particular to a format comes as `LabelCells`; here its characters become bytes again.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from doubtcli.errors import InputError, OutputError
from doubtcli.files.encoding import open_text
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

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from doubtcli.records import Source
    from doubtcli.records.file_format import Edit, FileLayout, LineSpan

    Span = tuple[int, int]
    """Where something starts and ends, in characters."""

LINE_ENDS = "\r\n"


class LabelCells(Protocol):
    """Where a format of text has rows and labels, and how it writes a label."""

    def find_rows(self, text: str, layout: FileLayout) -> Iterator[Span]:
        """Each row with the blank lines before it and its own line end, the header left out."""
        ...

    def find_label(self, text: str, row: Span, layout: FileLayout) -> Span | None:
        """The label's cell within a row; None where the row has none."""
        ...

    def write_label(self, label: str, old: str, like: str | None, layout: FileLayout) -> str:
        """A label as the file writes it.

        Args:
            label: To be written.
            old: The cell as it was.
            like: A cell of the file that holds the label; None where there is none.
            layout: Of the file.

        Raises:
            ValueError: The file can't hold it; says why.
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
        layout: How it is written.
        labels: Where rows and labels are in its format, and how a label is written.
        edits: By row.
        added: Whole rows, by their place in the file as it will be.

    Raises:
        InputError: There is no such row, or it has no label.
        OutputError: The file can't hold a label.
    """
    before = group_added_rows(edits, added)
    start = mark_length(content, layout.encoding)
    body = content[start:]
    laid_out = _lay_out(body.decode(layout.encoding), layout, labels, edits, before)
    new = {row: _new_cell(row, edit, laid_out, layout, labels) for row, edit in edits.items()}
    at = _places_of_interest(body, layout.encoding, laid_out, before)

    def cut(span: Span) -> bytes:
        return body[at[span[0]] : at[span[1]]]

    pieces = [(at[place], at[place], b"".join(before[row])) for row, place in laid_out.gaps(before)]
    touched = {}
    for row, raw in new.items():
        span = laid_out.rows[row] if raw is None else laid_out.cells[row]
        pieces.append((at[span[0]], at[span[1]], raw or b""))
        record = cut(span) if raw is None else b""
        touched[row] = Touched(cut(laid_out.cells[row]), raw, laid_out.rest(row), record)
    pieces.sort(key=lambda piece: piece[:2])  # what is added before a row stays before its edits
    return Rewritten(content[:start] + _spliced(body, pieces), laid_out.n_rows, touched)


@dataclass(frozen=True)
class _LaidOut:
    """A text, and where in it the rows stand that matter."""

    text: str
    rows: Mapping[int, Span]
    cells: Mapping[int, Span]
    n_rows: int
    end: int
    """Of the last row."""

    def cell(self, row: int) -> str:
        """The label's cell of a row."""
        start, end = self.cells[row]
        return self.text[start:end]

    def rest(self, row: int) -> str:
        """A hash of what stands in a row beside its label, its line end left out."""
        start, end = self.rows[row]
        cell_start, cell_end = self.cells[row]
        before, after = self.text[start:cell_start], self.text[cell_end:end]
        return hash_rest(before.lstrip(LINE_ENDS), after.rstrip(LINE_ENDS))

    def gaps(self, before: Iterable[int]) -> Iterator[Span]:
        """Rows, and the place where something goes that is added before each."""
        return ((row, self.rows[row][0] if row in self.rows else self.end) for row in before)


def _lay_out(
    text: str, layout: FileLayout, labels: LabelCells, edits: Mapping[int, Edit], before: Iterable[int]
) -> _LaidOut:
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
    return _LaidOut(text, rows | dict(_with_seams(text, rows, edits)), cells, n_rows, end)


def _with_seams(text: str, rows: Mapping[int, Span], edits: Mapping[int, Edit]) -> Iterator[tuple[int, Span]]:
    """Dropped rows with the line ends behind them that must go along.

    Where a CR before a row would meet an LF behind it, the two would become one line end: nobody could tell
    any more where the row was.
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
    row: int, edit: Edit, laid_out: _LaidOut, layout: FileLayout, labels: LabelCells
) -> bytes | None:
    """The label's cell as it will be; None where the row goes."""
    match edit:
        case Drop():
            return None
        case Restore():
            return edit.raw
    like = None if edit.like is None else laid_out.cell(edit.like)
    try:
        return labels.write_label(edit.label, laid_out.cell(row), like, layout).encode(layout.encoding)
    except ValueError as error:
        why = f"{layout.encoding} lacks a letter of it" if isinstance(error, UnicodeError) else str(error)
        raise OutputError(
            f"the label {edit.label!r} can't be written: {why}",
            row=row + 1,
            column=layout.column,
            hint="decide for a label that fits, or write the whole file anew in a form that takes it",
        ) from error


def _places_of_interest(
    body: bytes, encoding: str, laid_out: _LaidOut, before: Iterable[int]
) -> Mapping[int, int]:
    """Where each character of interest starts among the bytes."""
    spans = (*laid_out.rows.values(), *laid_out.cells.values())
    places = {place for span in spans for place in span} | {place for _, place in laid_out.gaps(before)}
    in_order = sorted(places)
    return dict(zip(in_order, byte_places(body, encoding, in_order), strict=True))


def _spliced(body: bytes, pieces: Iterable[tuple[int, int, bytes]]) -> bytes:
    """The bytes with some of them replaced; pieces stand in order and don't overlap."""
    parts, done = [], 0
    for start, end, new in pieces:
        parts += [body[done:start], new]
        done = end
    return b"".join([*parts, body[done:]])


STEP_BYTES = 2**12
"""Decoded at a time: few enough to be decoded again for every place that is looked for in them."""

MARKS = {
    "utf-8": (codecs.BOM_UTF8, "utf-8"),
    "utf-8-sig": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "utf-32-le": (codecs.BOM_UTF32_LE, "utf-32-le"),
    "utf-32-be": (codecs.BOM_UTF32_BE, "utf-32-be"),
}
"""The byte order mark that text may start with, and the encoding of what follows it."""

ORDERED = {
    "utf-16": (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-le"),
    "utf-32": (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-le"),
}
"""Encodings whose mark tells one of two orders: the mark of the first, the first, the other."""


def plain_encoding(content: bytes, encoding: str) -> str:
    """The encoding of what follows the byte order mark: "utf-16" -> "utf-16-le", "utf-8-sig" -> "utf-8"."""
    name = codecs.lookup(encoding).name
    if name in ORDERED:
        mark, one, other = ORDERED[name]
        return one if content.startswith(mark) else other
    return MARKS[name][1] if name in MARKS else encoding


def mark_length(content: bytes, encoding: str) -> int:
    """How many bytes the byte order mark takes; 0 where there is none."""
    mark, _ = MARKS.get(codecs.lookup(encoding).name, (b"", ""))
    return len(mark) if mark and content.startswith(mark) else 0


def byte_places(content: bytes, encoding: str, places: Sequence[int]) -> list[int]:
    """Where the bytes of each character start.

    They are found by decoding alone: some encodings have two ways to write one character, so that what
    encoding gives need not be what stands in the file.

    Args:
        content: Text without a byte order mark.
        encoding: As `plain_encoding` gives it.
        places: Characters, from 0, in ascending order; the last may stand behind the end.
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
            found.append(start + _shortest(decoder, state, chunk, wanted))
        decoder.setstate(after)
        n_before += n_characters
    return found + [len(content)] * (len(places) - len(found))


def _shortest(decoder: codecs.IncrementalDecoder, state: tuple[bytes, int], chunk: bytes, wanted: int) -> int:
    """The fewest bytes of the chunk that hold so many characters."""

    def n_characters(n_bytes: int) -> int:
        decoder.setstate(state)
        return len(decoder.decode(chunk[:n_bytes]))

    return bisect_left(range(len(chunk)), wanted, key=n_characters)


# -------------------------------------------------------------------------- lines


def find_physical_lines(
    source: Source, rows: Collection[int], *, quoting: str | None = None
) -> dict[int, LineSpan]:
    """The first and the last line of each row, counted from 1; empty for a file that has no lines.

    A row of a delimited file spans lines where a quoted field does; blank lines are no rows. Standard input
    and pipes can't be read again, Parquet and Arrow have no lines. A row that the file has not is left out.

    Args:
        source: As it was read: its path, format, encoding and delimiter count, and its hash.
        rows: Places in the file, from 1, the header left out.
        quoting: As it was read.

    Raises:
        InputError: The file is gone, can't be read any more, or was changed since.
    """
    if source.encoding is None or not rows or not _is_kept(source.path):
        return {}
    with open_source(source.path) as stored:
        if stored.sha256 != source.sha256:
            raise InputError(
                "the file was changed while it was judged",
                where=source.path,
                hint="run again when nothing writes to it any more",
            )
        format_ = find_format(source.format)
        with open_text(stored, source.encoding) as text, name_in_crash(format_):
            spans = islice(format_.row_lines(text, source.read_options(quoting)), max(rows))
            wanted = set(rows)
            return {row: span for row, span in enumerate(spans, start=1) if row in wanted}


def _is_kept(path: str) -> bool:
    """Whether the bytes are still there once they were read, unlike a pipe's."""
    return path != "-" and (Path(path).is_file() or not Path(path).exists())
