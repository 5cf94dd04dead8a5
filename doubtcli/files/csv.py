"""CSV, TSV and the like -> text columns, where an empty field is null; and back.

The code that rewrites a file finds the same fields as the csv module, which reads it: a field that starts
with a quote ends with one, quotes in it are doubled, and every other field is plain text.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.encoding import Lines, parse_text, split_batches
from doubtcli.files.formats import BATCH_ROWS, check_names, check_rows, watch_batches
from doubtcli.files.text import rewrite_text
from doubtcli.files.values import TEXT, ComparedByCell
from doubtcli.records.file_format import ColumnsBy, Parsed
from doubtcli.wording.lists import MOST_NAMED, join_first, quote_names

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from doubtcli.files.text import Span
    from doubtcli.records import ReadOptions
    from doubtcli.records.file_format import Edit, FileLayout, LineSpan, OnRows, Rewritten, StoredFile

MAX_FIELD = 2**31 - 1
"""The largest limit that the csv module takes on every platform (a C long)."""

ROW_NUMBERS = "unnamed_0"
"""The name given to the column of row numbers that pandas and R write without a name."""

LIKELY_DELIMITERS = (",", "\t", ";", "|")
"""The delimiters that are tried; earlier ones win a tie."""

SAMPLE_RECORDS = 200
"""The number of records in the sample: enough to tell a delimiter from a character in the text."""

SAMPLE_CHARACTERS = 2**20
"""The largest sample, for instance if a quote is never closed."""

QUOTE = '"'
LINE_END = r"(?:\r\n?|\n|\Z)"
DELIMITER_LINE = re.compile(r"""("?)sep=([^\w"'\r\n])\1[,;\t| ]*(?:\r\n?|\n|\Z)""", re.IGNORECASE)
"""A first line that names the delimiter, as Excel reads it: sep=;"""


class Csv(ComparedByCell):
    """Delimited text, with a header."""

    name = "csv"
    title = "CSV"
    endings: tuple[str, ...] = (".csv", ".psv")
    columns_by = ColumnsBy.PLACE

    def recognise(self, head: bytes) -> str | None:  # noqa: ARG002  # as every format's
        """Any text may be CSV."""
        return self.title

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Every row as text columns, with the encoding and the delimiter that are given or detected."""
        delimiter = options.delimiter or self.delimiter
        parse = partial(read_delimited, delimiter=delimiter, quoted=options.quoted, on_rows=on_rows)
        return parse_text(stored, options.encoding, parse)

    def row_lines(self, text: TextIO, options: ReadOptions) -> Iterator[LineSpan]:
        """The lines of each record except the header."""
        csv.field_size_limit(MAX_FIELD)
        _, lines, end = split_delimiter_line(text)
        n_before = end
        reader = csv_reader(lines, options.delimiter or ",", quoted=options.quoted)
        width = 0
        for record in reader:
            start, end = end + 1, reader.line_num + n_before
            if is_no_row(record, width):
                continue
            if width:
                yield start, end
            else:
                width = len(record)

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits; all other bytes are unchanged."""
        return rewrite_text(content, layout, self, edits, added)

    def find_rows(self, text: str, layout: FileLayout) -> Iterator[Span]:
        """Each row with the lines before it that are no rows and its line end, without the header.

        If there is a single column, a blank line is a row.

        Raises:
            InputError: A row's fields don't match the header.
        """
        between, field = re.escape(layout.delimiter), _field_pattern(layout)
        surplus = rf"(?:{between}{_empty_field(layout)})*+" if layout.n_columns > 1 else ""
        row = re.compile(rf"{field}(?:{between}{field}){{{layout.n_columns - 1}}}{surplus}{LINE_END}")
        named = DELIMITER_LINE.match(text)
        number, end = 0, 0  # the header is number 0
        place = _skip_empty_lines(text, named.end() if named else 0, layout)
        while place < len(text):
            found = row.match(text, place)
            if found is None:
                raise InputError("the row's fields don't match the header", row=number or None)
            if number:
                yield end, found.end()
            number, end = number + 1, found.end()
            place = _find_first_field(text, end, layout)

    def find_label(self, text: str, row: Span, layout: FileLayout) -> Span:
        """The label's cell within a row, its quotes included."""
        field = _field_pattern(layout)
        cell = re.compile(rf"(?:{field}{re.escape(layout.delimiter)}){{{layout.place}}}({field})")
        found = cell.match(text, _find_first_field(text, row[0], layout))
        assert found is not None, "`find_rows` matched the same fields"  # noqa: S101
        return found.span(1)

    def write_label(self, label: str, old: str, like: str | None, layout: FileLayout) -> str:  # noqa: ARG002
        """A label, in quotes if the old cell was, or if it needs them.

        Raises:
            ValueError: Quotes are plain characters here, and the label would need them.
        """
        breaks = [mark for mark in (layout.delimiter, "\r", "\n") if mark in label]
        if layout.quoted:
            in_quotes = old.startswith(QUOTE) or QUOTE in label or breaks
            return f"{QUOTE}{label.replace(QUOTE, QUOTE * 2)}{QUOTE}" if in_quotes else label
        if breaks:
            raise ValueError(f"without quotes, {breaks[0]!r} would end the field")
        return label


class Tsv(Csv):
    """Delimited text whose name says that tabs separate the fields."""

    title = "TSV"
    endings = (".tsv", ".tab")
    delimiter = "\t"

    def recognise(self, head: bytes) -> None:
        """Only by its name, not by its content."""


def _field_pattern(layout: FileLayout) -> str:
    """A pattern for one field; it never backtracks, so long fields take no longer."""
    plain = rf"[^{re.escape(layout.delimiter)}\r\n]"
    if not layout.quoted:
        return f"{plain}*+"
    return rf"(?:{QUOTE}[^{QUOTE}]*+(?:{QUOTE}{QUOTE}[^{QUOTE}]*+)*+{QUOTE}|(?!{QUOTE}){plain}*+)"


def _empty_field(layout: FileLayout) -> str:
    return f"(?:{QUOTE}{QUOTE})?+" if layout.quoted else ""


def _find_first_field(text: str, start: int, layout: FileLayout) -> int:
    """The start of a row's text."""
    return start if layout.n_columns == 1 else _skip_empty_lines(text, start, layout)


def _skip_empty_lines(text: str, start: int, layout: FileLayout) -> int:
    """The first place that is not in a blank line, nor in a line of nothing but delimiters."""
    empty, between = _empty_field(layout), re.escape(layout.delimiter)
    lines = re.compile(rf"(?:[\r\n]|{empty}(?:{between}{empty})++{LINE_END})*+")
    found = lines.match(text, start)
    return start if found is None else found.end()


# ------------------------------------------------------------------------- reading


def read_delimited(
    open_text: Callable[[], TextIO],
    where: str,
    *,
    delimiter: str | None = None,
    quoted: bool = True,
    on_rows: OnRows | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Parsed:
    """Every row of a delimited text, as text columns.

    Args:
        open_text: Opens the text at its start, line ends untouched.
        where: The file's name, for messages.
        delimiter: What separates fields; guessed from the first records if None.
        quoted: Whether a quote at the start of a field begins a quoted field, or is a plain character.
        on_rows: Called with the number of rows read so far.
        batch_rows: Rows that are converted to Arrow at a time.

    Raises:
        InputError: The header or a row is not valid; names the row and the physical line.
    """
    csv.field_size_limit(MAX_FIELD)
    notes: tuple[str, ...] = ()
    if delimiter is None:
        with open_text() as text:
            delimiter, notes = guess_delimiter(Lines(text, where), quoted=quoted)
    source = _DelimitedText(open_text, where, delimiter, quoted)
    with open_text() as text:
        lines = Lines(text, where)
        records = source.records(lines)
        header = next(records, [])
        names = _name_columns(header)
        check_names(names, where)
        schema = pa.schema([(name, TEXT) for name in names])
        batches = watch_batches(split_batches(records, lines, batch_rows), on_rows)
        data = pa.Table.from_batches((_text_batch(rows, schema) for rows in batches), schema)
    check_rows(data.num_rows, names, where)
    return Parsed(
        data, (*notes, *_note_unnamed(header, data, where), *source.odd_lines.list_notes()), delimiter
    )


def _name_columns(header: list[str]) -> list[str]:
    """A name for each column, as pandas gives those without one."""
    return [name if name.strip() else f"unnamed_{place}" for place, name in enumerate(header)]


def _note_unnamed(header: list[str], data: pa.Table, where: str) -> Iterator[str]:
    """Notes on columns without a name, if they need none: row numbers at the start, or nothing at all.

    Raises:
        InputError: Another column has no name.
    """
    unnamed = [place for place, name in enumerate(header) if not name.strip()]
    empty = [place for place in unnamed if place and data.column(place).null_count == data.num_rows]
    if unnamed[:1] == [0] and _are_row_numbers(data.column(0)):
        yield f"the first column has no name and only numbers the rows: named {ROW_NUMBERS!r}"
        unnamed = unnamed[1:]
    if unnamed != empty:
        check_names(header, where)
    if empty:
        names = quote_names((data.column_names[place] for place in empty), MOST_NAMED)
        what = "a column without a name is" if len(empty) == 1 else f"{len(empty)} columns without names are"
        yield f"{what} empty on every row (the header ends in a delimiter?): named {names}"


@dataclass
class OddLines:
    """The physical lines that are no rows, or have more delimiters than the header."""

    empty: list[int] = field(default_factory=list)
    surplus: list[int] = field(default_factory=list)

    def list_notes(self) -> Iterator[str]:
        """A note on each kind."""
        if self.empty:
            yield f"lines of nothing but delimiters, which are no rows: {name_lines(self.empty)}"
        if self.surplus:
            yield f"rows that end with more delimiters than the header: {name_lines(self.surplus)}"


def name_lines(lines: Sequence[int]) -> str:
    """How many lines there are, and the first of them: "3 (lines 202, 203, 204)"."""
    noun = "line" if len(lines) == 1 else "lines"
    return f"{len(lines):,} ({noun} {join_first([f'{line:,}' for line in lines], MOST_NAMED)})"


def is_no_row(record: list[str], width: int) -> bool:
    """Whether a record is a blank line or nothing but delimiters; if there is a single column, it is a row.

    Args:
        record: Its fields.
        width: The number of columns; 0 before the header was read.
    """
    return width != 1 and not any(record)


@dataclass(frozen=True)
class _DelimitedText:
    """A delimited text that can be opened again to examine a broken record."""

    open_text: Callable[[], TextIO]
    where: str
    delimiter: str
    quoted: bool
    odd_lines: OddLines = field(default_factory=OddLines)

    def records(self, lines: Lines) -> Iterator[list[str]]:
        """The header, then every row, all with as many fields as the header."""
        _, rest, n_before = split_delimiter_line(lines)
        reader = csv_reader(rest, self.delimiter, quoted=self.quoted)
        header: list[str] = []
        row, line = 0, n_before + 1  # of the next record; row 0 is the header
        try:
            for record in reader:
                if not is_no_row(record, len(header)):
                    fields = record or [""]
                    header = header or fields
                    if len(fields) != len(header):
                        fields = self._cut_surplus(fields, header, row, line)
                    yield fields
                    row += 1
                elif record:
                    self.odd_lines.empty.append(line)
                line = n_before + reader.line_num + 1
        except csv.Error as error:
            raise self._misquoted_error(row or None, line, n_before + reader.line_num) from error

    def _cut_surplus(self, record: list[str], header: list[str], row: int, line: int) -> list[str]:
        """The record without the empty fields after its last column.

        Raises:
            InputError: It has fewer fields than the header, or something in the surplus ones.
        """
        width = len(header)
        if not 1 < width < len(record) or any(record[width:]):
            raise self._ragged_error(record, header, row, line)
        self.odd_lines.surplus.append(line)
        return record[:width]

    def _ragged_error(self, record: list[str], header: list[str], row: int, line: int) -> InputError:
        hint = f"a field with {self.delimiter!r} in it needs quotes around it"
        if self.quoted:
            hint += "; if quotes are ordinary characters in this file, use --quoting none"
        if len(record) == 1 or len(header) == 1:
            hint += f"; if fields are not separated by {self.delimiter!r}, use --delimiter"
        return InputError(
            f"the row has {_count_fields(len(record))}",
            where=self.where,
            row=row,
            line=line,
            expected=f"{_count_fields(len(header))}, as in the header",
            hint=hint,
        )

    def _misquoted_error(self, row: int | None, first_line: int, line: int) -> InputError:
        with self.open_text() as text:
            opened, closed = find_opening_quote(islice(text, first_line - 1, None), self.delimiter)
        opened += first_line
        found = (
            f"a quoted field is closed on line {line}, but there is text after the quote"
            if closed
            else "a quote that opens here is never closed"
        )
        return InputError(
            found,
            where=self.where,
            row=row,
            line=opened,
            expected='quotes around the whole field, and doubled quotes inside it: "say ""yes"""',
            hint="if quotes are ordinary characters in this file, use --quoting none",
        )


def _text_batch(rows: list[list[str]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([field or None for field in column], TEXT) for column in zip(*rows, strict=True)]
    return pa.record_batch(columns, schema=schema)


def _are_row_numbers(column: pa.ChunkedArray) -> bool:
    """Whether a column has whole numbers that all differ; with gaps and in any order if rows were drawn."""
    try:
        numbers = column.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return False
    return bool(len(np.unique(numbers)) == len(numbers) and numbers.min(initial=0) >= 0)


def _count_fields(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"


# ------------------------------------------------------------------ which delimiter


@dataclass(frozen=True)
class DelimiterGuess:
    """A delimiter, and how well it fits the sample."""

    delimiter: str
    width: int
    """The number of fields in the header."""
    share: float
    """The share of records with as many fields as the header."""


def guess_delimiter(lines: Lines, *, quoted: bool) -> tuple[str, tuple[str, ...]]:
    """The delimiter that gives most records as many fields as the header; more fields win a tie.

    Text has commas too, but seldom the same number in every record and in the header. Also returns a note if
    another delimiter fits equally well. A first line such as `sep=;` names the delimiter.
    """
    named, rest, _ = split_delimiter_line(lines)
    if named is not None:
        return named, ()
    sample = list(takewhile(lambda _: lines.n_characters < SAMPLE_CHARACTERS, rest))
    guesses = [_try_delimiter(delimiter, sample, quoted=quoted) for delimiter in LIKELY_DELIMITERS]
    guesses = [guess for guess in guesses if guess.width > 1]
    if not guesses:
        return LIKELY_DELIMITERS[0], ()
    best = max(guesses, key=_rate_guess)  # the first if several are equal
    rivals = [
        guess.delimiter for guess in guesses if guess is not best and _rate_guess(guess) == _rate_guess(best)
    ]
    return best.delimiter, _rivals_note(best.delimiter, rivals)


def split_delimiter_line(lines: Iterable[str]) -> tuple[str | None, Iterator[str], int]:
    r"""The delimiter that a first line names, the lines after it, and how many lines came before these.

    Where the first line names none, that is None, all lines, and 0.

    Example:
        >>> delimiter, rest, n_before = split_delimiter_line(["sep=;\n", "text;label\n"])
        >>> delimiter, list(rest), n_before
        (';', ['text;label\n'], 1)
    """
    rest = iter(lines)
    first = next(rest, None)
    found = DELIMITER_LINE.fullmatch(first or "")
    if found is not None:
        return found[2], rest, 1
    return None, chain(() if first is None else (first,), rest), 0


def csv_reader(lines: Iterable[str], delimiter: str, *, quoted: bool) -> Reader:
    """A strict reader; without `quoted`, quotes are plain characters."""
    if quoted:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, quotechar=None)


def _rate_guess(guess: DelimiterGuess) -> tuple[float, int]:
    return guess.share, guess.width


def _try_delimiter(delimiter: str, sample: list[str], *, quoted: bool) -> DelimiterGuess:
    widths = [width for width in _record_widths(delimiter, sample, quoted=quoted) if width]
    width = widths[0] if widths else 0
    return DelimiterGuess(delimiter, width, widths.count(width) / max(1, len(widths)))


def _record_widths(delimiter: str, sample: list[str], *, quoted: bool) -> Iterator[int]:
    """The number of fields in each record; -1 for one that can't be read, which ends the sample."""
    try:
        for record in islice(csv_reader(sample, delimiter, quoted=quoted), SAMPLE_RECORDS):
            yield len(record)
    except csv.Error:
        yield -1


def _rivals_note(delimiter: str, rivals: list[str]) -> tuple[str, ...]:
    if not rivals:
        return ()
    others = " or ".join(map(repr, rivals))
    return (f"read with the delimiter {delimiter!r}, but {others} would fit as well: --delimiter overrides",)


# --------------------------------------------------------------- a quote that breaks it


def find_opening_quote(lines: Iterable[str], delimiter: str) -> tuple[int, bool]:
    """The line, from 0, on which the field with the broken quote opens, and whether it is ever closed.

    Args:
        lines: Physical lines from the start of the record that the CSV reader refused.
        delimiter: What separates fields.
    """
    opened, inside = 0, False
    for number, line in enumerate(lines):
        at = 0
        while at < len(line):
            if inside:
                at, inside = _skip_quoted(line, at)
                if not inside and not line.startswith((delimiter, "\r", "\n"), at) and at < len(line):
                    return opened, True
            elif line.startswith(QUOTE, at):
                opened, inside = number, True
                at += 1
            else:
                at = _skip_field(line, at, delimiter)
    return opened, False


def _skip_quoted(line: str, at: int) -> tuple[int, bool]:
    """The place after the closing quote; or the end of the line, and True since the field is still open."""
    while (quote := line.find(QUOTE, at)) >= 0:
        if not line.startswith(QUOTE, quote + 1):
            return quote + 1, False
        at = quote + 2  # a doubled quote stands for itself
    return len(line), True


def _skip_field(line: str, at: int, delimiter: str) -> int:
    end = line.find(delimiter, at)
    return len(line) if end < 0 else end + 1
