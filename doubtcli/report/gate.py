"""What a gate found -> a report for people: every limit, the rows over it, what to do, the outcome."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from doubtcli.gate.limit_words import ALLOWED, count_limits, describe_outcome, make_limit_lines
from doubtcli.gate.result import LABEL_CONFLICT, UNJUDGED, UNLABELLED, Change, Outcome
from doubtcli.gate.sentences import print_next, sort_new_first
from doubtcli.records import CONTRADICTED, DOUBTED
from doubtcli.settings import WAIVERS_FILE
from doubtcli.wording.lists import and_more
from doubtcli.wording.numbers import format_count, format_percent, format_score
from doubtcli.wording.quoting import printable, printable_path
from doubtcli.wording.sheet import HIGH_DOUBT, ID_CELLS, Sheet, label_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from doubtcli.gate.limit_words import LimitLine
    from doubtcli.gate.result import (
        Check,
        Comparison,
        FileResult,
        Finding,
        GateResult,
        GoneDoubt,
    )

MOST_WHOLE = 3
"""Of more files, those that passed have one line each: people look for what failed."""
MOST_PASSED = 10
MOST_LAPSED_PRINTED = 10
MOST_WHYS = 3
NEW_FIRST = ", new ones first"
CHANGE_STYLE = "magenta"
ROW_WHY_LINES = 4
LIMIT_NAME_SHARE = 0.5
"""The most of a line that a limit's name can take."""
WHY_CELLS = 24
"""A narrower text next to the figures is hard to read: it goes below them."""
LIMIT_WHY_LINES = 3
_LISTED_BY_LABEL = {
    CONTRADICTED: "Contradicted",
    UNJUDGED: "Labels that can't be judged",
    LABEL_CONFLICT: "Conflicting labels",
}
"""Kinds of findings that are listed without their doubt, and their titles."""
_GAP = "  "


def print_gate(console: Console, result: GateResult, *, top: int = 10) -> None:
    """Print every file's limits and the rows over them, what to do next, and whether the gate passed.

    Nothing in the data is taken for markup, and control characters in it are shown as escapes.

    Args:
        console: Where to print; bars are drawn only on a terminal.
        result: What the gate found.
        top: How many rows to list per file and kind of finding, most doubted first.
    """
    sheet = Sheet(console)
    whole, short = _split_passed(result.files)
    for number, file in enumerate(whole):
        if number:
            sheet.print()
        _print_file_result(sheet, file, result, top)
    if whole and short:
        sheet.print()
    _print_passed(sheet, short)
    _print_lapsed(sheet, result)
    print_next(sheet, result)
    sheet.print()
    sheet.print((printable_path(describe_outcome(result)), "bold green" if result.passed else "bold red"))


def _split_passed(files: Sequence[FileResult]) -> tuple[list[FileResult], list[FileResult]]:
    """The files to print in full, and those for which one line is enough."""
    if len(files) <= MOST_WHOLE:
        return list(files), []
    return [file for file in files if not file.passed], [file for file in files if file.passed]


def _print_file_result(sheet: Sheet, file: FileResult, result: GateResult, top: int) -> None:
    sheet.print((_name_file(file), "bold"))
    sheet.hang(sheet.indent(), _count_rows(file))
    sheet.hang(sheet.indent(), printable(file.origin), "dim")
    for note in file.notes:
        sheet.hang(sheet.indent("- "), printable(note))
    print_limits(sheet, file.checks)
    print_failing(sheet, file, result.rules, top)
    if file.comparison:
        _print_comparison(sheet, file.comparison)


def _name_file(file: FileResult) -> str:
    return "standard input" if file.path == "-" else printable_path(file.path)


def _count_rows(file: FileResult) -> str:
    """Rows, labels, doubts and waivers: "1,200 rows, 1,190 with a label; 47 doubted (3.9%), 2 waived"."""
    rows = format_count(file.n_rows, "row")
    if file.n_labelled != file.n_rows:
        rows += f", {format_count(file.n_labelled)} with a label"
    share = f" ({format_percent(file.n_doubted / file.n_labelled)})" if file.n_doubted else ""
    doubted = f"{format_count(file.n_doubted) if file.n_doubted else 'none'} doubted{share}"
    n_waived = len({finding.row for finding in file.waived})
    return f"{rows}; {doubted}{f', {format_count(n_waived)} waived' if n_waived else ''}"


def _print_comparison(sheet: Sheet, comparison: Comparison) -> None:
    """Print how many doubts are new, known and gone since the baseline."""
    sheet.title("Since the baseline", printable_path(comparison.path))
    changes = f"{format_count(comparison.n_new)} new, {format_count(comparison.n_known)} known, "
    sheet.hang(sheet.indent(), printable(changes + _count_gone(comparison.gone)))


