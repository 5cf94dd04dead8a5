import pytest

from doubtcli.plugins import load_our_reasons
from doubtcli.testing import check_reason

OURS = load_our_reasons()


def test_every_reason_of_the_design_is_there():
    """The installed reasons of our own are those of the design's table: errors before context."""
    assert [loaded.name for loaded in OURS] == [
        "low-self-confidence",
        "cross-val-flip",
        "confident-learning",
        "model-disagreement",
        "annotator-disagreement",
        "neighbor-disagreement",
        "duplicate-conflict",
        "ambiguous",
        "outlier",
    ]


def test_each_is_listed_at_a_place_of_its_own():
    """No two of our reasons leave their order to their names."""
    assert len({loaded.reason.place for loaded in OURS}) == len(OURS)


@pytest.mark.parametrize("loaded", OURS, ids=lambda loaded: loaded.name)
def test_every_reason_keeps_the_contract(loaded):
    """Form, worked rows, range, order of rows, names of classes: one contract for all."""
    check_reason(loaded.reason)
