"""What a gate found -> what a person reads: every limit, the rows that failed it, what to do, the verdict."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from doubtcli.gate.formats.figures import limits_words, verdict
from doubtcli.gate.formats.limit_table import print_limits
from doubtcli.gate.formats.next_steps import print_next
from doubtcli.gate.formats.row_lines import print_failing
from doubtcli.gate.waivers import WAIVERS
from doubtcli.wording.lists import and_more
from doubtcli.wording.numbers import count, percent
from doubtcli.wording.quoting import printable, printable_path
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from doubtcli.gate.result import Comparison, FileResult, GateResult, GoneDoubt, LapsedWaiver

MOST_WHOLE = 3
"""Of more files those that passed have one line each: what failed is what a person looks for."""
MOST_PASSED = 10
MOST_LAPSED = 10
MOST_WHYS = 3


def print_gate(console: Console, result: GateResult, *, top: int = 10) -> None:
    """Print every file's limits and the rows that failed them, what may be done, and last the verdict.

    Nothing of the data is taken for markup, and control characters in it are shown, not obeyed.

    Args:
        console: Where to; bars are drawn only on a terminal.
        result: What to tell of.
        top: The rows to list of each file and kind of finding, most doubted first.
    """
    sheet = Sheet(console)
    told, short = _parted(result.files)
    for number, file in enumerate(told):
        if number:
            sheet.print()
        _print_file(sheet, file, result, top)
    if told and short:
        sheet.print()
    _print_passed(sheet, short)
    _print_lapsed(sheet, result)
    print_next(sheet, result)
    sheet.print()
    sheet.print((printable_path(verdict(result)), "bold green" if result.passed else "bold red"))


def _parted(files: Sequence[FileResult]) -> tuple[list[FileResult], list[FileResult]]:
    """The files to tell whole, and those that one line is enough for."""
    if len(files) <= MOST_WHOLE:
        return list(files), []
    return [file for file in files if not file.passed], [file for file in files if file.passed]


def _print_file(sheet: Sheet, file: FileResult, result: GateResult, top: int) -> None:
    sheet.print((_name(file), "bold"))
    sheet.hang(sheet.indent(), _what_stands_in(file))
    sheet.hang(sheet.indent(), printable(file.origin), "dim")
    for note in file.notes:
        sheet.hang(sheet.indent("- "), printable(note))
    print_limits(sheet, file.checks)
    print_failing(sheet, file, result.rules, top)
    if file.comparison:
        _print_comparison(sheet, file.comparison)


def _name(file: FileResult) -> str:
    return "standard input" if file.path == "-" else printable_path(file.path)


def _what_stands_in(file: FileResult) -> str:
    """Rows, labels, doubts and waivers: "1,200 rows, 1,190 with a label; 47 doubted (3.9%), 2 waived"."""
    rows = count(file.n_rows, "row")
    if file.n_labelled != file.n_rows:
        rows += f", {count(file.n_labelled)} with a label"
    share = f" ({percent(file.n_doubted / file.n_labelled)})" if file.n_doubted else ""
    doubted = f"{count(file.n_doubted) if file.n_doubted else 'none'} doubted{share}"
    n_waived = len({finding.row for finding in file.waived})
    return f"{rows}; {doubted}{f', {count(n_waived)} waived' if n_waived else ''}"


def _print_comparison(sheet: Sheet, comparison: Comparison) -> None:
    """How the doubts changed since the baseline; what is gone is told by what became of it."""
    sheet.title("Since the baseline", printable_path(comparison.path))
    told = f"{count(comparison.n_new)} new, {count(comparison.n_known)} known, "
    sheet.hang(sheet.indent(), printable(told + _gone(comparison.gone)))


def _gone(gone: Sequence[GoneDoubt]) -> str:
    """What became of them: "4 gone: it is no longer doubted (3), the row is gone or was changed (1)"."""
    whys = Counter(doubt.why for doubt in gone).most_common()
    told = [f"{why} ({count(n)})" for why, n in whys[:MOST_WHYS]]
    if len(whys) > MOST_WHYS:
        told.append(f"other causes ({count(sum(n for _, n in whys[MOST_WHYS:]))})")
    return f"{count(len(gone))} gone{': ' if told else ''}{', '.join(told)}"


def _print_passed(sheet: Sheet, files: Sequence[FileResult]) -> None:
    if files:
        sheet.print(("Passed", "bold"), (f"  {count(len(files), 'file')}", "dim"))
    for file in files[:MOST_PASSED]:
        aside = (
            f"  {limits_words(file.checks)}, {count(file.n_doubted)} of {count(file.n_rows, 'row')} doubted"
        )
        sheet.print(sheet.indent(_name(file), (aside, "dim")))
    _print_rest(sheet, len(files) - MOST_PASSED)


def _print_lapsed(sheet: Sheet, result: GateResult) -> None:
    """The waivers that held for nothing, each with why."""
    if result.lapsed:
        sheet.title("Waivers that did not hold", printable_path(result.waivers_path or WAIVERS))
    for lapsed in result.lapsed[:MOST_LAPSED]:
        sheet.hang(sheet.indent("- "), printable(_lapsed(lapsed)))
    _print_rest(sheet, len(result.lapsed) - MOST_LAPSED)


def _print_rest(sheet: Sheet, n: int) -> None:
    """How many are not listed."""
    if rest := and_more(n):
        sheet.print(sheet.indent((rest, "dim")))


def _lapsed(lapsed: LapsedWaiver) -> str:
    return f"{lapsed.waiver.row_id} (waiver {lapsed.waiver.number}): {lapsed.why}"
