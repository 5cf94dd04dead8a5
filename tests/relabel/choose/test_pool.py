from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.relabel.choose.pool import build_pool, equal_inputs

if TYPE_CHECKING:
    from collections.abc import Callable


def test_who_may_come(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """Rows that are decided or set aside do not come; the others do, most doubted first."""
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


def test_audit_without_verdicts(doubts_of: Callable[..., Any]) -> None:
    """In an audit of an earlier version, which tells of no verdicts, no row is decided."""
    doubts = doubts_of([{"verdict": "bug"}, {}]).drop_columns(["verdict"])

    assert build_pool(doubts, np.arange(2), np.arange(2)).n_rows == 2


def test_no_rows(pool_of: Callable[..., Any]) -> None:
    """A pool may be empty."""
    pool = pool_of([{"verdict": "bug"}])

    assert (pool.n_rows, pool.groups.tolist(), pool.suggestion.tolist()) == (0, [], [])


def test_groups(pool_of: Callable[..., Any]) -> None:
    """Rows are in one group by equal input and equal given label."""
    pool = pool_of(
        [
            {"doubt": 0.9, "row_hash": "a", "given": "bug"},
            {"doubt": 0.8, "row_hash": "a", "given": "billing"},
            {"doubt": 0.7, "row_hash": "b", "given": "bug"},
            {"doubt": 0.6, "row_hash": "a", "given": "bug"},
        ]
    )

    first, other, third, again = pool.groups.tolist()
    assert first == again
    assert len({first, other, third}) == 3


def test_strongest_reason(pool_of: Callable[..., Any]) -> None:
    """Rows are told apart by their first reason alone; those of no reason are alike."""
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
    """A suggestion is as likely right as it is confident; the given label is none, nor is a missing one."""
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
        """The audit's own hashes say it."""
        doubts = doubts_of(
            [{"doubt": 0.9, "row_hash": "a"}, {"doubt": 0.8, "row_hash": "b"}, {"row_hash": "a"}]
        )

        codes = equal_inputs(doubts, pa.table({}), [])

        by_row = dict(zip(doubts.column("row").to_pylist(), codes.tolist(), strict=True))
        assert by_row[1] == by_row[3] != by_row[2]

    @pytest.mark.parametrize("kind", ["no column", "empty"])
    def test_by_values(
        self, doubts_of: Callable[..., Any], columns_of: Callable[..., Any], kind: str
    ) -> None:
        """Where an earlier version wrote no hashes, the input columns say it: not the label, not the id."""
        doubts = doubts_of([{"doubt": 0.9}, {"doubt": 0.8}, {"doubt": 0.7}, {"doubt": 0.6}])
        if kind == "no column":
            doubts = doubts.drop_columns(["row_hash"])
        else:
            empty = pa.nulls(4, pa.string())
            doubts = doubts.set_column(doubts.column_names.index("row_hash"), "row_hash", empty)
        data = pa.table(
            {
                "id": ["1", "2", "3", "4"],
                "text": ["a", "a", "a, b", "a"],
                "n": [1, 1, 1, 2],
                "label": ["x", "y", "x", "x"],
            }
        )
        columns = columns_of(id="identifier", text="text", n="numeric", label="label")

        first, second, third, fourth = equal_inputs(doubts, data, columns).tolist()

        assert first == second
        assert len({first, third, fourth}) == 3

    def test_without_inputs(self, doubts_of: Callable[..., Any], columns_of: Callable[..., Any]) -> None:
        """Where no column is an input, all but the label say it."""
        doubts = doubts_of([{"doubt": 0.9}, {"doubt": 0.8}]).drop_columns(["row_hash"])
        data = pa.table({"id": ["1", "2"], "label": ["x", "x"]})

        codes = equal_inputs(doubts, data, columns_of(id="identifier", label="label"))

        assert len(set(codes.tolist())) == 2
