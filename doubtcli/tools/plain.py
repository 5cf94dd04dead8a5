"""Queue files that people fill in by hand: CSV, JSON Lines and Parquet.

First come our columns, among them an empty `verdict`; then the user's columns, unchanged. If one of the
user's columns has a name of ours, it gets the prefix `input_`. The `queue.csv` of an audit is such a file.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.errors import InputError
from doubtcli.files.csv import write_csv
from doubtcli.files.values import TEXT
from doubtcli.records.answers import UNUSABLE_STATUS, WITHDRAWN_STATUS, Answer
from doubtcli.records.queue import (
    CELLS_COLUMN,
    QUEUE_COLUMNS,
    ROW_HASH_COLUMN,
    SAFE_CELLS,
    SCORE_DECIMALS,
    TIER_COLUMN,
)
from doubtcli.records.tool import AnswerShape, Tool
from doubtcli.tools.values import (
    name_own_columns,
    read_answer_text,
    read_our_columns,
    to_csv_texts,
    to_json_value,
    write_json_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from doubtcli.records.queue import Queue, QueueRow
    from doubtcli.records.tool import AnswerRecord

ID, VERDICT, STATUS = QUEUE_COLUMNS[0], QUEUE_COLUMNS[-1], "verdict_status"
"""The columns by which a queue file is recognised."""
VERDICT_STATUSES = {
    "": "",
    "skip": "skipped",
    UNUSABLE_STATUS: UNUSABLE_STATUS,
    WITHDRAWN_STATUS: WITHDRAWN_STATUS,
}
"""The values of the column, and the status that each means."""
SCORE = "doubt_score"
QUEUE_GROUP_ROWS = 2**16
"""Fixed, so that the same queue gives the same bytes."""
FOLDED_COLUMNS = {
    *(name for name in QUEUE_COLUMNS if name != TIER_COLUMN),
    STATUS,
    ROW_HASH_COLUMN,
    CELLS_COLUMN,
    "doubt_duplicates",
    "doubt_stratum",
    "doubt_inclusion",
}
"""The columns that are also known in another case. `tier`, `annotator`, `time` and `why` are not: the user's
own data may have columns named `Tier` or `Why`."""
_WARNING = (
    "Warning: a spreadsheet may run cells that begin with =, +, - or @ as formulas, here in these columns"
)
_HOW_TO_GUARD = (
    "Import all columns as text, or write the queue again with --safe-cells, or as a workbook with --to xlsx."
)
_GUARDED = (
    "Cells that begin with =, +, - or @ have ' before them, so that a spreadsheet shows them as text. Leave "
    "it, and keep the column doubt_cells: `doubt apply` removes it."
)
FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]")
"""What a formula begins with: https://owasp.org/www-community/attacks/CSV_Injection; and quotes before it."""
PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?")
_KEEP = "the given one to keep it, another one to correct it"
_UNSURE = (
    "Leave verdict empty where you are not sure. You may add columns: verdict_status with skip or unusable, "
    "annotator with who decided, and why with the reason."
)


# ---------------------------------------------------------------------- writing


def write_queue_csv(
    rows: Sequence[QueueRow], columns: Sequence[str], own: pa.Table, *, safe_cells: bool = False
) -> bytes:
    r"""A queue as CSV: UTF-8, comma-separated, `\n` after each line, quotes only where they are needed.

    The values of the user's own columns are not changed (`007`, `NA`), not even a text that starts with `=`,
    `+`, `-` or `@`, which a spreadsheet would read as a formula, unless `safe_cells` puts `'` before it.
    Nothing between two commas is a missing value, `""` an empty text; nested values are written as JSON.

    Args:
        rows: The rows of the queue.
        columns: Which of our columns to write.
        own: The user's columns of the same rows.
        safe_cells: Whether a spreadsheet must not take a cell for a formula.
    """
    values = zip(columns, _list_our_columns(rows, columns), strict=True)
    return write_cells_csv(
        {name: list(map(_write_cell, column)) for name, column in values}, own, safe_cells=safe_cells
    )


