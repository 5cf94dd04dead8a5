from itertools import compress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.reasons.duplicate_conflict import DuplicateConflict


def doubts(given_labels, duplicate_groups, n_classes=3):
    """The doubt of every row."""
    return DuplicateConflict().score(np.array(given_labels), np.array(duplicate_groups), n_classes)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param((0, 1), (1.0, 1.0), id="two rows, two labels: both are doubted"),
        pytest.param((0, 1, 1), (1.0, 0.5, 0.5), id="one against two"),
        pytest.param((0, 1, 2), (1.0, 1.0, 1.0), id="three labels"),
    ],
)
def test_it_raises_doubt(labels, expected):
    """The doubt is the share of a row's duplicates with another label."""
    np.testing.assert_allclose(doubts(labels, np.zeros(len(labels), dtype=int)), expected)


@pytest.mark.parametrize(
    ("labels", "groups", "expected"),
    [
        pytest.param((0, 0), (4, 4), (0.0, 0.0), id="duplicates that agree"),
        pytest.param((0, 1), (4, 7), (np.nan, np.nan), id="no duplicates, no score"),
        pytest.param((0, 1, 0), (2, -3, 2), (0.0, np.nan, 0.0), id="groups are names, not numbers"),
    ],
)
def test_it_stays_quiet(labels, groups, expected):
    """Duplicates that agree raise no doubt, and a row without duplicates has no score."""
    np.testing.assert_array_equal(doubts(labels, groups), expected)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=30))
def test_each_row_is_compared_with_all_its_duplicates(rows):
    """Counting row by row gives the same doubts."""
    labels, groups = zip(*rows, strict=True)

    found = doubts(labels, groups)

    for place, (label, group) in enumerate(rows):
        others = list(compress(labels, [g == group and p != place for p, g in enumerate(groups)]))
        differs = [other != label for other in others]
        assert found[place] == pytest.approx(np.mean(differs) if differs else np.nan, nan_ok=True)
