import numpy as np
import pytest

from doubtcli.reasons.ambiguous import Ambiguous


@pytest.mark.parametrize(
    ("probs", "doubt"),
    [
        pytest.param((0.5, 0.5), 1.0, id="a tie of two"),
        pytest.param((0.25, 0.25, 0.25, 0.25), 1.0, id="a tie of all"),
        pytest.param((0.1, 0.45, 0.45), 1.0, id="a tie for the first place"),
        pytest.param((0.6, 0.4), 0.8, id="a gap of .2"),
    ],
)
def test_it_raises_doubt(probs, doubt):
    """Two classes are about equally likely, at any place."""
    assert Ambiguous().score(np.array([probs])) == pytest.approx([doubt])


@pytest.mark.parametrize(
    ("probs", "doubt"),
    [
        pytest.param((1.0, 0.0), 0.0, id="no other class comes near"),
        pytest.param((0.8, 0.1, 0.1), 0.3, id="a tie for the second place is none"),
        pytest.param((1.0,), 0.0, id="one class"),
    ],
)
def test_it_stays_quiet(probs, doubt):
    """One class is much likelier than all others."""
    assert Ambiguous().score(np.array([probs])) == pytest.approx([doubt])
