import numpy as np
import pytest

from doubtcli.reasons.low_self_confidence import LowSelfConfidence


@pytest.mark.parametrize(
    ("probs", "doubt"),
    [
        pytest.param((0.0, 1.0), 1.0, id="no probability at all"),
        pytest.param((0.25, 0.75), 0.75, id="a low probability"),
        pytest.param((0.2, 0.4, 0.4), 0.8, id="the others tie"),
    ],
)
def test_it_raises_doubt(probs, doubt):
    """The doubt is all the probability that label 0 does not get."""
    assert LowSelfConfidence().score(np.array([0]), np.array([probs])) == pytest.approx([doubt])


@pytest.mark.parametrize(
    ("probs", "doubt"),
    [
        pytest.param((1.0, 0.0), 0.0, id="certain"),
        pytest.param((0.75, 0.25), 0.25, id="likely"),
        pytest.param((1.0 + 1e-7, 0.0), 0.0, id="rounded to above 1, the doubt is still 0"),
    ],
)
def test_it_stays_quiet(probs, doubt):
    """A likely label has a low doubt."""
    assert LowSelfConfidence().score(np.array([0]), np.array([probs])) == pytest.approx([doubt], abs=0)
