"""The results of a scan or a bench -> printed: figures, confusions, the most doubted rows, the power."""

from __future__ import annotations

from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from doubtcli.rank.figures import list_top_rows
from doubtcli.records import CONTRADICTED, SHARE_OF_PARTS, Role
from doubtcli.report.summary import power_sentence
from doubtcli.wording.lists import join_first
from doubtcli.wording.numbers import format_count, format_percent, format_score, format_value
from doubtcli.wording.quoting import printable, printable_text
from doubtcli.wording.sheet import HIGH_DOUBT, ID_CELLS, Sheet, label_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from doubtcli.rank.figures import RowSummary
    from doubtcli.records import Examples, Power, ScanResult, Skill
    from doubtcli.report.summary import Summary

    Line = tuple[str, str]
    """A text and its style."""

MOST_CONFUSIONS = 5
TOP_IF_BRIEF = 3
"""How many rows are listed at most besides everything else that a screen has."""
MOST_VALUES = 12
"""How many values of a table's row are shown: about two lines of them."""
MOST_NUMBERS = 3
"""How many equal rows are named by their numbers."""
EXCERPT_LINES = 2
SIDE_BY_SIDE = 110
"""With a line of this many cells, a row's texts are next to its labels: the texts have some 60 cells left."""
LABEL_SHARE = 0.35
"""The part of a line that labels may take if the texts are next to them."""
PART_NAME_SHARE = 0.5
"""The part of a line that the name of a class or a reason may take."""
WHY_LOOK = (
    "Models would write another label, which may be right or wrong. Check them from the top, as long as it "
    "pays."
)
WHY_LOOK_UNSKILLED = (
    "The models can't judge these labels, so their order says little. Check some to see whether the labels "
    "are good."
)


def explain_why_look(skill: Skill) -> str:
    """Why rows are listed that are not doubted."""
    return WHY_LOOK if skill.assessable else WHY_LOOK_UNSKILLED


def print_findings(sheet: Sheet, summary: Summary, *, verbose: bool) -> None:
    """How many labels are doubted and contradicted, and the noise; if verbose, what models can find, too."""
    doubted = format_count(summary.n_doubted) if summary.n_doubted else "None"
    share = f" ({format_percent(summary.share)})" if summary.n_doubted else ""
    be = "is" if summary.n_doubted <= 1 else "are"
    labels = format_count(summary.n_labelled, "label")
    sheet.title(f"{doubted} of {labels} {be} doubted{share}{_count_contradicted(summary)}")
    sentences = (
        summary.verdict_sentence,
        summary.strongest_sentence,
        summary.noise_sentence,
        summary.expected_sentence,
        summary.flags_sentence,
        *((summary.skill_sentence, summary.power_sentence) if verbose else ()),
    )
    for sentence in sentences:
        if sentence:
            sheet.hang(sheet.indent(), printable(sentence))


def _count_contradicted(summary: Summary) -> str:
    """How many labels are contradicted and not doubted; "" where none is."""
    n = summary.n_contradicted
    return f", {format_count(n)} more {'is' if n == 1 else 'are'} contradicted" if n else ""


def print_confusions(sheet: Sheet, summary: Summary) -> None:
    """The classes most often confused, if any are."""
    pairs = summary.confusions[:MOST_CONFUSIONS]
    if pairs:
        sheet.title("Most often confused", f"doubted rows, given {sheet.arrow} suggested")
    counts = [format_count(pair.n_doubted) for pair in pairs]
    cells = max((len(counted) for counted in counts), default=0)
    for pair, counted in zip(pairs, counts, strict=True):
        lead = sheet.indent(counted.rjust(cells), "  ")
        sheet.print(lead, label_change(sheet, pair.given, pair.suggested, sheet.width - lead.cell_len))


def print_first_rows(sheet: Sheet, audit: ScanResult, summary: Summary, room: int) -> None:
    """As many of the first rows as fit in so many lines, each cut to a few lines; at least one."""
    for top in range(TOP_IF_BRIEF, 0, -1):
        print_some = partial(print_rows, sheet, audit, summary, top, brief=True)
        if top == 1 or sheet.count_lines(print_some) <= room:
            print_some()
            return


