from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from doubtcli.reasons.explain import find_shown_scores, order_by_probability
from doubtcli.wording.numbers import format_score


@given(st.lists(st.floats(0, 1) | st.integers(0, 200).map(lambda halves: halves / 200), min_size=1))
@example([0.005, 0.995, 0.125, 0.145, 0.285, 0.0, 1.0])
def test_many_scores_are_shown_like_one(probs: list[float]) -> None:
    """Rounding is exact, also in the middle between two hundredths."""
    shown = find_shown_scores(np.array(probs)) / 100

    assert [format_score(score) for score in shown] == [format_score(prob) for prob in probs]


def test_the_likelier_class_is_first() -> None:
    """Each row has its own two classes; equally likely ones stay in order."""
    probs = np.array([[0.04, 0.91, 0.05], [0.5, 0.5, 0.0], [0.04, 0.91, 0.05]], dtype=np.float32)

    found = order_by_probability(
        probs, np.array([0, 1, 2]), np.array([[0, 1], [1, 0], [0, 1]]), ["a", "b", "c"]
    )

    assert found == [("b 0.91", "a 0.04"), ("b 0.50", "a 0.50"), ("b 0.91", "a 0.04")]
