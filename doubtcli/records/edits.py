"""What is to be changed in a file, and what was: the records that rewriting a file takes and gives.

Rows count from 0, the header left out, and in file order.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from doubtcli.records.reading import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True)
class FileLayout:
    """How a file is written: all that it takes to find its label cells again."""

    format: str
    """A file format's name: "csv", "parquet", …"""
    column: str
    """The label column's name."""
    place: int = 0
    """Of a delimited file: the label column's place, from 0."""
    n_columns: int = 1
    """Of a delimited file."""
    encoding: str = "utf-8"
    """Of a text file; a byte order mark goes before it."""
    delimiter: str = ","
    """Of a delimited file."""
    quoted: bool = True
    """Of a delimited file: whether quotes may enclose a field."""

    @property
    def read_options(self) -> ReadOptions:
        """By which the file is read."""
        return ReadOptions(self.format, self.encoding, self.delimiter, "minimal" if self.quoted else "none")


@dataclass(frozen=True)
class Relabel:
    """The row gets another label."""

    label: str
    """As text."""
    like: int | None = None
    """A row that bears it, whose way of writing it is taken over; None where no row bears it yet."""


@dataclass(frozen=True)
class Restore:
    """The row's label cell becomes what it was."""

    raw: bytes
    """As `Touched.raw_old` had it."""


@dataclass(frozen=True)
class Drop:
    """The row goes."""


Edit = Relabel | Restore | Drop


@dataclass(frozen=True)
class Touched:
    """A row that was changed or dropped, as it stood in the file."""

    raw_old: bytes
    """The label's cell as it was written: in text its very bytes, quotes and all; in a file of typed columns
    the value as text."""
    raw_new: bytes | None
    """The same afterwards; None where the row was dropped."""
    rest: str
    """A hash of all that stands in the row beside its label."""
    record: bytes = b""
    """Of a dropped row: all of it, so that it can be put back; in text with the blank lines before it."""


@dataclass(frozen=True)
class Rewritten:
    """A file with its edits."""

    content: bytes
    """Unpacked."""
    n_rows: int
    """Before."""
    touched: Mapping[int, Touched]
    """By row before: every row that was named in the edits."""


def hash_rest(*parts: str) -> str:
    """16 hexadecimal digits of what stands in a row beside its label."""
    return blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def group_added_rows(edits: Mapping[int, Edit], added: Mapping[int, bytes]) -> dict[int, list[bytes]]:
    """Before which row, as the file is, each row goes that is added; a row that isn't there: behind the last.

    Args:
        edits: Some of them drop rows.
        added: Whole rows by their place in the file as it will be.
    """
    dropped = sorted(row for row, edit in edits.items() if isinstance(edit, Drop))
    before: dict[int, list[bytes]] = {}
    for n_added, place in enumerate(sorted(added)):
        row = find_nth_free(dropped, place - n_added)  # among the rows that stay, and then among all
        before.setdefault(row, []).append(added[place])
    return before


def find_nth_free(taken: Sequence[int], nth: int) -> int:
    """The nth place that is not taken; all count from 0, and those that are taken stand in order.

    >>> nth_free([0, 2], 1)
    3
    """
    return nth + bisect_right(range(len(taken)), nth, key=lambda one: taken[one] - one)


@dataclass(frozen=True)
class Changes:
    """What was to be changed. Rows count from 0."""

    column: str
    """The label column."""
    labels: Mapping[int, str | int | None]
    """By row before: the label as text, a row that bears the same, or None for any."""
    dropped: Collection[int] = ()
    """Rows before."""
    added: Collection[int] = ()
    """Rows after."""
