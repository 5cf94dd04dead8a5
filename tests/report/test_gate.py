from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from doubtcli.gate.result import (
    LABEL_CONFLICT,
    RULES,
    UNJUDGED,
    UNLABELLED,
    Change,
    Comparison,
    GoneDoubt,
    LapsedWaiver,
    Outcome,
    Waiver,
)
from doubtcli.report.gate import NEW_FIRST, print_failing, print_gate, print_limits
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from tests.conftest import Sentences

FAILED = Outcome.FAILED


def printed(result: GateResult, *, width: int = 80, top: int = 10, **console: Any) -> str:
    """What is printed to a pipe, or to a console with these options."""
    file = io.StringIO()
    print_gate(Console(file=file, width=width, highlight=False, **console), result, top=top)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 140])
def test_full_gate(full_result: GateResult, width: int, sentences: Sentences) -> None:
    """The whole report of a gate that failed, at two widths."""
    sentences.check(printed(full_result, width=width, top=3))


def test_gate_passed(a_result: Callable[..., GateResult], sentences: Sentences) -> None:
    """A gate that passed is short: its limits and the outcome."""
    sentences.check(printed(a_result()))


@pytest.mark.parametrize("width", [60, 80, 140, 300])
def test_width(full_result: GateResult, width: int) -> None:
    """No line that is not to be copied is wider than the console, or than 140 cells, or ends with a space."""
    lines = printed(full_result, width=width).splitlines()

    to_copy = ("   doubt ", "why = ", "gate failed")
    assert max(cell_len(line) for line in lines if not any(part in line for part in to_copy)) <= min(
        width, 140
    )
    assert [line for line in lines if line != line.rstrip()] == []


def test_plain_when_piped(full_result: GateResult) -> None:
    """A pipe gets no escape sequences and no bars."""
    text = printed(full_result)

    assert "\x1b" not in text
    assert "━" not in text


def test_terminal(full_result: GateResult) -> None:
    """A person at a terminal gets colours, and a bar next to each doubt."""
    text = printed(full_result, force_terminal=True, color_system="standard", legacy_windows=False)

    assert "\x1b[1;31m✗ failed        \x1b[0m" in text
    assert "\x1b[32m✓ passed        \x1b[0m" in text
    assert "\x1b[33m? allowed       \x1b[0m" in text
    assert "\x1b[1;31m? not assessable\x1b[0m" in text
    assert "\x1b[1;31m>0.99\x1b[0m \x1b[31m━━━━━━━━━━\x1b[0m" in text
    assert "\x1b[1;31mgate failed: " in text


def test_no_color(full_result: GateResult, a_result: Callable[..., GateResult]) -> None:
    """Without colours the signs show whether each limit was met."""
    text = printed(full_result, force_terminal=True, color_system="standard", no_color=True)

    assert "\x1b[31m" not in text
    assert "✗ failed" in text
    assert "\x1b[1;32mgate passed" in printed(a_result(), force_terminal=True, color_system="standard")


