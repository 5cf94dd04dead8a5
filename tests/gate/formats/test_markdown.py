from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from doubtcli.gate.formats.markdown import render
from doubtcli.gate.result import LABEL_CONFLICT, RULES, LapsedWaiver, Outcome, Waiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

SNAPSHOTS = Path(__file__).parent / "snapshots"
PARSER = MarkdownIt("commonmark").enable("table")
FAILED = Outcome.FAILED
MOST_BYTES = 1024 * 1024
"""Of a summary: a longer one GitHub leaves out altogether."""


def tables_of(markdown: str) -> list[list[str]]:
    """The lines of each table, its head left out."""
    parts = [part.splitlines() for part in markdown.split("\n\n")]
    return [lines[2:] for lines in parts if lines[0].startswith("| ")]


def test_summary(told_in_full: GateResult) -> None:
    """The verdict, the file, the limits, the rows over one, lapsed waivers and what to do, in this order."""
    snapshot = SNAPSHOTS / "markdown.md"

    text = render(told_in_full)

    if os.environ.get("SNAPSHOTS") == "write":
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")


def test_passed(a_result: Callable[..., GateResult]) -> None:
    """A gate that passed has its limits, and nothing to do."""
    assert render(a_result()) == (
        "## ✅ gate passed: 1 limit, data/tickets.csv\n\n"
        "- <code>data/tickets.csv</code>: 102 rows, 100 with a label; 4 doubted\n\n"
        "### Limits\n\n"
        "| Limit | Outcome | Value | Bound | Measured |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| <code>max-doubted</code> | ✅ passed | 4.0% | at most 5% | 4 of 100 rows |\n"
    )


def test_many_files(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """Of several files the failed ones come first, and each line says which file it is of."""
    bad = a_file(path="bad.csv", checks=(a_check(outcome=FAILED),), findings=(a_finding(failed=("x",)),))

    text = render(a_result(a_file(path="good.csv"), bad))

    limits, (row,) = tables_of(text)
    assert text.index("- <code>bad.csv</code>") < text.index("- <code>good.csv</code>")
    assert [line.split(" | ")[0] for line in [*limits, row]] == [
        "| <code>bad.csv</code>",
        "| <code>good.csv</code>",
        "| <code>bad.csv</code>",
    ]


def test_caps(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """At most 50 rows, 100 limits, 20 files and 20 waivers are listed, and the rest are counted."""
    rows = tuple(a_finding(row_id=f"R{n}", fingerprint=f"{n:016x}", failed=("x",)) for n in range(51))
    files = [a_file(path=f"{n}.csv", checks=(a_check(), a_check(limit="max-new")) * 3) for n in range(22)]
    bad = a_file(path="bad.csv", checks=(a_check(limit="min-skill", outcome=FAILED),), findings=rows)
    lapsed = tuple(LapsedWaiver(Waiver(f"T{n}", n), "no row bears this id") for n in range(22))

    text = render(a_result(*files, bad, lapsed=lapsed))

    limits, rows_told = tables_of(text)
    assert (len(limits), len(rows_told)) == (100, 50)
    assert "min-skill" in limits[0]
    assert "\nand 33 more limits\n" in text
    assert "\nand 1 more row\n" in text
    assert "\n- and 3 more files\n" in text
    assert "\n- and 2 more waivers\n" in text


def test_labels(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row has its line where there is one; nothing is suggested where nothing better is seen."""
    same = a_finding(suggested_label="refund", rule=LABEL_CONFLICT, why="", failed=("x",), lines=(18, 20))

    (_, (row,)) = tables_of(render(a_result(a_file(findings=(same,)), rules=RULES)))

    assert row == (
        "| <code>T0017</code>, line 18 | <code>refund</code> |  | 0.97 "
        "| The very same input stands elsewhere with another label. |"
    )


@pytest.mark.parametrize("text", ["@@", "@a", "😀"])
def test_size(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    text: str,
) -> None:
    """However long and however marked the texts are, GitHub takes the summary."""
    long = text * 50_000
    texts = {"row_id": long, "given_label": long, "suggested_label": f"!{long}", "why": long}
    files = [
        a_file(
            path=f"{n}{long}",
            checks=tuple(a_check(limit=f"{m}{long}", outcome=FAILED, why=long) for m in range(10)),
            findings=tuple(a_finding(**texts, failed=(f"{m}{long}",)) for m in range(10)),
            notes=(long,) * 50,
        )
        for n in range(30)
    ]
    lapsed = (LapsedWaiver(Waiver(long, 1), long),) * 30

    told = render(a_result(*files, waivers_path=long, lapsed=lapsed))

    assert len(told.encode()) < MOST_BYTES
    assert "### Next" not in told


def test_any_text(nasty_result: GateResult) -> None:
    """Whatever the data holds, it makes no title, no list, no table and no markup of its own."""
    tokens = PARSER.parse(render(nasty_result))

    kinds = [token.type for token in tokens]
    inline = [child for token in tokens for child in token.children or []]
    assert kinds.count("table_open") == 2
    titles = [after.content for one, after in pairwise(tokens) if one.type == "heading_open"]
    assert titles[1:4] == ["Limits", "Rows over a limit", "Waivers that did not hold"]
    assert titles[4:] in ([], ["Next"])
    assert kinds.count("td_open") == (3 + 2) * 5
    assert "html_block" not in kinds
    assert {child.content for child in inline if child.type == "html_inline"} <= {
        "<code>",
        "</code>",
        "<!-- -->",
    }
    assert not {child.type for child in inline} & {"link_open", "image", "em_open", "code_inline"}