def print_rows(sheet: Sheet, audit: ScanResult, summary: Summary, top: int, *, brief: bool = False) -> None:
    """The first rows of the queue: labels, doubt, an excerpt, and why; each tier is listed apart.

    Args:
        sheet: Where to print.
        audit: The result of a scan.
        summary: Its figures.
        top: How many rows.
        brief: Whether an excerpt and why a row is doubted have one line each, with no line between rows.
    """
    rows = list_top_rows(audit, top)
    doubted, others = ([row for row in rows if row.doubted is wanted] for wanted in (True, False))
    if doubted:
        sheet.title("Most doubted", _count_shown(len(doubted), summary))
        _print_block(sheet, audit, doubted, brief=brief)
    if others:
        n_others = len(audit.ranking.queue) - summary.n_doubted_entries
        shown = (
            f"; the first {len(others)} of {format_count(n_others, 'row')}" if len(others) < n_others else ""
        )
        is_contradicted = others[0].tier == CONTRADICTED
        sheet.title("Contradicted" if is_contradicted else "Highest doubt", f"not doubted{shown}")
        sheet.hang(sheet.indent(), explain_why_look(audit.skill), "dim")
        if not brief:
            sheet.print()
        _print_block(sheet, audit, others, brief=brief)


def _count_shown(n_shown: int, summary: Summary) -> str:
    """How many of the doubted rows are shown; equal ones are shown together."""
    n_rows, n_entries = summary.n_doubted, summary.n_doubted_entries
    if n_rows == n_entries:
        return f"the first {n_shown} of {format_count(n_rows, 'row')}" if n_shown < n_rows else ""
    first = f"the first {n_shown} of " if n_shown < n_entries else ""
    entries = "1 entry" if n_entries == 1 else f"{n_entries:,} entries"
    return f"{first}{entries}, for {format_count(n_rows, 'row')}"


# ----------------------------------------------------------------- rows


def _print_block(sheet: Sheet, audit: ScanResult, rows: Sequence[RowSummary], *, brief: bool) -> None:
    """Rows below each other, with an empty line between them if they are not brief."""
    score_cells = max(len(format_score(row.doubt)) for row in rows)
    print_one = _print_beside if sheet.width >= SIDE_BY_SIDE else _print_below
    label_cells = _count_label_cells(sheet, audit, rows)
    for number, row in enumerate(rows):
        if number and not brief:
            sheet.print()
        print_one(sheet, audit, row, _make_lead(sheet, row, score_cells), label_cells, brief=brief)


def _make_lead(sheet: Sheet, row: RowSummary, cells: int) -> Text:
    """A row's doubt, and a bar of it."""
    style = "red" if row.doubt >= HIGH_DOUBT else "yellow" if row.doubted else ""
    figure = (format_score(row.doubt).rjust(cells), f"bold {style}".rstrip())
    return sheet.indent(figure, sheet.bar(row.doubt, style), "  ")


def _print_below(
    sheet: Sheet, audit: ScanResult, row: RowSummary, lead: Text, _label_cells: int, *, brief: bool
) -> None:
    """A row's labels on a line, and its texts below."""
    place = f"  {_name_row(sheet, audit, row)}"
    change = _make_row_change(sheet, row, sheet.width - lead.cell_len - cell_len(place))
    sheet.print(lead, change, (place, "dim"))
    figure = lead.plain.split()[0]
    under = Text(" " * (lead.plain.index(figure) + len(figure) + 2))
    for line, style in _wrap_row_texts(sheet, audit, row, sheet.width - under.cell_len, brief=brief):
        sheet.print(under, (line, style))


def _print_beside(
    sheet: Sheet, audit: ScanResult, row: RowSummary, lead: Text, label_cells: int, *, brief: bool
) -> None:
    """A row's labels and its place on the left, its texts on the right."""
    place = Text(sheet.crop(_name_row(sheet, audit, row), label_cells), "dim")
    left = [(lead, _make_row_change(sheet, row, label_cells)), (Text(" " * lead.cell_len), place)]
    right = _wrap_row_texts(sheet, audit, row, sheet.width - lead.cell_len - label_cells - 2, brief=brief)
    for beside, line in zip_longest(left, right):
        before, words = beside or (Text(" " * lead.cell_len), Text())
        gap = " " * (label_cells + 2 - words.cell_len) if line else ""
        sheet.print(before, words, gap, line or "")


