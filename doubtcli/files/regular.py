"""Delimited text that is written regularly: read by Arrow, many lines at once.

Most large tables are so: every line has as many fields, and quotes are around whole fields. The csv module
takes ten times as long for them. A text with anything odd in it is left to `files.delimited`, which knows
what is meant by short rows, lines that are no rows, and quotes elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import numpy as np
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
MOST_IN_A_ROW = 2**24
"""Longer rows are read by the csv module, which looks at each part of them once."""
PADDING = "\0\x1a"
"""Signs at the end of old files, for the reader of lines to look at."""


class _OddTextError(ValueError):
    """There is something in the text that Arrow would not read as `files.delimited` does."""


def read_regular_text(
    open_text: Callable[[], TextIO], dialect: Dialect, on_rows: OnRows | None
) -> tuple[list[str], pa.Table] | None:
    """The fields of the first line, and all rows as text columns, numbered from 0; null for an empty field.

    None if there is something in the text that has to be looked at line by line.

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
            pieces = _split_pieces(text, "" if dialect.has_header else line, dialect.quote)
            batches = watch_batches((_read_piece(piece, names, dialect) for piece in pieces), on_rows)
            return first, pa.Table.from_batches(batches, pa.schema([(name, TEXT) for name in names]))
    except (_OddTextError, pa.ArrowInvalid, UnicodeError):  # a broken line, or none of this encoding
        return None


def _split_first(line: str, dialect: Dialect) -> list[str]:
    _encode_piece(line, dialect)
    fields: list[str] = next(dialect.read_records([line]), [])
    if len(fields) <= 1 or not any(fields):
        raise _OddTextError
    return fields


def _split_pieces(text: TextIO, rest: str, quote: str | None) -> Iterator[str]:
    """The text in pieces of whole rows, if its quotes come in pairs."""
    more = text.read(PIECE_CHARACTERS)
    while more:
        rest += more
        more = text.read(PIECE_CHARACTERS)  # before the piece is used: lines that are added then don't count
        end = rest.rfind("\n") + 1
        while end and quote is not None and rest.count(quote, 0, end) % 2:
            end = rest.rfind("\n", 0, rest.rfind(quote, 0, end)) + 1  # the line end is within a field
        if end:
            yield rest[:end]
        elif len(rest) > MOST_IN_A_ROW:
            raise _OddTextError
        rest = rest[end:]
    if rest:
        yield rest


def _encode_piece(piece: str, dialect: Dialect) -> bytes:
    """The piece in UTF-8; an error if a sign in it may have another meaning than it has for Arrow."""
    if any(sign in piece for sign in PADDING) or piece.count("\r") != piece.count("\r\n"):
        raise _OddTextError
    content = piece.encode()
    if dialect.quote is not None and dialect.quote in piece and not _encloses_fields(content, dialect):
        raise _OddTextError
    return content


def _encloses_fields(content: bytes, dialect: Dialect) -> bool:
    """Whether all quotes are around whole fields, or doubled within such quotes.

    Of quotes that come in pairs, one opens after a delimiter or a line end, and the other closes before one;
    or the closing one and the next opening one are a doubled quote.
    """
    signs = np.frombuffer(b"\n" + content + b"\n", dtype=np.uint8)
    quotes = np.flatnonzero(signs == ord(dialect.quote or ""))
    if len(quotes) % 2 or not dialect.delimiter.isascii():
        return False
    opening, closing = quotes[::2], quotes[1::2]
    ends = np.isin(np.arange(256), [ord(dialect.delimiter), *b"\r\n"])
    is_doubled = closing[:-1] + 1 == opening[1:]
    opens = ends[signs[opening - 1]] & (signs[opening - 1] != ord("\r"))
    closes = ends[signs[closing + 1]]
    are_open = opens[:1].all() and (opens[1:] | is_doubled).all()
    return bool(are_open and closes[-1:].all() and (closes[:-1] | is_doubled).all())


def _read_piece(piece: str, names: list[str], dialect: Dialect) -> pa.RecordBatch:
    from pyarrow import csv

    content = _encode_piece(piece, dialect)
    table = csv.read_csv(
        pa.BufferReader(content),
        csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
        csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote if dialect.quote is not None and dialect.quote in piece else False,
            newlines_in_values=True,
        ),
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
