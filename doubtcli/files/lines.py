"""The rows of a text file -> the physical lines that they stand on."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.files.csv import MAX_FIELD
from doubtcli.files.encoding import open_text
from doubtcli.files.sniff import csv_reader
from doubtcli.files.source import open_source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import TextIO

    from doubtcli.records import Source

Span = tuple[int, int]


def physical_lines(source: Source, rows: Collection[int], *, quoted: bool = True) -> dict[int, Span]:
    """The first and the last line of each row, counted from 1; empty for a file that has no lines.

    A row of a delimited file spans lines where a quoted field does; blank lines are no rows. Standard input
    and pipes can't be read again, Parquet and Arrow have no lines. A row that the file has not is left out.

    Args:
        source: As it was read: its path, format, encoding and delimiter count, and its hash.
        rows: Places in the file, from 1, the header left out.
        quoted: Whether a quote at a field's start begins a quoted field.

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
        with open_text(stored, source.encoding) as text:
            spans = islice(_spans(text, source, quoted), max(rows))
            wanted = set(rows)
            return {row: span for row, span in enumerate(spans, start=1) if row in wanted}


def _is_kept(path: str) -> bool:
    """Whether the bytes are still there once they were read, unlike a pipe's."""
    return path != "-" and (Path(path).is_file() or not Path(path).exists())


def _spans(text: TextIO, source: Source, quoted: bool) -> Iterator[Span]:  # noqa: FBT001
    if source.format == "jsonl":
        return _of_objects(text)
    return _of_records(text, source.delimiter or ",", quoted)


def _of_objects(text: TextIO) -> Iterator[Span]:
    return ((number, number) for number, line in enumerate(text, start=1) if not line.isspace())


def _of_records(text: TextIO, delimiter: str, quoted: bool) -> Iterator[Span]:  # noqa: FBT001
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
