"""What `doubt scan` costs as files grow, beside the script that a careful user would write.

Usage: python benchmarks/speed.py [--kinds KIND,...] [--rows 1000,...] [--tools NAME,...] [FOLDER]
       (`make bench-speed` runs all kinds with 1,000 to 1,000,000 rows)

Each tool runs as a separate process on the same file, one after the other: CPU and wall seconds and the peak
memory of the process and its children, start-up included. Runs are kept in FOLDER, so that a benchmark can go
on where it stopped; the table in benchmarks/README.md shows all that are there. Beyond 100,000 rows the peers
are not run: their cost is extrapolated by their growth from 10,000 to 100,000 rows, and marked with "≈".
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from grown_sets import KINDS, write_file
from measure import run_process
from page import NOTHING, PAGE, markdown_table, write_between
from sklearn.metrics import average_precision_score
from tools import CLEANLAB, DOUBT, PEERS, TABAUDIT, run_tool, sort_by_row

if TYPE_CHECKING:
    from grown_sets import GrownFile

BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
MOST_PEER_ROWS = 100_000
FAST, FIND_ISSUES = "doubt --fast", "find_label_issues"
OF_PROBABILITIES = "given probabilities"
ONLY_SIZE = {"short texts, 2,000 classes": 10_000, "short texts, 5,000 classes": 200_000}
"""The rows of kinds with so many classes that other sizes say nothing, or take too long; without peers."""
TABLES = ("mixed table", "64 numbers, 26 classes")
FILES = "files"


@dataclass(frozen=True)
class Run:
    """One tool on one file."""

    kind: str
    n_rows: int
    tool: str
    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float
    average_precision: float


def main() -> None:
    """Measure what is wanted and not there yet, and write the table of all runs."""
    wanted = read_arguments()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for kind in wanted.kinds:
        for n_rows in [ONLY_SIZE[kind]] if kind in ONLY_SIZE else wanted.rows:
            missing = [tool for tool in list_tools(kind, n_rows) if tool in wanted.tools]
            missing = [
                tool for tool in missing if not record_path(wanted.folder, kind, n_rows, tool).exists()
            ]
            if missing:
                measure_file(kind, n_rows, missing, wanted.folder)
    table = report(read_runs(wanted.folder))
    print(table)
    if wanted.write:
        write_between(PAGE, BEGIN, END, table)


def read_arguments() -> argparse.Namespace:
    """What to run, and where runs are kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(".venv/speed"), metavar="FOLDER")
    parser.add_argument("--kinds", default=";".join(KINDS), help="separated by ; [default: all]")
    parser.add_argument("--rows", default=",".join(map(str, SIZES)), help="separated by ,")
    parser.add_argument(
        "--tools", default=f"{DOUBT.name},{FAST},{CLEANLAB.name},{FIND_ISSUES},{TABAUDIT.name}"
    )
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    wanted = parser.parse_args()
    wanted.kinds = wanted.kinds.split(";")
    wanted.rows = [int(number) for number in wanted.rows.split(",")]
    wanted.tools = wanted.tools.split(",")
    if unknown := set(wanted.kinds) - set(KINDS):
        parser.error(f"unknown kind {unknown.pop()}: choose from {'; '.join(KINDS)}")
    return wanted


