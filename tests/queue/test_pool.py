from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.queue.pool import find_equal_rows, number_inputs
from doubtcli.records import Roles

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


def test_duplicates(pool_of: PoolOf) -> None:
    """A row has its equals with the same label, most doubted first, and one of each other label."""
    bug, billing, other = find_equal_rows(pool_of(ROWS), [0, 2, 4])

    assert bug == ((1, 3), (2,))
    assert billing == ((), (0,))
    assert other == ((), ())


def test_equals_that_are_both_queued(pool_of: PoolOf) -> None:
    """If two equal rows are queued, the first has the duplicates, and is the conflict of others."""
    once_more, billing, bug = find_equal_rows(pool_of(ROWS), [3, 2, 0])

    assert once_more == ((1,), (2,))
    assert billing == ((), (3,))
    assert bug == ((), (2,))


def test_a_conflict_that_is_not_queued(pool_of: PoolOf) -> None:
    """The most doubted row with another label is a conflict, in the queue or not."""
    (billing,) = find_equal_rows(pool_of(ROWS), [2])

    assert billing.conflicts == (0,)


def test_decided_equals_are_left_alone(pool_of: PoolOf) -> None:
    """Rows with a verdict are neither duplicates nor conflicts."""
    (bug,) = find_equal_rows(
        pool_of([row | {"verdict": "bug" if n else None} for n, row in enumerate(ROWS)]), [0]
    )

    assert bug == ((), ())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=30), st.data())
def test_each_row_is_in_one_place(pool_of: PoolOf, rows: list[tuple[str, str]], data: st.DataObject) -> None:
    """A row is in the queue, or a duplicate of exactly one row in it, or equal to none in it."""
    pool = pool_of([{"row_hash": same, "given": label} for same, label in rows])
    picked = data.draw(st.lists(st.integers(0, pool.n_rows - 1), unique=True))

    equal_rows = find_equal_rows(pool, picked)

    duplicates = [row for equal in equal_rows for row in equal.duplicates]
    assert len(set(duplicates)) == len(duplicates)
    groups = {pool.groups[row] for row in picked}
    assert {*picked, *duplicates} == {row for row in range(pool.n_rows) if pool.groups[row] in groups}


def test_waived_equals_are_left_alone(pool_of: PoolOf) -> None:
    """Waived rows are neither duplicates nor conflicts, unless they are in the queue themselves."""
    pool = pool_of([row | {"waived": row["row_id"] in ("bug again", "billing")} for row in ROWS])

    (bug,) = find_equal_rows(pool, [0])
    again, billing = find_equal_rows(pool, [1, 2])

    assert bug == ((3,), ())
    assert again == ((0, 3), (2,))
    assert billing == ((), (1,))
