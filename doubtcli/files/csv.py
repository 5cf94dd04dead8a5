"""CSV, TSV and the like: read as text columns, and rewritten with other labels.

The code that rewrites a file finds the same fields as the csv module, which reads it: a field that starts
with a quote ends with one, and every other field is plain text. `Dialect` has what differs between files.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.files.delimited import FEWEST_FIELDS, is_no_row, read_delimited
from doubtcli.files.dialect import MOST_LEAD, SAMPLE_CHARACTERS, Dialect, find_dialect
from doubtcli.files.encoding import parse_text
from doubtcli.files.formats import BATCH_ROWS
from doubtcli.files.text import rewrite_text
from doubtcli.files.values import TEXT, ComparedByCell
from doubtcli.records.file_format import ColumnsBy, Parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from doubtcli.files.text import Span
    from doubtcli.records import ReadOptions
    from doubtcli.records.file_format import Edit, FileLayout, LineSpan, OnRows, Rewritten, StoredFile

LINE_END = r"(?:\r\n?|\n|\Z)"
LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)")
USUAL = Dialect()
"""How doubt writes CSV itself."""
NEEDS_QUOTES = r'^$|[",\r\n]'
"""An empty text, which would be a missing value without quotes, and signs that end a field or a line."""


class Csv(ComparedByCell):
    """Delimited text, with a header or without."""

    name = "csv"
    title = "CSV"
    endings: tuple[str, ...] = (".csv", ".psv")
    columns_by = ColumnsBy.PLACE

    def recognise(self, head: bytes) -> str | None:  # noqa: ARG002  # as every format's
        """Any text may be CSV."""
        return self.title

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Every row as text columns, with the encoding and the dialect that are given or detected."""
        options = replace(options, delimiter=options.delimiter or self.delimiter)
        return parse_text(stored, options.encoding, partial(read_delimited, options=options, on_rows=on_rows))

    def row_lines(self, text: TextIO, options: ReadOptions) -> Iterator[LineSpan]:
        """The lines of each record except the header; lines after the last row may follow."""
        sample = list(islice(text, MOST_LEAD)) if options.lead_lines is None else []
        dialect, _ = find_dialect(sample, replace(options, delimiter=options.delimiter or ","))
        lines = chain(sample, text)
        end = n_before = sum(1 for _ in islice(lines, dialect.lead_lines))
        reader = dialect.read_records(lines)
        width = 0
        for record in reader:
            start, end = end + 1, reader.line_num + n_before
            if is_no_row(record, width):
                continue
            if width or not dialect.has_header:
                yield start, end
            width = width or len(record)

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits; all other bytes are unchanged."""
        return rewrite_text(content, layout, self, edits, added)

    def find_rows(self, text: str, layout: FileLayout) -> Iterator[Span]:
        """Each row with the lines before it that are no rows and its line end, without the header.

        If there is a single column, a blank line is a row. A row may end early, but only lines after the last
        one may have a single field.

        Raises:
            InputError: A row's fields don't match the header.
        """
        dialect, width = _find_dialect(text, layout.read_options), layout.n_columns
        blank, row = _blank_pattern(dialect, width), _row_pattern(dialect, width, min(FEWEST_FIELDS, width))
        number, end = 1, _skip_lines(text, dialect.lead_lines)
        place = _skip(_blank_pattern(dialect, 0), text, end)
        if dialect.has_header:
            end = _find_end(_row_pattern(dialect, width, width), text, place, None)
            place = _skip(blank, text, end)
        while place < len(text):
            if number > 1 and row.match(text, place) is None and _are_after_rows(text, place, dialect, blank):
                return
            start, end = end, _find_end(row, text, place, number)
            yield start, end
            number, place = number + 1, _skip(blank, text, end)

    def find_label(self, text: str, row: Span, layout: FileLayout) -> Span | None:
        """The label's cell within a row, its quotes included; None if the row ends before it."""
        dialect = _find_dialect(text, layout.read_options)
        between, field = dialect.between, dialect.field
        cell = re.compile(rf"{dialect.before}(?:{field}{between}{dialect.before}){{{layout.place}}}({field})")
        start = _skip(_blank_pattern(dialect, layout.n_columns), text, row[0])
        found = cell.match(text, start, row[1])
        return None if found is None else found.span(1)

    def write_label(self, label: str, old: str, like: str | None, layout: FileLayout) -> str:  # noqa: ARG002
        """A label, in quotes if the old cell was, or if it needs them.

        Raises:
            ValueError: Quotes are plain characters here, and the label would need them.
        """
        dialect = _find_dialect("", layout.read_options)
        return dialect.write_field(
            label, in_quotes=dialect.quote is not None and old.startswith(dialect.quote)
        )


class Tsv(Csv):
    """Delimited text whose name says that tabs separate the fields."""

    title = "TSV"
    endings = (".tsv", ".tab")
    delimiter = "\t"

    def recognise(self, head: bytes) -> None:
        """Only by its name, not by its content."""


