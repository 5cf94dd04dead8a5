"""How well `doubt scan` ranks known label errors, beside the script that a careful user would write today.

Usage: python benchmarks/ranking.py [SET ...]      (`make bench-ranking` runs all sets)

The sets are the folders under `DOUBT_DATA` (default: ../shared/data) that hold a `data.parquet` with
the columns `label` and `is_error`. The peer is the script `reference.py` beside that folder (or
`DOUBT_REFERENCE`): scikit-learn's cross-validation and cleanlab's self-confidence. Both run as processes
of their own on the same file, one after the other, and neither is shown what is known of the errors. The
table goes to standard output and into benchmarks/README.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.metrics import average_precision_score

DATA = Path(os.environ.get("DOUBT_DATA", "../shared/data"))
REFERENCE = Path(os.environ.get("DOUBT_REFERENCE", DATA.parent / "reference.py"))
PAGE = Path(__file__).with_name("README.md")
NOTHING = "-"
BEGIN, END = "<!-- ranking: begin -->", "<!-- ranking: end -->"

KNOWN_OF_ERRORS = ("true_label", "is_error", "label_", "n_rules", "n_answers", "original_class")
"""Columns that start like this tell of the errors, and are hidden from both."""
ANSWERED_BY_PEOPLE = ("rte_crowd", "crowd_sentiment_sp", "crowd_music_ms")
"""Sets whose `annotations.parquet` holds people's answers; elsewhere the errors were found with it."""


@dataclass(frozen=True)
class Task:
    """One file with known errors."""

    name: str
    table: pd.DataFrame
    is_error: np.ndarray

    @property
    def has_answers(self) -> bool:
        """Whether there are people's answers, which the peer can't read."""
        return any(column.startswith("annotator_") for column in self.table.columns)

    @property
    def has_inputs(self) -> bool:
        """Whether there is anything but ids, labels and answers for a model to learn from."""
        return any(not column.startswith("annotator_") for column in self.table.columns.drop(["id", "label"]))


@dataclass(frozen=True)
class Result:
    """What one tool made of one task."""

    average_precision: float
    precision_at_errors: float
    doubted: int
    doubted_precision: float
    cpu_seconds: float
    peak_megabytes: float


def main() -> None:
    """Measure every set, print the table and write it into the README beside this file."""
    wanted = sys.argv[1:]
    rows = []
    for folder in sorted(DATA.iterdir()):
        if wanted and folder.name not in wanted:
            continue
        for task in tasks_of(folder):
            doubt = measure(task, run_doubt)
            peer = measure(task, run_reference) if task.has_inputs else None
            rows.append((task, doubt, peer))
            print(line(*rows[-1]), flush=True)
    if not rows:
        sys.exit(f"no labelled sets in {DATA}")
    table = report(rows)
    print("\n" + table)
    if not wanted:
        write_between(PAGE, BEGIN, END, table)


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two marks of a page."""
    before, _, rest = page.read_text().partition(begin)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}")


def tasks_of(folder: Path) -> list[Task]:
    """A task for each column of given labels, with all that tells of the errors taken out."""
    path = folder / "data.parquet"
    if not path.exists():
        return []
    data = pd.read_parquet(path)
    if "is_error" not in data or pd.api.types.is_float_dtype(data["label"]):
        return []
    inputs = data[[c for c in data if c not in ("id", "label") and not c.startswith(KNOWN_OF_ERRORS)]]
    injected = [c for c in data if c.startswith("label_")] if folder.name.startswith("inj_") else []
    variants = ["label", *(c for c in injected if not data[c].equals(data["label"]))]
    tasks = []
    for variant in variants:
        table = inputs.assign(id=data["id"], label=data[variant])
        if folder.name in ANSWERED_BY_PEOPLE:
            table = table.merge(answers(folder), on="id", how="left")
        wrong = data["is_error"] if variant == "label" else data[variant] != data["true_label"]
        known = wrong.notna().to_numpy()
        name = folder.name if variant == "label" else f"{folder.name} {variant.removeprefix('label_')}"
        tasks.append(Task(name, table[known].reset_index(drop=True), wrong[known].to_numpy(dtype=bool)))
    return tasks


def answers(folder: Path) -> pd.DataFrame:
    """Who answered what, one column an annotator."""
    long = pd.read_parquet(folder / "annotations.parquet")
    wide = long.drop_duplicates(["id", "annotator"]).pivot_table(
        index="id", columns="annotator", values="label", aggfunc="first"
    )
    return wide.add_prefix("annotator_").reset_index()


def measure(task: Task, run) -> Result:  # noqa: ANN001  # one of the two below
    """Run one tool on the task's file in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.parquet"
        task.table.to_parquet(path)
        doubt, doubted, usage = run(path)
    k = int(task.is_error.sum())
    first = np.argsort(-doubt, kind="stable")[:k]
    return Result(
        average_precision=float(average_precision_score(task.is_error, doubt)),
        precision_at_errors=float(task.is_error[first].mean()),
        doubted=int(doubted.sum()),
        doubted_precision=float(task.is_error[doubted].mean()) if doubted.any() else float("nan"),
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_megabytes=usage.ru_maxrss / 1024,
    )