def list_tools(kind: str, n_rows: int) -> list[str]:
    """The tools that are run on such a file; the peers only on smaller ones."""
    if kind == OF_PROBABILITIES:  # nothing is fitted, so the peer is cheap, too
        return [DOUBT.name, FIND_ISSUES]
    peers = [CLEANLAB.name, *([TABAUDIT.name] if kind in TABLES and n_rows < MOST_PEER_ROWS // 10 else [])]
    has_peers = n_rows <= MOST_PEER_ROWS and kind not in ONLY_SIZE
    return [DOUBT.name, FAST, *(peers if has_peers else [])]


def measure_file(kind: str, n_rows: int, tools: list[str], runs: Path) -> None:
    """Make one file, and run the tools on it, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        file = write_file(kind, n_rows, Path(name))
        for tool in tools:
            run = measure(tool, kind, file, Path(name) / f"{tool}.parquet")
            record_path(runs, kind, n_rows, tool).write_text(json.dumps(asdict(run)), encoding="utf-8")
            print(run, file=sys.stderr, flush=True)


def measure(tool: str, kind: str, file: GrownFile, scores: Path) -> Run:
    """One tool's cost on one file, and how well it ranks the errors."""
    if tool == FIND_ISSUES:
        script = str(PEERS / "find_issues_script.py")
        cost = run_process([sys.executable, script, str(file.path), str(scores)])
    else:
        options = ["--fast"] if tool == FAST else []
        options += ["--pred-probs", str(file.probabilities)] if file.probabilities else []
        known = {one.name: one for one in (DOUBT, CLEANLAB, TABAUDIT)}
        cost = run_tool(known.get(tool, DOUBT), file.path, scores, options)
    found = sort_by_row(pd.read_parquet(scores), len(file.is_error))
    doubt = found[found.columns.drop(["row", "flagged"], errors="ignore")[0]]
    return Run(
        kind,
        len(file.is_error),
        tool,
        round(cost.cpu_seconds, 2),
        round(cost.wall_seconds, 2),
        round(cost.peak_megabytes),
        round(float(average_precision_score(file.is_error, doubt)), 4),
    )


def record_path(runs: Path, kind: str, n_rows: int, tool: str) -> Path:
    """Where a run is kept."""
    return runs / f"{kind}, {n_rows}, {tool}.json".replace(" ", "_")


def read_runs(folder: Path) -> list[Run]:
    """All runs that are kept."""
    return [Run(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))]


# ------------------------------------------------------------------ the table


def report(runs: list[Run]) -> str:
    """A line for each run: its cost, its growth from the next smaller file, and its ratio to the peer."""
    head = ["rows", "tool", "CPU seconds", "growth", "of the peer's CPU", "wall seconds", "peak, MB", "AP"]
    parts = []
    for kind in KINDS:
        of_kind = [run for run in runs if run.kind == kind]
        rows = [
            render_run(run, of_kind)
            for run in sorted(of_kind, key=lambda run: (run.n_rows, run.tool != DOUBT.name, run.tool))
        ]
        if rows:
            parts.append(f"### {kind.capitalize()}\n\n{markdown_table(head, rows)}")
    return "\n\n".join(parts)


def render_run(run: Run, of_kind: list[Run]) -> list[str]:
    """The cells of one run."""
    growth = find_growth(run, of_kind)
    peer, mark = find_peer_cost(run, of_kind)
    return [
        f"{run.n_rows:,}",
        run.tool,
        f"{run.cpu_seconds:,.1f}",
        NOTHING if growth is None else f"{growth:.2f}",
        NOTHING if peer is None else f"{mark}{run.cpu_seconds / peer:.2f}",
        f"{run.wall_seconds:,.1f}",
        f"{run.peak_megabytes:,.0f}",
        f"{run.average_precision:.3f}",
    ]


def find_growth(run: Run, of_kind: list[Run]) -> float | None:
    """The exponent by which the cost grew from the next smaller file: 1 is in proportion to the rows."""
    smaller = [one for one in of_kind if one.tool == run.tool and one.n_rows < run.n_rows]
    if not smaller:
        return None
    before = max(smaller, key=lambda one: one.n_rows)
    return float(np.log(run.cpu_seconds / before.cpu_seconds) / np.log(run.n_rows / before.n_rows))


def find_peer_cost(run: Run, of_kind: list[Run]) -> tuple[float | None, str]:
    """The CPU seconds of the script of a careful user on the same file, and "≈" if they are extrapolated."""
    peer = FIND_ISSUES if run.kind == OF_PROBABILITIES else CLEANLAB.name
    costs = {one.n_rows: one.cpu_seconds for one in of_kind if one.tool == peer}
    if run.n_rows in costs:
        return costs[run.n_rows], ""
    if run.n_rows < MOST_PEER_ROWS or not {MOST_PEER_ROWS // 10, MOST_PEER_ROWS} <= costs.keys():
        return None, ""
    slope = np.log10(costs[MOST_PEER_ROWS] / costs[MOST_PEER_ROWS // 10])
    return float(costs[MOST_PEER_ROWS] * (run.n_rows / MOST_PEER_ROWS) ** slope), "≈"


if __name__ == "__main__":
    main()
