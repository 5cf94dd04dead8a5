"""What a file format is: the protocol of all of them, and the records that it takes and gives.

A format is one class, found by the entry-point group `doubtcli.formats`; its entry point bears the word that
`--input-format` takes for it. `doubtcli.files` has ours.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import BinaryIO, TextIO

    import pyarrow as pa

    from doubtcli.records.edits import Changes, Edit, FileLayout, Rewritten
    from doubtcli.records.reading import ReadOptions, Table

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