def run_doubt(path: Path):  # noqa: ANN201  # doubt, doubted, usage
    """Each row's doubt by `doubt scan`, as a user would call it."""
    out = path.with_name("out")
    scan = [sys.executable, "-m", "doubtcli", "scan", str(path), "--label", "label", "--id", "id"]
    asked = any(name.startswith("annotator_") for name in pq.read_schema(path).names)
    annotators = ["--annotators", "annotator_*"] if asked else []
    usage = run_process([*scan, *annotators, "--quiet", "-o", str(out)])
    found = pd.read_parquet(out / "doubts.parquet").sort_values("row")
    return found["doubt"].to_numpy(), found["doubted"].to_numpy(dtype=bool), usage


def run_reference(path: Path):  # noqa: ANN201  # doubt, doubted, usage
    """Each row's doubt by the script that a careful user would write today."""
    out = path.with_name("reference.parquet")
    usage = run_process([sys.executable, str(REFERENCE), str(path), str(out)])
    found = pd.read_parquet(out).sort_values("row")
    return found["doubt"].to_numpy(), found["doubted"].to_numpy(dtype=bool), usage


def run_process(command: list[str]):  # noqa: ANN201  # resource.struct_rusage
    """Run to the end; gives what the operating system says that it and its children used."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return usage


def line(task: Task, doubt: Result, peer: Result | None) -> str:
    """One row of the table."""
    cells = [
        task.name,
        f"{len(task.table):,}",
        f"{task.is_error.mean():.1%}",
        f"{doubt.average_precision:.3f}",
    ]
    if peer is None:
        cells += [NOTHING, NOTHING, f"{doubt.precision_at_errors:.2f}", NOTHING]
    else:
        ratio = doubt.average_precision / peer.average_precision
        cells += [f"{peer.average_precision:.3f}", f"{ratio:.2f}"]
        cells += [f"{doubt.precision_at_errors:.2f}", f"{peer.precision_at_errors:.2f}"]
    cells += [f"{doubt.doubted:,}", f"{doubt.doubted_precision:.2f}"]
    cells += [NOTHING, NOTHING] if peer is None else [f"{peer.doubted:,}", f"{peer.doubted_precision:.2f}"]
    cells.append(NOTHING if peer is None else f"{doubt.cpu_seconds / peer.cpu_seconds:.2f}")
    cells.append(f"{doubt.peak_megabytes:,.0f}")
    return "| " + " | ".join(cells) + " |"


def report(rows: list[tuple[Task, Result, Result | None]]) -> str:
    """The whole table, real errors and injected ones apart, with the mean of the ratios of each."""
    head = (
        "| set | rows | errors | AP | AP peer | ratio | P@k | P@k peer "
        "| doubted | of them errors | flagged by peer | of them errors | CPU ratio | peak MB |"
    )
    rule = "|" + "---|" * 14
    parts = []
    for title, injected in (("Real errors", False), ("Injected errors", True)):
        chosen = [row for row in rows if row[0].name.startswith("inj_") == injected]
        if not chosen:
            continue
        fair = [(ours, peer) for task, ours, peer in chosen if peer is not None and not task.has_answers]
        ratios = [ours.average_precision / peer.average_precision for ours, peer in fair]
        mean = (
            f"Geometric mean of the ratios, sets with answers apart: {np.exp(np.mean(np.log(ratios))):.2f}."
        )
        parts += [f"### {title}", "", head, rule, *(line(*row) for row in chosen), "", mean, ""]
    return "\n".join(parts).strip()


if __name__ == "__main__":
    main()
