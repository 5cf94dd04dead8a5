import numpy as np
import pytest

from doubtcli.reasons.cross_val_flip import CrossValFlip


def doubt_of_label_0(*repeats):
    """The doubt of a row labelled 0, by its probabilities in each repeat."""
    return CrossValFlip().score(np.array([0]), np.array(repeats)[:, None, :])[0]


@pytest.mark.parametrize(
    ("repeats", "doubt"),
    [
        pytest.param([(0.0, 1.0), (0.0, 1.0)], 1.0, id="every repeat is sure of another class"),
        pytest.param([(0.1, 0.9), (0.3, 0.7)], 0.9, id="every repeat flips: (1 + .8) / 2"),
        pytest.param([(0.1, 0.8, 0.1), (0.1, 0.1, 0.8)], 17 / 18, id="to different classes: (1 + 8/9) / 2"),
        pytest.param([(0.4, 0.6), (0.4, 0.6), (0.6, 0.4)], 3 / 5, id="two of three: (2/3 + 8/15) / 2"),
        pytest.param([(0.4, 0.6), (0.4, 0.6)], 0.8, id="narrowly, but every time"),
    ],
)
def test_it_raises_doubt(repeats, doubt):
    """Half of the score is how often the row flips, the other half how likely the best other class is."""
    assert doubt_of_label_0(*repeats) == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("repeats", "doubt"),
    [
        pytest.param([(1.0, 0.0), (1.0, 0.0)], 0.0, id="every repeat is sure of the label"),
        pytest.param([(0.9, 0.1), (0.7, 0.3)], 0.1, id="every repeat predicts it: (0 + .2) / 2"),
        pytest.param([(0.5, 0.5)], 0.25, id="a tie counts for the label: (0 + .5) / 2"),
        pytest.param([(0.0, 0.0)], 0.25, id="so do probabilities of 0"),
        pytest.param([(0.4, 0.6), (0.9, 0.1)], 0.425, id="one narrow flip, one clear hit: (.5 + .35) / 2"),
    ],
)
def test_it_stays_quiet(repeats, doubt):
    """A label that every repeat predicts gets at most .25."""
    assert doubt_of_label_0(*repeats) == pytest.approx(doubt)
