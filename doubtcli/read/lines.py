"""The rows of a text file -> the physical lines that they stand on."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from doubtcli.read.delimited import MAX_FIELD
from doubtcli.read.encoding import open_text
from doubtcli.read.sniff import csv_reader
from doubtcli.read.source import open_source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import TextIO

    from doubtcli.records import Source


def physical_lines(
    source: Source, rows: Collection[int], *, quoted: bool = True
) -> dict[int, tuple[int, int]]:
    """The first and the last line of each row, counted from 1; empty for a file that has no lines.

    A row of a delimited file spans lines where a quoted field does; blank lines are no rows. Standard input
    can't be read again, Parquet and Arrow have no lines.

    Args:
        source: As it was read: its path, format, encoding and delimiter count.
        rows: Places in the file, from 1, the header left out.
        quoted: Whether a quote at a field's start begins a quoted field.

    Raises:
        InputError: The file can't be read any more.
    """
    if source.path == "-" or source.encoding is None or not rows:
        return {}
    with open_source(source.path) as stored, open_text(stored, source.encoding) as text:
        spans = (
            _of_objects(text)
            if source.format == "jsonl"
            else _of_records(text, source.delimiter or ",", quoted)
        )
        return _chosen(spans, rows)


def _chosen(spans: Iterator[tuple[int, int]], rows: Collection[int]) -> dict[int, tuple[int, int]]:
    wanted, last = set(rows), max(rows)
    chosen = {}
    for row, span in enumerate(spans, start=1):
        if row in wanted:
            chosen[row] = span
        if row == last:
            break
    return chosen


def _of_objects(text: TextIO) -> Iterator[tuple[int, int]]:
    for number, line in enumerate(text, start=1):
        if not line.isspace():
            yield number, number


def _of_records(text: TextIO, delimiter: str, quoted: bool) -> Iterator[tuple[int, int]]:  # noqa: FBT001
    """The lines of each record but the header."""
    csv.field_size_limit(MAX_FIELD)
    reader = csv_reader(text, delimiter, quoted=quoted)
    width, end = 0, 0
    for record in reader:
        start, end = end + 1, reader.line_num
        # a blank line is a row where there is but one column, else nothing
        if not width:
            width = len(record)
        elif record or width == 1:
            yield start, end
