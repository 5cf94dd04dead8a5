"""The findings that made limits fail -> their lines, kind by kind: doubted, in conflict, without a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from doubtcli.gate.result import DOUBTED, LABEL_CONFLICT, UNJUDGED, UNLABELLED, Change
from doubtcli.wording.numbers import count, score
from doubtcli.wording.quoting import printable
from doubtcli.wording.sheet import HIGH_DOUBT, ID_CELLS, label_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.gate.result import FileResult, Finding
    from doubtcli.wording.sheet import Sheet

NEW_FIRST = ", new ones first"
CHANGE_STYLE = "magenta"
WHY_LINES = 4


def print_failing(sheet: Sheet, file: FileResult, rules: Mapping[str, str], top: int) -> None:
    """Print the rows that made a limit fail, at most `top` of each kind; the rest are counted."""
    kinds: dict[str, list[Finding]] = {DOUBTED: [], UNJUDGED: [], LABEL_CONFLICT: [], UNLABELLED: []}
    for finding in file.failing:
        kinds[finding.rule if finding.rule in kinds else DOUBTED].append(finding)
    if kinds[DOUBTED]:
        ranked = new_first(kinds[DOUBTED])
        is_mixed = ranked[0].change is not ranked[-1].change
        sheet.title("Most doubted", _how_many(ranked, top) + (NEW_FIRST if is_mixed else ""))
        _print_doubted(sheet, ranked[:top], rules)
    if kinds[UNJUDGED]:
        sheet.title("Labels that nobody can judge", _how_many(kinds[UNJUDGED], top))
        sheet.hang(sheet.indent(), printable(rules.get(UNJUDGED, "")), "dim")
    for finding in kinds[UNJUDGED][:top]:
        _print_labels(sheet, finding, sheet.indent(), sheet.indent("  "))
    if kinds[LABEL_CONFLICT]:
        sheet.title("Conflicting labels", _how_many(kinds[LABEL_CONFLICT], top))
        sheet.hang(sheet.indent(), printable(rules.get(LABEL_CONFLICT, "")), "dim")
    for finding in kinds[LABEL_CONFLICT][:top]:
        _print_labels(sheet, finding, sheet.indent(), sheet.indent("  "))
    if kinds[UNLABELLED]:
        sheet.title("Without a label", _how_many(kinds[UNLABELLED], top))
    for finding in kinds[UNLABELLED][:top]:
        sheet.print(sheet.indent(_place(sheet, finding)))


def new_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the baseline does not know, then the others, each in the order given."""
    return sorted(findings, key=lambda finding: finding.change is not Change.NEW)


def _how_many(findings: Sequence[Finding], top: int) -> str:
    told = count(len(findings), "row")
    shown = f"the first {top} of {told}" if 0 < top < len(findings) else told
    return f"{shown} over a limit"


def _print_doubted(sheet: Sheet, findings: Sequence[Finding], rules: Mapping[str, str]) -> None:
    """Rows below each other, with an empty line between two; below each what changed and why."""
    scores = [score(finding.doubt or 0.0) for finding in findings]
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
        sheet.hang(under, printable(why), "cyan", most_lines=WHY_LINES)


def _print_labels(sheet: Sheet, finding: Finding, lead: Text, under: Text) -> None:
    """A row's labels, and beside them or, where they are long, below them its place."""
    new = Text("  new" if finding.change is Change.NEW else "", f"bold {CHANGE_STYLE}")
    place = _place(sheet, finding)
    labels = _labels(sheet, finding, sheet.width - lead.cell_len - new.cell_len)
    if lead.cell_len + labels.cell_len + new.cell_len + cell_len(f"  {place}") <= sheet.width:
        sheet.print(lead, labels, new, (f"  {place}", "dim"))
    else:
        sheet.print(lead, labels, new)
        sheet.print(under, (place, "dim"))


def _labels(sheet: Sheet, finding: Finding, cells: int) -> Text:
    """The given label and the suggested one; of a conflict that one alone where they are the same."""
    given, suggested = finding.given_label or "", finding.suggested_label
    if suggested is None or (suggested == given and finding.rule == LABEL_CONFLICT):
        return Text(sheet.crop(printable(given), cells), "bold")
    return label_change(sheet, given, suggested, cells)


def _place(sheet: Sheet, finding: Finding) -> str:
    """Where a row stands: "row 17, line 18, id T0480"; an id that is long is cropped."""
    told = [f"row {finding.row}", f"id {sheet.crop(printable(finding.row_id), ID_CELLS)}"]
    if finding.lines:
        first, last = finding.lines
        told.insert(1, f"line {first}" if first == last else f"lines {first} to {last}")
    return ", ".join(told)
