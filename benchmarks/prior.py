"""Makes doubtcli/rank/known_sets.csv, and measures the numbers that `doubt` gives on sets that were left out.

Usage: python benchmarks/prior.py [FOLDER]      (a part of `make bench-numbers`; about 30 CPU minutes)

Every label set of `label_sets.py` is judged as by `doubt scan`, and by the script that a careful user would
write with cleanlab. What is kept of each is in FOLDER (a temporary one if left out): with a FOLDER, a run
that was stopped goes on. `numbers_report.py` reports on it.
"""

from __future__ import annotations

import csv
import pickle
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from label_sets import JudgedSet, read_label_sets
from measure import run_process
from page import PAGE, write_between
from sets import is_answer
from tools import PEERS, REFERENCE

from doubtcli.pipelines.judge import Clock, judge_labels
from doubtcli.predict.engine import limit_native_threads, make_engine
from doubtcli.progress import Silence
from doubtcli.rank import prior
from doubtcli.settings import ScanSettings
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from label_sets import LabelSet


TABLE = Path(prior.__file__).with_name(prior.KNOWN_SETS)
BEGIN, END = "<!-- numbers: begin -->", "<!-- numbers: end -->"


def main() -> None:
    """Judge all sets, write the table, and report on the sets that are left out one by one."""
    from numbers_report import report

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        folder.mkdir(exist_ok=True)
        judged = judge_all(folder)
    lines = [describe(one) for one in judged if one.features is not None]
    with TABLE.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, lines[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    text = report(judged, prior.parse_known_sets([{k: str(v) for k, v in line.items()} for line in lines]))
    print(text)
    write_between(PAGE, BEGIN, END, text)


def judge_all(folder: Path) -> list[JudgedSet]:
    """Every label set as it is judged, in two processes."""
    with ProcessPoolExecutor(2) as pool:
        paths = list(pool.map(_judge_in, [folder] * 2, range(2)))
    found = sorted(path for some in paths for path in some)
    return [pickle.loads(path.read_bytes()) for path in found]


def _judge_in(folder: Path, part: int) -> list[Path]:
    paths = []
    for number, one in enumerate(read_label_sets()):
        if number % 2 != part:
            continue
        path = folder / f"{one.rows} {one.labels}.pickle"
        if not path.exists():
            path.write_bytes(pickle.dumps(judge(one)))
            print(path.stem, file=sys.stderr, flush=True)
        paths.append(path)
    return paths


def judge(one: LabelSet) -> JudgedSet:
    """How `doubt scan` ranks the rows of a set, and what cleanlab flags."""
    with tempfile.TemporaryDirectory() as name:
        source, target = str(Path(name, "data.parquet")), str(Path(name, "scores.parquet"))
        one.table.to_parquet(source)
        annotators = ("annotator_*",) if any(map(is_answer, one.table)) else ()
        settings = ScanSettings(path=source, label="label", id="id", annotators=annotators, embed="none")
        start = time.process_time()
        with limit_native_threads():
            judged = judge_labels(settings, find_task(), make_engine(1), Silence(), Clock())
        seconds = time.process_time() - start
        run_process([sys.executable, str(PEERS / REFERENCE.script), source, target])
        flagged = pd.read_parquet(target)
    places = judged.examples.positions
    by_row = flagged.set_index("row")["flagged"] if "row" in flagged else flagged["flagged"]
    return JudgedSet(
        one.rows,
        one.labels,
        judged.ranking,
        judged.features,
        judged.noise_rate,
        one.is_error[places],
        by_row.to_numpy(dtype=bool)[places],
        seconds,
    )


def describe(one: JudgedSet) -> dict[str, object]:
    """A set's line in the table of known sets."""
    n_rows, n_wrong = prior.count_by_margin(one.ranking.margins, one.is_error)
    assert one.features is not None
    return {
        "rows": one.rows,
        "labels": one.labels,
        "n_rows": len(one.is_error),
        "classes": one.features.n_classes,
        "contradicted": f"{one.features.contradicted:.5f}",
        "curve_rate": f"{one.features.curve_rate:.5f}",
        "skill": f"{one.features.skill:.4f}",
        **{f"rows_{place}": int(n) for place, n in enumerate(n_rows)},
        **{f"wrong_{place}": int(n) for place, n in enumerate(n_wrong)},
    }


if __name__ == "__main__":
    main()
