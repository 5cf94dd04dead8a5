"""The bytes of an Excel workbook -> its sheets, row by row; and what else a spreadsheet may be, by its bytes.

openpyxl reads: it streams rows, says where each cell is, and a stray cell in the last column costs nothing.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from doubtcli.errors import InputError
from doubtcli.wording.numbers import format_count
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from doubtcli.records.file_format import StoredFile

    SheetRow = tuple[int, dict[int, str]]
    """A row's number in the sheet, and its filled cells by the number of their column; both from 1."""

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of .xls, and of a workbook with a password: Microsoft's [MS-CFB], 2.2."""
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The name of the stream that holds a workbook with a password: [MS-OFFCRYPTO], 2.3.4.4."""
OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
"""What follows the header of the first part, of 30 bytes: OpenDocument 1.3, part 2, 3.3."""
PARTS, BINARY_PART, CONTENT_TYPES = "xl/", "xl/workbook.bin", "[Content_Types].xml"
SHEETS, STYLES = "xl/worksheets/", "xl/styles"

STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/"
"""A namespace of ISO 29500 Strict, which openpyxl does not read."""

MOST_BYTES, MOST_PARTS = 2**32, 10_000
"""The largest workbook, unpacked: more than a sheet of a million rows takes."""
LARGE_BYTES, MOST_PACKED = 2**26, 200
"""A part of this size that is packed to less than a two-hundredth is no table: a sheet of a million equal
rows is packed to a fiftieth."""

ZEROS = re.compile(r"0{2,}")
"""A number format that shows 112 as 0112."""
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s")
UNCALCULATED = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
"""A cell with a formula and without its value, which the program that wrote it did not calculate."""
PADDED = re.compile(rb'formatCode="0{2,}"')
MARKS = (MERGED, UNCALCULATED, PADDED)
"""Of each field of `Marks`."""
CHUNK_BYTES, LONGEST_CELL = 2**20, 2**16

OLD_KIND = "an Excel workbook of the old kind (.xls)"
BINARY_KIND = "a binary Excel workbook (.xlsb)"
OPEN_KIND = "an OpenDocument spreadsheet (.ods), as LibreOffice writes it"
SHOWN = 120
"""The number of characters shown of an exception."""


class Marks(NamedTuple):
    """What a workbook has that is seldom, and takes time to look for."""

    merged: bool
    """Whether cells are merged."""
    uncalculated: bool
    """Whether formulas have no value."""
    padded: bool
    """Whether numbers are shown with zeros in front."""


class Merged(NamedTuple):
    """Cells of one column that are merged; rows and columns count from 1."""

    first: int
    last: int
    column: int


@dataclass(frozen=True)
class Workbook:
    """An open workbook."""

    path: str
    file: BinaryIO
    book: Any
    marks: Marks

    @property
    def sheets(self) -> dict[str, Any]:
        """The sheets with cells, by name, in order."""
        return {sheet.title: sheet for sheet in self.book.worksheets}

    @property
    def hidden(self) -> list[str]:
        """The names of hidden sheets."""
        return [name for name, sheet in self.sheets.items() if sheet.sheet_state != "visible"]

    def list_rows(self, sheet: str, first: int = 1) -> Iterator[SheetRow]:
        """The rows of a sheet that are not empty, from the first that is wanted."""
        with _damage_as_input_error(self.path):
            cells = self.sheets[sheet]
            cells.reset_dimensions()  # some programs write a size that is not that of the sheet
            rows = cells.iter_rows(values_only=not self.marks.padded)
            for number, row in enumerate(rows, start=1):
                if row and number >= first and (found := dict(_list_texts(row))):
                    yield number, found

    def find_merged(self, sheet: str, first: int) -> list[Merged]:
        """The cells of a sheet that are merged with cells below them, from a row on."""
        if not self.marks.merged:
            return []
        ranges = self._load_whole()[sheet].merged_cells.ranges
        return sorted(
            Merged(one.min_row, one.max_row, one.min_col)
            for one in ranges
            if one.max_row > one.min_row >= first
        )

    def find_uncalculated(self, sheet: str, first: int, last_column: int) -> list[tuple[int, int]]:
        """The row and column of each formula without a value, from a row on."""
        if not self.marks.uncalculated:
            return []
        rows = self._load_whole()[sheet].iter_rows(min_row=first, max_col=last_column)
        formulas = {(cell.row, cell.column) for row in rows for cell in row if cell.data_type == "f"}
        filled = {(number, column) for number, cells in self.list_rows(sheet, first) for column in cells}
        return sorted(formulas - filled)

    def _load_whole(self) -> Any:  # noqa: ANN401  # openpyxl is loaded when it is needed
        """The workbook with what a reader of rows does not see; needs much memory, and seldom."""
        with _damage_as_input_error(self.path):
            return _load(self.file, self.path, row_by_row=False)


@contextmanager
def open_workbook(stored: StoredFile) -> Iterator[Workbook]:
    """A workbook, after checking that it is one and can be unpacked.

    Raises:
        InputError: It is a spreadsheet of another kind, has a password, is damaged or would be too large; or
            openpyxl is missing.
    """
    head = stored.head()
    with stored.open_seekable() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl's are about formats and drop-downs
        kind = name_other_kind(head)
        if kind is not None:
            raise _refuse_kind(stored.path, kind, file)
        if not head.startswith(ZIP):
            raise InputError(
                "this is not an Excel workbook, although its name ends like that of one",
                where=stored.path,
                hint="if it is text, read it as text: --input-format csv (or tsv); else save it as .xlsx",
            )
        with _damage_as_input_error(stored.path):
            marks = _inspect_archive(file, stored.path)
            book = _load(file, stored.path, row_by_row=True)
        try:
            yield Workbook(stored.path, file, book, marks)
        finally:
            book.close()


def is_workbook(head: bytes) -> bool:
    """Whether these are the first bytes of an Excel workbook; perhaps of another Office document."""
    return head.startswith(ZIP) and (PARTS.encode() in head or CONTENT_TYPES.encode() in head[:64])


def name_other_kind(head: bytes) -> str | None:
    """What a spreadsheet of another kind is; None if these are not the first bytes of one."""
    if head.startswith(OLE):
        return OLD_KIND
    if not head.startswith(ZIP):
        return None
    if head[30:].startswith(OPEN_DOCUMENT):
        return OPEN_KIND
    return BINARY_KIND if BINARY_PART.encode() in head else None


def _refuse_kind(path: str, kind: str, file: BinaryIO) -> InputError:
    file.seek(0)
    if kind == OLD_KIND and ENCRYPTED in file.read():
        return InputError(
            "the workbook is protected by a password",
            where=path,
            expected="a workbook that opens without one",
            hint="open it in a spreadsheet, remove the password (in Excel: File, Info, Protect Workbook), "
            "and save it",
        )
    return InputError(
        f"it is {kind}",
        where=path,
        expected="an Excel workbook (.xlsx)",
        hint="save it as .xlsx or CSV in a spreadsheet; with LibreOffice: "
        f"soffice --headless --convert-to xlsx {shell_word(path)}",
    )


def _load(file: BinaryIO, path: str, *, row_by_row: bool) -> Any:  # noqa: ANN401  # it is loaded when needed
    """The workbook: row by row with the values of formulas, or as a whole with the formulas themselves."""
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(
            "this is an Excel workbook, and openpyxl, which reads them, is not installed",
            where=path,
            hint="install it: python -m pip install openpyxl; or save the sheet as CSV",
        ) from error
    file.seek(0)
    return openpyxl.load_workbook(file, read_only=row_by_row, data_only=row_by_row)


@contextmanager
def _damage_as_input_error(path: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # openpyxl raises many kinds on XML that is not as it should be
        detail = " ".join(str(error).split())[:SHOWN] or type(error).__name__
        raise InputError(
            f"the workbook is damaged ({detail})",
            where=path,
            expected="an Excel workbook (.xlsx)",
            hint="open it in a spreadsheet and save it again, or download it again",
        ) from error


# ------------------------------------------------------- what is in it, before it is unpacked


def _inspect_archive(file: BinaryIO, path: str) -> Marks:
    """What the parts of a workbook have.

    Raises:
        InputError: It is another kind of file, or would be too large.
        ValueError: It has a document type definition, which no workbook has, and which can grow without end.
    """
    found = dict.fromkeys(MARKS, False)
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        _check_parts(parts, path, file)
        for part in parts:
            if not part.filename.endswith((".xml", ".rels")):
                continue
            with archive.open(part) as content:
                for number, chunk in enumerate(_read_overlapping(content)):
                    if not number and STRICT in chunk:
                        raise _explain_strict(path)
                    if not number and b"<!DOCTYPE" in chunk.replace(b"\0", b""):
                        raise ValueError(f"{part.filename} has a document type definition")
                    if not part.filename.startswith((SHEETS, STYLES)):
                        break
                    found |= {mark: found[mark] or mark.search(chunk) is not None for mark in MARKS}
    return Marks(*found.values())


def _explain_strict(path: str) -> InputError:
    return InputError(
        "the workbook is stored as Strict Open XML",
        where=path,
        expected="the usual kind of .xlsx",
        hint="open it in a spreadsheet, and save it as Excel Workbook (.xlsx), or the sheet as CSV",
    )


def _check_parts(parts: list[zipfile.ZipInfo], path: str, file: BinaryIO) -> None:
    names = {part.filename for part in parts}
    if BINARY_PART in names:
        raise _refuse_kind(path, BINARY_KIND, file)
    if not any(name.startswith(PARTS) for name in names):
        is_document = CONTENT_TYPES in names
        raise InputError(
            f"this is {'another Office document' if is_document else 'a zip archive'}, not an Excel workbook",
            where=path,
            hint="save its table as .xlsx or CSV"
            if is_document
            else "unpack it, and name the file that is in it",
        )
    total = sum(part.file_size for part in parts)
    is_packed = any(part.file_size > max(LARGE_BYTES, MOST_PACKED * part.compress_size) for part in parts)
    if total > MOST_BYTES or len(parts) > MOST_PARTS or is_packed:
        raise InputError(
            f"the workbook would unpack to {total:,} bytes in {format_count(len(parts), 'part')}",
            where=path,
            expected="a workbook as a spreadsheet writes it",
            hint="if you trust the file, open it in a spreadsheet and save the sheet as CSV",
        )


def _read_overlapping(content: Any) -> Iterator[bytes]:  # noqa: ANN401  # a part of an archive
    """The content in pieces; each starts with the end of the one before, so that one has every cell whole."""
    before = b""
    while chunk := content.read(CHUNK_BYTES):
        yield before + chunk
        before = chunk[-LONGEST_CELL:]


# ---------------------------------------------------------------------- the cells


def name_cell(row: int, column: int) -> str:
    """A cell as a spreadsheet names it; both numbers count from 1.

    Example:
        >>> name_cell(7, 3), name_cell(1, 28)
        ('C7', 'AB1')
    """
    return f"{name_column(column)}{row}"


def name_column(column: int) -> str:
    """The letters of a column, which counts from 1."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _list_texts(row: Any) -> Iterator[tuple[int, str]]:  # noqa: ANN401  # cells of openpyxl, or values
    """The filled cells of a row as texts, by the number of their column."""
    from openpyxl.utils.escape import unescape

    for column, cell in enumerate(row, start=1):
        value, shown_as = (cell.value, cell.number_format) if hasattr(cell, "number_format") else (cell, "")
        if value is None or value == "":
            continue
        text = value if isinstance(value, str) else show_cell(value, shown_as)
        yield column, unescape(text) if "_x" in text else text


def show_cell(value: object, number_format: str = "") -> str:
    """The value of a cell as text: as a spreadsheet shows it in English, and dates as ISO 8601.

    Example:
        >>> show_cell(True), show_cell(3.0), show_cell(112, "0000"), show_cell(1.46e18)
        ('TRUE', '3', '0112', '1460000000000000000')
    """
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            is_padded = value >= 0 and ZEROS.fullmatch(number_format)
            return str(value).zfill(len(number_format)) if is_padded else str(value)
        case float():
            return f"{Decimal(repr(value)):f}".removesuffix(".0") if value.is_integer() else repr(value)
        case dt.datetime():
            is_day = value.time() == dt.time.min
            return value.date().isoformat() if is_day else value.isoformat(sep=" ")
        case dt.timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)
