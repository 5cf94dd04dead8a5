from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.gate.formats.worst import failing_first_new, worst_first
from doubtcli.gate.result import Change, Waiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import FileResult, Finding


def test_worst_first(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Rows of all files stand together: failing ones first, waived ones last, each by doubt."""
    waived = a_finding(row_id="waived", doubt=0.99, waiver=Waiver("waived", 1))
    low = a_finding(row_id="low", doubt=0.6)
    unlabelled = a_finding(row_id="unlabelled", doubt=None)
    failing = a_finding(row_id="failing", doubt=0.5, failed=("max-new",))
    high = a_finding(row_id="high", doubt=0.9)
    files = [a_file(findings=(waived, low, unlabelled)), a_file(path="b.csv", findings=(failing, high))]

    told = worst_first(files)

    assert [finding.row_id for _, finding in told] == ["failing", "high", "low", "unlabelled", "waived"]
    assert [file.path for file, _ in told[:3]] == ["b.csv", "b.csv", "data/tickets.csv"]


def test_failing_first_new(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Of the rows that fail a limit the new ones come first; others are left out."""
    rows = (
        a_finding(row_id="fine", doubt=0.99),
        a_finding(row_id="known", doubt=0.9, failed=("x",), change=Change.KNOWN),
        a_finding(row_id="new", doubt=0.6, failed=("x",), change=Change.NEW),
    )

    assert [finding.row_id for _, finding in failing_first_new([a_file(findings=rows)])] == ["new", "known"]
