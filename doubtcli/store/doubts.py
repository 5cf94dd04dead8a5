"""An audit -> `doubts.parquet`: every row with its doubt, most doubted first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.report.summary import speaking_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Audit, Examples

DOUBT_COLUMNS = {
    "row_id": pa.string(),
    "row": pa.int64(),
    "given_label": pa.string(),
    "suggested_label": pa.string(),
    "suggested_confidence": pa.float64(),
    "doubt": pa.float64(),
    "doubt_sd": pa.float64(),
    "rank": pa.int64(),
    "doubted": pa.bool_(),
    "reasons": pa.list_(pa.string()),
    "why": pa.string(),
    "verdict": pa.string(),
    "row_hash": pa.string(),
}
LATER_COLUMNS = {"verdict", "row_hash"}
"""Not in the audits of earlier versions, which are read all the same."""
JUDGED_UNUSABLE = "set aside: a person judged it unusable"
REASON_PREFIX = "reason:"

ROW_GROUP_ROWS = 2**16
"""Fixed, so that the same table gives the same bytes; pyarrow's own default has changed between releases."""


def doubts_table(audit: Audit) -> pa.Table:
    """Every row, most doubted first; rows that were set aside stand last, by row id, and their doubt is null.

    `row` and `rank` count from 1; `row` is the place in the file (without a header). `reasons` names the
    reasons that speak on a row, strongest first. A null in `reason:<name>` means it had nothing to say.
    Set aside are rows without a label, and those that a person judged unusable. `verdict` is the label that
    a person chose, null where nobody has decided. `row_hash` stands for the row's inputs: equal in rows that
    differ by their label alone.
    """
    ranked = audit.ranking.order
    labelled = _labelled_rows(audit, ranked)
    scores = {f"{REASON_PREFIX}{reason.name}": reason.scores[ranked] for reason in audit.reasons}
    schema = pa.schema(DOUBT_COLUMNS | dict.fromkeys(scores, pa.float64()))
    table = pa.table(
        [
            pa.array(column, type=schema.field(name).type, from_pandas=True)
            for name, column in (labelled | scores).items()
        ],
        schema=schema,
    )
    return pa.concat_tables([table, _rows_set_aside(audit, schema)])


def write_parquet(table: pa.Table) -> bytes:
    """The bytes of a Parquet file: the same ones for the same table."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _labelled_rows(audit: Audit, rows: NDArray[np.intp]) -> dict[str, Any]:
    examples, ranking = audit.examples, audit.ranking
    names = np.array(examples.class_names, dtype=object)
    return {
        "row_id": [examples.row_ids[row] for row in rows],
        "row": examples.positions[rows] + 1,
        "given_label": names[examples.given_labels[rows]],
        "suggested_label": names[ranking.suggested_labels[rows]],
        "suggested_confidence": ranking.suggested_confidence[rows],
        "doubt": ranking.doubt[rows],
        "doubt_sd": ranking.doubt_sd[rows],
        "rank": np.arange(len(rows)) + 1,
        "doubted": ranking.doubted[rows],
        "reasons": speaking_reasons(audit, rows),
        "why": [audit.why[row] for row in rows],
        "verdict": _verdicts(audit, rows),
        "row_hash": _row_hashes(examples, examples.positions[rows].tolist()),
    }


def _verdicts(audit: Audit, rows: NDArray[np.intp]) -> list[str | None]:
    examples = audit.examples
    if examples.verdicts is None:
        return [None] * len(rows)
    codes = examples.verdicts.codes[rows].tolist()
    return [examples.class_names[code] if code >= 0 else None for code in codes]


def _row_hashes(examples: Examples, positions: Sequence[int]) -> list[str | None]:
    return [examples.row_hashes[position] if examples.row_hashes else None for position in positions]


def _rows_set_aside(audit: Audit, schema: pa.Schema) -> pa.Table:
    examples, labels = audit.examples, audit.labels
    unlabelled = zip(examples.unlabelled_row_ids, examples.unlabelled_positions, strict=True)
    unusable = zip(examples.unusable_row_ids, examples.unusable_positions, strict=True)
    rows = [(*row, None, "") for row in unlabelled]
    rows += [(*row, labels.class_names[labels.codes[row[1]]], JUDGED_UNUSABLE) for row in unusable]
    return pa.Table.from_pylist(
        [
            {
                "row_id": row_id,
                "row": position + 1,
                "given_label": given,
                "doubted": False,
                "reasons": [],
                "why": why,
                "row_hash": _row_hashes(examples, [position])[0],
            }
            for row_id, position, given, why in sorted(rows, key=lambda row: row[:2])
        ],
        schema=schema,
    )
