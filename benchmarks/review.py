"""How quick a review of a large file is, and what the order of its cards saves.

Usage: python benchmarks/review.py [--texts ROWS] [--probabilities ROWS] [--points ROWS] [--write]
       (`make bench-review`)

The desk of a review is asked what the page asks it, in this process: it shows what the server takes, without
the browser. Where Chromium is installed, the page itself is measured, too. The orders are compared by what is
new to a person on each card: whether the pair of given and suggested label is another one than on the card
before, and how many words were not on it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from grown_sets import write_file
from page import PAGE, markdown_table, write_between
from review_page import has_browser, measure_page

from doubtcli.pipelines.review import ReviewRequest, open_review
from doubtcli.progress import Silence
from doubtcli.report.page_rows import list_shown_columns
from doubtcli.review.filters import RowFilter
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from doubtcli.review.desk import Desk

BEGIN, END = "<!-- review: begin -->", "<!-- review: end -->"
DECISIONS = 20
VERDICTS = 50
TEXTS, PROBABILITIES = "texts, 10 classes", "given probabilities"
OF_PROBABILITIES = ("low-self-confidence", "confident-learning")
"""The reasons that given probabilities are enough for."""
N_NUMBERS = 3
OF_PAGES = [
    "rows",
    "key to next card, ms",
    "first paint of the map, ms",
    "lasso to count, ms",
    "map, MB",
    "filter, kB",
    "peak of scan and server, GB",
    "load average",
]


@dataclass(frozen=True)
class Effort:
    """What is new to a person over some cards."""

    changes: int
    """Cards whose pair of labels is another one than on the card before."""
    new_words: int
    """Words that were not on the card before."""


@dataclass(frozen=True)
class Measured:
    """The cells of one file in the tables; no lines where a table does not have it."""

    desk: list[str]
    orders: list[list[str]]
    page: list[str]


def main() -> None:
    """Measure the reviews, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000, metavar="ROWS")
    parser.add_argument("--probabilities", type=int, default=1_000_000, metavar="ROWS")
    parser.add_argument("--points", type=int, default=200_000, metavar="ROWS", help="of a smaller map")
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    files = ((TEXTS, wanted.texts), (PROBABILITIES, wanted.points), (PROBABILITIES, wanted.probabilities))
    measured = [in_process_of_its_own(kind, n_rows) for kind, n_rows in files]
    rows = [one.desk for one in measured]
    orders = [order for one in measured for order in one.orders]
    pages = [one.page for one in measured if one.page]
    report = "\n\n".join(
        [
            describe_load(),
            markdown_table(
                ["file", "rows", "decision and next card", "counts", "meters", "new order", "peak, GB"], rows
            ),
            markdown_table(
                ["order", "changes of the pair of labels", "words not on the card before"], orders
            ),
            markdown_table(OF_PAGES, pages)
            if pages
            else "The page was not measured: Chromium is not installed.",
        ]
    )
    print(report)
    if wanted.write:
        write_between(PAGE, BEGIN, END, report)


def in_process_of_its_own(kind: str, n_rows: int) -> Measured:
    """Measure a file, so that its peak of memory is not that of another file."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure_file, kind, n_rows).result()


def measure_file(kind: str, n_rows: int) -> Measured:
    """What is measured of the review of one file."""
    with tempfile.TemporaryDirectory() as folder:
        desk = open_desk(kind, n_rows, Path(folder))
        orders = []
        if kind == TEXTS:
            orders = [[order, *map(str, measure_effort(desk, order))] for order in ("doubt", "alike")]
        of_desk = [kind, f"{n_rows:,}", *map(str, measure_desk(desk))]
        page = render_page(n_rows, desk) if kind == PROBABILITIES and has_browser() else []
    return Measured(of_desk, orders, page)


def describe_load() -> str:
    """How busy the machine is."""
    return f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."


def open_desk(kind: str, n_rows: int, folder: Path) -> Desk:
    """The review of a grown file, by a scan that keeps nothing."""
    file = write_file(kind, n_rows, folder)
    settings = ScanSettings(path=str(file.path), label="label")
    if file.probabilities is not None:
        add_numbers(file.path, np.load(file.probabilities))
        settings = replace(settings, pred_probs=str(file.probabilities), reasons=OF_PROBABILITIES)
    return open_review(ReviewRequest(settings, "ana"), progress=Silence(), cache=False)


def add_numbers(path: Path, probabilities: NDArray[np.float32]) -> None:
    """Give a file columns that cards show, and that a map is made from."""
    table = pq.read_table(path)
    for place in range(N_NUMBERS):
        table = table.append_column(f"number {place}", pa.array(np.log(probabilities[:, place] + 0.01)))
    pq.write_table(table, path)


def render_page(n_rows: int, desk: Desk) -> list[str]:
    """The cells of one file in the table of pages."""
    cost = measure_page(desk)
    times = (cost.next_card, cost.first_map, cost.lasso)
    sizes = (f"{cost.map_bytes / 1e6:.2f}", f"{cost.filter_bytes / 1e3:.0f}", f"{read_peak():.2f}")
    return [f"{n_rows:,}", *(f"{one:,.0f}" for one in times), *sizes, f"{os.getloadavg()[0]:.1f}"]


def read_peak() -> float:
    """The most memory that this process has used so far, in GB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak * (1 if sys.platform == "darwin" else 1024) / 1e9)


def measure_desk(desk: Desk) -> list[float]:
    """The milliseconds of what the page asks, and the peak memory in GB."""
    rows = desk.list_rows(RowFilter()).tolist()
    desk.make_cards(rows[:1])

    def decide(at: int) -> None:
        desk.decide(uuid4().hex, [rows[at]], "keep")
        desk.make_cards([rows[at + 1]])

    decide(0)
    decisions = [take_time(lambda at=at: decide(at)) for at in range(1, DECISIONS + 1)]
    counts = take_time(lambda: desk.count_rows(RowFilter()))
    meters = take_time(desk.describe_meters)
    for at in range(DECISIONS + 1, VERDICTS):
        desk.decide(uuid4().hex, [rows[at]], "keep")
    update = take_time(lambda: desk.update(judges_again=False))
    return [round(median(decisions)), round(counts), round(meters), round(update), round(read_peak(), 2)]


def take_time(ask: Callable[[], object]) -> float:
    """The milliseconds that a question takes."""
    start = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - start)


def measure_effort(desk: Desk, order: str) -> tuple[int, int]:
    """What is new to the reader of the first cards in an order."""
    audit = desk.session.audit
    rows = desk.list_rows(RowFilter(), order)[:VERDICTS].tolist()
    columns = audit.examples.inputs.select(list_shown_columns(audit))
    texts = [" ".join(str(value) for value in one.values()) for one in columns.take(rows).to_pylist()]
    pairs = [
        (int(audit.examples.given_labels[row]), int(audit.ranking.suggested_labels[row])) for row in rows
    ]
    found = count_effort(pairs, texts)
    return found.changes, found.new_words


def count_effort(pairs: Sequence[tuple[int, int]], texts: Sequence[str]) -> Effort:
    """What each card has that the card before had not, all cards together.

    Example:
        >>> count_effort([(0, 1), (0, 1), (2, 1)], ["a b", "b c", "b"])
        Effort(changes=1, new_words=1)
    """
    words = [set(text.lower().split()) for text in texts]
    return Effort(
        changes=sum(one != other for one, other in itertools.pairwise(pairs)),
        new_words=sum(len(own - before) for before, own in itertools.pairwise(words)),
    )


if __name__ == "__main__":
    main()
