"""An audit -> `queue.csv`: the rows to relabel, with the user's own columns as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from doubtcli.queue_columns import (
    QUEUE_COLUMNS,
    QUEUE_DECIMALS,
    SAMPLE_COLUMNS,
    SEEN_COLUMN,
    as_text,
    csv_line,
    own_names,
    shown_inclusion,
)
from doubtcli.report.summary import queued_rows, speaking_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from doubtcli.records import Audit, Table


def write_queue(audit: Audit, table: Table, size: int | None = None) -> bytes:
    r"""The bytes of `queue.csv`: UTF-8, comma, `\n` after each line, quotes only where they are needed.

    The user's own columns come back as they were (`007`, `NA`), so nothing is changed to keep a spreadsheet
    from taking a text that starts with `=`, `+`, `-` or `@` for a formula: import the columns as text.
    Nothing between two commas is a missing value, `""` an empty text; nested values stand as JSON.
    One of the user's columns that bears a name of ours gets the prefix `input_`.
    """
    rows = queued_rows(audit, size)
    own = table.data.take(pa.array(audit.examples.positions[rows]))
    ours = _our_columns(audit, rows) | _sample_columns(audit, rows) | _seen_column(audit, rows)
    header = [*ours, *own_names(own.column_names)]
    columns = [*ours.values(), *(as_text(column).to_pylist() for column in own.columns)]
    lines = [csv_line(header), *(csv_line(values) for values in zip(*columns, strict=True))]
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


def _seen_column(audit: Audit, rows: NDArray[np.intp]) -> dict[str, Sequence[str | None]]:
    hashes = audit.examples.row_hashes
    positions = audit.examples.positions[rows].tolist()
    return {SEEN_COLUMN: [hashes[position] if hashes else None for position in positions]}


def _sample_columns(audit: Audit, rows: NDArray[np.intp]) -> dict[str, Sequence[str | None]]:
    if audit.sample is None:
        return {}
    place = {row: drawn for drawn, row in enumerate(audit.sample.rows.tolist())}
    drawn = [place.get(row) for row in rows.tolist()]
    strata, inclusion = audit.sample.strata, audit.sample.inclusion
    values: list[Sequence[str | None]] = [
        [None if at is None else str(strata[at]) for at in drawn],
        [None if at is None else shown_inclusion(inclusion[at]) for at in drawn],
    ]
    return dict(zip(SAMPLE_COLUMNS, values, strict=True))
