"""What a file format is: the protocol of all formats, and the records that it takes and gives.

A format is one class, found by the entry-point group `doubtcli.formats`; the entry point's name is the word
that `--input-format` takes. Ours are in `doubtcli.files`.
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
"""Called after each batch with the number of rows read so far."""

LineSpan = tuple[int, int]
"""The first and the last line of a row, counted from 1."""


class ColumnsBy(Enum):
    """How a value in a row is matched to its column."""

    PLACE = "place"
    """By its place in the row, so that no column can be added or removed."""
    KEY = "key"
    """By a key in every row, so that a column is gone once no row has its key."""
    SCHEMA = "schema"
    """By a schema that the file has once."""


@dataclass(frozen=True)
class Parsed:
    """The rows of one file, and what the user should know about how they were read."""

    data: pa.Table
    notes: tuple[str, ...] = ()
    delimiter: str | None = None
    """Of a delimited file."""
    encoding: str | None = None
    """Of a text file."""
    quoting: str | None = None
    """Of a delimited file, as in `ReadOptions`."""
    lead_lines: int | None = None
    """Of a delimited file, as in `ReadOptions`."""
    sheet: str | None = None
    """Of a spreadsheet: the name of the sheet that was read."""


class StoredFile(Protocol):
    """A file's bytes, which can be read again."""

    @property
    def path(self) -> str:
        """Its name in messages."""
        ...

    def head(self) -> bytes:
        """The first bytes, unpacked."""
        ...

    def open(self) -> BinaryIO:
        """A stream of the unpacked bytes, from the first one."""
        ...

    def open_seekable(self) -> AbstractContextManager[BinaryIO]:
        """A stream of the unpacked bytes that can be read in any order."""
        ...


class FileFormat(Protocol):
    """One way to store a table in a file: how it is recognised, read and rewritten.

    A class that inherits it has the defaults below, and needs the four abstract methods.
    """

    name: str
    """Its name in a `Source` and a ledger: its entry point's, or that of the format it is a variant of."""
    title: str
    """Its name in reports."""
    endings: tuple[str, ...]
    """Its files' endings, in lower case; no other format has them."""
    aliases: tuple[str, ...] = ()
    """Other words that --input-format takes for it."""
    part_endings: tuple[str, ...] = ()
    """Endings of files in a folder that are parts of one table."""
    delimiter: str | None = None
    """What separates fields in all its files; None where files differ, or have no fields."""
    is_text: bool = True
    """Whether its files are text, which has an encoding and lines."""
    columns_by: ColumnsBy = ColumnsBy.KEY
    has_sheets: bool = False
    """Whether a file has sheets, of which one is read, and whose rows have numbers."""
    corrected_as: str | None = None
    """The name of the format of corrected files, where files of this one can't be rewritten."""

    @abstractmethod
    def recognise(self, head: bytes) -> str | None:
        """What the first bytes of a file look like ("an Arrow stream"); None if they are of another format.

        Only files without a known ending are asked about.
        """
        ...

    @abstractmethod
    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Every row and column, values untouched.

        Raises:
            InputError: The file is not a table; names the row and the line.
        """
        ...

    def row_lines(self, text: TextIO, options: ReadOptions) -> Iterator[LineSpan]:  # noqa: ARG002
        """The lines of each row, in file order; only text formats are asked."""
        return iter(())

    def sheet_rows(self, stored: StoredFile, options: ReadOptions) -> Iterator[LineSpan]:  # noqa: ARG002
        """The number of each row in its sheet, as first and last line; only formats with sheets are asked."""
        return iter(())

    @abstractmethod
    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits; every other byte of a text file, and every other value, is as it was.

        Args:
            content: The whole file, unpacked.
            layout: How it is written.
            edits: By row, from 0.
            added: Whole rows, as in `Touched.record`, by their place in the rewritten file.

        Raises:
            InputError: A row is not in the file or has no label, or an added row has other columns.
            OutputError: The file can't hold a label.
        """
        ...

    @abstractmethod
    def find_difference(
        self, table: Table, before: StoredFile, after: StoredFile, changes: Changes, options: ReadOptions
    ) -> str | None:
        """The first difference in a rewritten file that should not be there; None if there is none.

        Args:
            table: The file as it was read before.
            before: The file as it was.
            after: The rewritten file.
            changes: What may differ.
            options: How to read both.
        """
        ...


