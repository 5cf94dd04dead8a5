"""The sections of the printed report that tell what was found: figures, confusions, the most doubted rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from doubtcli.records import Role
from doubtcli.report.sheet import printable
from doubtcli.report.summary import count, percent, score, top_rows

if TYPE_CHECKING:
    from doubtcli.records import Audit, Examples
    from doubtcli.report.sheet import Sheet
    from doubtcli.report.summary import RowSummary, Summary

MOST_CONFUSIONS = 5
MOST_VALUES = 12
"""Values of a table's row that are shown: about as many as two lines take."""
EXCERPT_LINES = 2
ID_CELLS = 24
HIGH_DOUBT = 0.8
"""From here on a doubt is red: it is meant as a probability, so that four of five are wrong."""


def print_findings(sheet: Sheet, summary: Summary) -> None:
    """How many labels are doubted, the noise rate, and what the models are worth."""
    doubted = count(summary.n_doubted) if summary.n_doubted else "None"
    share = f" ({percent(summary.share)})" if summary.n_doubted else ""
    be = "is" if summary.n_doubted <= 1 else "are"
    sheet.title(f"{doubted} of {count(summary.n_labelled, 'label')} {be} doubted{share}")
    for sentence in (summary.noise_sentence, summary.skill_sentence):
        sheet.hang(sheet.indent(), printable(sentence))


def print_confusions(sheet: Sheet, summary: Summary) -> None:
    """The classes most often confused, if any are."""
    pairs = summary.confusions[:MOST_CONFUSIONS]
    if pairs:
        sheet.title("Most often confused", f"doubted rows, given {sheet.arrow} suggested")
    counts = [count(pair.n_doubted) for pair in pairs]
    cells = max((len(counted) for counted in counts), default=0)
    for pair, counted in zip(pairs, counts, strict=True):
        lead = sheet.indent(counted.rjust(cells), "  ")
        sheet.print(lead, _change(sheet, pair.given, pair.suggested, sheet.width - lead.cell_len))


def print_rows(sheet: Sheet, audit: Audit, summary: Summary, top: int) -> None:
    """The most doubted rows: labels, doubt, an excerpt, and why."""
    rows = top_rows(audit, top)
    if rows:
        sheet.title("Most doubted", _how_many(len(rows), max(summary.n_doubted, len(rows))))
    for number, row in enumerate(rows):
        if number:
            sheet.print()
        _print_row(sheet, audit, row)


def _how_many(n_shown: int, n_doubted: int) -> str:
    return f"the first {n_shown} of {count(n_doubted, 'row')}" if n_shown < n_doubted else ""


def _print_row(sheet: Sheet, audit: Audit, row: RowSummary) -> None:
    style = "red" if row.doubt >= HIGH_DOUBT else "yellow"
    lead = sheet.indent((score(row.doubt), f"bold {style}"), sheet.bar(row.doubt, style), "  ")
    place = f"  row {row.row}"
    if audit.roles.names(Role.IDENTIFIER):
        place += f", id {sheet.crop(printable(row.row_id), ID_CELLS)}"
    room = sheet.width - lead.cell_len - cell_len(place)
    sheet.print(lead, _change(sheet, row.given, row.suggested, room), (place, "dim"))
    under = sheet.indent(" " * len(score(row.doubt)), "  ")
    if excerpt := _excerpt(audit.examples, row.index):
        sheet.hang(under, excerpt, most_lines=EXCERPT_LINES)
    if row.why:
        sheet.hang(under, printable(row.why), "cyan")


def _change(sheet: Sheet, given: str, suggested: str, cells: int) -> Text:
    """A given label and what is suggested instead, on at most so many cells."""
    if suggested == given:
        aside = " (no better label seen)"
        return Text.assemble((sheet.crop(printable(given), cells - len(aside)), "bold"), (aside, "dim"))
    between = f" {sheet.arrow} "
    room = cells - len(between)
    one, other = printable(given), printable(suggested)
    one = sheet.crop(one, max(room // 2, room - cell_len(other)))
    other = sheet.crop(other, room - cell_len(one))
    return Text.assemble((one, "bold"), between, (other, "bold green"))


def _excerpt(examples: Examples, row: int) -> str:
    """A row's texts; in a table without text its first values, each after its column's name."""
    values = examples.inputs.slice(row, 1).to_pylist()[0] if examples.inputs.num_columns else {}
    if examples.text_columns:
        texts = (printable(str(values[name])) for name in examples.text_columns if values[name] is not None)
        return " | ".join(text for text in texts if text) or "(no text)"
    told = [f"{name} {value}" for name, value in values.items() if not isinstance(value, list | None)]
    return printable(", ".join(told[:MOST_VALUES]))
