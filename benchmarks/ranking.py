"""How well `doubt scan` ranks known label errors, compared with other tools.

Usage: python benchmarks/ranking.py [--tools NAME,...] [SET ...]      (`make bench-ranking` runs all)

The sets are the folders under `DOUBT_DATA` (default: ../shared/data) with a `data.parquet` that
has the columns `label` and `is_error`. The peers are the scripts in benchmarks/peers/. Each tool runs as a
separate process on the same file, one after the other, and does not see which labels are wrong. Each run
prints its tables; a run of all tools on all sets, or one with `--write`, also writes them into
benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import numpy as np
from page import NOTHING, PAGE, markdown_table, write_between
from sets import DATA, Task, read_all_tasks
from tools import DOUBT, REFERENCE, TOOLS, Result, Tool, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    Results = dict[str, Result]
    """By method."""


BEGIN, END = "<!-- ranking: begin -->", "<!-- ranking: end -->"


def main() -> None:
    """Measure the wanted tools on the wanted sets; print the tables, and write them if all were run."""
    wanted = read_arguments()
    tools = [tool for tool in TOOLS if tool.name in wanted.tools]
    found = []
    for task in read_all_tasks(wanted.sets):
        results: Results = {}
        for tool in tools:
            if tool.takes(task):
                results |= measure(tool, task)
                print(progress(task, tool.name, results.get(tool.methods[0])), file=sys.stderr, flush=True)
        found.append((task, results))
    if not found:
        sys.exit(f"no labelled sets {' '.join(wanted.sets)} in {DATA}")
    text = report(found, tools)
    print(text)
    if wanted.write or (len(tools) == len(TOOLS) and not wanted.sets):
        write_between(PAGE, BEGIN, END, text)


def read_arguments() -> argparse.Namespace:
    """The wanted tools and sets."""
    names = [tool.name for tool in TOOLS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help="a folder's name [default: all]")
    parser.add_argument("--tools", default=",".join(names), help=f"of {', '.join(names)} [default: all]")
    parser.add_argument("--write", action="store_true", help="write the tables of these tools and sets")
    wanted = parser.parse_args()
    wanted.tools = wanted.tools.split(",")
    unknown = [name for name in wanted.tools if name not in names]
    if unknown:
        parser.error(f"unknown tool {', '.join(unknown)}: choose from {', '.join(names)}")
    return wanted


def progress(task: Task, tool: str, result: Result | None) -> str:
    """A line about one finished run."""
    if result is None:
        return f"{task.name}: {tool} gives no result"
    return f"{task.name}: {tool} AP {result.average_precision:.3f}, {result.cost.cpu_seconds:.0f} CPU seconds"


# ------------------------------------------------------------------ the tables


def report(found: list[tuple[Task, Results]], tools: list[Tool]) -> str:
    """All tables: the means first, then each set by each measure; real and injected errors separately."""
    methods = [method for tool in tools for method in tool.methods]
    groups = {
        "Real errors": [pair for pair in found if not pair[0].is_injected],
        "Injected errors": [pair for pair in found if pair[0].is_injected],
    }
    tables = {
        "Injected errors, tables": [pair for pair in groups["Injected errors"] if not pair[0].is_text],
        "Injected errors, texts": [pair for pair in groups["Injected errors"] if pair[0].is_text],
    }
    parts = ["### Means"]
    for title, chosen in (groups | tables).items():
        if select_comparable(chosen):
            parts += [f"#### {title}", render_means(select_comparable(chosen), methods)]
    for title, chosen in groups.items():
        if chosen:
            parts += [f"### {title}, each set", *render_each_set(chosen, tools)]
    return "\n\n".join(parts)


def select_comparable(found: list[tuple[Task, Results]]) -> list[tuple[Task, Results]]:
    """The tasks that count for means: they have inputs, and no answers, which only `doubt` reads."""
    return [(task, results) for task, results in found if task.has_inputs and not task.has_answers]


def render_means(found: list[tuple[Task, Results]], methods: list[str]) -> str:
    """One line a method: its means over its tasks, with those of `doubt` on the same tasks."""
    head = ["method", "sets", "AP", "AP of doubt, same sets", "ratio of AP", "worst ratio", "P@k"]
    head += ["recall in 10%", "ECE", "ratio of CPU"]
    ours, theirs = DOUBT.methods[0], REFERENCE.methods[0]
    rows = []
    for method in methods:
        ran = [results for _, results in found if method in results]
        if not ran:
            continue
        own = [results[method] for results in ran]
        ours_on_same = [results[ours] for results in ran if ours in results]
        pairs = [(results[method], results[theirs]) for results in ran if theirs in results]
        ratios = [one.average_precision / other.average_precision for one, other in pairs]
        cpu = [one.cost.cpu_seconds / other.cost.cpu_seconds for one, other in pairs]
        calibration = [one.calibration_error for one in own if one.calibration_error is not None]
        cells = [
            mean([one.average_precision for one in own], 3),
            mean([one.average_precision for one in ours_on_same], 3),
            geometric_mean(ratios),
            f"{min(ratios):.2f}" if ratios else NOTHING,
            mean([one.precision_at_errors for one in own], 2),
            mean([one.recall_in_tenth for one in own], 2),
            mean(calibration, 3),
            geometric_mean(cpu),
        ]
        rows.append([method, str(len(ran)), *cells])
    return markdown_table(head, rows)


def mean(values: list[float], places: int) -> str:
    """The arithmetic mean as a cell."""
    return f"{np.mean(values):.{places}f}" if values else NOTHING


def geometric_mean(ratios: list[float]) -> str:
    """The geometric mean as a cell."""
    return f"{np.exp(np.mean(np.log(ratios))):.2f}" if ratios else NOTHING


def render_each_set(found: list[tuple[Task, Results]], tools: list[Tool]) -> list[str]:
    """A table for each measure, a line for each task."""
    by_method = {method: method for tool in tools for method in tool.methods}
    by_tool = {tool.methods[0]: tool.name for tool in tools}
    parts = []
    for measured, cell in JUDGED.items():
        parts += [f"{measured}:", render_measure(found, by_method, cell)]
    for measured, cell in SPENT.items():
        parts += [f"{measured}:", render_measure(found, by_tool, cell)]
    return parts


def render_measure(
    found: list[tuple[Task, Results]], heads: dict[str, str], cell: Callable[[Result], str]
) -> str:
    """A table of one measure, with a column for each method that has it."""
    cells = {
        method: [cell(results[method]) if method in results else NOTHING for _, results in found]
        for method in heads
    }
    shown = [method for method in heads if set(cells[method]) != {NOTHING}]
    rows = [
        [task.name, f"{len(task.table):,}", f"{task.is_error.mean():.1%}", *(cells[one][i] for one in shown)]
        for i, (task, _) in enumerate(found)
    ]
    return markdown_table(["set", "rows", "errors", *(heads[method] for method in shown)], rows)


def flags(result: Result) -> str:
    """How many rows are flagged, and which share of them are errors."""
    if result.flagged is None:
        return NOTHING
    return f"{result.flagged:,}" + (f" ({result.flagged_precision:.2f})" if result.flagged else "")


def calibration(result: Result) -> str:
    """The expected calibration error as a cell."""
    return NOTHING if result.calibration_error is None else f"{result.calibration_error:.3f}"


JUDGED: dict[str, Callable[[Result], str]] = {
    "Average precision": lambda one: f"{one.average_precision:.3f}",
    "Precision at the number of errors": lambda one: f"{one.precision_at_errors:.2f}",
    "Recall in the first 10%": lambda one: f"{one.recall_in_tenth:.2f}",
    "Expected calibration error": calibration,
    "Rows flagged outright, and the share of errors among them": flags,
}
"""The measures of each method."""
SPENT: dict[str, Callable[[Result], str]] = {
    "CPU seconds": lambda one: f"{one.cost.cpu_seconds:.1f}",
    "Peak memory, MB": lambda one: f"{one.cost.peak_megabytes:,.0f}",
}
"""The costs of each tool, with all its methods."""


if __name__ == "__main__":
    main()
