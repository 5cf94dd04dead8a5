import numpy as np
import pytest

from doubtcli.reasons.neighbor_disagreement import NeighborDisagreement


def doubt_of_label_0(*votes):
    """The doubt of a row labelled 0."""
    return NeighborDisagreement().score(np.array([0]), np.array([votes]))[0]


@pytest.mark.parametrize(
    ("votes", "doubt"),
    [
        pytest.param((0.0, 1.0), 1.0, id="none has its label"),
        pytest.param((0.1, 0.9), 0.9, id="one of ten"),
        pytest.param((0.5, 0.5), 0.5, id="half of them"),
        pytest.param((0.2, 0.4, 0.4), 0.8, id="the others disagree too"),
    ],
)
def test_it_raises_doubt(votes, doubt):
    """The doubt is the share of neighbours with other labels."""
    assert doubt_of_label_0(*votes) == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("votes", "doubt"),
    [
        pytest.param((1.0, 0.0), 0.0, id="all have its label"),
        pytest.param((0.75, 0.25), 0.25, id="most do"),
        pytest.param((1.0 + 1e-12, 0.0), 0.0, id="rounded to above 1, the doubt is still 0"),
        pytest.param((0.0, 0.0), np.nan, id="a row without neighbours has no score"),
        pytest.param((np.nan, np.nan), np.nan, id="nor has one whose votes are not known"),
    ],
)
def test_it_stays_quiet(votes, doubt):
    """Most neighbours have the same label, or there are none."""
    assert doubt_of_label_0(*votes) == pytest.approx(doubt, abs=0, nan_ok=True)