@dataclass(frozen=True)
class FileLayout:
    """How a file is written: what is needed to find its label cells again."""

    format: str
    """A file format's name: "csv", "parquet", …"""
    column: str
    """The label column's name."""
    place: int = 0
    """Of a delimited file: the label column's place, from 0."""
    n_columns: int = 1
    """Of a delimited file."""
    encoding: str = "utf-8"
    """Of a text file, unless a byte order mark says otherwise."""
    delimiter: str = ","
    """Of a delimited file."""
    quoted: bool = True
    """Of a delimited file: whether quotes may enclose a field."""
    quoting: str | None = None
    """Of a delimited file, as in `ReadOptions`; None where `quoted` says it all."""
    has_header: bool = True
    """Of a delimited file, as in `ReadOptions`."""
    lead_lines: int | None = None
    """Of a delimited file, as in `ReadOptions`."""

    @property
    def read_options(self) -> ReadOptions:
        """The options to read the file with."""
        quoting = self.quoting or ("minimal" if self.quoted else "none")
        return ReadOptions(
            self.format, self.encoding, self.delimiter, quoting, self.has_header, self.lead_lines
        )


@dataclass(frozen=True)
class Relabel:
    """The row gets another label."""

    label: str
    """As text."""
    like: int | None = None
    """A row that has this label, to copy its spelling from; None where no row has it yet."""


@dataclass(frozen=True)
class Restore:
    """The row's label cell gets back its old content."""

    raw: bytes
    """As in `Touched.raw_old`."""


@dataclass(frozen=True)
class Drop:
    """The row is removed."""


Edit = Relabel | Restore | Drop


@dataclass(frozen=True)
class Touched:
    """A row that was changed or dropped, as it was in the file."""

    raw_old: bytes
    """The label's cell as it was written: in a text file its bytes, quotes included; in a file of typed
    columns the value as text."""
    raw_new: bytes | None
    """The same afterwards; None where the row was dropped."""
    rest: str
    """A hash of the rest of the row, without its label."""
    record: bytes = b""
    """A whole dropped row, so that it can be put back; in text with the blank lines before it."""


@dataclass(frozen=True)
class Rewritten:
    """A file with its edits."""

    content: bytes
    """Unpacked."""
    n_rows: int
    """Before."""
    touched: Mapping[int, Touched]
    """Every row that the edits name, by its number before."""


def hash_rest(*parts: str) -> str:
    """A hash of a row without its label: 16 hexadecimal digits."""
    return blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def group_added_rows(edits: Mapping[int, Edit], added: Mapping[int, bytes]) -> dict[int, list[bytes]]:
    """The rows to add, by the present row that they go before; the number after the last row: at the end.

    Args:
        edits: Some of them drop rows.
        added: Whole rows by their place in the rewritten file.
    """
    dropped = sorted(row for row, edit in edits.items() if isinstance(edit, Drop))
    before: dict[int, list[bytes]] = {}
    for n_added, place in enumerate(sorted(added)):
        row = find_nth_free(dropped, place - n_added)  # among the rows that stay, and then among all
        before.setdefault(row, []).append(added[place])
    return before


def find_nth_free(taken: Sequence[int], nth: int) -> int:
    """The nth place that is not taken. All places count from 0; `taken` is sorted.

    >>> find_nth_free([0, 2], 1)
    3
    """
    return nth + bisect_right(range(len(taken)), nth, key=lambda one: taken[one] - one)


@dataclass(frozen=True)
class Changes:
    """What was meant to change. Rows count from 0."""

    column: str
    """The label column."""
    labels: Mapping[int, str | int | None]
    """By row number before: the new label as text, a row that has the same label, or None for any label."""
    dropped: Collection[int] = ()
    """Row numbers before."""
    added: Collection[int] = ()
    """Row numbers after."""
