import numpy as np
import pytest

from doubtcli.reasons.neighbor_disagreement import NeighborDisagreement


def doubt_of_label_0(*votes):
    """What it says of one row labelled 0."""
    return NeighborDisagreement().score(np.array([0]), np.array([votes]))[0]


@pytest.mark.parametrize(
    ("votes", "doubt"),
    [
        pytest.param((0.0, 1.0), 1.0, id="none bears its label"),
        pytest.param((0.1, 0.9), 0.9, id="one of ten"),
        pytest.param((0.5, 0.5), 0.5, id="half of them"),
        pytest.param((0.2, 0.4, 0.4), 0.8, id="the others are at odds too"),
    ],
)
def test_it_raises_doubt(votes, doubt):
    """What neighbours bear of other labels."""
    assert doubt_of_label_0(*votes) == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("votes", "doubt"),
    [
        pytest.param((1.0, 0.0), 0.0, id="all bear its label"),
        pytest.param((0.75, 0.25), 0.25, id="most do"),
        pytest.param((1.0 + 1e-12, 0.0), 0.0, id="a rounding above 1 is no doubt below 0"),
        pytest.param((0.0, 0.0), np.nan, id="a row without neighbours has no score"),
        pytest.param((np.nan, np.nan), np.nan, id="nor has one whose votes are not known"),
    ],
)
def test_it_stays_quiet(votes, doubt):
    """Neighbours of the same label, or none."""
    assert doubt_of_label_0(*votes) == pytest.approx(doubt, abs=0, nan_ok=True)
