"""The benchmarks run: on a set of the project's own, against a stand-in for the reference script."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from doubtcli.cli.main import run

ROOT = Path(__file__).parents[1]

PEER = """
import sys
import pandas as pd
rows = len(pd.read_parquet(sys.argv[1]))
pd.DataFrame({"row": range(rows), "doubt": range(rows), "doubted": False}).to_parquet(sys.argv[2])
"""


def write_penguins(folder):
    """The penguins as a set with known errors."""
    penguins = pd.read_csv(ROOT / "fixtures" / "penguins.csv")
    errors = pd.read_csv(ROOT / "fixtures" / "penguins_errors.csv")
    table = penguins.rename(columns={"species": "label"}).assign(id=range(len(penguins)))
    table["true_label"] = table["label"]
    table.loc[errors["row"] - 1, "true_label"] = errors["true_species"].to_numpy()
    table["is_error"] = table["label"] != table["true_label"]
    folder.mkdir(parents=True)
    table.to_parquet(folder / "data.parquet")


def test_the_ranking_benchmark_scores_doubt_beside_a_peer(tmp_path):
    """On the penguins with their planted errors `doubt` comes out far above a peer that ranks by place."""
    write_penguins(tmp_path / "data" / "penguins")
    (tmp_path / "peer.py").write_text(PEER)
    env = {**os.environ, "DOUBT_DATA": str(tmp_path / "data"), "DOUBT_REFERENCE": str(tmp_path / "peer.py")}

    command = [sys.executable, str(ROOT / "benchmarks" / "ranking.py"), "penguins"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)

    cells = done.stdout.splitlines()[0].split("|")
    name, rows, errors, ours, peer = (cell.strip() for cell in cells[1:6])
    assert (name, rows, errors) == ("penguins", "344", "4.9%")
    assert float(ours) > 0.9
    assert float(peer) < 0.2


def in_this_process(command):
    """Run `python -m doubtcli ...` without starting Python anew, which takes most of the time of a scan."""
    assert run(command[3:]) == 0


def test_the_verdicts_benchmark_tells_what_fifty_verdicts_do(tmp_path, monkeypatch, capsys):
    """On the penguins, who have 17 wrong labels, 50 verdicts from the top find them all."""
    write_penguins(tmp_path / "data" / "penguins")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    verdicts = importlib.import_module("verdicts")
    monkeypatch.setattr(verdicts, "DATA", tmp_path / "data")
    monkeypatch.setattr(verdicts, "run_process", in_this_process)
    monkeypatch.setattr(sys, "argv", ["verdicts.py", "penguins"])

    verdicts.main()

    told = capsys.readouterr().out
    cells = [cell.strip() for cell in told.splitlines()[0].split("|")]
    assert cells[1:4] == ["penguins", "344", "4.9%"]
    assert (cells[5], cells[6]) == ("1.000", "none is an error")
    assert "### Coverage of the measured rate's 90% interval, 1,000 samples each" in told
