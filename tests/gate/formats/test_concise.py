from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from doubtcli.gate.formats.concise import render_concise
from doubtcli.gate.limit_words import describe_outcome
from doubtcli.gate.result import RULES, Check, FileResult, Finding, GateResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sentences


def test_lines(full_result: GateResult, sentences: Sentences) -> None:
    """One line per failing row and per limit that was not met, one for the outcome; no waived rows."""
    text = render_concise(full_result)

    lines = text.splitlines()
    assert [line.rpartition(" id ")[2] for line in lines[:6]] == [
        one.row_id for one in full_result.files[0].failing
    ]
    assert len(lines) == 6 + 7 + 1
    sentences.check(text)


def test_passed(a_result: Callable[..., GateResult]) -> None:
    """A gate that passed is one line."""
    assert render_concise(a_result()) == f"{describe_outcome(a_result())}\n"


def test_no_better_label(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Without a better label only the given one is shown."""
    finding = a_finding(suggested_label="refund", failed=("max-doubted",), lines=(18, 18))

    text = render_concise(a_result(a_file(findings=(finding,))))

    assert text.startswith("data/tickets.csv:18: refund, doubt 0.97 [low-self-confidence] id T0017\n")


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
    """Any text in the data stays on one line, without control characters."""
    finding = Finding(text, 1, "0" * 16, text, text + "!", 0.9, (text,), text, text, failed=(text,))
    check = Check(text, text, text, 0.9, 0.1, True, False, Outcome.FAILED, False, text, ())
    file = FileResult(text, "", "csv", 1, 1, 1, None, text, (check,), (finding,), None)

    lines = render_concise(GateResult((file,), None, (), "0.1.0", RULES))

    assert lines.count("\n") == 3
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in lines)


def test_new_lines_are_shown(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A new line in a label is shown as an escape, white space as it is."""
    finding = a_finding(given_label="two\nlines,  two spaces", failed=("x",))

    assert ": two\\nlines,  two spaces -> billing, " in render_concise(a_result(a_file(findings=(finding,))))
