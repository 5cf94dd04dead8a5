from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records import ReasonScores, Verdicts
from doubtcli.store.describe import tabulate_by_blocks, tabulate_doubts
from doubtcli.store.folder import write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult

    Make = Callable[..., ScanResult]


def test_columns(make_audit: Make) -> None:
    """Every row has its own columns and a score for each reason."""
    table = tabulate_doubts(make_audit()).data

    assert table.column_names == [
        *("row_id", "row", "position", "given_label", "suggested_label", "suggested_confidence"),
        *("doubt", "doubt_sd", "rank", "doubted", "reasons", "why", "verdict", "row_hash", "earlier_hashes"),
        *("entry", "tier"),
        *("reason:low-self-confidence", "reason:duplicate-conflict", "reason:outlier"),
        "reason:annotator-disagreement",
    ]


def test_most_doubted_first(make_audit: Make) -> None:
    """Rows are in order of doubt, ties by row id, and those without a label last."""
    rows = tabulate_doubts(make_audit()).data.to_pylist()

    order = ["t0007", "t0004", "t0005", "t0003", "t0002", "t0001", "t0006", "t0000", "u0000", "u0001"]
    assert [row["row_id"] for row in rows] == order
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8, None, None]
    assert [row["doubted"] for row in rows] == [True] * 3 + [False] * 7


def test_tiers(make_audit: Make) -> None:
    """A doubted row is called so even if it is contradicted; a row that is neither has no tier."""
    rows = tabulate_doubts(make_audit(contradicted=[False, True] * 4)).data.to_pylist()

    found = {row["row_id"]: row["tier"] for row in rows if row["tier"]}
    doubted = dict.fromkeys(["t0007", "t0004", "t0005"], "doubted")
    assert found == doubted | dict.fromkeys(["t0001", "t0003"], "contradicted")


def test_verdicts(make_audit: Make) -> None:
    """A decided row has its verdict; a row that was judged unusable is last, with its label and why."""
    verdicts = Verdicts("v.csv", np.array([2, *[-1] * 7]), (None,) * 8, np.full(8, np.nan))

    rows = {
        row["row_id"]: row
        for row in tabulate_doubts(make_audit(verdicts=verdicts, n_unusable=1)).data.to_pylist()
    }

    assert rows["t0000"]["verdict"] == "delivery"
    assert rows["t0001"]["verdict"] is None
    assert list(rows)[-3:] == ["u0000", "u0001", "x0000"]
    assert rows["x0000"]["given_label"] == "billing"
    assert rows["x0000"]["row"] == 11
    assert rows["x0000"]["why"]
    assert rows["x0000"]["doubt"] is None


def test_most_doubted_row(make_audit: Make) -> None:
    """A doubted row has its place in the file from 1 and from 0, its labels, its doubt and its reasons."""
    row = tabulate_doubts(make_audit()).data.to_pylist()[0]

    assert row == {
        "row_id": "t0007",
        "row": 1,
        "position": 0,
        "given_label": "billing",
        "suggested_label": "delivery",
        "suggested_confidence": 0.75,
        "doubt": 0.97,
        "doubt_sd": 0.02,
        "rank": 1,
        "doubted": True,
        "reasons": ["low-self-confidence", "annotator-disagreement", "duplicate-conflict"],
        "why": "models give 'delivery' more",
        "verdict": None,
        "row_hash": "0000000000000000",
        "earlier_hashes": [],
        "entry": 1,
        "tier": "doubted",
        "reason:low-self-confidence": 0.97,
        "reason:duplicate-conflict": 0.5,
        "reason:outlier": 0.25,
        "reason:annotator-disagreement": 0.6 * 0.97,
    }


def test_unlabelled_row(make_audit: Make) -> None:
    """A row without a label has a place and an id, and no doubt and no score."""
    row = tabulate_doubts(make_audit()).data.to_pylist()[-1]

    known = {name: value for name, value in row.items() if value is not None}
    assert known == {
        "row_id": "u0001",
        "row": 10,
        "position": 9,
        "doubted": False,
        "reasons": [],
        "why": "",
        "row_hash": "0000000000000009",
        "earlier_hashes": [],
    }


def test_silence_is_null(make_audit: Make) -> None:
    """A missing score of a reason is null, not NaN."""
    column = tabulate_doubts(make_audit()).data["reason:duplicate-conflict"]

    assert column.to_pylist() == [0.5] + [None] * 9


def test_without_reasons(make_audit: Make) -> None:
    """An audit without reasons has all its rows."""
    table = tabulate_doubts(replace(make_audit(), reasons=())).data

    assert table["reasons"].to_pylist() == [[]] * 10


def test_same_bytes(make_audit: Make) -> None:
    """The same audit gives the same bytes."""
    one, other = (write_parquet(tabulate_doubts(make_audit())) for _ in range(2))

    assert one == other


@given(st.lists(st.tuples(st.floats(0, 1), st.none() | st.floats(0, 1), st.text()), min_size=2, max_size=20))
def test_round_trip(make_audit: Make, rows: list[tuple[float, float | None, str]]) -> None:
    """Doubts, scores, missing scores and texts are read back from the file to the bit."""
    doubts, given, words = zip(*rows, strict=True)
    scores = np.array([np.nan if score is None else score for score in given])
    audit = make_audit(
        texts=words, given=[0] * len(rows), suggested=[1] * len(rows), doubt=doubts, why=words, answers=None
    )
    audit = replace(audit, reasons=(ReasonScores("odd", "own 1.0", "error", "it is odd", scores),))

    table = pq.read_table(BytesIO(write_parquet(tabulate_doubts(audit)))).slice(0, len(rows))

    by_id = sorted(
        zip(table["row_id"], table["doubt"], table["reason:odd"], table["why"], strict=True), key=str
    )
    assert [tuple(value.as_py() for value in row[1:]) for row in by_id] == rows


def test_table_in_blocks(make_audit: Make) -> None:
    """Blocks of three rows are the table in parts, the rows that were set aside among them."""
    audit = make_audit()

    blocks = list(tabulate_by_blocks(audit, 3))

    assert [block.num_rows for block in blocks] == [3, 3, 3, 1]
    assert pa.concat_tables(blocks).equals(tabulate_doubts(audit).data)


def test_types(make_audit: Make) -> None:
    """Types are the same with values and without."""
    full, bare = tabulate_doubts(make_audit()).data, tabulate_doubts(make_audit(n_unlabelled=0)).data

    assert full.schema == bare.schema
    assert full.schema.field("reasons").type == pa.list_(pa.string())