def test_ascii(full_result: GateResult) -> None:
    """A terminal with only ASCII gets ASCII signs."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_gate(Console(file=file, width=80, force_terminal=True, highlight=False), full_result)

    file.flush()
    text = file.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert "x failed" in text
    assert "+ passed" in text
    assert "refund -> billing" in text.replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[1;32m", "")


HOSTILE = "[bold]big[/bold] [/] :smile:\n\x1b[31mred\x07\u202e\x00 end"


def test_data_is_no_markup(
    a_finding: Callable[..., Finding],
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """Data is never taken for markup or control characters: paths, labels, ids, words, notes, waivers."""
    texts = {"row_id": HOSTILE, "given_label": HOSTILE, "why": HOSTILE, "change_why": HOSTILE}
    findings = (
        a_finding(**texts, suggested_label=HOSTILE + "!", failed=(f"max-per-class {HOSTILE}",)),
        a_finding(**texts, suggested_label=HOSTILE, rule="label-conflict", failed=("max-conflicts",)),
    )
    check = a_check(limit="max-per-class", of=HOSTILE, measured=HOSTILE, why=HOSTILE, outcome=FAILED)
    comparison = Comparison(HOSTILE, 1, 0, (GoneDoubt(HOSTILE, HOSTILE, HOSTILE),))
    file = a_file(
        path=HOSTILE,
        origin=HOSTILE,
        checks=(check,),
        findings=findings,
        comparison=comparison,
        notes=(HOSTILE,),
    )
    lapsed = (LapsedWaiver(Waiver(HOSTILE, 1), HOSTILE),)

    text = printed(a_result(file, waivers_path=HOSTILE, lapsed=lapsed, rules=RULES), width=140)

    assert "[bold]big[/bold] [/] :smile:" in text
    assert "\\x1b[31mred\\x07\\u202e\\x00 end" in text
    assert all(c.isprintable() or c == "\n" for c in text)


def test_long_texts(
    a_finding: Callable[..., Finding],
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """A label of 10,000 characters pushes nothing else off the screen, and is cut except in the waiver."""
    label = "long " * 2000
    check = a_check(limit="max-per-class", of=label, why=label, outcome=FAILED)
    finding = a_finding(given_label=label, why=label, failed=(check.name,))

    lines = printed(a_result(a_file(checks=(check,), findings=(finding,)))).splitlines()

    assert len(lines) < 30
    assert [line.partition("=")[0].strip() for line in lines if cell_len(line) > 80] == ["label"]


def test_standard_input(
    a_finding: Callable[..., Finding],
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """Standard input is called that, and no command is shown that would read it again."""
    check = a_check(limit="max-new", outcome=FAILED, rows=("00000000000000aa",))
    finding = a_finding(change=Change.NEW, failed=("max-new",))
    file = a_file(
        path="-", checks=(check,), findings=(finding,), comparison=Comparison("base.json", 1, 0, ())
    )

    text = printed(a_result(file))

    assert text.startswith("standard input\n")
    assert "doubt scan" not in text
    assert "doubt baseline" not in text
    assert "Waive:" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"n_rows": 1, "n_labelled": 1, "n_doubted": 1},
        {"n_rows": 1200, "n_labelled": 1200, "n_doubted": 0},
        {"n_rows": 9, "n_labelled": 0, "n_doubted": 0},
    ],
    ids=["one row", "none doubted", "no label"],
)
def test_counts(
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    changes: dict[str, int],
    sentences: Sentences,
) -> None:
    """The head of a file counts its rows, those with a label, and the doubted ones among these."""
    sentences.check(printed(a_result(a_file(**changes))).splitlines()[1])


def test_waived(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row that is waived both as doubted and as in conflict counts once."""
    waiver = Waiver("T0017", 1)
    findings = (a_finding(waiver=waiver), a_finding(rule="label-conflict", waiver=waiver))

    text = printed(a_result(a_file(findings=findings)))

    assert "; 4 doubted (4.0%), 1 waived\n" in text
    assert "T0017" not in text


@pytest.mark.parametrize(
    ("whys", "counts"),
    [
        ([], "0 new, 2 known, 0 gone"),
        (["it is gone"] * 2, "0 new, 2 known, 2 gone: it is gone (2)"),
        (["a", "b", "c", "c", "d", "e"], "0 new, 2 known, 6 gone: c (2), a (1), b (1), other causes (2)"),
    ],
)
def test_comparison(
    a_file: Callable[..., FileResult], a_result: Callable[..., GateResult], whys: list[str], counts: str
) -> None:
    """New, known and gone doubts are counted in one line; the gone ones by their reasons."""
    gone = tuple(GoneDoubt("T1", "refund", why) for why in whys)

    text = printed(a_result(a_file(comparison=Comparison("base.json", 0, 2, gone))))

    assert f"  base.json\n  {counts}\n" in text


def test_many_lapsed(a_result: Callable[..., GateResult]) -> None:
    """Of many waivers that applied to no row the first ten are listed, the others counted."""
    lapsed = tuple(LapsedWaiver(Waiver(f"T{n}", n), "expired on 2026-06-30") for n in range(1, 13))

    text = printed(a_result(lapsed=lapsed))

    assert text.count("expired") == 10
    assert "  doubt-waivers.toml\n  - T1 (waiver 1): expired on" in text
    assert "\n  and 2 more\n" in text