def write_cells_csv(
    ours: Mapping[str, Sequence[str | None]],
    own: pa.Table,
    *,
    safe_cells: bool = False,
    has_header: bool = True,
) -> bytes:
    """The same, from the texts of our columns by their names; the verdict is empty."""
    theirs = dict(zip(name_own_columns(own.column_names), map(to_csv_texts, own.columns), strict=True))
    cells = {name: pa.chunked_array([pa.array(texts, TEXT)]) for name, texts in ours.items()} | theirs
    if safe_cells:
        guarded = {guard_cell(name) or name: _guard_cells(column) for name, column in cells.items()}
        cells = {**guarded, CELLS_COLUMN: pa.chunked_array([pa.array([SAFE_CELLS] * own.num_rows, TEXT)])}
    return write_csv(pa.table(list(cells.values()), names=list(cells)), has_header=has_header)


def _guard_cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(map(guard_cell, column.to_pylist()), TEXT)])


def guard_cell(text: str | None) -> str | None:
    """A text that a spreadsheet shows as text: with `'` before it, if it would be taken for a formula.

    Example:
        >>> guard_cell("=1+1"), guard_cell("'=1"), guard_cell("-5"), guard_cell("it's")
        ("'=1+1", "''=1", '-5', "it's")
    """
    return f"'{text}" if text is not None and is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula, or would if `'` before it were taken away."""
    return FORMULA.match(text) is not None and PLAIN_NUMBER.fullmatch(text) is None


def _release_cell(value: object) -> object:
    """What `guard_cell` was given."""
    if isinstance(value, str) and value.startswith("'") and FORMULA.match(value):
        return value[1:]
    return value


def _write_cell(value: str | float | None) -> str | None:
    return f"{value:.{SCORE_DECIMALS}f}" if isinstance(value, float) else value


def _write_queue_jsonl(queue: Queue) -> bytes:
    """One object for each row; numbers stay numbers, and a missing value is null."""
    names = [*queue.columns, *name_own_columns(queue.own.column_names)]
    own = [[to_json_value(value) for value in column.to_pylist()] for column in queue.own.columns]
    values = zip(*_list_our_columns(queue.rows, queue.columns), *own, strict=True)
    return write_json_lines(dict(zip(names, row, strict=True)) for row in values)


def _write_queue_parquet(queue: Queue) -> bytes:
    """Our columns as text, except the score; the user's in their own types."""
    ours = zip(queue.columns, _list_our_columns(queue.rows, queue.columns), strict=True)
    columns = {
        name: pa.array(values, pa.float64() if name == SCORE else pa.string()) for name, values in ours
    }
    own = dict(zip(name_own_columns(queue.own.column_names), queue.own.columns, strict=True))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({**columns, **own}), sink, compression="zstd", row_group_size=QUEUE_GROUP_ROWS)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _list_our_columns(rows: Sequence[QueueRow], columns: Sequence[str]) -> list[list[str | float | None]]:
    """The values of some of our columns; the verdict is empty."""
    cells = [row.cells for row in rows]
    return [[None if name == VERDICT else cell[name] for cell in cells] for name in columns]


# ---------------------------------------------------------------------- reading


def _holds_verdicts(record: AnswerRecord) -> bool:
    names = find_our_columns(tuple(record)).values()
    return ID in names and (VERDICT in names or STATUS in names)


@lru_cache  # the records of a file have the same names
def find_our_columns(names: tuple[str, ...]) -> dict[str, str]:
    """Our columns by the name that a file has for them: in any case, and with spaces around it.

    A column of our very name wins over one that is nearly named so, which is then the user's own.

    Example:
        >>> find_our_columns(("DOUBT_ID", "Verdict", "verdict ", "text"))
        {'DOUBT_ID': 'doubt_id', 'Verdict': 'verdict'}
    """
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda name: name.strip() != name.strip().lower() or name != name.strip()):
        own = name.strip().lower()
        if own in FOLDED_COLUMNS and own not in found.values():
            found[name] = own
    return found


