"""Delimited text -> text columns, where an empty field is null; which lines are rows, and what breaks one."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field, replace
from itertools import islice, product, takewhile
from pathlib import PurePath
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.dialect import (
    BLANKS,
    DELIMITER_LINE,
    DETECTED_QUOTINGS,
    SAMPLE_CHARACTERS,
    find_dialect,
    shows_quoting,
)
from doubtcli.files.encoding import Lines, split_batches
from doubtcli.files.formats import BATCH_ROWS, check_names, check_rows, watch_batches
from doubtcli.files.regular import read_regular_text
from doubtcli.files.values import TEXT
from doubtcli.records import ReadOptions
from doubtcli.records.file_format import Parsed
from doubtcli.wording.lists import MOST_NAMED, join_first, quote_names
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from doubtcli.files.dialect import Dialect
    from doubtcli.records.file_format import OnRows

ROW_NUMBERS = "unnamed_0"
"""The name given to the column of row numbers that pandas and R write without a name."""
AS_FOUND = ReadOptions()

FEWEST_FIELDS = 2
"""A row that ends early has at least as many; a line with one field may be a part of a broken text."""
FEWEST_SHORT, SHARE_SHORT = 2, 0.01
"""Where fewer rows end early, in number or as a share, they are broken; else it is a habit of the writer."""
MOST_FOOTERS = 10
"""The most lines after the last row that are no rows: a total, a count, a source."""
FOOTER = re.compile(
    r"\s*([^\w\s\"'\u201c\u2018]|"
    r"((grand )?total|sum|count|rows?|records?|end|eof|source|note|exported|"
    r"[\d,.]+ (rows?|records?|lines?|entries))\b)",
    re.IGNORECASE,
)
"""How a line after the last row begins, if no blank line is before it: with a sign, or with such a word."""
CURLY, CURLY_END = "\u201c", "\u201d"
LINE_ENDS = ("\n", "\r")

QUOTINGS_SAID = {
    "spaced": "quotes that enclose a field come after blanks: read without the blanks before each field",
    "backslash": 'quotes inside a field are written \\": read as quotes',
    "single": "fields are enclosed in single quotes: read without them",
}
"""What a note says of the quotes that were found."""


def read_delimited(
    open_text: Callable[[], TextIO],
    where: str,
    options: ReadOptions = AS_FOUND,
    *,
    on_rows: OnRows | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Parsed:
    """Every row of a delimited text, as text columns.

    What the options leave open is detected. A text that isn't read with plain quotes is tried with other
    quotes, and at last with rows that end early and lines after the last row, so that a text which can be
    read strictly is read so.

    Args:
        open_text: Opens the text at its start, line ends untouched.
        where: The file's name, for messages.
        options: What is known of how it is written.
        on_rows: Called with the number of rows read so far.
        batch_rows: Rows that are converted to Arrow at a time.

    Raises:
        InputError: The header or a row is not valid; names the row and the physical line.
    """
    with open_text() as text:
        lines = Lines(text, where)
        sample = list(takewhile(lambda _: lines.n_characters < SAMPLE_CHARACTERS, lines))
    quotings = DETECTED_QUOTINGS if options.quoting is None else (options.quoting,)
    errors: list[InputError] = []
    for may_end_early, quoting in product((False, True), quotings):
        dialect, notes = find_dialect(sample, replace(options, quoting=quoting))
        if errors and not _shows_quoting(open_text, dialect):
            continue
        try:
            parsed = DelimitedText(
                open_text, where, dialect, may_end_early, is_known=options.lead_lines is not None
            ).parse(on_rows, batch_rows)
        except InputError as error:
            if quoting == quotings[0]:
                errors.append(error)
            continue
        said = (QUOTINGS_SAID[quoting],) if options.quoting is None and quoting in QUOTINGS_SAID else ()
        return replace(parsed, notes=(*notes, *said, *parsed.notes))
    raise errors[-1]


def _shows_quoting(open_text: Callable[[], TextIO], dialect: Dialect) -> bool:
    with open_text() as text:
        return shows_quoting(text, dialect)


# ------------------------------------------------------------------------------ rows


def is_no_row(record: Sequence[str], width: int) -> bool:
    """Whether a record is a blank line or nothing but delimiters; if there is a single column, it is a row.

    Args:
        record: Its fields.
        width: The number of columns; 0 before the header was read.
    """
    return width != 1 and (not any(record) or (len(record) == 1 and not record[0].strip()))


@dataclass
class OddLines:
    """The physical lines that are no rows, or have more or fewer fields than the header."""

    lead: list[int] = field(default_factory=list)
    """Lines above the header."""
    empty: list[int] = field(default_factory=list)
    surplus: list[int] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    """Lines after the last row."""

    def list_notes(self) -> Iterator[str]:
        """A note on each kind."""
        if self.lead:
            yield f"lines above the header, which are no rows: {name_lines(self.lead)}"
        if self.empty:
            yield f"lines of nothing but delimiters, which are no rows: {name_lines(self.empty)}"
        if self.surplus:
            yield f"rows that end with more delimiters than the header: {name_lines(self.surplus)}"
        if self.short:
            yield (f"rows that end early, read with nothing in their last columns: {name_lines(self.short)}")
        if self.after:
            yield f"lines after the last row, which are no rows: {name_lines(self.after)}"


def name_lines(lines: Sequence[int]) -> str:
    """How many lines there are, and the first of them: "3 (lines 202, 203, 204)"."""
    noun = "line" if len(lines) == 1 else "lines"
    return f"{len(lines):,} ({noun} {join_first([f'{line:,}' for line in lines], MOST_NAMED)})"


@dataclass
class _LastLine:
    """Lines as they pass, and whether the last one was a whole line."""

    lines: Iterable[str]
    is_whole: bool = True

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.is_whole = line.endswith(LINE_ENDS)
            yield line


@dataclass(frozen=True)
class DelimitedText:
    """A delimited text that can be opened again to examine a broken record."""

    open_text: Callable[[], TextIO]
    where: str
    dialect: Dialect
    may_end_early: bool
    """Whether rows may have fewer fields than the header, and lines may follow the last row."""
    odd_lines: OddLines = field(default_factory=OddLines)
    is_known: bool = False
    """Whether it was read before, so that its short rows are known to be whole; there may be fewer now."""

    def parse(self, on_rows: OnRows | None, batch_rows: int) -> Parsed:
        """All of its rows, and notes on how they were read.

        Raises:
            InputError: As for `read_delimited`.
        """
        plain = read_regular_text(self.open_text, self.dialect, on_rows)
        first, data, notes = (*plain, ()) if plain else self._read_records(on_rows, batch_rows)
        header, names = self._name_columns(first)
        data = data.rename_columns(names)
        check_rows(data.num_rows, names, self.where)
        return Parsed(
            data,
            (*_note_unnamed(header, data, self.where), *notes),
            self.dialect.delimiter,
            quoting=self.dialect.quoting,
            lead_lines=self.dialect.lead_lines,
        )

    def _read_records(
        self, on_rows: OnRows | None, batch_rows: int
    ) -> tuple[list[str], pa.Table, tuple[str, ...]]:
        """The fields of the first record, all rows, and notes on lines that are odd."""
        with self.open_text() as text:
            lines = Lines(text, self.where)
            records = self.records(lines)
            first = next(records, [])
            _, names = self._name_columns(first)
            schema = pa.schema([(name, TEXT) for name in names])
            rows = records if self.dialect.has_header else _put_first(first, records)
            batches = watch_batches(split_batches(rows, lines, batch_rows), on_rows)
            data = pa.Table.from_batches((_text_batch(batch, schema) for batch in batches), schema)
        return first, data, (*self.odd_lines.list_notes(), *lines.list_notes())

    def _name_columns(self, first: list[str]) -> tuple[list[str], list[str]]:
        """The names of the columns as they are written, and as they are used."""
        header = first if self.dialect.has_header else [f"column_{n + 1}" for n in range(len(first))]
        names = [name if name.strip() else f"unnamed_{place}" for place, name in enumerate(header)]
        check_names(names, self.where)
        return header, names

    def records(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The header, then every row, all with as many fields as the header."""
        rest = iter(lines)
        lead = list(islice(rest, self.dialect.lead_lines))
        n_before = len(lead)
        n_named = int(DELIMITER_LINE.match(lead[0]) is not None) if lead else 0
        self.odd_lines.lead += range(n_named + 1, n_before + 1)
        watched = _LastLine(rest)
        reader = self.dialect.read_records(watched)
        first: list[str] = []
        row, line = int(not self.dialect.has_header), n_before + 1  # of the next record; row 0 is the header
        short = _ShortRows(self)
        try:
            for record in reader:
                if is_no_row(record, len(first)):
                    if record:
                        self.odd_lines.empty.append(line)
                else:
                    fields = record or [""]
                    first = first or fields
                    fields = fields if len(fields) == len(first) else self._fit(fields, first, row, line)
                    if short.accept(fields, first, row, line):
                        yield fields + [""] * (len(first) - len(fields))
                        row += 1
                line = n_before + reader.line_num + 1
        except csv.Error as error:
            raise self._explain_quote(row or None, line, n_before + reader.line_num) from error
        short.finish(first, is_whole=watched.is_whole)

    def _fit(self, record: list[str], first: list[str], row: int, line: int) -> list[str]:
        """The record without the empty fields after its last column.

        Raises:
            InputError: It has too few fields, or something in the surplus ones.
        """
        width = len(first)
        if self.may_end_early and len(record) < width > 1:
            return record
        if not 1 < width < len(record) or any(record[width:]):
            raise self.explain_ragged(record, first, row, line)
        if self.dialect.delimiter != BLANKS:
            self.odd_lines.surplus.append(line)
        return record[:width]

    def explain_ragged(self, record: list[str], first: list[str], row: int, line: int) -> InputError:
        """The error for a row that has more or fewer fields than the header."""
        delimiter = self.dialect.delimiter
        mark = repr(delimiter) if len(record) > len(first) else "a line end"
        hint = f"a field with {mark} in it needs quotes around it"
        if any(CURLY in cell for cell in record) and len(record) > len(first):
            new = PurePath(self.where).with_suffix(".plain.csv")
            hint = (
                "curly quotes don't enclose a field; to make them plain ones: "
                f"sed 's/{CURLY}/\"/g; s/{CURLY_END}/\"/g' {shell_word(self.where)} > {shell_word(str(new))}"
            )
        elif self.dialect.quote is not None:
            hint += "; if quotes are ordinary characters in this file, use --quoting none"
        if len(record) == 1 or len(first) == 1:
            hint += f"; if fields are not separated by {delimiter!r}, use --delimiter"
        return InputError(
            f"the row has {_count_fields(len(record))}",
            where=self.where,
            row=row,
            line=line,
            expected=f"{_count_fields(len(first))}, as in the {self._name_first()}",
            hint=hint,
        )

    def _name_first(self) -> str:
        return "header" if self.dialect.has_header else "first row"

    def _explain_quote(self, row: int | None, first_line: int, line: int) -> InputError:
        with self.open_text() as text:
            opened, closed = find_opening_quote(islice(text, first_line - 1, None), self.dialect)
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


