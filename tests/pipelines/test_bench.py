from pathlib import Path

import numpy as np

from doubtcli.pipelines.bench import measure_scan_power
from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.settings import ScanSettings

FIXTURES = Path(__file__).parents[2] / "fixtures"
TICKETS, PENGUINS = FIXTURES / "tickets.csv", FIXTURES / "penguins.csv"
QUICK = {"folds": 3, "repeats": 1}


def test_power_by_class_and_reason():
    """A bench tells it of each species and of each error reason that was asked."""
    settings = ScanSettings(path=str(PENGUINS), label="species", skip=("cross-val-flip",), **QUICK)

    power, names = measure_scan_power(settings, plantings=1, progress=Silence())

    assert power.n_planted == 17
    assert set(power.by_class) == set(range(len(names)))
    assert power.by_reason["neighbor-disagreement"] > 0.5
    assert "cross-val-flip" not in power.by_reason
    assert "outlier" not in power.by_reason


def test_a_bench_measures_what_a_scan_says():
    """It plants as often as a scan, and finds the scan's own shares; annotators stay silent."""
    settings = ScanSettings(path=str(TICKETS), **QUICK)

    power, _ = measure_scan_power(settings, plantings=None, progress=Silence())
    tickets = make_audit(settings, progress=Silence())[0]

    assert power.n_planted == tickets.power.n_planted == 60
    assert power.found_in_first == tickets.power.found_in_first
    assert "annotator-disagreement" in {reason.name for reason in tickets.reasons}
    assert "annotator-disagreement" not in power.by_reason


def test_the_power_of_probabilities_of_ones_own_is_not_assessable(tmp_path):
    """They were made without planted errors, and the bench says so, too."""
    np.save(tmp_path / "probs.npy", np.full((344, 3), 1 / 3))
    settings = ScanSettings(path=str(PENGUINS), label="species", pred_probs=str(tmp_path / "probs.npy"))

    power, _ = measure_scan_power(settings, plantings=1, progress=Silence())

    assert (power.assessable, power.why) == (False, "your probabilities were made without planted errors")