def _count_gone(gone: Sequence[GoneDoubt]) -> str:
    """How many, and why: "4 gone: it is no longer doubted (3), the row is gone or was changed (1)"."""
    whys = Counter(doubt.why for doubt in gone).most_common()
    counted = [f"{why} ({format_count(n)})" for why, n in whys[:MOST_WHYS]]
    if len(whys) > MOST_WHYS:
        counted.append(f"other causes ({format_count(sum(n for _, n in whys[MOST_WHYS:]))})")
    return f"{format_count(len(gone))} gone{': ' if counted else ''}{', '.join(counted)}"


def _print_passed(sheet: Sheet, files: Sequence[FileResult]) -> None:
    if files:
        sheet.print(("Passed", "bold"), (f"  {format_count(len(files), 'file')}", "dim"))
    for file in files[:MOST_PASSED]:
        doubted, rows = format_count(file.n_doubted), format_count(file.n_rows, "row")
        aside = f"  {count_limits(file.checks)}, {doubted} of {rows} doubted"
        sheet.print(sheet.indent(_name_file(file), (aside, "dim")))
    _print_left_out(sheet, len(files) - MOST_PASSED)


def _print_lapsed(sheet: Sheet, result: GateResult) -> None:
    """Print the waivers that applied to no row, each with the reason."""
    if result.lapsed:
        sheet.title("Waivers that applied to no row", printable_path(result.waivers_path or WAIVERS_FILE))
    for lapsed in result.lapsed[:MOST_LAPSED_PRINTED]:
        sheet.hang(
            sheet.indent("- "),
            printable(f"{lapsed.waiver.row_id} (waiver {lapsed.waiver.number}): {lapsed.why}"),
        )
    _print_left_out(sheet, len(result.lapsed) - MOST_LAPSED_PRINTED)


def _print_left_out(sheet: Sheet, n: int) -> None:
    """Print how many are not listed."""
    if rest := and_more(n):
        sheet.print(sheet.indent((rest, "dim")))


# ------------------------------------------------------------------------ rows


def print_failing(sheet: Sheet, file: FileResult, rules: Mapping[str, str], top: int) -> None:
    """Print the rows because of which a limit failed, at most `top` of each kind; the rest are counted."""
    kinds: dict[str, list[Finding]] = {rule: [] for rule in (DOUBTED, *_LISTED_BY_LABEL, UNLABELLED)}
    for finding in file.failing:
        kinds[finding.rule if finding.rule in kinds else DOUBTED].append(finding)
    if kinds[DOUBTED]:
        ranked = sort_new_first(kinds[DOUBTED])
        is_mixed = ranked[0].change is not ranked[-1].change
        sheet.title("Most doubted", _count_over_limit(ranked, top) + (NEW_FIRST if is_mixed else ""))
        _print_doubted(sheet, ranked[:top], rules)
    for rule, title in _LISTED_BY_LABEL.items():
        if kinds[rule]:
            sheet.title(title, _count_over_limit(kinds[rule], top))
            sheet.hang(sheet.indent(), printable(rules.get(rule, "")), "dim")
        for finding in kinds[rule][:top]:
            _print_labels(sheet, finding, sheet.indent(), sheet.indent("  "))
    if kinds[UNLABELLED]:
        sheet.title("Without a label", _count_over_limit(kinds[UNLABELLED], top))
    for finding in kinds[UNLABELLED][:top]:
        sheet.print(sheet.indent(_describe_place(sheet, finding)))


def _count_over_limit(findings: Sequence[Finding], top: int) -> str:
    rows = format_count(len(findings), "row")
    shown = f"the first {top} of {rows}" if 0 < top < len(findings) else rows
    return f"{shown} over a limit"


def _print_doubted(sheet: Sheet, findings: Sequence[Finding], rules: Mapping[str, str]) -> None:
    """Print rows with an empty line between two; below each what changed and why it is doubted."""
    scores = [format_score(finding.doubt or 0.0) for finding in findings]
    cells = max(map(len, scores), default=0)
    for number, (finding, figure) in enumerate(zip(findings, scores, strict=True)):
        if number:
            sheet.print()
        doubt = finding.doubt or 0.0
        style = "red" if doubt >= HIGH_DOUBT else "yellow"
        lead = sheet.indent((figure.rjust(cells), f"bold {style}"), sheet.bar(doubt, style), "  ")
        under = sheet.indent(" " * cells, "  ")
        _print_labels(sheet, finding, lead, under)
        if finding.change_why:
            style = CHANGE_STYLE if finding.change is Change.NEW else "dim"
            sheet.hang(under, printable(finding.change_why), style)
        why = finding.why or rules.get(finding.rule, finding.rule)
        sheet.hang(under, printable(why), "cyan", most_lines=ROW_WHY_LINES)