def _count_label_cells(sheet: Sheet, audit: ScanResult, rows: Sequence[RowSummary]) -> int:
    """The cells that labels and places of these rows need, up to `LABEL_SHARE` of the line."""
    most = int(sheet.width * LABEL_SHARE)
    return max(
        max(_make_row_change(sheet, row, most).cell_len, min(cell_len(_name_row(sheet, audit, row)), most))
        for row in rows
    )


def _name_row(sheet: Sheet, audit: ScanResult, row: RowSummary) -> str:
    """A row's number and id; of equal rows how many there are, and the numbers of the first."""
    if len(row.equal) > 1:
        places = audit.examples.positions[list(row.equal)] + 1
        numbers = join_first([str(place) for place in places.tolist()], MOST_NUMBERS)
        return f"{format_count(len(row.equal), 'equal row')}: rows {numbers}"
    place = f"row {row.row}"
    if audit.roles.names(Role.IDENTIFIER):
        place += f", id {sheet.crop(printable(row.row_id), ID_CELLS)}"
    return place


def _wrap_row_texts(
    sheet: Sheet, audit: ScanResult, row: RowSummary, cells: int, *, brief: bool
) -> list[Line]:
    """An excerpt of a row, and why it is doubted."""
    excerpt = sheet.wrap(_make_excerpt(audit.examples, row.index), cells, 1 if brief else EXCERPT_LINES)
    why = sheet.wrap(printable(row.why), cells, 1 if brief else None)
    return [*((line, "") for line in excerpt), *((line, "cyan") for line in why)]


def _make_row_change(sheet: Sheet, row: RowSummary, cells: int) -> Text:
    return label_change(sheet, row.given, row.suggested, cells, "bold green" if row.doubted else "bold")


def _make_excerpt(examples: Examples, row: int) -> str:
    """A row's texts; in a table without texts its first values, each with its column's name."""
    values = examples.inputs.slice(row, 1).to_pylist()[0] if examples.inputs.num_columns else {}
    if columns := examples.columns_of(Role.TEXT):
        texts = (printable_text(str(values[name])) for name in columns if values[name] is not None)
        return " | ".join(text for text in texts if text) or "(no text)"
    named = [
        f"{name} {format_value(value)}"
        for name, value in values.items()
        if not isinstance(value, list | None)
    ]
    return printable(", ".join(named[:MOST_VALUES]))


# --------------------------------------------------------------------------- bench


def print_power(console: Console, power: Power, class_names: Sequence[str]) -> None:
    """Print how many planted errors are found: in all, by class and by reason.

    Args:
        console: Where to print.
        power: The shares of planted errors found.
        class_names: Of each code.
    """
    sheet = Sheet(console)
    if not power.assessable:
        sheet.print()
        sheet.hang(sheet.indent(), power_sentence(power))
        return
    sheet.title(f"{format_count(power.n_planted, 'error')} planted")
    sheet.hang(sheet.indent(), power.why, "dim")
    sheet.title("Found among the most doubted rows")
    _print_shares(
        sheet,
        {f"the first {share:.0%} of rows": found for share, found in power.found_in_first.items()},
        [_limit_share(power.most_in_first.get(share, 1.0)) for share in power.found_in_first],
    )
    first = f"in the first {SHARE_OF_PARTS:.0%} of rows"
    sheet.title("Found by each reason alone", first)
    _print_shares(sheet, dict(sorted(power.by_reason.items(), key=lambda item: (-item[1], item[0]))))
    sheet.title("Found by planted label", first)
    by_class = {class_names[code]: found for code, found in power.by_class.items()}
    _print_shares(sheet, dict(sorted(by_class.items(), key=lambda item: (item[1], item[0]))))


def _limit_share(most: float) -> str:
    """That not all errors fit into the first rows; empty if they do."""
    return f"{format_percent(most)} is all that could be found there" if most < 1 else ""


def _print_shares(sheet: Sheet, shares: Mapping[str, float], asides: Sequence[str] = ()) -> None:
    most = int(sheet.width * PART_NAME_SHARE)
    names = [sheet.crop(printable(name), most) for name in shares]
    cells = max(map(cell_len, names), default=0)
    for name, share, aside in zip(names, shares.values(), asides or [""] * len(names), strict=True):
        line = sheet.indent(sheet.pad(name, cells), f"  {format_percent(share).rjust(5)}")
        if aside:
            sheet.hang(Text.assemble(line, "  "), aside, "dim")
        else:
            sheet.print(line)
