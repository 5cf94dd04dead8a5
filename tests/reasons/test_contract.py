import pytest

from doubtcli.plugins import ORDER, load_reasons
from doubtcli.testing import check_reason

OURS = [loaded for loaded in load_reasons() if loaded.package.startswith("doubtcli ")]


def test_every_reason_of_the_design_is_there():
    """The installed reasons of our own are those of the table, in its order."""
    assert tuple(loaded.name for loaded in OURS) == ORDER


@pytest.mark.parametrize("loaded", OURS, ids=lambda loaded: loaded.name)
def test_every_reason_keeps_the_contract(loaded):
    """Form, worked rows, range, order of rows, names of classes: one contract for all."""
    check_reason(loaded.reason)
