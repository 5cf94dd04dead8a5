"""An Excel workbook that people fill in by hand: the queue, how to fill it in, and the labels to choose from.

All cells but the doubt are text, so that a spreadsheet keeps `0112` and long ids, and runs no formula.
XlsxWriter writes: the same queue gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError
from doubtcli.files.workbook import name_cell
from doubtcli.records.answers import UNUSABLE_STATUS
from doubtcli.records.queue import EQUAL_ROWS_COLUMN, ROW_HASH_COLUMN
from doubtcli.tools.plain import ID, SCORE, STATUS, VERDICT, QueueFile
from doubtcli.tools.values import name_own_columns, to_csv_texts
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records.queue import Queue

    Columns = Mapping[str, Sequence[str | float | None]]

FILLED_IN = (VERDICT, STATUS, "why")
"""The columns that people fill in; they come first."""
LOOKED_AT = ("given_label", "doubt_suggested", EQUAL_ROWS_COLUMN)
"""The columns beside them; then come those that the models judged by, and all others."""
SHEET, ABOUT, LABELS = "queue", "about", "labels"
ABOUT_LINES = (
    "Choose the right label of each row under verdict: the given one to keep it, another one to correct it.",
    "Leave verdict empty where you are not sure.",
    f"verdict_status may be skip (you don't decide) or {UNUSABLE_STATUS} (no label fits).",
    "why is for a reason; you may add a column annotator, for who decided.",
    "You may sort and filter the rows, and hide columns.",
    f"Keep {ID} and {ROW_HASH_COLUMN}: they say which row it is.",
    "README.txt, beside this file, explains all columns, and how to write the verdicts back.",
)

MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 2**20, 2**14, 2**15 - 1
"""What a sheet and a cell can hold: Microsoft's "Excel specifications and limits"."""
NOT_IN_XML = re.compile("[\ufffe\uffff]")
"""XML 1.0, 2.2: other characters that it lacks have an escape in workbooks, such as _x0007_."""
CUT = " [cut]"
"""The end of a text that is too long for a cell."""
MADE = dt.datetime(2000, 1, 1)  # noqa: DTZ001  # so that the same queue gives the same bytes
WIDTHS = {12: 14, 40: 24}
"""The width of a column, in characters, by the longest text in it."""
WIDE = 60
"""The width of columns with longer texts."""
TOP = {"valign": "top"}
HEADER = {"bold": True, "bottom": 1, "text_wrap": True, **TOP}
TEXT = {"num_format": "@", "text_wrap": True, **TOP}
TO_FILL_IN = {"bg_color": "#FFF8DC"}
NUMBER = {"num_format": "0.0000", **TOP}


