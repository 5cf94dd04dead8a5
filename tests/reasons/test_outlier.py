import numpy as np
import pytest

from doubtcli.reasons.outlier import Outlier

NAN = np.nan


def doubts(*distances):
    """What it says of every row, given its distances to its nearest rows."""
    return Outlier().score(np.array(distances, dtype=float))


@pytest.mark.parametrize(
    ("row", "doubt"),
    [
        pytest.param((2.0, 2.0), 0.5, id="twice the usual"),
        pytest.param((3.0, 5.0), 0.75, id="four times, in the mean"),
        pytest.param((100.0, 100.0), 0.99, id="a hundred times"),
        pytest.param((2.0, NAN), 0.5, id="one neighbour is enough"),
    ],
)
def test_it_raises_doubt(row, doubt):
    """Farther than usual, where the usual distance is 1."""
    assert doubts((1, 1), (1, 1), (1, 1), row)[-1] == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("row", "doubt"),
    [
        pytest.param((1.0, 1.0), 0.0, id="as far as usual"),
        pytest.param((0.1, 0.3), 0.0, id="nearer than usual"),
        pytest.param((NAN, NAN), NAN, id="no neighbour: nothing to say"),
    ],
)
def test_it_stays_quiet(row, doubt):
    """No farther than usual, or nothing known."""
    assert doubts((1, 1), (1, 1), (1, 1), row)[-1] == pytest.approx(doubt, nan_ok=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(1, 1)] * 3, [0, 0, 0], id="all alike"),
        pytest.param([(0, 0), (0, 0), (0, 0)], [0, 0, 0], id="all in one place"),
        pytest.param([(0, 0), (0, 0), (1, 1)], [0, 0, 1], id="all but one in one place"),
        pytest.param([(NAN, NAN)] * 2, [NAN, NAN], id="nobody has neighbours"),
    ],
)
def test_ties_and_nothing(rows, expected):
    """Distances that tie score alike, and no warning is given where there are none."""
    np.testing.assert_array_equal(doubts(*rows), expected)
