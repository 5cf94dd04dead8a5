"""How often promises on flagged rows hold: at least so many labels are wrong, so many suggestions are right.

Usage: python benchmarks/flags.py [SET ...]      (`make bench-numbers` runs all sets)

The sets are those of `ranking.py`. Each is scanned once. From its queue, rows are drawn at random 1,000
times, as `doubt queue --strategy spot-check` draws them, and the known true labels play the person. A replay
holds if the bound is true at every cut of the queue at once; a promise on suggestions is kept if at least 95%
(or 80%) of those that are accepted are the true label. In each fourth replay the person first decides the ten
rows at the top, which are not drawn. The table goes to standard output and into benchmarks/README.md.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from page import PAGE, write_between
from sets import DATA, Task, read_tasks
from verdicts import scan

from doubtcli.rank.flags import bound_misses, choose_prefix
from doubtcli.records import HIT, MISS, UNKNOWN, SpotCheck

SIZES = (30, 60, 120)
SHARES = (0.95, 0.8)
DRAWS = 1000
TOP = 10
"""Rows that the person decides first, in each fourth replay."""
FEWEST_FLAGGED = 40
CUTS = (1.0, 0.5, 0.25)
BEGIN, END = "<!-- flags: begin -->", "<!-- flags: end -->"


@dataclass(frozen=True)
class FlaggedSet:
    """The queue of a set, in its order, and what is known of its rows."""

    name: str
    is_wrong: np.ndarray
    is_right_suggestion: np.ndarray
    has_suggestion: np.ndarray


@dataclass(frozen=True)
class Replays:
    """What many replays of one size gave."""

    held: float
    """The share in which all bounds on wrong labels were true."""
    bounds: tuple[float, ...]
    """The mean bound at each of `CUTS`, as a share of its rows."""
    truths: tuple[float, ...]
    kept: tuple[float, ...]
    """For each of `SHARES`, the share of replays in which the promise on suggestions was kept."""
    accepted: tuple[float, ...]
    """For each of `SHARES`, the mean share of the queue that was accepted."""


def main() -> None:
    """Replay every set, print the table and write it into the README next to this file."""
    wanted = sys.argv[1:]
    lines = []
    for folder in sorted(DATA.iterdir()):
        if wanted and folder.name not in wanted:
            continue
        for task in read_tasks(folder):
            truth = pd.read_parquet(folder / "data.parquet").set_index("id")["true_label"]
            flagged = list_flagged(task, truth[task.table["id"]].fillna("").to_numpy(dtype=object))
            lines += [describe(flagged, size) for size in SIZES if is_large_enough(flagged, size)]
    if not lines:
        sys.exit(f"no labelled sets in {DATA}")
    text = "\n".join([f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS), *lines])
    print("\n" + text)
    if not wanted:
        write_between(PAGE, BEGIN, END, text)


def list_flagged(task: Task, truth: np.ndarray) -> FlaggedSet:
    """The queue of one scan, with what is known of its rows."""
    with tempfile.TemporaryDirectory() as name:
        task.table.to_parquet(Path(name) / "data.parquet")
        queue = scan(task, Path(name)).queue
    ids = task.table["id"].astype(str)
    wrong = dict(zip(ids, task.is_error, strict=True))
    true_label = dict(zip(ids, truth, strict=True))
    suggested, given = queue["doubt_suggested"].to_numpy(), queue["given_label"].to_numpy()
    true = queue["doubt_id"].map(true_label).to_numpy()
    return FlaggedSet(
        task.name, queue["doubt_id"].map(wrong).to_numpy(bool), suggested == true, suggested != given
    )


def is_large_enough(flagged: FlaggedSet, size: int) -> bool:
    """Whether there are rows left when so many are drawn."""
    return len(flagged.is_wrong) >= max(FEWEST_FLAGGED, size + TOP)


# ------------------------------------------------------------------- replays


def replay(flagged: FlaggedSet, size: int, n_draws: int = DRAWS) -> Replays:
    """Draw rows at random many times, and compare what is promised with what is known."""
    rng = np.random.default_rng(0)
    n = len(flagged.is_wrong)
    wrong_before = np.append(0, np.cumsum(flagged.is_wrong))
    rows = [round(cut * n) for cut in CUTS]
    held, bounds, kept, accepted = [], [], [], []
    for number in range(n_draws):
        drawn = np.zeros(n, dtype=bool)
        drawn[rng.permutation(n)[:size]] = True
        known = drawn | (np.arange(n) < TOP if number % 4 == 0 else False)
        least = np.arange(n + 1) - bound_misses(find(drawn, known, flagged.is_wrong, size))
        held.append((least <= wrong_before).all())
        bounds.append(least[rows] / rows)
        found = find(drawn, known, flagged.is_right_suggestion, size)
        takeable = flagged.has_suggestion & ~known
        taken = [accept(found, takeable, share) for share in SHARES]
        kept.append([is_kept(flagged, one, share) for one, share in zip(taken, SHARES, strict=True)])
        accepted.append([one.mean() for one in taken])
    return Replays(
        float(np.mean(held)),
        tuple(np.mean(bounds, axis=0)),
        tuple(wrong_before[rows] / rows),
        tuple(np.mean(kept, axis=0)),
        tuple(np.mean(accepted, axis=0)),
    )


def find(drawn: np.ndarray, known: np.ndarray, is_hit: np.ndarray, n_drawn: int) -> SpotCheck:
    """What people find who decide the known rows, of which some were drawn at random."""
    return SpotCheck(np.where(known, np.where(is_hit, HIT, MISS), UNKNOWN), drawn, n_drawn)


def accept(found: SpotCheck, takeable: np.ndarray, at_least: float) -> np.ndarray:
    """Which rows are accepted."""
    return takeable & (np.arange(len(takeable)) < choose_prefix(found, takeable, at_least))


def is_kept(flagged: FlaggedSet, taken: np.ndarray, at_least: float) -> bool:
    """Whether enough of the accepted suggestions are right; also where none is accepted."""
    return bool(not taken.any() or flagged.is_right_suggestion[taken].mean() >= at_least - 1e-9)


# -------------------------------------------------------------------- report

COLUMNS = (
    "set",
    "queue",
    "drawn",
    "holds at every cut",
    "at least wrong in the whole queue, half, quarter (true)",
    "accepted at 95%: kept, share of the queue",
    "at 80%",
)


def describe(flagged: FlaggedSet, size: int) -> str:
    """One line of the table."""
    found = replay(flagged, size)
    cuts = ", ".join(
        f"{least:.0%} ({true:.0%})" for least, true in zip(found.bounds, found.truths, strict=True)
    )
    suggestions = [f"{kept:.1%}, {share:.0%}" for kept, share in zip(found.kept, found.accepted, strict=True)]
    cells = (flagged.name, f"{len(flagged.is_wrong):,}", str(size), f"{found.held:.1%}", cuts, *suggestions)
    line = "| " + " | ".join(cells) + " |"
    print(line, flush=True)
    return line


if __name__ == "__main__":
    main()
