"""How well `doubt scan` finds labels flipped at random in scikit-learn's digits and breast cancer tables.

Usage: python benchmarks/flips.py [--seeds N]      (`make bench-flips` takes 10)

5% of the labels become another class, all others with the same probability. tabaudit runs on the
first three seeds only. The table goes to standard output and, with ten seeds, into benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from page import PAGE, markdown_table, write_between
from sets import Task
from sklearn.datasets import load_breast_cancer, load_digits
from tools import CLEANLAB, DOUBT, TABAUDIT, measure

BEGIN, END = "<!-- flips: begin -->", "<!-- flips: end -->"
SHARE, SEEDS = 0.05, 10
SETS = {"digits": load_digits, "breast cancer": load_breast_cancer}
MOST_SEEDS = {DOUBT: SEEDS, CLEANLAB: SEEDS, TABAUDIT: 3}


def main() -> None:
    """Measure the tools on both sets; print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help=f"[default: {SEEDS}]")
    n_seeds = parser.parse_args().seeds
    rows = [
        measure_seeds(name, tool, min(n_seeds, most)) for name in SETS for tool, most in MOST_SEEDS.items()
    ]
    table = markdown_table(["set", "tool", "seeds", "AP", "lowest", "highest", "CPU seconds"], rows)
    print(table)
    if n_seeds == SEEDS:
        write_between(PAGE, BEGIN, END, table)


def measure_seeds(name: str, tool, n_seeds: int) -> list[str]:  # noqa: ANN001  # one of the tools
    """One tool on one set: the mean over the seeds, and the range."""
    results = [measure(tool, flip_labels(name, seed))[tool.methods[0]] for seed in range(n_seeds)]
    found = [result.average_precision for result in results]
    cpu = np.mean([result.cost.cpu_seconds for result in results])
    print(f"{name}: {tool.name} {np.mean(found):.3f}", file=sys.stderr, flush=True)
    figures = [f"{figure:.3f}" for figure in (np.mean(found), min(found), max(found))]
    return [name, tool.name, str(n_seeds), *figures, f"{cpu:.1f}"]


def flip_labels(name: str, seed: int) -> Task:
    """The set with a share of its labels flipped."""
    rng = np.random.default_rng(seed)
    data = SETS[name](as_frame=True)
    truth, n_classes = data.target.to_numpy(), len(data.target_names)
    is_error = np.zeros(len(truth), dtype=bool)
    is_error[rng.choice(len(truth), round(SHARE * len(truth)), replace=False)] = True
    labels = np.where(is_error, (truth + rng.integers(1, n_classes, len(truth))) % n_classes, truth)
    named = [f"class {label}" for label in labels]
    return Task(name, data.data.assign(id=np.arange(len(truth)), label=named), is_error)


if __name__ == "__main__":
    main()