@dataclass
class _ShortRows:
    """The rows so far that have fewer fields than the header, until it is clear what they are.

    Rows in succession that have the fields of one row together may be one row, broken by a line end in a
    text; if all are so, they are. A line with one field may only be after the last row.
    """

    source: DelimitedText
    run: list[tuple[int, int, list[str]]] = field(default_factory=list)
    """The row, line and fields of each short row in succession."""
    last: list[tuple[int, int, list[str]]] = field(default_factory=list)
    """Lines of one field since the last row."""
    first_short: tuple[int, int, list[str]] | None = None
    broken: tuple[int, int, list[str], int] | None = None
    """The first run that has the fields of one row together: its first row, and how many rows it has."""
    n_whole: int = 0
    """The number of other runs."""
    n_rows: int = 0

    def accept(self, fields: list[str], first: list[str], row: int, line: int) -> bool:
        """Whether a record is a row.

        Raises:
            InputError: It shows that one before it was none.
        """
        self.n_rows += 1
        if len(fields) == len(first):
            self._end_run(len(first))
            if self.last:
                self._refuse(self.last[0], first)
            return True
        if len(fields) < FEWEST_FIELDS:
            self.last.append((row, line, fields))
            if len(self.last) > MOST_FOOTERS:
                self._refuse(self.last[0], first)
            return False
        if self.last:
            self._refuse(self.last[0], first)
        self.run.append((row, line, fields))
        self.first_short = self.first_short or self.run[0]
        self.source.odd_lines.short.append(line)
        return True

    def finish(self, first: list[str], *, is_whole: bool) -> None:
        """Decide on the last rows.

        Args:
            first: The header.
            is_whole: Whether the last line has an end.

        Raises:
            InputError: They are parts of a row, or the text ends within one.
        """
        is_cut = bool(self.run) and not (is_whole or self.last)
        self._end_run(len(first))
        if not self.source.is_known:
            self._check_broken(len(first))
        if self.last and not self._is_footer(*self.last[0][1:]):
            self._refuse(self.last[0], first)
        self.source.odd_lines.after += [line for _, line, _ in self.last]
        if (
            self.source.is_known
            or self.first_short is None
            or len(self.source.odd_lines.short) >= max(FEWEST_SHORT, SHARE_SHORT * self.n_rows)
        ):
            return
        row, line, fields = self.first_short
        if is_cut:
            raise InputError(
                f"the file ends within a row: it has {_count_fields(len(fields))}, and no line end",
                where=self.source.where,
                row=row,
                line=line,
                expected=f"{_count_fields(len(first))}, as in the header",
                hint="download or export the file again; or remove this line",
            )
        self._refuse(self.first_short, first)

    def _is_footer(self, line: int, fields: list[str]) -> bool:
        return FOOTER.match(fields[0]) is not None or self._has_blank_before(line)

    def _has_blank_before(self, line: int) -> bool:
        with self.source.open_text() as text:
            before = next(islice(text, line - 2, None), "")
        return not before.strip(f" \t\r\n{self.source.dialect.delimiter}")

    def _end_run(self, width: int) -> None:
        """Count a run of short rows as one broken row, or as short rows."""
        n_fields = sum(len(fields) for _, _, fields in self.run)
        if len(self.run) > 1 and n_fields - len(self.run) + 1 == width:
            self.broken = self.broken or (*self.run[0], len(self.run))
        elif self.run:
            self.n_whole += 1
        self.run = []

    def _check_broken(self, width: int) -> None:
        if self.broken is None or self.n_whole:
            return
        row, line, fields, n_parts = self.broken
        raise InputError(
            f"the row has {_count_fields(len(fields))}; with the next "
            f"{'one' if n_parts == FEWEST_FIELDS else n_parts - 1}, it would have {width}",
            where=self.source.where,
            row=row,
            line=line,
            expected=f"{_count_fields(width)}, as in the header",
            hint="a field with a line end in it needs quotes around it",
        )

    def _refuse(self, one: tuple[int, int, list[str]], first: list[str]) -> None:
        row, line, fields = one
        raise self.source.explain_ragged(fields, first, row, line)