def _rename_columns(record: AnswerRecord) -> AnswerRecord:
    """The record with our columns under our names."""
    ours = find_our_columns(tuple(record))
    taken = set(ours.values())
    own = {name: value for name, value in record.items() if name not in taken}
    renamed = {**own, **{ours[name]: record[name] for name in ours}}
    if renamed.get(CELLS_COLUMN) != SAFE_CELLS:
        return renamed
    return {name: _release_cell(value) for name, value in renamed.items()}


def _is_blank(record: AnswerRecord) -> bool:
    """Whether a record has no value: spreadsheets write such rows under a table."""
    return not any(read_answer_text(value).strip() for value in record.values())


def _read_verdicts(records: Sequence[AnswerRecord], path: str) -> list[Answer]:
    numbered = enumerate(map(_rename_columns, records), start=1)
    return [
        Answer(
            row,
            verdict=read_answer_text(record.get(VERDICT)),
            status=_read_verdict_status(record, row, path),
            annotator=read_answer_text(record.get("annotator")).strip(),
            time=read_answer_text(record.get("time")).strip(),
            why=read_answer_text(record.get("why")),
            **read_our_columns(record),
        )
        for row, record in numbered
        if not _is_blank(record)
    ]


def _read_verdict_status(record: AnswerRecord, row: int, path: str) -> str:
    found = read_answer_text(record.get(STATUS))
    status = VERDICT_STATUSES.get(found.strip().lower())
    if status is None:
        raise InputError(
            f"{found!r} is not a status",
            where=path,
            row=row,
            column=STATUS,
            expected="skip, unusable, or nothing",
        )
    return status


# ------------------------------------------------------------------------- the tools


class QueueFile(Tool):
    """A queue in one file, to be filled in by hand."""

    verdict_column = VERDICT
    is_filled_in = True
    shapes = (AnswerShape("doubt's own queue", "'doubt_id' and 'verdict'", _holds_verdicts, _read_verdicts),)

    def __init__(
        self,
        name: str,
        title: str,
        write: Callable[[Queue], bytes],
        how_to_fill_in: tuple[str, ...],
        if_unsure: str = _UNSURE,
    ) -> None:
        self.name = name
        """Also the ending of the file."""
        self.title = title
        self.answers_file = f"queue.done.{name}"
        self.how_to_export = (f"Save the file under another name, such as {self.answers_file}.",)
        self._write = write
        self._how_to_fill_in = (*how_to_fill_in, if_unsure)

    def hand_out(self, queue: Queue) -> dict[str, bytes]:
        """The one file."""
        return {f"queue.{self.name}": self._write(queue)}

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:  # noqa: ARG002  # all tools have it
        """What to write where."""
        return self._how_to_fill_in


class CsvQueue(QueueFile):
    """A queue in CSV, whose cells a spreadsheet may take for formulas."""

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:
        """What to write where; and which columns have cells that begin like formulas."""
        steps = super().how_to_import(queue)
        if queue.safe_cells:
            return (*steps, _GUARDED)
        names = [name for name, cells in _list_csv_cells(queue) if any(map(is_formula, filter(None, cells)))]
        return (*steps, f"{_WARNING}: {', '.join(names)}. {_HOW_TO_GUARD}") if names else steps


def _list_csv_cells(queue: Queue) -> Iterator[tuple[str, Iterable[str | None]]]:
    """The name and the texts of each column that people read."""
    yield ID, [row.doubt_id for row in queue.rows]
    yield "given_label", [row.given_label for row in queue.rows]
    for name, column in zip(queue.own.column_names, queue.own.columns, strict=True):
        yield name, to_csv_texts(column).to_pylist()


_FILL_IN = (f"Set verdict of each row to the right label: {_KEEP}.",)
CSV = CsvQueue(
    "csv",
    "CSV",
    lambda queue: write_queue_csv(queue.rows, queue.columns, queue.own, safe_cells=queue.safe_cells),
    (
        "Open queue.csv in a spreadsheet, all columns as text (so that 007 stays 007).",
        f"Write the right label into the column verdict: {_KEEP}.",
    ),
)
JSONL = QueueFile("jsonl", "JSON Lines", _write_queue_jsonl, _FILL_IN)
PARQUET = QueueFile("parquet", "Parquet", _write_queue_parquet, _FILL_IN)