def write_csv(data: pa.Table, *, has_header: bool = True) -> bytes:
    r"""Columns of text as CSV: UTF-8, comma-separated, with a header or without, and `\n` after each line.

    Example:
        >>> import pyarrow as pa
        >>> write_csv(pa.table({"text": ["say, hi", None], "label": ["a", "b"]}))
        b'text,label\n"say, hi",a\n,b\n'
    """
    header = pa.table([pa.array([name], TEXT) for name in data.column_names], names=data.column_names)
    sink = io.BytesIO()  # joined at the end, all parts would be there twice
    for part in (*([header] if has_header else []), *_split_table(data)):
        sink.write(_write_lines(part))
    return sink.getvalue()


def _split_table(data: pa.Table) -> Iterator[pa.Table]:
    return (data.slice(start, BATCH_ROWS) for start in range(0, data.num_rows, BATCH_ROWS))


def _write_lines(rows: pa.Table) -> bytes:
    """Some lines: nothing for a missing value, quotes only where they are needed."""
    # Not Arrow's own writer: it has quotes around all texts, or refuses those that need quotes.
    ends = pa.scalar("\n", TEXT), pa.scalar("", TEXT)
    fields = [_write_fields(column.cast(TEXT).combine_chunks()) for column in rows.columns]
    lines = pc.binary_join_element_wise(*fields, pa.scalar(USUAL.delimiter, TEXT))
    return "".join(pc.binary_join_element_wise(lines, *ends).to_pylist()).encode()


def _write_fields(texts: pa.Array) -> pa.Array:
    needs_quotes = pc.match_substring_regex(texts, NEEDS_QUOTES)
    if not pc.any(needs_quotes).as_py():
        return pc.fill_null(texts, "")
    quote = pa.scalar('"', TEXT)
    inside = pc.replace_substring(texts, '"', '""')
    quoted = pc.binary_join_element_wise(quote, inside, quote, pa.scalar("", TEXT))
    return pc.fill_null(pc.if_else(needs_quotes, quoted, texts), "")


def _find_dialect(text: str, options: ReadOptions) -> Dialect:
    """How a text is written, of which only the lines above the header may have to be detected."""
    if options.lead_lines is None or options.delimiter is None:
        sample = list(io.StringIO(text[:SAMPLE_CHARACTERS], newline=""))
    else:
        sample = []
    return find_dialect(sample, replace(options, delimiter=options.delimiter or ","))[0]


def _row_pattern(dialect: Dialect, n_columns: int, fewest: int) -> re.Pattern[str]:
    """A pattern for a row: all of its fields and empty ones after them, or at least the fewest fields."""
    between, field, before = dialect.between, dialect.field, dialect.before
    more = rf"(?:{between}{before}{field}){{{fewest - 1},{n_columns - 1}}}+"
    surplus = rf"(?:{between}{dialect.empty_field})*+" if n_columns > 1 else ""
    return re.compile(f"{before}{field}{more}{surplus}{dialect.after}{LINE_END}")


def _blank_pattern(dialect: Dialect, n_columns: int) -> re.Pattern[str]:
    """A pattern for lines that are blank or nothing but delimiters; if there is one column, they are rows."""
    if n_columns == 1:
        return re.compile("")
    blanks = rf"[^\S\r\n{re.escape(dialect.delimiter.strip(' '))}]*+"
    in_quotes = rf"|{dialect.quote}\s*+{dialect.quote}" if dialect.quote else ""
    delimiters = rf"{dialect.empty_field}(?:{dialect.between}{dialect.empty_field})++{LINE_END}"
    line = rf"{dialect.before}(?:{blanks}{in_quotes}){dialect.after}(?:\r\n?|\n)"
    return re.compile(rf"(?:{line}|{delimiters})*+(?:{blanks}{in_quotes})\Z|(?:{line}|{delimiters})*+")


def _find_end(pattern: re.Pattern[str], text: str, place: int, number: int | None) -> int:
    """The end of the row that starts at a place.

    Raises:
        InputError: There is none with the fields of the header.
    """
    found = pattern.match(text, place)
    if found is None:
        raise InputError("the row's fields don't match the header", row=number)
    return found.end()


def _are_after_rows(text: str, start: int, dialect: Dialect, blank: re.Pattern[str]) -> bool:
    """Whether all that follows are lines of one field, which are after the last row."""
    line = re.compile(rf"{dialect.before}{dialect.field}{dialect.after}{LINE_END}")
    while start < len(text):
        found = line.match(text, start)
        if found is None:
            return False
        start = _skip(blank, text, found.end())
    return True


def _skip(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return start if found is None else found.end()


def _skip_lines(text: str, n_lines: int) -> int:
    """The place after some lines."""
    place = 0
    for _ in range(n_lines):
        place = _skip(LINE, text, place)
    return place
