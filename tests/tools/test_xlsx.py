from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.records import RowSnapshot
from doubtcli.tools.read import read_answers
from doubtcli.tools.xlsx import CUT, MOST_CHARACTERS, XLSX, write_queue_xlsx
from doubtcli.verdicts.corrections import make_lenient_terms, settle_answers
from doubtcli.verdicts.rows import VerdictRows
from doubtcli.verdicts.spelling import Spellings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from doubtcli.records.queue import Queue
    from tests.conftest import Case, Sentences

FORMULA = '=HYPERLINK("https://example.org/?x="&A1,"click")'


def read_sheets(content: bytes) -> dict[str, list[list[Any]]]:
    """The cells of each sheet, read by calamine, a reader in Rust."""
    book = python_calamine.load_workbook(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def fill_in(content: bytes, path: Path, cells: Mapping[tuple[int, str], Any]) -> str:
    """The workbook with other values, by row and column name, as openpyxl saves it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["queue"]
    places = {cell.value: cell.column for cell in sheet[1]}
    for (row, column), value in cells.items():
        sheet.cell(row, places[column]).value = value
    book.save(path)
    return str(path)


def of_one(queue: Queue, row_id: str, **changes: Any) -> Queue:
    """A queue of its first row, with another id."""
    return replace(
        queue, rows=(replace(queue.rows[0], doubt_id=row_id),), own=queue.own.slice(0, 1), **changes
    )


def test_columns(tickets: Case) -> None:
    """What people fill in and look at comes first, then our columns; all but the doubt is text."""
    cells = read_sheets(XLSX.hand_out(tickets.queue(size=1))["queue.xlsx"])["queue"]

    assert dict(zip(*cells, strict=True)) == {
        "verdict": "",
        "verdict_status": "",
        "why": "",
        "given_label": "billing",
        "doubt_suggested": "delivery",
        "doubt_equal_rows": "2",
        "text": "Where is\nmy parcel?",
        "age": "1.5",
        "doubt_id": "t1",
        "doubt_score": 0.97,
        "doubt_reasons": "low-self-confidence, duplicate-conflict",
        "doubt_why": 'models give delivery 0.91; "t3" is delivery',
        "tier": "doubted",
        "doubt_strategy": "top",
        "doubt_conflicts": '["t3"]',
        "doubt_row_hash": "a" * 16,
        "label": "billing",
        "zip": "007",
        "input_doubt_id": "mine",
        "vector": "[0.1, 0.2]",
    }
    assert list(cells[0])[:8] == [
        *("verdict", "verdict_status", "why", "given_label", "doubt_suggested", "doubt_equal_rows"),
        *("text", "age"),
    ]


def test_sheet_for_people(tickets: Case) -> None:
    """Labels and statuses are lists to choose from, the header stays in view, texts are wrapped."""
    book = openpyxl.load_workbook(io.BytesIO(write_queue_xlsx(tickets.queue())))
    sheet = book["queue"]

    lists = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert lists == {"A2:A4": "labels!$A$1:$A$3", "B2:B4": '"skip,unusable"'}
    assert [cell.value for cell in book["labels"]["A"]] == ["billing", "bug", "delivery"]
    assert [(one.title, one.sheet_state) for one in book] == [
        *(("queue", "visible"), ("about", "visible"), ("labels", "hidden")),
    ]
    assert sheet.freeze_panes == "B2"
    assert all(cell.alignment.wrap_text and cell.number_format == "@" for cell in sheet[2][:7])


def test_same_queue_gives_the_same_bytes(tickets: Case) -> None:
    """A workbook has no time and no name in it."""
    assert write_queue_xlsx(tickets.queue()) == write_queue_xlsx(tickets.queue())


def test_text_is_no_formula(tickets: Case) -> None:
    """A text that starts like a formula is stored as text."""
    queue = tickets.queue(size=1)
    own = queue.own.set_column(0, "text", pa.array([FORMULA]))

    book = openpyxl.load_workbook(io.BytesIO(write_queue_xlsx(replace(queue, own=own))))

    found = [cell for row in book["queue"] for cell in row if cell.value == FORMULA]
    assert [cell.data_type for cell in found] == ["s"]


def test_long_text_is_cut(tickets: Case) -> None:
    """A text that is too long for a cell is cut, and says so."""
    queue = tickets.queue(size=1)
    own = queue.own.set_column(0, "text", pa.array(["x" * 40_000]))

    header, cells = read_sheets(write_queue_xlsx(replace(queue, own=own)))["queue"]

    assert cells[header.index("text")] == "x" * (MOST_CHARACTERS - len(CUT)) + CUT


@pytest.mark.parametrize("row_id", ["x" * 40_000, "a\uffff"], ids=["long", "no character"])
def test_id_that_no_cell_holds(tickets: Case, row_id: str, sentences: Sentences) -> None:
    """An id that can't come back is refused."""
    with pytest.raises(InputError) as caught:
        write_queue_xlsx(of_one(tickets.queue(size=1), row_id))

    sentences.check(caught.value)


def test_missing_library(tickets: Case, monkeypatch: pytest.MonkeyPatch, sentences: Sentences) -> None:
    """Without XlsxWriter, the error has the command that installs it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)

    with pytest.raises(InputError) as caught:
        write_queue_xlsx(tickets.queue())

    sentences.check(caught.value)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufffe\uffff"), min_size=1, max_size=9)


@given(row_id=TEXTS.filter(str.strip), label=TEXTS.filter(str.strip))
@settings(max_examples=25)
def test_any_label_of_any_row_comes_back(
    tickets: Case, tmp_path_factory: pytest.TempPathFactory, row_id: str, label: str
) -> None:
    """Any text may be an id or a label: what is chosen for a row is decided on it."""
    queue = of_one(tickets.queue(size=1), row_id, class_names=("billing", label))
    path = tmp_path_factory.mktemp("queue") / "queue.done.xlsx"
    path.write_bytes(write_queue_xlsx(queue))
    chosen = read_sheets(path.read_bytes())["labels"][1][0]
    rows = VerdictRows.of([RowSnapshot(row_id, 1, "billing", "a" * 16)], Spellings({label: label}))
    answer = replace(read_answers(str(path)).answers[0], verdict=chosen)

    found = settle_answers([answer], rows, make_lenient_terms())

    assert [(one.row_id, one.verdict) for one in found.decisions] == [(row_id, label)]


def test_filled_in(tickets: Case, tmp_path: Path) -> None:
    """Verdicts, statuses and reasons come back, also if a spreadsheet stored other types than text."""
    content = write_queue_xlsx(tickets.queue())
    filled = {
        (2, "verdict"): "delivery",
        (2, "why"): "no invoice",
        (3, "verdict"): True,
        (4, "verdict"): 12.0,
        (4, "verdict_status"): "skip",
    }

    read = read_answers(fill_in(content, tmp_path / "done.xlsx", filled))

    assert [(one.row, one.row_id, one.verdict, one.status, one.why) for one in read.answers] == [
        (2, "t1", "delivery", "", "no invoice"),
        (3, "t2", "TRUE", "", ""),
        (4, "t3", "12", "skipped", ""),
    ]
    assert (read.tool, read.notes) == ("doubt", ())


def test_sheet_with_the_queue(tickets: Case, tmp_path: Path) -> None:
    """Other tables that people add to the workbook do no harm."""
    path = tmp_path / "done.xlsx"
    path.write_bytes(write_queue_xlsx(tickets.queue()))
    book = openpyxl.load_workbook(path)
    added = book.create_sheet("counts", 0)
    for row in (["label", "number"], ["bug", 3]):
        added.append(row)
    book.save(path)

    assert len(read_answers(str(path)).answers) == 3


def test_row_of_an_error(tickets: Case, tmp_path: Path, sentences: Sentences) -> None:
    """An error names the row by its number in the sheet."""
    path = fill_in(
        write_queue_xlsx(tickets.queue()), tmp_path / "done.xlsx", {(4, "verdict_status"): "maybe"}
    )

    with pytest.raises(InputError) as caught:
        read_answers(path)

    assert caught.value.row == 4
    sentences.check(caught.value)
