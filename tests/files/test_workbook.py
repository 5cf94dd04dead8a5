from __future__ import annotations

import datetime as dt
import io
import re
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter

from doubtcli.errors import InputError
from doubtcli.files.table import read_table
from doubtcli.files.workbook import LARGE_BYTES, name_cell, show_cell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Sentences

ROWS = [["text", "label"], ["hello", "a"], ["bye", "b"]]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A small workbook."""
    path = tmp_path / "data.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
    return path


def replace_part(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change one part of a workbook."""
    with zipfile.ZipFile(path) as old:
        parts = {part: old.read(part) for part in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part, content in parts.items():
            new.writestr(part, change(content) if part == name else content)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "TRUE"),
        (False, "FALSE"),
        (3, "3"),
        (-3, "-3"),
        (3.0, "3"),
        (0.25, "0.25"),
        (1e-7, "1e-07"),
        (1.460323737035678e18, "1460323737035678000"),
        (dt.datetime.fromisoformat("2024-01-31"), "2024-01-31"),
        (dt.datetime.fromisoformat("2024-01-31 12:30"), "2024-01-31 12:30:00"),
        (dt.time(12, 30), "12:30:00"),
        (dt.timedelta(hours=30, seconds=5), "30:00:05"),
    ],
)
def test_value_as_text(value: object, shown: str) -> None:
    """A value is shown as in a spreadsheet in English, a date as in ISO 8601."""
    assert show_cell(value) == shown


@pytest.mark.parametrize(("number_format", "shown"), [("0000", "0112"), ("0", "112"), ("General", "112")])
def test_number_with_zeros_in_front(tmp_path: Path, number_format: str, shown: str) -> None:
    """A number that its format shows with zeros in front has them."""
    path = tmp_path / "data.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["text", "label"])
        sheet.write_row(1, 0, ["hello"])
        sheet.write_number(1, 1, 112, made.add_format({"num_format": number_format}))

    assert read_table(str(path)).data.to_pylist() == [{"text": "hello", "label": shown}]


def test_name_of_a_cell() -> None:
    """Columns are called A to Z, then AA, up to XFD."""
    found = [name_cell(1, column) for column in (1, 26, 27, 702, 703, 16384)]

    assert found == ["A1", "Z1", "AA1", "ZZ1", "AAA1", "XFD1"]


def test_cells_far_away_take_no_memory(tmp_path: Path) -> None:
    """A stray cell in the last column, and far below, is left out; the table is read."""
    path = tmp_path / "data.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet()
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
        sheet.write(2**16, 2**14 - 1, "x")

    table = read_table(str(path))

    assert table.data.to_pylist() == [{"text": "hello", "label": "a"}, {"text": "bye", "label": "b"}]


# --------------------------------------------------------- what is not a workbook, or a bad one


