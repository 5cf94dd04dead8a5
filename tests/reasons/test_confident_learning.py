import numpy as np
import pytest

from doubtcli.reasons.confident_learning import ConfidentLearning

# The rows that set the thresholds: the models are usually sure of class 0, and less sure of class 1.
LABELS = (0, 0, 1, 1)
PROBS = ((0.9, 0.1, 0.0), (0.9, 0.1, 0.0), (0.2, 0.6, 0.2), (0.2, 0.6, 0.2))


def doubt(label, probs):
    """The doubt of one more row; no other row has class 2."""
    labels, pred_probs = np.array([*LABELS, label]), np.array([*PROBS, probs])
    return ConfidentLearning().score(labels, pred_probs, 3)[-1]


@pytest.mark.parametrize(
    ("label", "probs", "expected"),
    [
        pytest.param(0, (0.2, 0.8, 0.0), 0.8, id="above class 1's threshold of .6"),
        pytest.param(0, (0.3, 0.6, 0.1), 2 / 3, id="on the threshold"),
        pytest.param(1, (0.9, 0.1, 0.0), 0.9, id="above class 0's threshold of .9"),
    ],
)
def test_it_raises_doubt(label, probs, expected):
    """A row that reaches the threshold of another class is doubted by p(other) / (p(other) + p(given))."""
    assert doubt(label, probs) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("label", "probs"),
    [
        pytest.param(0, (0.45, 0.55, 0.0), id="predicted otherwise, but below the threshold of .6"),
        pytest.param(0, (0.9, 0.1, 0.0), id="reaches its own"),
        pytest.param(1, (0.5, 0.5, 0.0), id="a tie with the likeliest counts for the label"),
        pytest.param(0, (0.0, 0.3, 0.7), id="no row has class 2, so it has no threshold"),
    ],
)
def test_it_stays_quiet(label, probs):
    """All other rows are not doubted at all."""
    assert doubt(label, probs) == 0.0


def test_a_tie_for_the_likeliest_class_raises_no_doubt():
    """Both rows reach the thresholds of both classes, and the label wins, with either code."""
    probs = np.full((2, 2), 0.5)

    np.testing.assert_array_equal(ConfidentLearning().score(np.array([0, 1]), probs, 2), [0.0, 0.0])
