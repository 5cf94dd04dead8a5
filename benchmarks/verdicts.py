"""The effect of 50 verdicts on the ranking and the noise rate, on sets with known errors.

Usage: python benchmarks/verdicts.py [SET ...]      (`make bench-verdicts` runs all sets)

The sets are those of `ranking.py`. The known true labels play the person. First the top 50 rows of the
queue are decided; then, separately, 50 rows of an audit sample; each time the file is scanned again with
these verdicts. The table goes to standard output and into benchmarks/README.md. How often the measured rate's
interval holds is in `measured.py`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from measure import run_process
from page import PAGE, write_between
from sets import DATA, Task, read_tasks
from sklearn.metrics import average_precision_score

VERDICTS = 50
NO_ERROR = "none is an error"
UNKNOWN = ""
"""The verdict of a person who can't say which label is right."""
BEGIN, END = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"


@dataclass(frozen=True)
class Scan:
    """One scan's results on a task, in the file's order."""

    doubt: np.ndarray
    rank: np.ndarray
    queue: pd.DataFrame
    noise_rate: dict
    undecided: np.ndarray


def main() -> None:
    """Measure every set, print the table and write it into the README next to this file."""
    wanted = sys.argv[1:]
    ranked: list[list] = []
    for folder in sorted(DATA.iterdir()):
        if wanted and folder.name not in wanted:
            continue
        for task in read_tasks(folder):
            truth = pd.read_parquet(folder / "data.parquet").set_index("id")["true_label"]
            compare(task, truth[task.table["id"]].fillna(UNKNOWN).to_numpy(dtype=object), ranked)
    if not ranked:
        sys.exit(f"no labelled sets in {DATA}")
    text = report(ranked)
    print("\n" + text)
    if not wanted:
        write_between(PAGE, BEGIN, END, text)


# ------------------------------------------------------------------ 50 verdicts


def compare(task: Task, truth: np.ndarray, lines: list[list]) -> None:
    """Scan without verdicts, with 50 from the top, and with 50 of an audit sample."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        task.table.to_parquet(folder / "data.parquet")
        before = scan(task, folder)
        drawn = scan(task, folder, "--audit-sample", str(VERDICTS))
        ids = task.table["id"].astype(str).to_numpy()
        true_label = dict(zip(ids, truth, strict=True))
        after = []
        top = pd.DataFrame({"doubt_id": ids[np.argsort(before.rank)[:VERDICTS]]})
        for decided in (top, drawn.queue[:VERDICTS].copy()):
            decided["verdict"] = decided["doubt_id"].map(true_label)
            decided.to_csv(folder / "verdicts.csv", index=False)
            after.append(scan(task, folder, "--verdicts", str(folder / "verdicts.csv")))
    cells = [task.name, f"{len(task.table):,}", f"{task.is_error.mean():.1%}"]
    cells.append(f"{precision(task, before.doubt):.3f}")
    for scanned in after:
        rest = scanned.undecided
        cells.append(f"{precision(task, scanned.doubt):.3f}")
        pair = [precision(task, doubt, rest) for doubt in (before.doubt, scanned.doubt)]
        cells.append(" → ".join(f"{one:.3f}" for one in pair) if task.is_error[rest].any() else NO_ERROR)
    cells += [interval(task, before), interval(task, after[0]), interval(task, after[1])]
    figures = [precision(task, before.doubt), *(precision(task, one.doubt) for one in after)]
    rests = [
        (precision(task, before.doubt, one.undecided), precision(task, one.doubt, one.undecided))
        for one in after
    ]
    lines.append([cells, figures, rests, [holds(task, one) for one in (before, after[1])]])
    print("| " + " | ".join(cells) + " |", flush=True)


def scan(task: Task, folder: Path, *options: str) -> Scan:
    """The results of one `doubt scan`, called as a user would."""
    out = folder / "out"
    command = [
        sys.executable,
        "-m",
        "doubtcli",
        "scan",
        str(folder / "data.parquet"),
        "--isolated",
        "--no-cache",
    ]
    command += ["--label", "label", "--id", "id", "--quiet", "--force", "--threads", "1", "-o", str(out)]
    if task.has_answers:
        command += ["--annotators", "annotator_*"]
    run_process([*command, *options])
    found = pd.read_parquet(out / "doubts.parquet").sort_values("row")
    return Scan(
        doubt=found["doubt"].to_numpy(),
        rank=found["rank"].to_numpy(),
        queue=pd.read_csv(out / "queue.csv", dtype=str, keep_default_na=False),
        noise_rate=json.loads((out / "audit.json").read_text())["noise_rate"],
        undecided=found["verdict"].isna().to_numpy(),
    )


def precision(task: Task, doubt: np.ndarray, rows: np.ndarray | slice = slice(None)) -> float:
    """Average precision of the doubts of some rows; NaN where none of them is an error."""
    is_error = task.is_error[rows]
    return float(average_precision_score(is_error, doubt[rows])) if is_error.any() else float("nan")


def holds(task: Task, scanned: Scan) -> bool | None:
    """Whether the interval, or the bound by models, holds for the true rate; None where there is neither."""
    noise = scanned.noise_rate
    if not noise["assessable"]:
        return None
    low, high = (noise["at_least"], 1.0) if noise["rate"] is None else (noise["low"], noise["high"])
    # audit.json has six digits
    return bool(low - 1e-6 <= task.is_error.mean() <= high + 1e-6)


def interval(task: Task, scanned: Scan) -> str:
    """The interval of the noise rate, or the bound by models, with a mark where the true rate is outside."""
    noise = scanned.noise_rate
    if not noise["assessable"]:
        return "not assessable"
    by_models = f"at least {noise['at_least']:.1%}"
    shown = by_models if noise["rate"] is None else f"{noise['low']:.1%} to {noise['high']:.1%}"
    return shown + ("" if holds(task, scanned) else " (misses)")


# ----------------------------------------------------------------------- report


def report(ranked: list[list]) -> str:
    """The table, with means."""
    head = (
        "| set | rows | errors | AP, no verdicts | AP, 50 from the top | its undecided rows, before → after "
        "| AP, 50 of a sample | its undecided rows, before → after "
        "| interval, no verdicts | interval, 50 from the top | interval, 50 of a sample |"
    )
    parts = [head, "|" + "---|" * 11, *("| " + " | ".join(cells) + " |" for cells, *_ in ranked), ""]
    for place, name in ((0, "50 from the top"), (1, "50 of a sample")):
        whole = [figures[place + 1] / figures[0] for _, figures, *_ in ranked]
        rest = [
            rests[place][1] / rests[place][0] for _, _, rests, _ in ranked if np.isfinite(rests[place]).all()
        ]
        parts.append(
            f"AP with {name} against none, geometric mean of the ratios: {mean(whole):.2f} over all rows, "
            f"{mean(rest):.2f} over those left undecided (of {len(rest)} sets that have an error left)."
        )
    for place, name in ((0, "Without verdicts"), (1, "With 50 of a sample")):
        held = [holds[place] for *_, holds in ranked if holds[place] is not None]
        parts.append(f"{name}, the interval contains the true rate on {sum(held)} of {len(held)} sets.")
    return "\n".join(parts)


def mean(ratios: list[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else float("nan")


if __name__ == "__main__":
    main()
