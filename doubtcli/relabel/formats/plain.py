"""A queue -> our own files, to be filled in by hand: CSV, JSON Lines, Parquet.

They hold what `queue.csv` of an audit holds, in the same order: our columns, an empty `verdict`, and then the
user's columns as they were. One of them that bears a name of ours gets the prefix `input_`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.queue_columns import QUEUE_COLUMNS, QUEUE_DECIMALS, as_text, csv_line, own_names
from doubtcli.relabel.formats.format import Format
from doubtcli.relabel.formats.values import json_lines, plain

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue, Task

CSV_FILE, JSONL_FILE, PARQUET_FILE = "queue.csv", "queue.jsonl", "queue.parquet"
VERDICT = "verdict"
SCORE = "doubt_score"
ROW_GROUP_ROWS = 2**16
"""Fixed, so that the same queue gives the same bytes."""


def render_csv(queue: Queue) -> dict[str, bytes]:
    r"""UTF-8, comma, `\n` after each line, quotes only where they are needed, no line but rows and header."""
    texts = {
        name: [None if value is None else _shown(value) for value in values]
        for name, values in _ours(queue).items()
    }
    own = [as_text(column).to_pylist() for column in queue.own.columns]
    lines = [csv_line([*texts, *own_names(queue.own.column_names)])]
    lines += [csv_line(values) for values in zip(*texts.values(), *own, strict=True)]
    return {CSV_FILE: "".join(lines).encode()}


def render_jsonl(queue: Queue) -> dict[str, bytes]:
    """One object a line; numbers stay numbers, and a missing value is null."""
    names = own_names(queue.own.column_names)
    own = [[plain(value) for value in column.to_pylist()] for column in queue.own.columns]
    ours = _ours(queue)
    values = zip(*ours.values(), *own, strict=True)
    return {JSONL_FILE: json_lines(dict(zip([*ours, *names], row, strict=True)) for row in values)}


def render_parquet(queue: Queue) -> dict[str, bytes]:
    """Our columns as text, but for the score; the user's in their own types."""
    types = {SCORE: pa.float64()}
    ours = {name: pa.array(values, types.get(name, pa.string())) for name, values in _ours(queue).items()}
    own = dict(zip(own_names(queue.own.column_names), queue.own.columns, strict=True))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({**ours, **own}), sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    return {PARQUET_FILE: sink.getvalue().to_pybytes()}


def _ours(queue: Queue) -> dict[str, list[str | float | None]]:
    """Our columns, the verdict where `queue.csv` has it."""
    rows = [_with_verdict(queue, task) for task in queue.tasks]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _with_verdict(queue: Queue, task: Task) -> dict[str, str | float | None]:
    keys = queue.keys(task)
    before = {name: keys[name] for name in QUEUE_COLUMNS if name != VERDICT}
    return before | {VERDICT: None} | {name: keys[name] for name in keys if name not in before}


def _shown(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.{QUEUE_DECIMALS}f}"


_KEEP = "the given one to keep it, another one to correct it"
_UNSURE = (
    "Leave verdict empty where you can't tell. A column verdict_status may say skip or unusable, the columns "
    "annotator and why who decided, and why."
)


def _load_table(queue: Queue) -> tuple[str, ...]:  # noqa: ARG001  # as every format is asked
    return (
        f"Open {CSV_FILE} in a spreadsheet, all columns as text (so that 007 stays 007).",
        f"Write the right label into the column verdict: {_KEEP}.",
        _UNSURE,
    )


def _load_values(queue: Queue) -> tuple[str, ...]:  # noqa: ARG001
    return (f"Set verdict of each row to the right label: {_KEEP}.", _UNSURE)


def _back(name: str) -> tuple[str, ...]:
    return (f"Save the file under a name of its own, such as {name}.",)


CSV = Format("CSV", render_csv, _load_table, _back("queue.done.csv"), "queue.done.csv", is_ours=True)
JSONL = Format(
    "JSON Lines", render_jsonl, _load_values, _back("queue.done.jsonl"), "queue.done.jsonl", is_ours=True
)
PARQUET = Format(
    "Parquet", render_parquet, _load_values, _back("queue.done.parquet"), "queue.done.parquet", is_ours=True
)
