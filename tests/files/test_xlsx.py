from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError, SettingsError
from doubtcli.files.table import read_table
from doubtcli.files.text import find_physical_lines, locate_rows
from doubtcli.files.xlsx import find_header
from doubtcli.records import ReadOptions, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.conftest import Sentences

    Cells = Mapping[tuple[int, int], Any]

TABLE = [["id", "text", "label"], ["1", "one", "a"], ["2", "two", "b"]]


def write(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> str:
    """A workbook of lists of rows; None is an empty cell."""
    with xlsxwriter.Workbook(path) as made:
        days = made.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    if isinstance(value, dt.datetime):
                        sheet.write_datetime(number, place, value, days)
                    elif isinstance(value, str) and value.startswith("#"):
                        sheet.write_formula(number, place, "=NA()", None, value)
                    elif isinstance(value, str):
                        sheet.write_string(number, place, value)
                    elif value is not None:
                        sheet.write(number, place, value)
            if name in hidden:
                sheet.hide()
    return str(path)


def read(tmp_path: Path, *rows: Sequence[Any]) -> Table:
    """What is read from a workbook with one sheet."""
    return read_table(write(tmp_path / "data.xlsx", {"Data": rows}))


def test_cells_as_text(tmp_path: Path) -> None:
    """Every cell is text as a spreadsheet shows it; an error is its name, and an empty cell is missing."""
    moment = dt.datetime.fromisoformat("2024-01-31 12:30")

    table = read(
        tmp_path,
        ["n", "x", "flag", "when", "error", "code"],
        [3, 0.25, True, moment, "#DIV/0!", "007"],
        [-1, None, False, moment, "#N/A", " =1+1"],
    )

    assert table.data.to_pylist() == [
        {
            "n": "3",
            "x": "0.25",
            "flag": "TRUE",
            "when": "2024-01-31 12:30:00",
            "error": "#DIV/0!",
            "code": "007",
        },
        {
            "n": "-1",
            "x": None,
            "flag": "FALSE",
            "when": "2024-01-31 12:30:00",
            "error": "#N/A",
            "code": " =1+1",
        },
    ]
    assert (table.source.format, table.source.sheet, table.notes) == ("xlsx", "Data", ())


@pytest.mark.parametrize(
    ("ids", "is_noted"),
    [
        ([1460323737035677698, 1460323737035685617], True),
        (["1460323737035677698", "1460323737035677000"], False),
    ],
    ids=["numbers", "texts"],
)
def test_long_numbers(tmp_path: Path, ids: list[Any], is_noted: bool, sentences: Sentences) -> None:
    """A note says that numbers of more than 15 digits are rounded in a spreadsheet; texts are not."""
    table = read(tmp_path, ["id", "text"], *([one, "a"] for one in ids))

    assert bool(table.notes) == is_noted
    sentences.check("\n".join(table.notes) or "no note")


def test_line_of_a_row(tmp_path: Path) -> None:
    """A message names a row by its number in the sheet, too."""
    assert locate_rows(read(tmp_path, ["Title"], [], *TABLE).source, [1]) == "1 (row 4 of the sheet)"


def test_empty_rows_and_columns_around(tmp_path: Path) -> None:
    """A table may be anywhere in its sheet, with empty rows in it; a row is on the line of its row."""
    rows = [[], [None, None, *TABLE[0]], [], [None, None, *TABLE[1]], [], [None, None, *TABLE[2]], []]

    table = read(tmp_path, *rows)

    assert table.data.to_pylist() == [dict(zip(TABLE[0], row, strict=True)) for row in TABLE[1:]]
    assert table.notes == ()
    assert find_physical_lines(table.source, [1, 2]) == {1: (4, 4), 2: (6, 6)}


def test_titles_above_the_header(tmp_path: Path, sentences: Sentences) -> None:
    """Lines above the header are left out, and a note has them."""
    table = read(tmp_path, ["Tickets of June"], ["Author:", "Ana"], [], *TABLE)

    assert table.data.num_rows == 2
    assert find_physical_lines(table.source, [1]) == {1: (5, 5)}
    sentences.check(*table.notes)


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([(1, "ab"), (2, "ab")], 0),
        ([(1, "a"), (2, "ab"), (3, "ab")], 1),
        ([(1, "a"), (3, "a")], 0),
        ([(1, "bc"), (2, "abc"), (3, "abc")], 0),
        ([(1, "ab"), (2, "abc"), (3, "abc")], 0),
        ([(1, "ab"), (2, "ab"), (4, "abc"), (5, "abc")], 2),
        ([(1, "abc"), (3, "abcz"), (4, "abc"), (5, "abc")], 0),
        ([(1, "abc"), (3, "a"), (5, "abc")], 0),
        ([(1, "a"), (2, "ab"), (3, "abcd"), (5, "ad"), (6, "abcd")], 2),
    ],
    ids=["first", "title", "one column", "row numbers", "no name", "titles", "remark", "gaps", "author"],
)
def test_row_of_names(rows: list[tuple[int, str]], header: int) -> None:
    """The header is the first row of most columns, or one after an empty row that has more than before."""
    assert find_header([(number, set(map(ord, columns))) for number, columns in rows]) == header


def test_no_header(tmp_path: Path) -> None:
    """With --no-header, the first filled row is data."""
    path = write(tmp_path / "data.xlsx", {"Data": [[], *([None, *row] for row in TABLE[1:])]})

    table = read_table(path, ReadOptions(has_header=False))

    assert table.data.to_pylist() == [
        {"column_1": "1", "column_2": "one", "column_3": "a"},
        {"column_1": "2", "column_2": "two", "column_3": "b"},
    ]
    assert find_physical_lines(table.source, [1]) == {1: (2, 2)}


