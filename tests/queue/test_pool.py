from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from doubtcli.queue.pool import build_pool, list_conflicting_ids, number_inputs
from doubtcli.records import DoubtTable, Roles

if TYPE_CHECKING:
    from collections.abc import Callable

    PoolOf = Callable[..., Any]


def test_which_rows_may_be_queued(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """Rows with a verdict and rows set aside are left out; the others are in order of doubt."""
    pool = pool_of(
        [
            {"row_id": "low", "doubt": 0.1},
            {"row_id": "aside", "doubt": None},
            {"row_id": "kept", "doubt": 0.0, "verdict": "bug"},
            {"row_id": "corrected", "doubt": 1.0, "verdict": "billing"},
            {"row_id": "high", "doubt": 0.8},
        ]
    )

    assert ids_of(pool, range(pool.n_rows)) == ["high", "low"]
    assert pool.doubt.tolist() == [0.8, 0.1]
    assert pool.doubted.tolist() == [True, False]


def test_no_rows(pool_of: Callable[..., Any]) -> None:
    """A pool may be empty."""
    pool = pool_of([{"verdict": "bug"}])

    assert (pool.n_rows, pool.entries.tolist(), pool.suggestion.tolist()) == (0, [], [])


def test_entries(doubts_of: Callable[..., Any], pool_of: Callable[..., Any]) -> None:
    """Rows are one entry where the audit says so; in an older audit, each row is one."""
    rows = [
        {"doubt": 0.9, "row_hash": "a"},
        {"doubt": 0.8, "row_hash": "b"},
        {"doubt": 0.7, "row_hash": "a"},
    ]
    doubts = doubts_of(rows)
    older = doubts.data.drop_columns("entry").append_column("entry", pa.nulls(3, pa.int64()))

    first, other, again = pool_of(rows).entries.tolist()
    pool = build_pool(DoubtTable(older), np.zeros(3, np.intp), np.zeros(3, np.intp))

    assert first == again != other
    assert len(set(pool.entries.tolist())) == 3


def test_strongest_reason(pool_of: Callable[..., Any]) -> None:
    """Rows are grouped by their first reason alone; rows without a reason are one group."""
    pool = pool_of(
        [
            {"doubt": 0.9, "reasons": ["x", "y"]},
            {"doubt": 0.8, "reasons": ["x"]},
            {"doubt": 0.7, "reasons": ["y", "x"]},
            {"doubt": 0.6, "reasons": []},
            {"doubt": 0.5, "reasons": []},
        ]
    )

    x, same, y, none, no_other = pool.reasons.tolist()
    assert (x, none) == (same, no_other)
    assert len({x, y, none}) == 3


def test_suggestion(pool_of: Callable[..., Any]) -> None:
    """A suggestion is right with its confidence; the given label or a missing one is not a suggestion."""
    pool = pool_of(
        [
            {"doubt": 0.9, "given": "bug", "suggested": "billing", "confidence": 0.8},
            {"doubt": 0.8, "given": "bug", "suggested": "bug", "confidence": 0.8},
            {"doubt": 0.7, "given": "bug", "suggested": None, "confidence": None},
        ]
    )

    assert pool.suggestion.tolist() == [0.8, 0.0, 0.0]


class TestEqualInputs:
    """Which rows have the same input."""

    def test_by_hash(self, doubts_of: Callable[..., Any]) -> None:
        """Rows with the same hash in the audit."""
        doubts = doubts_of(
            [{"doubt": 0.9, "row_hash": "a"}, {"doubt": 0.8, "row_hash": "b"}, {"row_hash": "a"}]
        )

        codes = number_inputs(doubts, pa.table({}), Roles(()))

        by_row = dict(zip(doubts.row.tolist(), codes.tolist(), strict=True))
        assert by_row[1] == by_row[3] != by_row[2]

    def test_by_values(self, doubts_of: Callable[..., Any], roles_of: Callable[..., Roles]) -> None:
        """Without hashes, rows with the same input columns; label and id make no difference."""
        doubts = doubts_of([{"doubt": doubt, "row_hash": None} for doubt in (0.9, 0.8, 0.7, 0.6)])
        data = pa.table(
            {
                "id": ["1", "2", "3", "4"],
                "text": ["a", "a", "a, b", "a"],
                "n": [1, 1, 1, 2],
                "label": ["x", "y", "x", "x"],
            }
        )
        roles = roles_of(id="identifier", text="text", n="numeric", label="label")

        first, second, third, fourth = number_inputs(doubts, data, roles).tolist()

        assert first == second
        assert len({first, third, fourth}) == 3

    def test_without_inputs(self, doubts_of: Callable[..., Any], roles_of: Callable[..., Roles]) -> None:
        """If no column is an input, rows that are the same in all columns but the label."""
        doubts = doubts_of([{"doubt": 0.9, "row_hash": None}, {"doubt": 0.8, "row_hash": None}])
        data = pa.table({"id": ["1", "2"], "label": ["x", "x"]})

        codes = number_inputs(doubts, data, roles_of(id="identifier", label="label"))

        assert len(set(codes.tolist())) == 2


ROWS = [
    {"row_id": "bug", "doubt": 0.9, "row_hash": "a", "given": "bug"},
    {"row_id": "bug again", "doubt": 0.8, "row_hash": "a", "given": "bug"},
    {"row_id": "billing", "doubt": 0.7, "row_hash": "a", "given": "billing"},
    {"row_id": "bug once more", "doubt": 0.6, "row_hash": "a", "given": "bug"},
    {"row_id": "other", "doubt": 0.5, "row_hash": "b", "given": "bug"},
]


def test_conflicts(pool_of: PoolOf) -> None:
    """A row has one conflict for each other label that rows of the same input have."""
    assert list_conflicting_ids(pool_of(ROWS), [0, 2, 4]) == [(2,), (0,), ()]


def test_equals_that_are_both_queued(pool_of: PoolOf) -> None:
    """If two equal rows are queued, the first of them is the conflict of others."""
    assert list_conflicting_ids(pool_of(ROWS), [3, 2, 0]) == [(2,), (3,), (2,)]


def test_a_conflict_that_is_not_queued(pool_of: PoolOf) -> None:
    """The most doubted row with another label is a conflict, in the queue or not."""
    assert list_conflicting_ids(pool_of(ROWS), [2]) == [(0,)]


def test_decided_rows_are_no_conflicts(pool_of: PoolOf) -> None:
    """Rows with a verdict are not conflicts."""
    pool = pool_of([row | {"verdict": "bug" if n else None} for n, row in enumerate(ROWS)])

    assert list_conflicting_ids(pool, [0]) == [()]


def test_waived_rows_are_no_conflicts(pool_of: PoolOf) -> None:
    """Waived rows are not conflicts, unless they are in the queue themselves."""
    pool = pool_of([row | {"waived": row["row_id"] in ("bug again", "billing")} for row in ROWS])

    assert list_conflicting_ids(pool, [0]) == [()]
    assert list_conflicting_ids(pool, [1, 2]) == [(2,), (1,)]