def _put_first(first: list[str], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    if first:
        yield first
    yield from rest


def _text_batch(rows: list[list[str]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([field or None for field in column], TEXT) for column in zip(*rows, strict=True)]
    return pa.record_batch(columns, schema=schema)


def _count_fields(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"


# ------------------------------------------------------------------- columns without names


def _note_unnamed(header: list[str], data: pa.Table, where: str) -> Iterator[str]:
    """Notes on columns without a name, if they need none: row numbers at the start, or nothing at all.

    Raises:
        InputError: Another column has no name.
    """
    unnamed = [place for place, name in enumerate(header) if not name.strip()]
    empty = [place for place in unnamed if place and data.column(place).null_count == data.num_rows]
    if unnamed[:1] == [0] and are_row_numbers(data.column(0)):
        yield f"the first column has no name and only numbers the rows: named {ROW_NUMBERS!r}"
        unnamed = unnamed[1:]
    if unnamed != empty:
        check_names(header, where)
    if empty:
        names = quote_names((data.column_names[place] for place in empty), MOST_NAMED)
        what = "a column without a name is" if len(empty) == 1 else f"{len(empty)} columns without names are"
        yield f"{what} empty on every row (the header ends in a delimiter?): named {names}"


def are_row_numbers(column: pa.ChunkedArray) -> bool:
    """Whether a column has whole numbers that all differ; with gaps and in any order if rows were drawn."""
    try:
        numbers = column.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return False
    return bool(len(np.unique(numbers)) == len(numbers) and numbers.min(initial=0) >= 0)


# --------------------------------------------------------------- a quote that breaks it


def find_opening_quote(lines: Iterable[str], dialect: Dialect) -> tuple[int, bool]:
    """The line, from 0, on which the field with the broken quote opens, and whether it is ever closed.

    Args:
        lines: Physical lines from the start of the record that the CSV reader refused.
        dialect: How the text is written.
    """
    quote, delimiter = dialect.quote or '"', dialect.delimiter
    opened, inside = 0, False
    for number, line in enumerate(lines):
        at = 0
        while at < len(line):
            if inside:
                at, inside = _skip_quoted(line, at, quote)
                if not inside and not line.startswith((delimiter, *LINE_ENDS), at) and at < len(line):
                    return opened, True
            elif line.startswith(quote, at):
                opened, inside = number, True
                at += 1
            else:
                at = _skip_field(line, at, delimiter)
    return opened, False


def _skip_quoted(line: str, at: int, quote: str) -> tuple[int, bool]:
    """The place after the closing quote; or the end of the line, and True since the field is still open."""
    while (found := line.find(quote, at)) >= 0:
        if not line.startswith(quote, found + 1):
            return found + 1, False
        at = found + 2  # a doubled quote stands for itself
    return len(line), True


def _skip_field(line: str, at: int, delimiter: str) -> int:
    end = line.find(delimiter, at)
    return len(line) if end < 0 else end + 1
