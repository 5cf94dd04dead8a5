"""Delimited text without quotes, with as many fields on every line: read by Arrow, many lines at once.

Most large tables are so, and the csv module takes ten times as long for them. A text with anything odd in it
is left to `files.delimited`, which knows what is meant by quotes, short rows and lines that are no rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.files.dialect import BLANKS
from doubtcli.files.formats import watch_batches
from doubtcli.files.values import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doubtcli.files.dialect import Dialect
    from doubtcli.records.file_format import OnRows

PIECE_CHARACTERS = 2**20
"""How much is read at once: Arrow is no faster with more, and it would need more memory."""
MOST_IN_A_LINE = 2**24
"""Longer lines are read by the csv module, which looks at each part of them once."""
NOT_PLAIN = "\r\0\x1a"
"""Signs for the reader of lines to look at: other ends of lines than usual, and padding."""


class _OddTextError(ValueError):
    """There is something in the text that Arrow would not read as `files.delimited` does."""


def read_unquoted(
    open_text: Callable[[], TextIO], dialect: Dialect, on_rows: OnRows | None
) -> tuple[list[str], pa.Table] | None:
    """The fields of the first line, and all rows as text columns, numbered from 0; null for an empty field.

    None if the text has quotes or anything else that has to be looked at line by line.

    Args:
        open_text: Opens the text at its start, line ends untouched.
        dialect: How it is written.
        on_rows: Called with the number of rows read so far.
    """
    if dialect.delimiter == BLANKS or dialect.has_escapes or dialect.skips_blanks or dialect.lead_lines:
        return None
    try:
        with open_text() as text:
            line = text.readline()
            first = _split_first(line, dialect)
            names = [str(place) for place in range(len(first))]
            pieces = _split_pieces(text, "" if dialect.has_header else line)
            batches = watch_batches((_read_piece(piece, names, dialect) for piece in pieces), on_rows)
            return first, pa.Table.from_batches(batches, pa.schema([(name, TEXT) for name in names]))
    except (_OddTextError, pa.ArrowInvalid, UnicodeError):  # a broken line, or none of this encoding
        return None


def _split_first(line: str, dialect: Dialect) -> list[str]:
    fields = _check_plain(line, dialect).removesuffix("\n").split(dialect.delimiter)
    if len(fields) == 1 or not any(fields):
        raise _OddTextError
    return fields


def _split_pieces(text: TextIO, rest: str) -> Iterator[str]:
    """The text in pieces of whole lines."""
    more = text.read(PIECE_CHARACTERS)
    while more:
        lines, end, rest = (rest + more).rpartition("\n")
        more = text.read(PIECE_CHARACTERS)  # before the piece is used: lines that are added then don't count
        if end:
            yield lines + end
        elif len(rest) > MOST_IN_A_LINE:
            raise _OddTextError
    if rest:
        yield rest


def _check_plain(piece: str, dialect: Dialect) -> str:
    r"""The piece with "\n" at the end of its lines; an error if a sign in it is more than a letter."""
    plain = piece.replace("\r\n", "\n")
    if any(sign in plain for sign in (*NOT_PLAIN, *(dialect.quote or ""))):
        raise _OddTextError
    return plain


def _read_piece(piece: str, names: list[str], dialect: Dialect) -> pa.RecordBatch:
    from pyarrow import csv

    content = _check_plain(piece, dialect).encode()
    table = csv.read_csv(
        pa.BufferReader(content),
        csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
        csv.ParseOptions(delimiter=dialect.delimiter, quote_char=False, double_quote=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, TEXT), null_values=[""], strings_can_be_null=True
        ),
    )
    if _has_empty_row(table):
        raise _OddTextError
    return pa.RecordBatch.from_arrays([column.combine_chunks() for column in table.columns], names)


def _has_empty_row(table: pa.Table) -> bool:
    """Whether a line has nothing but delimiters, so that it is no row."""
    if not all(column.null_count for column in table.columns):
        return False
    is_empty = pc.is_null(table.column(0))
    for column in table.columns[1:]:
        is_empty = pc.and_(is_empty, pc.is_null(column))
    return bool(pc.any(is_empty).as_py())
