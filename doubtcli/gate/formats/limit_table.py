"""The checks of a file -> printed: how each limit was met, its figures, and what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from doubtcli.gate.formats.limit_lines import ALLOWED, limit_lines
from doubtcli.gate.result import Outcome
from doubtcli.wording.quoting import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.gate.formats.limit_lines import LimitLine
    from doubtcli.gate.result import Check
    from doubtcli.wording.sheet import Sheet

NAME_SHARE = 0.5
"""Of a line, for a limit's name at most."""
WHY_CELLS = 24
"""Beside the figures a text of fewer is hard to read: it goes below them."""
WHY_LINES = 3
_GAP = "  "


class _Mark(NamedTuple):
    """What tells at a glance how a limit was met, by more than its colour."""

    sign: str
    ascii_sign: str
    style: str


_MARKS: Mapping[str, _Mark] = {
    Outcome.PASSED: _Mark("✓", "+", "green"),
    Outcome.FAILED: _Mark("✗", "x", "bold red"),
    Outcome.NOT_ASSESSABLE: _Mark("?", "?", "bold red"),
    ALLOWED: _Mark("?", "?", "yellow"),
}


def print_limits(sheet: Sheet, checks: Sequence[Check]) -> None:
    """Print how each limit was met: whether, its name, the value, the bound, and what that rests on."""
    n_missed = sum(not check.passed for check in checks)
    sheet.title("Limits", f"{n_missed} of {len(checks)} not met" if n_missed else "")
    lines = limit_lines(checks)
    signs = _padded(sheet, [_sign(sheet, line.state) for line in lines])
    values = _padded(sheet, [line.value for line in lines], to_right=True)
    bounds = _padded(sheet, [line.bound for line in lines])
    room = sheet.width - sum(cell_len(_GAP + column[0]) for column in (signs, values, bounds)) - len(_GAP)
    most = min(room, int(sheet.width * NAME_SHARE))
    names = _padded(sheet, [sheet.crop(printable(line.name), most) for line in lines])
    for line, texts in zip(lines, zip(signs, names, values, bounds, strict=True), strict=True):
        _print_line(sheet, line, texts)


def _sign(sheet: Sheet, state: str) -> str:
    mark = _MARKS[state]
    return f"{mark.ascii_sign if sheet.console.options.ascii_only else mark.sign} {state}"


def _padded(sheet: Sheet, texts: Sequence[str], *, to_right: bool = False) -> list[str]:
    cells = max(map(cell_len, texts), default=0)
    return [text.rjust(cells) if to_right else sheet.pad(text, cells) for text in texts]


def _print_line(sheet: Sheet, line: LimitLine, texts: Sequence[str]) -> None:
    """A limit's figures, and beside them or, where the lines are short, below them the why."""
    sign, *figures = texts
    strong, dim = ("", "dim") if line.state == Outcome.PASSED else ("bold", "")
    lead = sheet.indent((sign, _MARKS[line.state].style), _GAP, (_GAP.join(figures), strong), _GAP)
    why = printable(line.why)
    if sheet.width - lead.cell_len >= WHY_CELLS and why:
        sheet.hang(lead, why, dim, most_lines=WHY_LINES)
        return
    lead.rstrip()
    sheet.print(lead)
    sheet.hang(sheet.indent(" " * cell_len(sign), _GAP), why, dim, most_lines=WHY_LINES)
