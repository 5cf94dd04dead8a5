"""What lies between two audits -> the sections of `doubt compare` on labels and doubted rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from doubtcli.wording.numbers import count
from doubtcli.wording.quoting import printable
from doubtcli.wording.sheet import INDENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import AuditComparison, Fates, LabelChange
    from doubtcli.wording.sheet import Sheet

MOST_CHANGES = 10
"""Kinds of change that are printed; JSON has them all."""
MOST_ROWS = 20
"""Classes or annotators that are printed, those with most changes and doubts; JSON has them all."""
NO_LABEL = "(no label)"
FEWEST_NAME_CELLS = 6
"""For the name of a class or an annotator, however narrow the terminal."""
GAP = "  "
COLUMNS = {
    "rows": "n_rows",
    "doubted": "n_doubted",
    "fixed": "fixed",
    "cleared": "cleared",
    "kept": "kept",
    "new": "new",
    "changed": "changed",
}
"""Of the tables by class and by annotator, each with its field of `Fates`."""


def print_changes(sheet: Sheet, comparison: AuditComparison) -> None:
    """How many labels changed, and from which to which."""
    n_changed, changes = comparison.fates.changed, comparison.changes
    sheet.title(f"{count(n_changed, 'label')} changed" if n_changed else "No label changed")
    cells = max((len(count(change.n_rows)) for change in changes), default=0)
    for change in changes[:MOST_CHANGES]:
        lead = sheet.indent(count(change.n_rows).rjust(cells), "  ")
        sheet.print(lead, _change(sheet, change, sheet.width - lead.cell_len))
    if rest := changes[MOST_CHANGES:]:
        n_rows = count(sum(change.n_rows for change in rest), "row")
        sheet.hang(sheet.indent(), f"and {count(len(rest))} other kinds of change, {n_rows}", "dim")


def _change(sheet: Sheet, change: LabelChange, cells: int) -> Text:
    one, other = (
        (NO_LABEL, "dim") if name is None else (printable(name), "bold")
        for name in (change.before, change.after)
    )
    between = f" {sheet.arrow} "
    room = cells - len(between)
    first = sheet.crop(one[0], max(room // 2, room - cell_len(other[0])))
    return Text.assemble(
        (first, one[1]), between, (sheet.crop(other[0], room - cell_len(first)), f"{other[1]} green")
    )


def print_fates(sheet: Sheet, comparison: AuditComparison) -> None:
    """What became of doubted rows: in all, by class and by annotator."""
    _print_all(sheet, comparison)
    by_class = [
        (NO_LABEL if name is None else printable(name), fates)
        for name, fates in comparison.by_class.items()
        if name is not None or _weight(fates)
    ]
    by_annotator = [(printable(name), fates) for name, fates in comparison.by_annotator.items()]
    _print_table(sheet, "By label before", by_class)
    _print_table(sheet, "By annotator", by_annotator, "rows whose label before was their answer")


def _print_all(sheet: Sheet, comparison: AuditComparison) -> None:
    fates = comparison.fates
    before, after = count(comparison.before.n_doubted), count(comparison.after.n_doubted)
    sheet.title(f"Doubted rows: {before} before, {after} after")
    kept = f", {count(fates.kept_changed)} of them with another label" if fates.kept_changed else ""
    told = [
        (fates.fixed, "fixed", "doubted before; the label changed, and is not doubted now", True),
        (fates.cleared, "cleared", "not doubted any more, though the label stayed", True),
        (fates.kept, "kept", f"doubted before and now{kept}", True),
        (fates.set_aside, "set aside", "doubted before, and without a label or judged unusable now", False),
        (fates.new, "new", "doubted now and not before", True),
        (comparison.gone_doubted, "gone", "doubted before, and no longer in the file", False),
        (comparison.added_doubted, "added", "doubted now, and not in the file before", False),
    ]
    shown = [(count(n), name, what) for n, name, what, always in told if n or always]
    figures, names = (max(len(line[place]) for line in shown) for place in (0, 1))
    for figure, name, what in shown:
        lead = sheet.indent(figure.rjust(figures), "  ", (name.ljust(names), "bold"), "  ")
        sheet.hang(lead, what, "dim")


def _print_table(sheet: Sheet, title: str, rows: Sequence[tuple[str, Fates]], aside: str = "") -> None:
    """The fates of each class or annotator, in their order; of many, those with most to tell."""
    if not rows:
        return
    busiest = sorted(range(len(rows)), key=lambda row: -_weight(rows[row][1]))[:MOST_ROWS]
    shown = [rows[row] for row in sorted(busiest)]
    if len(shown) < len(rows):
        aside = "; ".join(part for part in (aside, f"{MOST_ROWS} of {count(len(rows))}") if part)
    sheet.title(title, aside)
    figures = _columns([fates for _, fates in shown])
    room = max(sheet.width - len(figures[0]) - len(INDENT) - len(GAP), FEWEST_NAME_CELLS)
    names = ["", *(sheet.crop(name, room) for name, _ in shown)]
    cells = max(map(cell_len, names))
    for number, (name, line) in enumerate(zip(names, figures, strict=True)):
        sheet.print(sheet.indent(sheet.pad(name, cells), GAP, (line, "" if number else "dim")))


def _columns(shown: Sequence[Fates]) -> list[str]:
    """The head of a table and its lines, as wide as each other."""
    columns = [[head, *(count(getattr(fates, name)) for fates in shown)] for head, name in COLUMNS.items()]
    padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
    return [GAP.join(cells) for cells in zip(*padded, strict=True)]


def _weight(fates: Fates) -> int:
    return fates.changed + fates.n_doubted + fates.new
