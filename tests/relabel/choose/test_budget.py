from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.relabel.choose.budget import budget, minutes

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("n_characters", "suggestion", "seconds"),
    [
        (0, 0.0, 2 + 5),  # a look, and an answer of one's own
        (0, 1.0, 2 + 1.5),  # a look, and one click
        (0, 0.5, 2 + 3.25),
        (715, 0.0, 2 + 30 + 5),  # half a minute's reading
        (1430, 1.0, 2 + 60 + 1.5),
        (1_000_000, 1.0, 2 + 60 + 1.5),  # nobody reads on
    ],
)
def test_minutes(n_characters: int, suggestion: float, seconds: float) -> None:
    """A row takes a look, its reading and an answer."""
    told = minutes(np.array([n_characters]), np.array([suggestion]))

    assert told.tolist() == pytest.approx([seconds / 60])


def test_most_corrections_a_minute(pool_of: Callable[..., Any], ids_of: Callable[..., Any]) -> None:
    """A short row of less doubt may come before a long one of more; among short ones, doubt decides."""
    pool = pool_of(
        [
            {"row_id": "long", "doubt": 0.95, "characters": 1430},  # .95 of 67 s
            {"row_id": "short", "doubt": 0.30, "characters": 0},  # .30 of 7 s
            {"row_id": "shorter", "doubt": 0.20, "characters": 0},
            {"row_id": "click", "doubt": 0.19, "characters": 0, "suggested": "billing", "confidence": 1.0},
        ]
    )

    order = budget(pool, np.arange(4))

    assert ids_of(pool, order.tolist()) == ["click", "short", "shorter", "long"]


def test_ties_stay(pool_of: Callable[..., Any]) -> None:
    """Rows that are worth the same stay in the order of their rank."""
    pool = pool_of([{"doubt": 0.5} for _ in range(20)])

    assert budget(pool, np.array([4, 2, 7])).tolist() == [4, 2, 7]
