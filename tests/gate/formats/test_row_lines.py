from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from doubtcli.gate.formats.row_lines import print_failing
from doubtcli.gate.result import LABEL_CONFLICT, RULES, UNLABELLED, Change
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import FileResult, Finding

BAD = ("max-doubted",)


def printed(file: FileResult, *, width: int = 80, top: int = 10) -> str:
    """What is printed of a file's rows, as a pipe gets it."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_failing(Sheet(console), file, RULES, top)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_row(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """A doubted row is told with its labels, its place, what is new, and why it is doubted."""
    finding = a_finding(change=Change.NEW, change_why="it was added", lines=(18, 20), failed=BAD)

    assert printed(a_file(findings=(finding,))) == (
        "\nMost doubted  1 row over a limit\n"
        "  0.97  refund → billing  new  row 17, lines 18 to 20, id T0017\n"
        "        it was added\n"
        "        models give billing 0.97, refund 0.01\n"
    )


def test_without_words(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """A row that nothing is said of is told with what its rule means."""
    finding = a_finding(why="", rule="doubted", failed=BAD)

    assert printed(a_file(findings=(finding,))).endswith(
        "\n  0.97  refund → billing  row 17, id T0017\n"
        "        No single reason speaks, but all of them together make its label\n"
        "        likelier wrong than right.\n"
    )


def test_no_better_label(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """A doubted row for which nothing better is seen says so."""
    findings = (
        a_finding(suggested_label="refund", failed=BAD),
        a_finding(suggested_label=None, failed=BAD),
    )

    text = printed(a_file(findings=findings))

    assert "  0.97  refund (no better label seen)  row 17" in text
    assert "  0.97  refund  row 17" in text


def test_only_what_failed(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Rows that made no limit fail are not told."""
    assert not printed(a_file(findings=(a_finding(),)))


def test_new_first(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """What the baseline does not know comes first; among the new and the known the most doubted."""
    changes = (Change.KNOWN, Change.NEW, Change.KNOWN, Change.NEW)
    findings = tuple(
        a_finding(row_id=f"T{i}", doubt=0.9 - i / 10, change=change, failed=BAD)
        for i, change in enumerate(changes)
    )

    text = printed(a_file(findings=findings), top=3)

    assert "\nMost doubted  the first 3 of 4 rows over a limit, new ones first\n" in text
    assert [line.split()[-1] for line in text.splitlines() if "→" in line] == ["T1", "T3", "T0"]


def test_all_new(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Where all are new none come first."""
    findings = (a_finding(change=Change.NEW, failed=BAD),) * 2

    assert "\nMost doubted  2 rows over a limit\n" in printed(a_file(findings=findings))


def test_none_listed(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """`top=0` lists no rows and counts them all the same."""
    findings = (
        a_finding(failed=BAD),
        a_finding(rule=LABEL_CONFLICT, failed=BAD),
        a_finding(rule=UNLABELLED, given_label=None, doubt=None, failed=BAD),
    )

    text = printed(a_file(findings=findings), top=0)

    assert text.count("1 row over a limit\n") == 3
    assert "T0017" not in text


def test_long_labels(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Labels that leave no room for the place have a line of their own."""
    finding = a_finding(given_label="g" * 25, suggested_label="s" * 25, change=Change.NEW, failed=BAD)

    lines = printed(a_file(findings=(finding,)))

    assert f"\n  0.97  {'g' * 25} → {'s' * 25}  new\n        row 17, id T0017\n" in lines


def test_long_why(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Of why a row is doubted four lines are shown."""
    finding = a_finding(why="models say so; " * 40, failed=BAD)

    lines = printed(a_file(findings=(finding,))).splitlines()

    assert len(lines) == 7
    assert lines[-1].endswith("…")


def test_kinds(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Conflicts and rows without a label stand apart, a line each, so that doubted rows don't hide them."""
    findings = (
        *(a_finding(failed=BAD),) * 5,
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

    text = printed(a_file(findings=findings), top=1)

    assert text.endswith(
        "\nConflicting labels  the first 1 of 2 rows over a limit\n"
        "  The very same input stands elsewhere with another label.\n"
        "  refund  row 17, id T0017\n"
        "\nWithout a label  1 row over a limit\n"
        "  row 17, line 18, id T0017\n"
    )
    assert "\n  refund → billing  row 18, id T0018\n" in printed(a_file(findings=findings))
