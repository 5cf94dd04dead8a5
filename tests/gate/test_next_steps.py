from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from doubtcli.gate.result import LABEL_CONFLICT, UNLABELLED, Change, Comparison, Outcome
from doubtcli.gate.sentences import print_next
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from tests.conftest import Sentences

FAILED, UNKNOWN = Outcome.FAILED, Outcome.NOT_ASSESSABLE
PRINT = ("00000000000000aa",)


def printed(result: GateResult) -> str:
    """What is printed, as a pipe gets it."""
    console = Console(file=io.StringIO(), width=80, highlight=False)
    print_next(Sheet(console), result)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def failing(
    a_finding: Callable[..., Finding], a_check: Callable[..., Check], a_file: Callable[..., FileResult]
) -> Callable[..., FileResult]:
    """Makes a file in which one limit failed because of one row."""

    def make(limit: str = "max-doubted", path: str = "a.csv", **finding: object) -> FileResult:
        return a_file(
            path=path,
            checks=(a_check(limit=limit, outcome=FAILED, rows=PRINT),),
            findings=(a_finding(**({"failed": (limit,)} | finding)),),
            comparison=Comparison(".base line.json", 1, 0, ()),
        )

    return make


def test_passed(a_result: Callable[..., GateResult]) -> None:
    """A gate that passed leaves nothing to do."""
    assert not printed(a_result())


def test_doubted(
    failing: Callable[..., FileResult], a_result: Callable[..., GateResult], sentences: Sentences
) -> None:
    """Doubted rows are relabelled, or waived where the label is right."""
    text = printed(a_result(failing()))

    assert "\n  Relabel:  doubt scan a.csv\n" in text
    assert '\n            [[waive]]\n            id = "T0017"\n            label = "refund"\n' in text
    sentences.check(text)


def test_page(failing: Callable[..., FileResult], a_result: Callable[..., GateResult]) -> None:
    """The page of an audit that was kept is named."""
    text = printed(a_result(replace(failing(), audit="/cache/a.doubt")))

    assert text.startswith("\nNext\n  Look:     /cache/a.doubt/report.html\n  Relabel:  ")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows quotes words in another way")
def test_new(failing: Callable[..., FileResult], a_result: Callable[..., GateResult]) -> None:
    """New doubts can be added to the baseline; a path with spaces is one word for the shell."""
    text = printed(a_result(failing("max-new", "my data.csv")))

    assert "\n  Relabel:  doubt scan 'my data.csv'\n" in text
    assert "\n  Accept:   doubt baseline 'my data.csv' -o '.base line.json'\n" in text


@pytest.mark.parametrize("limit", ["max-noise", "min-skill", "require-reason"])
def test_not_waivable(
    failing: Callable[..., FileResult], a_result: Callable[..., GateResult], limit: str
) -> None:
    """No waiver is suggested for a limit on which it has no effect."""
    assert "Waive:" not in printed(a_result(failing(limit)))


def test_waived_for_one_limit(
    failing: Callable[..., FileResult], a_check: Callable[..., Check], a_result: Callable[..., GateResult]
) -> None:
    """A waiver is suggested if it helps with one of the limits that failed because of the row."""
    check = a_check(limit="max-per-class", of="big refunds", outcome=FAILED)
    file = replace(failing("max-noise", failed=("max-noise", "max-per-class big refunds")), checks=(check,))

    assert '\n            id = "T0017"\n' in printed(a_result(file))


def test_conflict(failing: Callable[..., FileResult], a_result: Callable[..., GateResult]) -> None:
    """A conflict is not in a queue; it can be waived."""
    text = printed(a_result(failing("max-conflicts", rule=LABEL_CONFLICT)))

    assert "Relabel:" not in text
    assert "Waive:" in text


def test_unlabelled(failing: Callable[..., FileResult], a_result: Callable[..., GateResult]) -> None:
    """For rows without a label nothing is suggested, because it is plain what to do."""
    file = failing("max-unlabelled", rule=UNLABELLED, given_label=None, suggested_label=None, doubt=None)

    assert not printed(a_result(file))


@pytest.mark.parametrize(("allowed", "is_named"), [(False, True), (True, False)])
def test_not_assessable(
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    allowed: bool,
    is_named: bool,
) -> None:
    """Where a limit can't be assessed, the flag that lets it pass is named, unless it was given."""
    checks = (a_check(outcome=UNKNOWN, allowed=allowed), a_check(outcome=FAILED))

    text = printed(a_result(a_file(checks=checks)))

    assert ("--allow-unassessable" in text) is is_named


def test_no_row_is_to_blame(
    failing: Callable[..., FileResult],
    a_check: Callable[..., Check],
    a_result: Callable[..., GateResult],
    sentences: Sentences,
) -> None:
    """Where a limit can't be assessed, no row is to be relabelled, accepted or waived."""
    file = replace(failing("max-new"), checks=(a_check(limit="max-new", outcome=UNKNOWN, rows=PRINT),))

    text = printed(a_result(file))

    assert text.count(":") == 1
    sentences.check(text)


def test_worst_row(
    failing: Callable[..., FileResult],
    a_finding: Callable[..., Finding],
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """The row to waive is the first that is listed: a new one before a known one with more doubt."""
    findings = (
        a_finding(row_id="known", change=Change.KNOWN, failed=("max-doubted",)),
        a_finding(row_id="new", doubt=0.6, change=Change.NEW, failed=("max-doubted",)),
    )
    file = a_file(checks=(a_check(outcome=FAILED),), findings=findings)

    assert '\n            id = "new"\n' in printed(a_result(file, failing()))


def test_several_files(
    failing: Callable[..., FileResult], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """For several files three commands are shown, and the waiver names its file."""
    files = [failing("max-new", f"data/{name}.csv") for name in "abcd"]

    text = printed(a_result(a_file(), *files, waivers_path="data/rules/waivers.toml"))

    assert [line.split()[-1] for line in text.splitlines() if "doubt scan" in line] == [
        "data/a.csv",
        "data/b.csv",
        "data/c.csv",
    ]
    assert text.count("doubt baseline") == 3
    assert "data/rules/waivers.toml" in text
    assert '\n            file = "../a.csv"\n' in text


def test_standard_input(
    failing: Callable[..., FileResult], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Standard input is not a file that a waiver could name, or that could be read again."""
    text = printed(a_result(a_file(), failing(path="-")))

    assert "file =" not in text
    assert "doubt scan" not in text
    assert '\n            id = "T0017"\n' in text


def test_half_a_character(failing: Callable[..., FileResult], a_result: Callable[..., GateResult]) -> None:
    """No waiver is suggested for a row whose label can't be written in TOML."""
    assert "Waive:" not in printed(a_result(failing(given_label="\ud800")))