def _print_labels(sheet: Sheet, finding: Finding, lead: Text, under: Text) -> None:
    """Print a row's labels with its place next to them or, if they are long, below them."""
    new = Text("  new" if finding.change is Change.NEW else "", f"bold {CHANGE_STYLE}")
    place = _describe_place(sheet, finding)
    labels = _describe_labels(sheet, finding, sheet.width - lead.cell_len - new.cell_len)
    if lead.cell_len + labels.cell_len + new.cell_len + cell_len(f"  {place}") <= sheet.width:
        sheet.print(lead, labels, new, (f"  {place}", "dim"))
    else:
        sheet.print(lead, labels, new)
        sheet.print(under, (place, "dim"))


def _describe_labels(sheet: Sheet, finding: Finding, cells: int) -> Text:
    """The given label and the suggested one; for a conflict only one if they are the same."""
    given, suggested = finding.given_label or "", finding.suggested_label
    if suggested is None or (suggested == given and finding.rule == LABEL_CONFLICT):
        return Text(sheet.crop(printable(given), cells), "bold")
    return label_change(sheet, given, suggested, cells)


def _describe_place(sheet: Sheet, finding: Finding) -> str:
    """Where a row is: "row 17, line 18, id T0480"; a long id is cropped."""
    places = [f"row {finding.row}", f"id {sheet.crop(printable(finding.row_id), ID_CELLS)}"]
    if finding.lines:
        first, last = finding.lines
        places.insert(1, f"line {first}" if first == last else f"lines {first} to {last}")
    return ", ".join(places)


# ---------------------------------------------------------------------- limits


class OutcomeMark(NamedTuple):
    """A sign that shows at a glance whether a limit was met, even without colour."""

    sign: str
    ascii_sign: str
    style: str


_OUTCOME_MARKS: Mapping[str, OutcomeMark] = {
    Outcome.PASSED: OutcomeMark("✓", "+", "green"),
    Outcome.FAILED: OutcomeMark("✗", "x", "bold red"),
    Outcome.NOT_ASSESSABLE: OutcomeMark("?", "?", "bold red"),
    ALLOWED: OutcomeMark("?", "?", "yellow"),
}


def print_limits(sheet: Sheet, checks: Sequence[Check]) -> None:
    """Print a line per limit: whether it was met, its name, the value, the bound, and why."""
    n_missed = sum(not check.passed for check in checks)
    sheet.title("Limits", f"{n_missed} of {len(checks)} not met" if n_missed else "")
    lines = make_limit_lines(checks)
    signs = _pad_column(sheet, [_format_outcome_sign(sheet, line.state) for line in lines])
    values = _pad_column(sheet, [line.value for line in lines], to_right=True)
    bounds = _pad_column(sheet, [line.bound for line in lines])
    room = sheet.width - sum(cell_len(_GAP + column[0]) for column in (signs, values, bounds)) - len(_GAP)
    most = min(room, int(sheet.width * LIMIT_NAME_SHARE))
    names = _pad_column(sheet, [sheet.crop(printable(line.name), most) for line in lines])
    for line, texts in zip(lines, zip(signs, names, values, bounds, strict=True), strict=True):
        _print_limit(sheet, line, texts)


def _format_outcome_sign(sheet: Sheet, state: str) -> str:
    mark = _OUTCOME_MARKS[state]
    return f"{mark.ascii_sign if sheet.console.options.ascii_only else mark.sign} {state}"


def _pad_column(sheet: Sheet, texts: Sequence[str], *, to_right: bool = False) -> list[str]:
    cells = max(map(cell_len, texts), default=0)
    return [text.rjust(cells) if to_right else sheet.pad(text, cells) for text in texts]


def _print_limit(sheet: Sheet, line: LimitLine, texts: Sequence[str]) -> None:
    """Print a limit's figures with the reason next to them or, on a narrow screen, below them."""
    sign, *figures = texts
    strong, dim = ("", "dim") if line.state == Outcome.PASSED else ("bold", "")
    lead = sheet.indent((sign, _OUTCOME_MARKS[line.state].style), _GAP, (_GAP.join(figures), strong), _GAP)
    why = printable(line.why)
    if sheet.width - lead.cell_len >= WHY_CELLS and why:
        sheet.hang(lead, why, dim, most_lines=LIMIT_WHY_LINES)
        return
    lead.rstrip()
    sheet.print(lead)
    sheet.hang(sheet.indent(" " * cell_len(sign), _GAP), why, dim, most_lines=LIMIT_WHY_LINES)
