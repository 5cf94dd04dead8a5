"""What every format's reader gives back, and what it promises about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, TypeVar

from doubtcli.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 50_000
"""Rows turned into Arrow at a time: enough to cost nothing a batch, few enough to fit beside the table."""

BATCH_CHARACTERS = 2**26
"""A batch ends here too (64 Mi characters), so that rows of whole documents stay streamed."""

OnRows = Callable[[int], None]
"""Is told, after each batch, how many rows were read so far."""

Row = TypeVar("Row")
Rows = TypeVar("Rows", bound=Sized)


@dataclass(frozen=True)
class Parsed:
    """The rows of one file, and what the user should know of how they were read."""

    data: pa.Table
    notes: tuple[str, ...] = ()
    delimiter: str | None = None


class Lines:
    r"""The physical lines of a text, ends kept (`\n`, `\r` or `\r\n`), NUL refused.

    A NUL has no business in text: it is how binary files and UTF-16 read as something else look.
    """

    def __init__(self, text: TextIO, where: str) -> None:
        self._text = text
        self._where = where
        self.n_characters = 0

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._text, start=1):
            if "\0" in line:
                raise looks_binary(self._where, line=number)
            self.n_characters += len(line)
            yield line


def in_batches(rows: Iterable[Row], lines: Lines, batch_rows: int) -> Iterator[list[Row]]:
    """The rows in lists of at most `batch_rows`, fewer where rows are long."""
    batch: list[Row] = []
    limit = BATCH_CHARACTERS
    for row in rows:
        batch.append(row)
        if len(batch) >= batch_rows or lines.n_characters > limit:
            yield batch
            batch = []
            limit = lines.n_characters + BATCH_CHARACTERS
    if batch:
        yield batch


def watched(batches: Iterable[Rows], on_rows: OnRows | None) -> Iterator[Rows]:
    """The same batches; tells how many rows were read so far after each."""
    n_rows = 0
    for batch in batches:
        yield batch
        n_rows += len(batch)
        if on_rows:
            on_rows(n_rows)


def looks_binary(where: str, *, line: int | None = None, hint: str | None = None) -> InputError:
    """The error for bytes that make no sense as text."""
    return InputError(
        "the file looks binary: it holds NUL bytes",
        where=where,
        line=line,
        expected="text: CSV, TSV or JSON Lines",
        hint=hint or "name the file's format with --input-format, or its encoding with --encoding",
    )


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse columns that can't be told apart by name."""
    if not names:
        raise InputError("the file is empty", where=where, expected="a header and rows")
    unnamed = [str(place) for place, name in enumerate(names, start=1) if not name.strip()]
    if unnamed:
        raise InputError(
            f"of the {len(names)} columns, these have no name: {', '.join(unnamed)}",
            where=where,
            expected="a name for every column",
            hint="name it in the header, or remove it (a header that ends in a delimiter adds one)",
        )
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise InputError(
            f"more than one column is called {', '.join(map(repr, repeated))}",
            where=where,
            column=repeated[0],
            expected="each column name once",
            hint="rename the columns in the file",
        )


def check_rows(n_rows: int, names: Sequence[str], where: str) -> None:
    """Refuse a table without a row."""
    if n_rows == 0:
        raise InputError(
            f"the file has no rows, only columns: {', '.join(names)}",
            where=where,
            expected="at least one row",
        )
