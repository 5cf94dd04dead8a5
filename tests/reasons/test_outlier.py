import numpy as np
import pytest

from doubtcli.reasons.outlier import Outlier

NAN = np.nan


def doubts(*distances):
    """The doubt of every row, by its distances to its nearest rows."""
    return Outlier().score(np.array(distances, dtype=float))


@pytest.mark.parametrize(
    ("row", "doubt"),
    [
        pytest.param((2.0, 2.0), 0.5, id="twice the median"),
        pytest.param((3.0, 5.0), 0.75, id="four times on average"),
        pytest.param((100.0, 100.0), 0.99, id="a hundred times"),
        pytest.param((2.0, NAN), 0.5, id="one neighbour is enough"),
    ],
)
def test_it_raises_doubt(row, doubt):
    """Rows farther than the median distance of 1 are doubted."""
    assert doubts((1, 1), (1, 1), (1, 1), row)[-1] == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("row", "doubt"),
    [
        pytest.param((1.0, 1.0), 0.0, id="at the median"),
        pytest.param((0.1, 0.3), 0.0, id="below the median"),
        pytest.param((NAN, NAN), NAN, id="no neighbours"),
    ],
)
def test_it_stays_quiet(row, doubt):
    """A row at or below the median has no doubt, and one without neighbours has no score."""
    assert doubts((1, 1), (1, 1), (1, 1), row)[-1] == pytest.approx(doubt, nan_ok=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([(1, 1)] * 3, [0, 0, 0], id="all alike"),
        pytest.param([(0, 0), (0, 0), (0, 0)], [0, 0, 0], id="all in one place"),
        pytest.param([(0, 0), (0, 0), (1, 1)], [0, 0, 1], id="all but one in one place"),
        pytest.param([(NAN, NAN)] * 2, [NAN, NAN], id="no row has neighbours"),
    ],
)
def test_equal_distances_and_none(rows, expected):
    """Equal distances give equal doubts, and rows without neighbours give no warning."""
    np.testing.assert_array_equal(doubts(*rows), expected)
