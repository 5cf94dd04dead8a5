from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from doubtcli.relabel.choose.equal import equal_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    PoolOf = Callable[..., Any]

ROWS = [
    {"row_id": "bug", "doubt": 0.9, "row_hash": "a", "given": "bug"},
    {"row_id": "bug again", "doubt": 0.8, "row_hash": "a", "given": "bug"},
    {"row_id": "billing", "doubt": 0.7, "row_hash": "a", "given": "billing"},
    {"row_id": "bug once more", "doubt": 0.6, "row_hash": "a", "given": "bug"},
    {"row_id": "other", "doubt": 0.5, "row_hash": "b", "given": "bug"},
]


def test_duplicates_ride_along(pool_of: PoolOf) -> None:
    """A row carries its equals of the same label, most doubted first, and names one of each other label."""
    bug, billing, other = equal_rows(pool_of(ROWS), [0, 2, 4])

    assert bug == ((1, 3), (2,))
    assert billing == ((), (0,))
    assert other == ((), ())


def test_equals_that_are_in_the_queue_themselves(pool_of: PoolOf) -> None:
    """Of equal rows that both are in the queue, the first carries the rest, and is named by others."""
    once_more, billing, bug = equal_rows(pool_of(ROWS), [3, 2, 0])

    assert once_more == ((1,), (2,))
    assert billing == ((), (3,))
    assert bug == ((), (2,))


def test_a_rival_that_is_not_in_the_queue(pool_of: PoolOf) -> None:
    """The most doubted row of another label is named though it does not come."""
    (billing,) = equal_rows(pool_of(ROWS), [2])

    assert billing.conflicts == (0,)


def test_decided_equals_are_left_alone(pool_of: PoolOf) -> None:
    """Rows that are decided neither ride along nor are named."""
    (bug,) = equal_rows(pool_of([row | {"verdict": "bug" if n else None} for n, row in enumerate(ROWS)]), [0])

    assert bug == ((), ())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=30), st.data())
def test_each_row_stands_in_one_place(
    pool_of: PoolOf, rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    """A row is in the queue, or rides along with one equal row, or is equal to none in it."""
    pool = pool_of([{"row_hash": same, "given": label} for same, label in rows])
    picked = data.draw(st.lists(st.integers(0, pool.n_rows - 1), unique=True))

    told = equal_rows(pool, picked)

    riding = [row for equal in told for row in equal.duplicates]
    assert len(set(riding)) == len(riding)
    groups = {pool.groups[row] for row in picked}
    assert {*picked, *riding} == {row for row in range(pool.n_rows) if pool.groups[row] in groups}


def test_waived_equals_are_left_alone(pool_of: PoolOf) -> None:
    """Rows that are waived neither ride along nor are named, unless they are in the queue themselves."""
    pool = pool_of([row | {"waived": row["row_id"] in ("bug again", "billing")} for row in ROWS])

    (bug,) = equal_rows(pool, [0])
    again, billing = equal_rows(pool, [1, 2])

    assert bug == ((3,), ())
    assert again == ((0, 3), (2,))
    assert billing == ((), (1,))
