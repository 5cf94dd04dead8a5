"""What a file format is: the protocol of all of them, and the records that it takes and gives.

A format is one class, found by the entry-point group `doubtcli.formats`; its entry point bears the word that
`--input-format` takes for it. `doubtcli.files` has ours.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from doubtcli.records.reading import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import BinaryIO, TextIO

    import pyarrow as pa

    from doubtcli.records.reading import Table

OnRows = Callable[[int], None]
"""Is called after each batch with the number of rows read so far."""

LineSpan = tuple[int, int]
"""The first and the last line of a row, counted from 1."""


class ColumnsBy(Enum):
    """How a value in a row is known to be of a column."""

    PLACE = "place"
    """By its place in the row, so that no column may come or go."""
    KEY = "key"
    """By a key beside it in every row, so that a column is gone once no row has it any more."""
    SCHEMA = "schema"
    """By a schema that the file has once."""


@dataclass(frozen=True)
class Parsed:
    """The rows of one file, and what the user should know of how they were read."""

    data: pa.Table
    notes: tuple[str, ...] = ()
    delimiter: str | None = None
    """Of a delimited file."""
    encoding: str | None = None
    """Of a text file."""


class StoredFile(Protocol):
    """A file's bytes, which can be read again."""

    @property
    def path(self) -> str:
        """What messages call it."""
        ...

    def head(self) -> bytes:
        """The first bytes, unpacked."""
        ...

    def open(self) -> BinaryIO:
        """The bytes unpacked, from the first one."""
        ...

    def open_seekable(self) -> AbstractContextManager[BinaryIO]:
        """The bytes unpacked, to be read in any order."""
        ...


class FileFormat(Protocol):
    """One way to keep a table in a file: read and written back, with all that is particular to it.

    A class that inherits it has the defaults below, and needs the four abstract methods.
    """

    name: str
    """What a `Source` and a ledger call it: its entry point's word, or that of the one it is a variant of."""
    title: str
    """What reports call it."""
    endings: tuple[str, ...]
    """Of its files, in lower case; no other format has them."""
    aliases: tuple[str, ...] = ()
    """Other words that --input-format takes for it."""
    part_endings: tuple[str, ...] = ()
    """Endings by which the files of a folder are known as the parts of one table."""
    delimiter: str | None = None
    """What keeps fields apart in every file of it; None where files differ, or have no fields."""
    is_text: bool = True
    """Whether its files are text, which has an encoding and lines."""
    columns_by: ColumnsBy = ColumnsBy.KEY

    @abstractmethod
    def recognise(self, head: bytes) -> str | None:
        """What the first bytes of a file look like ("an Arrow stream"); None if they are of another format.

        Asked only about files whose ending says nothing.
        """
        ...

    @abstractmethod
    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Every row and column, values untouched.

        Raises:
            InputError: What is in the file makes no table; names the row and the line.
        """
        ...

    def row_lines(self, text: TextIO, options: ReadOptions) -> Iterator[LineSpan]:  # noqa: ARG002
        """The lines of each row, in file order; asked only of text."""
        return iter(())

    @abstractmethod
    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits, every other byte of text and every other value as it was.

        Args:
            content: The whole file, unpacked.
            layout: How it is written.
            edits: By row, from 0.
            added: Whole rows, as `Touched.record` has them, by their place in the file as it will be.

        Raises:
            InputError: There is no such row, it has no label, or a row to be added has other columns.
            OutputError: The file can't hold a label.
        """
        ...

    @abstractmethod
    def find_difference(
        self, table: Table, before: StoredFile, after: StoredFile, changes: Changes, options: ReadOptions
    ) -> str | None:
        """What differs first in a rewritten file that should not; None if nothing does.

        Args:
            table: The file as it was read before.
            before: The file as it was.
            after: The file as it will be.
            changes: What may differ.
            options: How both are written.
        """
        ...


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

    >>> find_nth_free([0, 2], 1)
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
