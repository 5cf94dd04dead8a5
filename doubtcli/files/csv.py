"""CSV, TSV and the like -> text columns, an empty field being null."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.parsed import BATCH_ROWS, Lines, Parsed, check_names, check_rows, in_batches, watched
from doubtcli.files.sniff import csv_reader, guess_delimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from doubtcli.files.parsed import OnRows

MAX_FIELD = 2**31 - 1
"""The largest limit that the csv module takes on every platform (a C long)."""

ROW_NUMBERS = "unnamed_0"
"""The name given to the column of row numbers that pandas and R write without one."""

TEXT = pa.large_string()
"""64-bit offsets: sorting or joining chunks never overflows, however long the texts."""


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
        delimiter: What keeps fields apart; guessed from the first records if None.
        quoted: Whether a quote at a field's start begins a quoted field, or is a character like any other.
        on_rows: Is told the number of rows read so far.
        batch_rows: Rows turned into Arrow at a time.

    Raises:
        InputError: The header or a row makes no sense; names the row and the physical line.
    """
    csv.field_size_limit(MAX_FIELD)
    notes: tuple[str, ...] = ()
    if delimiter is None:
        with open_text() as text:
            delimiter, notes = guess_delimiter(Lines(text, where), quoted=quoted)
    source = _Delimited(open_text, where, delimiter, quoted)
    with open_text() as text:
        lines = Lines(text, where)
        records = source.records(lines)
        header = next(records, [])
        names = [name if name.strip() or place else ROW_NUMBERS for place, name in enumerate(header)]
        check_names(names, where)
        schema = pa.schema([(name, TEXT) for name in names])
        batches = watched(in_batches(records, lines, batch_rows), on_rows)
        data = pa.Table.from_batches((_record_batch(rows, schema) for rows in batches), schema)
    check_rows(data.num_rows, names, where)
    if names[0] != header[0]:
        if not _counts_rows(data.column(0)):
            check_names(header, where)
        notes += (f"the first column has no name and only counts the rows: called {ROW_NUMBERS!r}",)
    return Parsed(data, notes, delimiter)


@dataclass(frozen=True)
class _Delimited:
    """A delimited text that can be opened again to look into a broken record."""

    open_text: Callable[[], TextIO]
    where: str
    delimiter: str
    quoted: bool

    def records(self, lines: Lines) -> Iterator[list[str]]:
        """The header, then every row, all of the header's width."""
        reader = csv_reader(lines, self.delimiter, quoted=self.quoted)
        header: list[str] = []
        row, line = 0, 1  # of the record to come; row 0 is the header
        try:
            for record in reader:
                # a blank line is a row where there is but one column, else nothing
                fields = record or ([""] if len(header) == 1 else [])
                if fields:
                    header = header or fields
                    if len(fields) != len(header):
                        raise self._ragged(fields, header, row, line)
                    yield fields
                    row += 1
                line = reader.line_num + 1
        except csv.Error as error:
            raise self._misquoted(row or None, line, reader.line_num) from error

    def _ragged(self, record: list[str], header: list[str], row: int, line: int) -> InputError:
        hint = f"a field that holds {self.delimiter!r} needs quotes around it"
        if self.quoted:
            hint += "; where quotes are plain characters: --quoting none"
        if len(record) == 1 or len(header) == 1:
            hint += f"; if {self.delimiter!r} is not what keeps fields apart: --delimiter"
        return InputError(
            f"the row has {_fields(len(record))}",
            where=self.where,
            row=row,
            line=line,
            expected=f"{_fields(len(header))}, as in the header",
            hint=hint,
        )

    def _misquoted(self, row: int | None, first_line: int, line: int) -> InputError:
        with self.open_text() as text:
            opened, closed = opening_line(islice(text, first_line - 1, None), self.delimiter)
        opened += first_line
        found = (
            f"a quoted field is closed on line {line}, but goes on after the quote"
            if closed
            else "a quote that opens here is never closed"
        )
        return InputError(
            found,
            where=self.where,
            row=row,
            line=opened,
            expected='a quoted field to end in a quote, and quotes inside it to be doubled: "say ""yes"""',
            hint="where quotes are plain characters: --quoting none",
        )


def _record_batch(rows: list[list[str]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array([field or None for field in column], TEXT) for column in zip(*rows, strict=True)]
    return pa.record_batch(columns, schema=schema)


def _counts_rows(column: pa.ChunkedArray) -> bool:
    """Whether a column only counts the rows, from 0 (as pandas writes it) or from 1 (as R does)."""
    try:
        numbers = column.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return False
    return any(np.array_equal(numbers, np.arange(start, start + len(numbers))) for start in (0, 1))


def _fields(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"


QUOTE = '"'


def opening_line(lines: Iterable[str], delimiter: str) -> tuple[int, bool]:
    """The line, from 0, on which the quoted field opened that breaks a record, and whether it is ever closed.

    Args:
        lines: Physical lines from the start of the record that the CSV reader refused.
        delimiter: What keeps fields apart.
    """
    opened, inside = 0, False
    for number, line in enumerate(lines):
        at = 0
        while at < len(line):
            if inside:
                at, inside = _after_quoted(line, at)
                if not inside and not line.startswith((delimiter, "\r", "\n"), at) and at < len(line):
                    return opened, True
            elif line.startswith(QUOTE, at):
                opened, inside = number, True
                at += 1
            else:
                at = _next_field(line, at, delimiter)
    return opened, False


def _after_quoted(line: str, at: int) -> tuple[int, bool]:
    """The place after the closing quote, or the line's end and that the field goes on."""
    while (quote := line.find(QUOTE, at)) >= 0:
        if not line.startswith(QUOTE, quote + 1):
            return quote + 1, False
        at = quote + 2  # a doubled quote stands for itself
    return len(line), True


def _next_field(line: str, at: int, delimiter: str) -> int:
    end = line.find(delimiter, at)
    return len(line) if end < 0 else end + 1
