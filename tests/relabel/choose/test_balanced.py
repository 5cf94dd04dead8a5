from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.relabel.choose.balanced import balanced

if TYPE_CHECKING:
    from collections.abc import Callable


def in_turns(
    pool_of: Callable[..., Any], ids_of: Callable[..., Any], rows: list[dict[str, Any]]
) -> list[str]:
    """The ids of some rows, balanced."""
    pool = pool_of(rows)
    return ids_of(pool, balanced(pool, np.arange(pool.n_rows)).tolist())  # type: ignore[no-any-return]


def test_classes_take_turns(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """The most doubted row's class begins; each round has one of each class that is left."""
    rows = [
        {"row_id": "a1", "given": "a", "doubt": 0.99},
        {"row_id": "a2", "given": "a", "doubt": 0.98},
        {"row_id": "a3", "given": "a", "doubt": 0.97},
        {"row_id": "b1", "given": "b", "doubt": 0.60},
        {"row_id": "c1", "given": "c", "doubt": 0.70},
        {"row_id": "c2", "given": "c", "doubt": 0.55},
    ]

    assert in_turns(pool_of, ids_of, rows) == ["a1", "c1", "b1", "a2", "c2", "a3"]


def test_reasons_take_turns_within_a_class(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """Within a class each strongest reason has its turn."""
    rows = [
        {"row_id": "x1", "reasons": ["x"], "doubt": 0.99},
        {"row_id": "x2", "reasons": ["x"], "doubt": 0.98},
        {"row_id": "x3", "reasons": ["x", "y"], "doubt": 0.97},
        {"row_id": "y1", "reasons": ["y"], "doubt": 0.60},
        {"row_id": "-1", "reasons": [], "doubt": 0.55},
        {"row_id": "y2", "reasons": ["y"], "doubt": 0.52},
    ]

    assert in_turns(pool_of, ids_of, rows) == ["x1", "y1", "-1", "x2", "y2", "x3"]


def test_doubted_rows_come_first(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """A class without doubted rows does not push others' doubted rows back."""
    rows = [
        {"row_id": "a1", "given": "a", "doubt": 0.9},
        {"row_id": "b1", "given": "b", "doubt": 0.2},
        {"row_id": "a2", "given": "a", "doubt": 0.8},
        {"row_id": "a3", "given": "a", "doubt": 0.1},
        {"row_id": "b2", "given": "b", "doubt": 0.1},
    ]

    assert in_turns(pool_of, ids_of, rows) == ["a1", "a2", "b1", "a3", "b2"]


def test_some_rows_only(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """Only the rows that are left take turns."""
    pool = pool_of(
        [
            {"row_id": name, "given": name[0], "doubt": doubt}
            for name, doubt in [("a1", 0.9), ("a2", 0.8), ("b1", 0.7), ("a3", 0.6)]
        ]
    )

    assert ids_of(pool, balanced(pool, np.array([1, 2, 3])).tolist()) == ["a2", "b1", "a3"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=40))
def test_no_class_crowds_out_another(pool_of: Callable[..., Any], kinds: list[tuple[str, str]]) -> None:
    """In every beginning of the queue, classes that still have rows to come differ by one row at most."""
    pool = pool_of([{"given": label, "reasons": [reason]} for label, reason in kinds])

    order = balanced(pool, np.arange(pool.n_rows))

    assert sorted(order.tolist()) == list(range(len(kinds)))
    labels = pool.labels[order].tolist()
    total = Counter(labels)
    for n in range(len(labels)):
        so_far = Counter(labels[:n])
        unfinished = [so_far[label] for label in total if so_far[label] < total[label]]
        assert max(so_far.values(), default=0) - min(unfinished, default=n) <= 1
