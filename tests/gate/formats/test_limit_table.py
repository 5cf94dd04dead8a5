from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from doubtcli.gate.formats.limit_table import print_limits
from doubtcli.gate.result import Outcome
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check


def printed(*checks: Check, width: int = 80) -> str:
    """What is printed of limits, as a pipe gets it."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_limits(Sheet(console), checks)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_table(a_check: Callable[..., Check]) -> None:
    """Names and bounds stand below each other, values end below each other, the why stands beside."""
    more = a_check(limit="max-new", value=1204, bound=12, is_share=False, outcome=Outcome.FAILED, why="so")

    assert printed(a_check(), more) == (
        "\nLimits  1 of 2 not met\n"
        "  ✓ passed  max-doubted   4.0%  at most 5%  4 of 100 rows\n"
        "  ✗ failed  max-new      1,204  at most 12  doubted rows: so\n"
    )


def test_why_below(a_check: Callable[..., Check]) -> None:
    """Where the figures leave no room the why stands below them."""
    assert printed(a_check(limit="max-per-class", of="n" * 40, value=None)) == (
        f"\nLimits\n  ✓ passed  max-per-class {'n' * 25}…    at most 5%\n            4 of 100 rows\n"
    )


def test_without_why(a_check: Callable[..., Check]) -> None:
    """A limit that rests on nothing has one line, without a space at its end."""
    assert printed(a_check(why="")).endswith("\n  ✓ passed  max-doubted  4.0%  at most 5%\n")


def test_long_why(a_check: Callable[..., Check]) -> None:
    """Of what a limit rests on three lines are shown, beside the figures and below them."""
    for name in ("max-noise", "n" * 60):
        lines = printed(a_check(limit=name, why="so it is " * 90)).splitlines()

        assert lines[-1].endswith("…")
        assert sum("so it is" in line for line in lines) == 3


def test_narrow(a_check: Callable[..., Check]) -> None:
    """On a narrow screen a name is cropped so that the figures are seen."""
    line = printed(a_check(limit="max-per-reason", of="annotator-disagreement"), width=50).splitlines()[2]

    assert line == "  ✓ passed  max-per-reason anno…  4.0%  at most 5%"
