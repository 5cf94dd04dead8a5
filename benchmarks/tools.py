"""`doubt` and its peers: how each is run on a file, and its results."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
from measure import calibration_error, precision_at_errors, recall_in_tenth, run_process
from sets import ANSWER, is_answer
from sklearn.metrics import average_precision_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from measure import Cost
    from sets import Task

PEERS = Path(__file__).with_name("peers")


@dataclass(frozen=True)
class Tool:
    """A process that ranks the rows of a file, by one method or by several."""

    name: str
    methods: tuple[str, ...]
    """The columns of scores that it writes."""
    probabilities: tuple[str, ...] = ()
    """Those of them that are probabilities."""
    script: str = ""
    """The peer's file; none for `doubt`."""
    only_given: bool = True
    """Whether to run it only on each set's `label`, and not on other kinds of noise."""
    only_tables: bool = False
    most_rows: int = sys.maxsize
    """Above this it is not run: it would take too long."""

    def takes(self, task: Task) -> bool:
        """Whether it is run on a task: peers need inputs for a model."""
        if not self.script:
            return True
        fits = task.has_inputs and len(task.table) <= self.most_rows
        return fits and (task.is_given or not self.only_given) and not (self.only_tables and task.is_text)


NESSIE = (
    "classification uncertainty",
    "retag",
    "diverse ensemble",
    "projection ensemble",
    "k-NN entropy",
    "mean distance",
    "Borda",
)
DOUBT = Tool("doubt", ("doubt",), ("doubt",))
CLEANLAB = Tool("cleanlab", ("cleanlab",), ("cleanlab",), "cleanlab_script.py", only_given=False)
DOUBTLAB = Tool("doubtlab", ("doubtlab", "doubtlab, all reasons"), (), "doubtlab_script.py")
TABAUDIT = Tool("tabaudit", ("tabaudit",), ("tabaudit",), "tabaudit_script.py", only_tables=True)
NESSIE_METHODS = Tool("nessie", NESSIE, NESSIE[:1], "nessie_methods.py", most_rows=20_000)
TOOLS = (DOUBT, CLEANLAB, DOUBTLAB, TABAUDIT, NESSIE_METHODS)
REFERENCE = CLEANLAB


@dataclass(frozen=True)
class Result:
    """One method's result on one task; None where it gives no such figure."""

    average_precision: float
    precision_at_errors: float
    recall_in_tenth: float
    calibration_error: float | None
    flagged: int | None
    flagged_precision: float | None
    cost: Cost


def measure(tool: Tool, task: Task) -> dict[str, Result]:
    """The results of a tool's methods on a task; empty where the tool gives none."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "data.parquet", Path(folder) / "scores.parquet"
        task.table.to_parquet(source)
        cost = run_tool(tool, source, target)
        found = sort_by_row(pd.read_parquet(target), len(task.table))
    methods = [method for method in tool.methods if method in found]
    return {method: score_method(task.is_error, found, method, tool, cost) for method in methods}


def run_tool(tool: Tool, source: Path, target: Path, options: Sequence[str] = ()) -> Cost:
    """Run a tool on a file as a user would, `doubt` with some options; it writes its scores to a file."""
    if tool.script:
        return run_process([sys.executable, str(PEERS / tool.script), str(source), str(target)])
    audit = target.with_suffix(".doubt")
    scan = [sys.executable, "-m", "doubtcli", "scan", str(source), "--id", "id", "--label", "label"]
    if source.suffix == ".parquet" and any(map(is_answer, pq.read_schema(source).names)):
        scan += ["--annotators", f"{ANSWER}*"]
    cost = run_process([*scan, *options, "--isolated", "--no-cache", "--quiet", "-o", str(audit)])
    doubts = pd.read_parquet(audit / "doubts.parquet", columns=["row", "doubt", "doubted"])
    doubts["row"] -= 1  # doubt counts a file's rows from 1, as people do
    doubts.rename(columns={"doubted": "flagged"}).to_parquet(target)
    return cost


def sort_by_row(found: pd.DataFrame, n_rows: int) -> pd.DataFrame:
    """A tool's rows in the order of the file.

    Raises:
        ValueError: A row is missing or there twice, so that scores and errors would not match.
    """
    found = found.sort_values("row").reset_index(drop=True)
    if len(found.columns) > 1 and found["row"].tolist() != list(range(n_rows)):
        numbers = f"{len(found)} from {found['row'].min()} to {found['row'].max()}"
        raise ValueError(f"expected each of {n_rows} rows once, counted from 0; found {numbers}")
    return found


def score_method(is_error: np.ndarray, found: pd.DataFrame, method: str, tool: Tool, cost: Cost) -> Result:
    """How well one method's scores find the errors."""
    doubt = found[method].to_numpy(dtype=float)
    has_flags = "flagged" in found and method == tool.methods[0]
    flagged = found["flagged"].to_numpy(dtype=bool) if has_flags else None
    return Result(
        average_precision=float(average_precision_score(is_error, doubt)),
        precision_at_errors=precision_at_errors(is_error, doubt),
        recall_in_tenth=recall_in_tenth(is_error, doubt),
        calibration_error=calibration_error(is_error, doubt) if method in tool.probabilities else None,
        flagged=None if flagged is None else int(flagged.sum()),
        flagged_precision=float(is_error[flagged].mean()) if flagged is not None and flagged.any() else None,
        cost=cost,
    )
