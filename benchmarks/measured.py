"""How often the measured noise rate's interval holds at all looks together, and how wide it is.

Usage: python benchmarks/measured.py [SET ...]      (part of `make bench-numbers`)

The sets are those of `ranking.py`. Each is scanned once; then 1,000 audit samples of 200 rows are drawn by
the doubts of this scan, and the known errors play the person. An interval holds at all looks together if the
one at the last look holds, since what was ruled out once stays so. It is done again with rarer errors: as
many rows at random as make up 1%, most of them unseen by models. Widths, in the mean over 50, 100 and 200
verdicts and 40 samples, are compared with two intervals on plain random samples: with this one without
strata, and with a prior of equal weight on all rates (Waudby-Smith and Ramdas, 2020); both hold at all looks,
too. The table goes to standard output and into benchmarks/README.md.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from page import PAGE, markdown_table, write_between
from scipy.special import betaln, gammaln
from sets import DATA, read_tasks
from verdicts import scan

from doubtcli.queue.sampling import draw_sample
from doubtcli.rank.confidence_sequence import LEVEL, CheckedSample, bound_rate

SIZES = (50, 100, 200)
MORE = 1.5
SAMPLES, MEASURED = 1000, 40
RARE = 0.01
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEAD = ["set", "rows", "errors", "holds", "holds at 1%"]
HEAD += [
    f"{against}, {of} verdicts" for against in ("no strata", "equal prior") for of in ("as many", "1.5 times")
]


def main() -> None:
    """Measure every set, print the table and write it into the README next to this file."""
    wanted = sys.argv[1:]
    lines, figures = [], []
    for folder in sorted(DATA.iterdir()):
        if wanted and folder.name not in wanted:
            continue
        for task in read_tasks(folder):
            with tempfile.TemporaryDirectory() as name:
                task.table.to_parquet(Path(name) / "data.parquet")
                doubt = scan(task, Path(name)).doubt
            figures.append(measure(doubt, task.is_error))
            lines.append([task.name, f"{len(doubt):,}", f"{task.is_error.mean():.1%}", *show(figures[-1])])
            print("| " + " | ".join(lines[-1]) + " |", flush=True)
    if not lines:
        sys.exit(f"no labelled sets in {DATA}")
    lines.append(["mean", "", "", *show(np.nanmean(figures, axis=0))])
    text = markdown_table(HEAD, lines)
    print("\n" + text)
    if not wanted:
        write_between(PAGE, BEGIN, END, text)


def show(figures: np.ndarray) -> list[str]:
    """Two shares, then ratios of widths."""
    return [*(f"{share:.1%}" for share in figures[:2]), *(f"{ratio:.2f}" for ratio in figures[2:])]


def measure(doubt: np.ndarray, is_wrong: np.ndarray) -> np.ndarray:
    """Coverage with the set's errors and with rare ones, and the four ratios of widths."""
    rare = np.zeros(len(doubt), dtype=bool)
    rare[np.random.default_rng(0).choice(len(doubt), max(1, round(RARE * len(doubt))), replace=False)] = True
    everything = np.ones(len(doubt), dtype=bool)
    held, widths = np.zeros(2), []
    for seed in range(SAMPLES):
        sample = draw_sample(doubt, everything, max(SIZES), seed)
        held += [holds(take(sample, wrong), wrong.mean()) for wrong in (is_wrong, rare)]
        if seed < MEASURED:
            widths.append([width(bound_rate(take(sample, is_wrong, size))) for size in SIZES])
    own = np.mean(widths, axis=0)
    ratios = [own / plain[:, place] for plain in measure_plain(is_wrong) for place in (0, 1)]
    return np.array([*(held / SAMPLES), *np.nanmean(ratios, axis=1)])


def take(sample, is_wrong: np.ndarray, size: int | None = None) -> CheckedSample:  # noqa: ANN001
    """The first rows of a sample, all decided."""
    strata = sample.strata[:size]
    sizes = {stratum.number: stratum.n_rows for stratum in sample.strata}
    return CheckedSample(
        np.array([stratum.number - 1 for stratum in strata]),
        is_wrong[sample.rows[:size]],
        np.array([sizes[number] for number in sorted(sizes)]),
    )


def holds(sample: CheckedSample, truth: float) -> bool:
    """Whether the interval after the last verdict contains the truth."""
    low, high = bound_rate(sample)
    return low - 1e-9 <= truth <= high + 1e-9


def width(bounds: tuple[float, float]) -> float:
    """Of an interval."""
    return bounds[1] - bounds[0]


def measure_plain(is_wrong: np.ndarray) -> np.ndarray:
    """Mean widths on plain random samples, shape `(2, n_sizes, 2)`: of each interval, with as many and more.

    NaN where the set has too few rows.
    """
    rng = np.random.default_rng(0)
    looks = [min(round(size * times), len(is_wrong)) for size in SIZES for times in (1, MORE)]
    found = np.zeros((2, len(looks)))
    for _ in range(MEASURED):
        labels = rng.permutation(is_wrong)[: max(looks)]
        one = np.array([len(is_wrong)])
        found[0] += [width(bound_rate(CheckedSample(np.zeros(n, int), labels[:n], one))) for n in looks]
        found[1] += bound_by_equal_prior(labels, len(is_wrong))[np.array(looks) - 1]
    found[:, [max(SIZES) * MORE > len(is_wrong) and look == len(is_wrong) for look in looks]] = np.nan
    return found.reshape(2, len(SIZES), 2) / MEASURED


def bound_by_equal_prior(labels: np.ndarray, n_rows: int) -> np.ndarray:
    """The width after each verdict of a prior-posterior-ratio interval: shape `(n_verdicts,)`."""
    n = np.arange(1, len(labels) + 1)[:, None]
    wrong = labels.cumsum()[:, None]
    rates = np.unique(np.linspace(0, n_rows, min(n_rows, 1000) + 1).round())[None]
    possible = (rates >= wrong) & (n_rows - rates >= n - wrong)
    left, right = np.where(possible, rates - wrong, 0), np.where(possible, n_rows - rates - n + wrong, 0)
    likelihood = gammaln(rates + 1) - gammaln(left + 1) + gammaln(n_rows - rates + 1) - gammaln(right + 1)
    likelihood -= gammaln(n_rows + 1) - gammaln(n_rows - n + 1)
    ratio = np.where(possible, betaln(1 + wrong, 1 + n - wrong) - likelihood, np.inf)
    kept = np.maximum.accumulate(ratio, axis=0) < -np.log(1 - LEVEL)
    high, low = np.where(kept, rates, -np.inf).max(axis=1), np.where(kept, rates, np.inf).min(axis=1)
    return np.maximum(high - low, 0) / n_rows  # where nothing is left, the truth was ruled out


if __name__ == "__main__":
    main()
