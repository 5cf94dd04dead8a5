from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from doubtcli.gate.formats.concise import render_concise
from doubtcli.gate.result import RULES, Check, FileResult, Finding, GateResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

SNAPSHOTS = Path(__file__).parent / "snapshots"


def test_lines(told_in_full: GateResult) -> None:
    """One line a failing row, one a limit that was not met, one for the verdict; nothing of waived rows."""
    snapshot = SNAPSHOTS / "concise.txt"

    text = render_concise(told_in_full)

    if os.environ.get("SNAPSHOTS") == "write":
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")


def test_passed(a_result: Callable[..., GateResult]) -> None:
    """A gate that passed is one line."""
    assert render_concise(a_result()) == "gate passed: 1 limit, data/tickets.csv\n"


def test_no_better_label(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A label for which nothing better is seen stands alone."""
    finding = a_finding(suggested_label="refund", failed=("max-doubted",), lines=(18, 18))

    told = render_concise(a_result(a_file(findings=(finding,))))

    assert told.startswith("data/tickets.csv:18: refund, doubt 0.97 [low-self-confidence] id T0017\n")


def test_long_labels(
    a_finding: Callable[..., Finding],
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """Labels are cut at 100 characters, ids never."""
    finding = a_finding(given_label="g" * 10_000, row_id="i" * 300, failed=("x",))
    check = a_check(of="g" * 10_000, outcome=Outcome.FAILED)

    row, limit, _ = render_concise(a_result(a_file(findings=(finding,), checks=(check,)))).splitlines()

    assert f"row 17: {'g' * 97}... -> billing, " in row
    assert row.endswith(f" id {'i' * 300}")
    assert f": max-doubted {'g' * 85}... failed: " in limit


@given(st.text())
def test_any_text(text: str) -> None:
    """Whatever stands in the data stands on one line, with nothing that a terminal would obey."""
    finding = Finding(text, 1, "0" * 16, text, text + "!", 0.9, (text,), text, text, failed=(text,))
    check = Check(text, text, text, 0.9, 0.1, True, False, Outcome.FAILED, False, text, ())
    file = FileResult(text, "", "csv", 1, 1, 1, None, text, (check,), (finding,), None)

    told = render_concise(GateResult((file,), None, (), "0.1.0", RULES))

    assert told.count("\n") == 3
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in told)


def test_new_lines_are_shown(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A new line in a label shows as an escape, white space as it is."""
    finding = a_finding(given_label="two\nlines,  two spaces", failed=("x",))

    assert ": two\\nlines,  two spaces -> billing, " in render_concise(a_result(a_file(findings=(finding,))))