def write_queue_xlsx(queue: Queue) -> bytes:
    """A queue as a workbook.

    Raises:
        InputError: XlsxWriter is missing, or a sheet can't hold the queue.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise InputError(
            "XlsxWriter, which writes Excel workbooks, is not installed",
            where="--to xlsx",
            hint="install it: python -m pip install xlsxwriter; or write CSV: --to csv",
        ) from error
    columns = _list_columns(queue)
    _check_size(queue, columns)
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        book.set_properties({"created": MADE})
        sheet, about, labels = (book.add_worksheet(name) for name in (SHEET, ABOUT, LABELS))
        _write_columns(book, sheet, columns)
        _add_choices(sheet, columns, len(queue.rows), len(queue.class_names))
        about.set_column(0, 0, 2 * WIDE, book.add_format(TEXT))
        for row, line in enumerate(ABOUT_LINES):
            about.write_string(row, 0, line)
        for row, name in enumerate(queue.class_names):
            labels.write_string(row, 0, name)
        labels.hide()
    return sink.getvalue()


def _list_columns(queue: Queue) -> Columns:
    """The values of each column by its name, in the order of the sheet."""
    cells = [queue.cells(row) for row in queue.rows]
    names = dict(zip(queue.own.column_names, name_own_columns(queue.own.column_names), strict=True))
    theirs: dict[str, Sequence[str | float | None]] = {
        own: to_csv_texts(queue.own.column(name)).to_pylist() for name, own in names.items()
    }
    shown = {*queue.parts.images, *queue.parts.text, *queue.parts.card}
    seen = [own for name, own in names.items() if name in shown]
    ours: dict[str, Sequence[str | float | None]] = {
        name: [cell.get(name) for cell in cells] for name in (*FILLED_IN, *queue.columns)
    }
    in_order = dict.fromkeys((*FILLED_IN, *LOOKED_AT, *seen, *queue.columns, *theirs))
    return {name: (ours | theirs)[name] for name in in_order}


def _check_size(queue: Queue, columns: Columns) -> None:
    if len(queue.rows) >= MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise InputError(
            f"the queue has {len(queue.rows):,} rows and {len(columns):,} columns",
            where="--to xlsx",
            expected=f"at most {MOST_ROWS - 1:,} rows and {MOST_COLUMNS:,} columns, as a sheet can hold",
            hint="ask for fewer rows: --size 1000; or write CSV: --to csv",
        )
    texts = (*(row.doubt_id for row in queue.rows), *queue.class_names)
    unfit = next((text for text in texts if _fit_text(text) != text), None)
    if unfit is not None:
        raise InputError(
            f"a cell can't hold the id or label {shorten_quoted(unfit)}",
            where="--to xlsx",
            expected=f"at most {MOST_CHARACTERS:,} characters, all of which XML can store",
            hint="write CSV: --to csv",
        )


def _write_columns(book: Any, sheet: Any, columns: Columns) -> None:  # noqa: ANN401  # loaded when needed
    """The header and all values, with texts wrapped; the header and the verdict stay in view."""
    header, header_to_fill_in = book.add_format(HEADER), book.add_format(HEADER | TO_FILL_IN)
    text, to_fill_in, number = (book.add_format(one) for one in (TEXT, TEXT | TO_FILL_IN, NUMBER))
    for place, (name, values) in enumerate(columns.items()):
        is_empty = name in FILLED_IN
        longest = max(len(str(value or "")) for value in (name, *values))
        width = next((width for most, width in WIDTHS.items() if longest <= most), WIDE)
        sheet.set_column(place, place, width, number if name == SCORE else text)
        sheet.write_string(0, place, name, header_to_fill_in if is_empty else header)
        for row, value in enumerate(values, start=1):
            if isinstance(value, float):
                sheet.write_number(row, place, value, number)
            elif value:
                sheet.write_string(row, place, _fit_text(value), text)
            else:
                sheet.write_blank(row, place, None, to_fill_in if is_empty else text)
    sheet.freeze_panes(1, 1)
    last_row, last_column = len(next(iter(columns.values()))), len(columns) - 1
    sheet.autofilter(0, 0, last_row, last_column)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{name_cell(last_row + 1, last_column + 1)}"})


def _fit_text(text: str) -> str:
    """The text as a cell can hold it."""
    text = NOT_IN_XML.sub("\ufffd", text)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - len(CUT)] + CUT


def _add_choices(sheet: Any, columns: Columns, n_rows: int, n_labels: int) -> None:  # noqa: ANN401
    """Lists to choose a verdict and its status from; another label can be written after a warning."""
    places = list(columns)
    verdict, status = places.index(VERDICT), places.index(STATUS)
    if n_labels:
        choice = {
            "validate": "list",
            "source": f"={LABELS}!$A$1:$A${n_labels}",
            "error_type": "warning",
            "error_title": "Not a label of the file",
            "error_message": "Choose a label from the list, or write a new one (doubt apply --new-labels).",
        }
        sheet.data_validation(1, verdict, n_rows, verdict, choice)
    sheet.data_validation(
        1, status, n_rows, status, {"validate": "list", "source": ["skip", UNUSABLE_STATUS]}
    )


XLSX = QueueFile(
    "xlsx",
    "Excel",
    write_queue_xlsx,
    (
        "Open queue.xlsx in Excel, LibreOffice or Google Sheets.",
        "Choose the right label in the column verdict: the given one to keep it, another one to correct it.",
    ),
    "Leave verdict empty where you are not sure. verdict_status may be skip or unusable, and why is for a "
    "reason. You may add a column annotator, with who decided.",
)
