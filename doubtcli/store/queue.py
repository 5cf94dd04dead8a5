"""An audit -> `queue.csv`: the rows to relabel, with the user's own columns as they were."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.report.summary import queued_rows, speaking_reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from doubtcli.records import Audit, Table

QUEUE_COLUMNS = (
    "doubt_id",
    "given_label",
    "doubt_suggested",
    "doubt_score",
    "doubt_reasons",
    "doubt_why",
    "verdict",
)
SAMPLE_COLUMNS = ("doubt_stratum", "doubt_inclusion")
"""Beside them where there is an audit sample; empty for the rows that are no part of it."""
RESERVED_COLUMNS = {
    *QUEUE_COLUMNS,
    *SAMPLE_COLUMNS,
    *("verdict_status", "annotator", "time", "why"),
}
"""Names that mean something where a queue is read back: ours, a sample's, and those of a verdict."""
INPUT_PREFIX = "input_"
QUEUE_DECIMALS = 4
INCLUSION_DIGITS = 6


def write_queue(audit: Audit, table: Table, size: int | None = None) -> bytes:
    r"""The bytes of `queue.csv`: UTF-8, comma, `\n` after each line, quotes only where they are needed.

    The user's own columns come back as they were (`007`, `NA`), so nothing is changed to keep a spreadsheet
    from taking a text that starts with `=`, `+`, `-` or `@` for a formula: import the columns as text.
    Nothing between two commas is a missing value, `""` an empty text; nested values stand as JSON.
    One of the user's columns that bears a name of ours gets the prefix `input_`.
    """
    rows = queued_rows(audit, size)
    own = table.data.take(pa.array(audit.examples.positions[rows]))
    ours = _our_columns(audit, rows) | _sample_columns(audit, rows)
    header = [*ours, *_own_names(own.column_names)]
    columns = [*ours.values(), *(_as_text(column) for column in own.columns)]
    lines = [_csv_line(header), *(_csv_line(values) for values in zip(*columns, strict=True))]
    return "".join(lines).encode()


def _our_columns(audit: Audit, rows: NDArray[np.intp]) -> dict[str, Sequence[str | None]]:
    examples, ranking = audit.examples, audit.ranking
    values: list[Sequence[str | None]] = [
        [examples.row_ids[row] for row in rows],
        [examples.class_names[code] for code in examples.given_labels[rows]],
        [examples.class_names[code] for code in ranking.suggested_labels[rows]],
        [f"{doubt:.{QUEUE_DECIMALS}f}" for doubt in ranking.doubt[rows]],
        [", ".join(names) for names in speaking_reasons(audit, rows)],
        [audit.why[row] for row in rows],
        [None] * len(rows),
    ]
    return dict(zip(QUEUE_COLUMNS, values, strict=True))


def _sample_columns(audit: Audit, rows: NDArray[np.intp]) -> dict[str, Sequence[str | None]]:
    if audit.sample is None:
        return {}
    place = {row: drawn for drawn, row in enumerate(audit.sample.rows.tolist())}
    drawn = [place.get(row) for row in rows.tolist()]
    strata, inclusion = audit.sample.strata, audit.sample.inclusion
    values: list[Sequence[str | None]] = [
        [None if at is None else str(strata[at]) for at in drawn],
        [None if at is None else f"{inclusion[at]:.{INCLUSION_DIGITS}g}" for at in drawn],
    ]
    return dict(zip(SAMPLE_COLUMNS, values, strict=True))


def _own_names(names: Sequence[str]) -> list[str]:
    """The user's column names, told apart from ours and, where one got a prefix, from each other."""
    told: dict[str, str] = {}
    for name in names:
        own = name
        while own in RESERVED_COLUMNS or (own != name and (own in names or own in told.values())):
            own = INPUT_PREFIX + own
        told[name] = own
    return list(told.values())


def _as_text(column: pa.ChunkedArray) -> list[str | None]:
    """Every value as it would stand in a CSV file: text as it is, what has no text of its own as JSON."""
    try:
        return pc.cast(column, pa.large_string()).to_pylist()  # type: ignore[no-any-return]
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # a list, a struct, bytes that are no text, …
        return [None if value is None else _as_json(value) for value in column.to_pylist()]


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


_QUOTED = re.compile(r'[",\r\n]|^$')


def _csv_line(values: Iterable[str | None]) -> str:
    # Not csv.writer: it can't tell "" from None, and before Python 3.13 leaves a lone carriage return bare.
    return ",".join("" if value is None else _csv_field(value) for value in values) + "\n"


def _csv_field(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value