def test_first_row_looks_like_data(tmp_path: Path, sentences: Sentences) -> None:
    """A sheet whose first row looks like those below is refused, as a CSV file is."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, *[[f"A-{number}", "ab"[number % 2]] for number in range(40)])

    sentences.check(caught.value)


def test_row_numbers_without_a_name(tmp_path: Path, sentences: Sentences) -> None:
    """A first column that only numbers the rows needs no name, as pandas writes it."""
    table = read(tmp_path, [None, "text", "label"], [0, "one", "a"], [1, "two", "b"])

    assert table.data.column_names == ["unnamed_0", "text", "label"]
    sentences.check(*table.notes)


@pytest.mark.parametrize(
    ("rows", "cell"),
    [
        ([["text", "label"], *[["one", "a", "x"]] * 9], "C1"),
        ([[], ["text", None, "label"], *[["one", "y", "a"]] * 9], "B2"),
        ([[None, "text", "label"], *[["x", "one", "a"]] * 9], "A1"),
    ],
)
def test_column_without_a_name(
    tmp_path: Path, rows: list[list[Any]], cell: str, sentences: Sentences
) -> None:
    """A column that has values needs a name; the error has the cell that it belongs into."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, *rows)

    assert cell in (caught.value.expected or "")
    sentences.check(caught.value)


def test_remarks_beside_the_table(tmp_path: Path, sentences: Sentences) -> None:
    """A few cells in a column without a name are left out, and a note has the first of them."""
    table = read(tmp_path, TABLE[0], [*TABLE[1], None, "checked by Bo"], TABLE[2])

    assert table.data.column_names == TABLE[0]
    sentences.check(*table.notes)


@pytest.mark.parametrize(
    "rows",
    [[], [["text", "label"]], [["text", "text"], ["one", "a"]]],
    ids=["empty", "only a header", "a name twice"],
)
def test_no_table(tmp_path: Path, rows: list[list[Any]], sentences: Sentences) -> None:
    """A sheet without rows, or with a name twice, is an error that names the sheet."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, *rows)

    assert "sheet 'Data'" in (caught.value.where or "")
    sentences.check(caught.value)


# ----------------------------------------------------------------------- several sheets


NOTES = [["Read me"], ["These are tickets."]]


def test_sheet_with_the_table(tmp_path: Path, sentences: Sentences) -> None:
    """The only visible sheet with a table is read; notes and hidden sheets are not."""
    sheets = {"Read me": NOTES, "Old": TABLE, "Data": TABLE, "Empty": []}

    table = read_table(write(tmp_path / "data.xlsx", sheets, hidden=["Old"]))

    assert table.source.sheet == "Data"
    sentences.check(*table.notes)


@pytest.mark.parametrize("name", ["Old", "Data", "Read me"])
def test_sheet_by_its_name(tmp_path: Path, name: str) -> None:
    """--sheet reads any sheet, also a hidden one, or one of a single column."""
    path = write(tmp_path / "data.xlsx", {"Read me": NOTES, "Old": TABLE, "Data": TABLE}, hidden=["Old"])

    table = read_table(path, ReadOptions(sheet=name))

    assert (table.source.sheet, table.notes) == (name, ())


@pytest.mark.parametrize(
    ("sheets", "hidden", "sheet"),
    [
        ({"May": TABLE, "June 2": TABLE}, [], None),
        ({"Read me": NOTES, "Empty": []}, [], None),
        ({"Read me": NOTES, "Old": TABLE, "Empty": []}, ["Old"], None),
        ({"May": TABLE}, [], "Mai"),
    ],
    ids=["several", "none", "hidden", "no such"],
)
def test_sheet_is_not_known(
    tmp_path: Path,
    sheets: dict[str, list[list[Any]]],
    hidden: list[str],
    sheet: str | None,
    sentences: Sentences,
) -> None:
    """If no sheet or several hold a table, or none has the name, the error lists them."""
    path = write(tmp_path / "data.xlsx", sheets, hidden)

    with pytest.raises(InputError) as caught:
        read_table(path, ReadOptions(sheet=sheet))

    sentences.check(caught.value)


def test_sheet_of_another_format(tmp_path: Path, sentences: Sentences) -> None:
    """--sheet is refused for a file that has no sheets."""
    path = tmp_path / "data.csv"
    path.write_text("text,label\none,a\n", encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        read_table(str(path), ReadOptions(sheet="May"))

    caught.value.found = caught.value.found.replace(str(path), "data.csv")
    sentences.check(caught.value)


# ------------------------------------------------------------------------- an outside reader


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.integers(-(10**6), 10**6).map(lambda number: number / 64),
    TEXTS,
)


@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=12))
@settings(max_examples=12)
def test_reads_what_another_reader_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]]
) -> None:
    """Cells are those that calamine, a reader in Rust, finds in a file of XlsxWriter."""
    path = tmp_path_factory.mktemp("book") / "data.xlsx"
    named = [["a", "b", "c"], ["0", "0", "0"], *rows]
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("Data")
        for number, row in enumerate(named):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif value is not None:
                    sheet.write(number, place, value)
    theirs = python_calamine.load_workbook(path).get_sheet_by_name("Data").to_python(skip_empty_area=False)

    table = read_table(str(path))

    filled = [row for row in theirs[1:] if any(value != "" for value in row)]
    assert [list(row.values()) for row in table.data.to_pylist()] == [
        list(map(as_shown, row)) for row in filled
    ]


def as_shown(value: object) -> str | None:
    """A cell of calamine, which has no whole numbers, as a spreadsheet shows it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value) or None