def zip_of(**parts: bytes) -> bytes:
    """A zip archive."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/"), content)
    return sink.getvalue()


OTHERS: dict[str, bytes] = {
    "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "password.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + bytes(600)
    + "EncryptedPackage".encode("utf-16-le"),
    "office.ods": zip_of(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
    "binary.xlsb": zip_of(**{"xl/workbook.bin": b"x"}),
    "archive.xlsx": zip_of(**{"data.csv": b"text,label\n"}),
    "text.docx": zip_of(**{"[Content_Types].xml": b"x", "word/document.xml": b"x"}),
    "cut.xlsx": b"PK\x03\x04xl/" + bytes(40),
    "text.xlsx": b"text,label\nhello,a\n",
}


@pytest.mark.parametrize("name", OTHERS)
def test_spreadsheet_of_another_kind(tmp_path: Path, name: str, sentences: Sentences) -> None:
    """What is no .xlsx is named for what it is, with what to do."""
    path = tmp_path / name
    path.write_bytes(OTHERS[name])

    with pytest.raises(InputError) as caught:
        read_table(str(path))

    assert caught.value.where == str(path)
    caught.value.hint = (caught.value.hint or "").replace(str(path), "FILE").replace(str(tmp_path), "FOLDER")
    sentences.check(caught.value)


@pytest.mark.parametrize("name", ["old.xls", "office.ods", "binary.xlsb"])
def test_kind_is_known_without_its_ending(tmp_path: Path, name: str) -> None:
    """A spreadsheet of another kind is known by its first bytes, too."""
    path = tmp_path / "data"
    path.write_bytes(OTHERS[name])

    with pytest.raises(InputError, match=re.escape(name[name.index(".") :])):
        read_table(str(path))


def test_workbook_is_known_without_its_ending(book: Path) -> None:
    """A workbook is known by its first bytes."""
    found = read_table(str(book.rename(book.with_name("data"))))

    assert found.source.format == "xlsx"


def test_strict_open_xml(book: Path, sentences: Sentences) -> None:
    """A workbook in the strict variant, which is not read, is an error that says so."""
    strict = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    usual = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/sharedStrings.xml"):
        replace_part(book, name, lambda part: part.replace(usual, strict))

    with pytest.raises(InputError) as caught:
        read_table(str(book))

    sentences.check(caught.value)


def test_packed_too_much(book: Path, sentences: Sentences) -> None:
    """A part that would unpack to far more than a table is refused before it is unpacked."""
    replace_part(book, "xl/sharedStrings.xml", lambda _: bytes(LARGE_BYTES + 1))

    with pytest.raises(InputError) as caught:
        read_table(str(book))

    assert "would unpack to" in caught.value.found
    sentences.check(caught.value.hint or "")


def test_entities_are_refused(book: Path) -> None:
    """A document type definition, which can make a small file endless, is refused."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    replace_part(book, "xl/sharedStrings.xml", lambda part: part.replace(b"<sst", bomb + b"<sst", 1))

    with pytest.raises(InputError, match="document type definition"):
        read_table(str(book))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("xl/worksheets/sheet1.xml", lambda part: part[: len(part) // 2]),
        ("xl/worksheets/sheet1.xml", lambda part: part.replace(b"<v>0</v>", b"<v>99</v>")),
        ("xl/worksheets/sheet1.xml", lambda part: part.replace(b'r="A2"', b'r="2A"')),
        ("xl/workbook.xml", lambda part: part.replace(b"rId1", b"rId9")),
        ("xl/sharedStrings.xml", lambda _: b"no XML"),
        ("[Content_Types].xml", lambda _: b""),
    ],
    ids=["cut", "no such text", "no such cell", "no such sheet", "no XML", "empty"],
)
def test_damaged_workbook(book: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    """A damaged part gives one error that names the file."""
    replace_part(book, part, change)

    with pytest.raises(InputError) as caught:
        read_table(str(book))

    assert (caught.value.where or "").startswith(str(book))


def test_missing_library(book: Path, monkeypatch: pytest.MonkeyPatch, sentences: Sentences) -> None:
    """Without openpyxl, the error has the command that installs it."""
    monkeypatch.setitem(sys.modules, "openpyxl", None)

    with pytest.raises(InputError) as caught:
        read_table(str(book))

    sentences.check(caught.value)


# ---------------------------------------------------------- what a reader of rows does not see


def save(path: Path, fill: Callable[[Any], None]) -> str:
    """A workbook that openpyxl writes; it calculates no formula."""
    made = openpyxl.Workbook()
    fill(made.active)
    made.save(path)
    return str(path)


def test_merged_cells(tmp_path: Path, sentences: Sentences) -> None:
    """A value in cells that are merged downwards counts for each of their rows, and a note says so."""

    def fill(sheet: Any) -> None:
        for row in (["text", "label"], ["one", "a"], ["two"], ["three"], ["four", "b"]):
            sheet.append(row)
        sheet.merge_cells("B2:B4")

    table = read_table(save(tmp_path / "data.xlsx", fill))

    assert table.data.column("label").to_pylist() == ["a", "a", "a", "b"]
    sentences.check(*table.notes)


def test_cells_merged_above_the_table(tmp_path: Path) -> None:
    """A title over several columns changes nothing in the table."""

    def fill(sheet: Any) -> None:
        for row in (["Tickets"], ["text", "label"], ["one", "a"], ["two", None]):
            sheet.append(row)
        sheet.merge_cells("A1:B1")

    table = read_table(save(tmp_path / "data.xlsx", fill))

    assert table.data.column("label").to_pylist() == ["a", None]


def test_formula_without_a_value(tmp_path: Path, sentences: Sentences) -> None:
    """A formula that was never calculated is an error, since its cell would seem to be empty."""

    def fill(sheet: Any) -> None:
        for row in (["text", "label"], ["one", '=UPPER("a")'], ["two", "b"]):
            sheet.append(row)

    path = save(tmp_path / "data.xlsx", fill)

    with pytest.raises(InputError) as caught:
        read_table(path)

    assert "B2" in caught.value.found
    sentences.check(caught.value)


def test_formula_beside_the_table(tmp_path: Path) -> None:
    """A formula without a value does no harm where no column of the table is."""

    def fill(sheet: Any) -> None:
        for row in (["text", "label"], ["one", "a"], ["two", "b", None, "=A1"]):
            sheet.append(row)

    table = read_table(save(tmp_path / "data.xlsx", fill))

    assert table.data.column("label").to_pylist() == ["a", "b"]
