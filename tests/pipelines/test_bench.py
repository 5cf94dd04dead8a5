import csv
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from doubtcli.pipelines.bench import measure_scan_power
from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.settings import ScanSettings

FIXTURES = Path(__file__).parents[2] / "fixtures"
TICKETS, PENGUINS = FIXTURES / "tickets.csv", FIXTURES / "penguins.csv"
QUICK = {"folds": 3, "repeats": 1}


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Twenty trees show what a hundred do, in a tenth of the time."""
    monkeypatch.setattr("doubtcli.predict.table_models._VOTES", 12)


def test_power_by_class_and_reason():
    """A bench measures it for each species and for each error reason that was run."""
    settings = ScanSettings(path=str(PENGUINS), label="species", skip=("cross-val-flip",), **QUICK)

    power, names = measure_scan_power(settings, plantings=1, progress=Silence())

    assert power.n_planted == 17
    assert set(power.by_class) == set(range(len(names)))
    assert power.by_reason["neighbor-disagreement"] > 0.5
    assert "cross-val-flip" not in power.by_reason
    assert "outlier" not in power.by_reason


def test_a_bench_finds_the_shares_of_a_scan(tmp_path):
    """With one planting it finds the shares of a scan; annotators are left out."""
    with TICKETS.open(newline="", encoding="utf-8") as whole, (tmp_path / "tickets.csv").open("w") as part:
        csv.writer(part).writerows(islice(csv.reader(whole), 241))
    settings = ScanSettings(path=str(tmp_path / "tickets.csv"), **QUICK)

    power, _ = measure_scan_power(settings, plantings=1, progress=Silence())
    tickets = make_audit(settings, progress=Silence())[0]

    assert power.n_planted == tickets.power.n_planted == 12
    assert power.found_in_first == tickets.power.found_in_first
    assert "annotator-disagreement" in {reason.name for reason in tickets.reasons}
    assert "annotator-disagreement" not in power.by_reason


def test_the_power_of_own_probabilities_is_not_assessable(tmp_path, sentences):
    """They were made without planted errors, and the bench says so."""
    np.save(tmp_path / "probs.npy", np.full((344, 3), 1 / 3))
    settings = ScanSettings(path=str(PENGUINS), label="species", pred_probs=str(tmp_path / "probs.npy"))

    power, _ = measure_scan_power(settings, plantings=1, progress=Silence())

    assert not power.assessable
    sentences.check(power.why)