def test_many_files(
    a_check: Callable[..., Check], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Of more than three files those that passed have a line each, and those that failed come first."""
    files = [a_file(path=f"{name}.csv") for name in "abc"]
    bad = a_file(path="bad.csv", checks=(a_check(outcome=FAILED), a_check()))

    text = printed(a_result(*files, bad, bad))

    assert text.startswith("bad.csv\n  102 rows")
    assert "\n\nbad.csv\n  102 rows" in text
    assert text.count("\nLimits  1 of 2 not met\n") == 2
    assert "\nPassed  3 files\n  a.csv  1 limit, 4 of 102 rows doubted\n  b.csv  " in text
    assert text.splitlines()[-1].endswith("bad.csv, bad.csv")


def test_many_passed(a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]) -> None:
    """If all of many files passed there is no empty line before them."""
    text = printed(a_result(*(a_file(path=f"{name}.csv") for name in "abcd")))

    assert text.startswith("Passed  4 files\n  a.csv  1 limit, ")
    assert text.count("\n\n") == 1


def test_a_screen_of_files(a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]) -> None:
    """Of very many files that passed ten are listed, so that they fit on a screen."""
    text = printed(a_result(*(a_file(path=f"{number}.csv") for number in range(40))))

    assert "\n  9.csv  1 limit, 4 of 102 rows doubted\n  and 30 more\n" in text
    assert len(text.splitlines()) < 20


BAD = ("max-doubted",)


def printed_rows(file: FileResult, *, width: int = 80, top: int = 10) -> str:
    """What is printed of a file's rows to a pipe."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_failing(Sheet(console), file, RULES, top)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_row(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """A doubted row has its labels, its place, whether it is new, and why it is doubted."""
    finding = a_finding(change=Change.NEW, change_why="it was added", lines=(18, 20), failed=BAD)

    assert printed_rows(a_file(findings=(finding,))) == (
        "\nMost doubted  1 row over a limit\n"
        "  0.97  refund → billing  new  row 17, lines 18 to 20, id T0017\n"
        "        it was added\n"
        "        models give billing 0.97, refund 0.01\n"
    )


def test_without_words(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """For a row without reasons in words, the meaning of its rule is shown."""
    finding = a_finding(why="", rule="doubted", failed=BAD)

    first, _, why = printed_rows(a_file(findings=(finding,))).partition("id T0017\n")

    assert first.endswith("\n  0.97  refund → billing  row 17, ")
    assert " ".join(why.split()) == RULES["doubted"]


def test_no_better_label(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """A doubted row without a better label says so."""
    findings = (
        a_finding(suggested_label="refund", failed=BAD),
        a_finding(suggested_label=None, failed=BAD),
    )

    text = printed_rows(a_file(findings=findings))

    assert "  0.97  refund (" in text
    assert "  0.97  refund  row 17" in text


def test_only_what_failed(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Rows because of which no limit failed are not listed."""
    assert not printed_rows(a_file(findings=(a_finding(),)))


def test_new_first(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """New rows come first; both the new and the known ones are sorted by doubt."""
    changes = (Change.KNOWN, Change.NEW, Change.KNOWN, Change.NEW)
    findings = tuple(
        a_finding(row_id=f"T{i}", doubt=0.9 - i / 10, change=change, failed=BAD)
        for i, change in enumerate(changes)
    )

    text = printed_rows(a_file(findings=findings), top=3)

    assert "the first 3 of 4 rows" in text
    assert NEW_FIRST in text
    assert [line.split()[-1] for line in text.splitlines() if "→" in line] == ["T1", "T3", "T0"]


def test_all_new(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """If all are new, the head does not say that new ones come first."""
    findings = (a_finding(change=Change.NEW, failed=BAD),) * 2

    text = printed_rows(a_file(findings=findings))

    assert "  2 rows " in text
    assert NEW_FIRST not in text


def test_none_listed(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """With `top=0` rows are only counted."""
    findings = (
        a_finding(failed=BAD),
        a_finding(rule=LABEL_CONFLICT, failed=BAD),
        a_finding(rule=UNLABELLED, given_label=None, doubt=None, failed=BAD),
    )

    text = printed_rows(a_file(findings=findings), top=0)

    assert text.count("  1 row ") == 3
    assert "T0017" not in text


def test_long_labels(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Labels that leave no room for the place are on their own line."""
    finding = a_finding(given_label="g" * 25, suggested_label="s" * 25, change=Change.NEW, failed=BAD)

    lines = printed_rows(a_file(findings=(finding,)))

    assert f"\n  0.97  {'g' * 25} → {'s' * 25}  new\n        row 17, id T0017\n" in lines


def test_long_why(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """At most four lines of why a row is doubted are shown."""
    finding = a_finding(why="models say so; " * 40, failed=BAD)

    lines = printed_rows(a_file(findings=(finding,))).splitlines()

    assert len(lines) == 7
    assert lines[-1].endswith("…")


def test_kinds(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], sentences: Sentences
) -> None:
    """Findings of other kinds are listed separately, so that doubted rows don't hide them."""
    findings = (
        *(a_finding(failed=BAD),) * 5,
        a_finding(rule=UNJUDGED, suggested_label=None, doubt=None, why="", failed=("max-new",)),
        a_finding(rule=LABEL_CONFLICT, suggested_label="refund", failed=("max-conflicts",)),
        a_finding(rule=LABEL_CONFLICT, row_id="T0018", row=18, failed=("max-conflicts",)),
        a_finding(
            rule=UNLABELLED,
            given_label=None,
            suggested_label=None,
            doubt=None,
            lines=(18, 18),
            failed=("max-unlabelled",),
        ),
    )

    text = printed_rows(a_file(findings=findings), top=1)

    sentences.check(text)
    assert "\n  refund → billing  row 18, id T0018\n" in printed_rows(a_file(findings=findings))


def printed_limits(*checks: Check, width: int = 80) -> str:
    """What is printed of limits to a pipe."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_limits(Sheet(console), checks)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_table(a_check: Callable[..., Check]) -> None:
    """Names and bounds are left-aligned, values right-aligned, with the reason next to them."""
    more = a_check(limit="max-new", value=1204, bound=12, is_share=False, outcome=Outcome.FAILED, why="so")

    assert printed_limits(a_check(), more) == (
        "\nLimits  1 of 2 not met\n"
        "  ✓ passed  max-doubted   4.0%  at most 5%  4 of 100 rows\n"
        "  ✗ failed  max-new      1,204  at most 12  doubted rows: so\n"
    )


def test_why_below(a_check: Callable[..., Check]) -> None:
    """If the figures leave no room, the reason is below them."""
    assert printed_limits(a_check(limit="max-per-class", of="n" * 40, value=None)) == (
        f"\nLimits\n  ✓ passed  max-per-class {'n' * 25}…    at most 5%\n            4 of 100 rows\n"
    )


def test_without_why(a_check: Callable[..., Check]) -> None:
    """A limit without a reason has one line, without a space at its end."""
    assert printed_limits(a_check(why="")).endswith("\n  ✓ passed  max-doubted  4.0%  at most 5%\n")


def test_long_why_of_a_limit(a_check: Callable[..., Check]) -> None:
    """At most three lines of a limit's reason are shown, next to the figures or below them."""
    for name in ("max-noise", "n" * 60):
        lines = printed_limits(a_check(limit=name, why="so it is " * 90)).splitlines()

        assert lines[-1].endswith("…")
        assert sum("so it is" in line for line in lines) == 3


def test_narrow(a_check: Callable[..., Check]) -> None:
    """On a narrow screen a name is cropped to make room for the figures."""
    line = printed_limits(
        a_check(limit="max-per-reason", of="annotator-disagreement"), width=50
    ).splitlines()[2]

    assert line == "  ✓ passed  max-per-reason anno…  4.0%  at most 5%"
