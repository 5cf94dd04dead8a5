import pytest

from doubtcli.plugins import load_our_reasons
from doubtcli.testing import check_reason

OURS = load_our_reasons()


def test_all_our_reasons_are_installed():
    """They are listed in this order: errors before context."""
    assert [loaded.name for loaded in OURS] == [
        "low-self-confidence",
        "cross-val-flip",
        "confident-learning",
        "model-disagreement",
        "annotator-disagreement",
        "neighbor-disagreement",
        "duplicate-conflict",
        "rule-conflict",
        "ambiguous",
        "outlier",
    ]


def test_no_two_of_our_reasons_have_the_same_place():
    """So their order does not depend on their names."""
    assert len({loaded.reason.place for loaded in OURS}) == len(OURS)


@pytest.mark.parametrize("loaded", OURS, ids=lambda loaded: loaded.name)
def test_every_reason_keeps_the_contract(loaded):
    """All pass `check_reason`."""
    check_reason(loaded.reason)
