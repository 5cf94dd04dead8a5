"""The differences between two audits -> what `doubt compare` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from doubtcli.report.summary import describe_bound, expected_sentence
from doubtcli.wording.numbers import format_count, format_percent
from doubtcli.wording.quoting import printable, printable_path
from doubtcli.wording.sheet import INDENT, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from doubtcli.records import (
        AuditComparison,
        ComparedAudit,
        Gain,
        LabelChange,
        NoiseRate,
        RelabelScore,
        RowOutcomes,
        Skill,
    )

CIRCLE = (
    "Models agree with labels that were changed to their own suggestions, so a lower rate by models proves "
    "little. Measure it on a random sample: doubt scan --audit-sample 100."
)


def print_comparison(console: Console, comparison: AuditComparison) -> None:
    """Print what changed in rows, labels, doubts, noise rate and skill, and what relabelling gained.

    Text from the data is printed as it is, never as markup, and its control characters are escaped.

    Args:
        console: Where to print.
        comparison: Of two audits.
    """
    sheet = Sheet(console)
    _print_audits(sheet, comparison)
    if comparison.nothing_changed:
        sheet.print()
        sheet.hang(Text(), "Nothing changed: both have the same rows, labels and doubted rows.", "bold")
        return
    print_changes(sheet, comparison)
    print_outcomes(sheet, comparison)
    _print_noise(sheet, comparison)
    _print_skill(sheet, comparison)
    print_score(sheet, comparison.score)


def _print_audits(sheet: Sheet, comparison: AuditComparison) -> None:
    for name, one in (("before", comparison.before), ("after ", comparison.after)):
        line = f"{printable_path(one.folder)}, of {printable_path(one.path)}: {_count_judged(one)}"
        sheet.hang(Text.assemble((name, "bold"), "  "), line)
    sheet.hang(Text(" " * len("before  ")), _count_matched(comparison), "dim")
    for note in comparison.notes:
        sheet.hang(Text("note    "), printable(note))


def _count_judged(one: ComparedAudit) -> str:
    rows = format_count(one.n_rows, "row")
    return (
        rows
        if one.n_labelled == one.n_rows
        else f"{rows}, {format_count(one.n_labelled)} of them with a label"
    )


def _count_matched(comparison: AuditComparison) -> str:
    parts = [
        f"{format_count(comparison.n_matched, 'row')} in both",
        _add_doubted(f"{format_count(comparison.n_gone)} gone", comparison.gone_doubted),
        _add_doubted(f"{format_count(comparison.n_added)} added", comparison.added_doubted),
    ]
    if comparison.n_edited:
        parts.append(f"{format_count(comparison.n_edited)} with changed inputs")
    return ", ".join(parts)


def _add_doubted(text: str, n_doubted: int) -> str:
    return f"{text} ({format_count(n_doubted)} doubted)" if n_doubted else text


def _print_noise(sheet: Sheet, comparison: AuditComparison) -> None:
    before, after = comparison.before.noise_rate, comparison.after.noise_rate
    sheet.title("Label noise")
    for name, noise in (("before", before), ("after ", after)):
        sheet.hang(sheet.indent((name, "bold"), "  "), printable(_describe_noise(noise)))
    expected = comparison.after.expected
    if expected is not None and expected.n_decided:
        sheet.hang(sheet.indent(), expected_sentence(expected))
    if after.assessable and after.rests_on == "models" and comparison.outcomes.changed:
        sheet.hang(sheet.indent(), CIRCLE, "dim")


def _describe_noise(noise: NoiseRate) -> str:
    if not noise.assessable:
        return f"not assessable: {noise.why}"
    by_models = f"by models, {describe_bound(noise)}"
    if noise.rate is None or noise.low is None or noise.high is None:
        return by_models
    interval = f"{noise.level:.0%} interval {format_percent(noise.low)} to {format_percent(noise.high)}"
    checked = f"{format_count(noise.n_checked, 'row')} that people checked"
    return f"{format_percent(noise.rate)} of rows ({interval}), on {checked}; {by_models}"


def _print_skill(sheet: Sheet, comparison: AuditComparison) -> None:
    sheet.title("Skill of the models", "on the labels of their own audit")
    for name, one in (("before", comparison.before), ("after ", comparison.after)):
        sheet.hang(sheet.indent((name, "bold"), "  "), printable(_describe_skill(one.skill)))


def _describe_skill(skill: Skill) -> str:
    if not skill.assessable or skill.accuracy is None or skill.balanced_accuracy is None:
        return f"not assessable: {skill.why}"
    shares = (skill.accuracy, skill.balanced_accuracy, skill.majority_accuracy)
    plain, balanced, majority = map(format_percent, shares)
    return (
        f"{plain} of labels predicted, {balanced} with classes weighted equally (always guessing the largest "
        f"class: {majority})"
    )


MOST_CHANGES = 10
"""How many kinds of change are printed; JSON has all of them."""
MOST_ROWS_OF_TABLE = 20
"""Classes or annotators that are printed, those with most changes and doubts; JSON has them all."""
NO_LABEL = "(no label)"
FEWEST_NAME_CELLS = 6
"""The least room for the name of a class or an annotator, on the narrowest terminal."""
GAP = "  "
OUTCOME_COLUMNS = {
    "rows": "n_rows",
    "doubted": "n_doubted",
    "fixed": "fixed",
    "cleared": "cleared",
    "kept": "kept",
    "new": "new",
    "changed": "changed",
}
"""Of the tables by class and by annotator, each with its field of `RowOutcomes`."""


def print_changes(sheet: Sheet, comparison: AuditComparison) -> None:
    """How many labels changed, and from which to which."""
    n_changed, changes = comparison.outcomes.changed, comparison.changes
    sheet.title(f"{format_count(n_changed, 'label')} changed" if n_changed else "No label changed")
    cells = max((len(format_count(change.n_rows)) for change in changes), default=0)
    for change in changes[:MOST_CHANGES]:
        lead = sheet.indent(format_count(change.n_rows).rjust(cells), "  ")
        sheet.print(lead, _change(sheet, change, sheet.width - lead.cell_len))
    if rest := changes[MOST_CHANGES:]:
        n_rows = format_count(sum(change.n_rows for change in rest), "row")
        sheet.hang(sheet.indent(), f"and {format_count(len(rest))} other kinds of change, {n_rows}", "dim")


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


def print_outcomes(sheet: Sheet, comparison: AuditComparison) -> None:
    """What became of doubted rows: in all, by class and by annotator."""
    _print_all(sheet, comparison)
    by_class = [
        (NO_LABEL if name is None else printable(name), outcomes)
        for name, outcomes in comparison.by_class.items()
        if name is not None or _count_outcomes(outcomes)
    ]
    by_annotator = [(printable(name), outcomes) for name, outcomes in comparison.by_annotator.items()]
    _print_table(sheet, "By label before", by_class)
    _print_table(sheet, "By annotator", by_annotator, "rows that were labelled with their answer")


def _print_all(sheet: Sheet, comparison: AuditComparison) -> None:
    outcomes = comparison.outcomes
    before, after = format_count(comparison.before.n_doubted), format_count(comparison.after.n_doubted)
    sheet.title(f"Doubted rows: {before} before, {after} after")
    kept = (
        f", {format_count(outcomes.kept_changed)} of them with another label" if outcomes.kept_changed else ""
    )
    lines = [
        (outcomes.fixed, "fixed", "doubted before and not now, with another label", True),
        (outcomes.cleared, "cleared", "doubted before and not now, with the same label", True),
        (outcomes.kept, "kept", f"doubted before and now{kept}", True),
        (
            outcomes.set_aside,
            "set aside",
            "doubted before, and now without a label or judged unusable",
            False,
        ),
        (outcomes.new, "new", "doubted now and not before", True),
        (comparison.gone_doubted, "gone", "doubted before, and no longer in the file", False),
        (comparison.added_doubted, "added", "doubted now, and not in the file before", False),
    ]
    shown = [(format_count(n), name, what) for n, name, what, always in lines if n or always]
    figures, names = (max(len(line[place]) for line in shown) for place in (0, 1))
    for figure, name, what in shown:
        lead = sheet.indent(figure.rjust(figures), "  ", (name.ljust(names), "bold"), "  ")
        sheet.hang(lead, what, "dim")


def _print_table(sheet: Sheet, title: str, rows: Sequence[tuple[str, RowOutcomes]], aside: str = "") -> None:
    """The outcomes of each class or annotator, in their order; if there are many, the busiest ones."""
    if not rows:
        return
    busiest = sorted(range(len(rows)), key=lambda row: -_count_outcomes(rows[row][1]))[:MOST_ROWS_OF_TABLE]
    shown = [rows[row] for row in sorted(busiest)]
    if len(shown) < len(rows):
        aside = "; ".join(
            part for part in (aside, f"{MOST_ROWS_OF_TABLE} of {format_count(len(rows))}") if part
        )
    sheet.title(title, aside)
    figures = _outcome_lines([outcomes for _, outcomes in shown])
    room = max(sheet.width - len(figures[0]) - len(INDENT) - len(GAP), FEWEST_NAME_CELLS)
    names = ["", *(sheet.crop(name, room) for name, _ in shown)]
    cells = max(map(cell_len, names))
    for number, (name, line) in enumerate(zip(names, figures, strict=True)):
        sheet.print(sheet.indent(sheet.pad(name, cells), GAP, (line, "" if number else "dim")))


def _outcome_lines(shown: Sequence[RowOutcomes]) -> list[str]:
    """The head of a table and its lines, all equally wide."""
    columns = [
        [head, *(format_count(getattr(outcomes, name)) for outcomes in shown)]
        for head, name in OUTCOME_COLUMNS.items()
    ]
    padded = [[cell.rjust(max(map(len, column))) for cell in column] for column in columns]
    return [GAP.join(cells) for cells in zip(*padded, strict=True)]


def _count_outcomes(outcomes: RowOutcomes) -> int:
    return outcomes.changed + outcomes.n_doubted + outcomes.new


_TENTH_OF_A_POINT = 0.001
EASIER = (
    "A gain shows that the new labels are easier to learn, not that they are right. Rows whose label changed "
    "are not counted, and if hard rows were given the labels that models suggest, models predict more of the "
    "other rows, even where the changes are wrong."
)


def print_score(sheet: Sheet, score: RelabelScore) -> None:
    """Whether a model learns more from the labels after, and how that was measured."""
    sheet.title("What relabelling gained")
    if score.accuracy is None or score.balanced_accuracy is None:
        sheet.hang(sheet.indent(), printable(f"Not assessable: {score.why}."))
        return
    sheet.hang(sheet.indent(), _describe_gain(score, score.accuracy), "bold")
    gains = {"accuracy": score.accuracy, "balanced accuracy": score.balanced_accuracy}
    cells = max(map(len, gains))
    head = f"{'before':>6}  {'after':>6}  points ({score.level:.0%} interval)"
    sheet.print(sheet.indent(" " * cells, "  ", (head, "dim")))
    for name, gain in gains.items():
        shares = f"{format_percent(gain.before):>6}  {format_percent(gain.after):>6}"
        sheet.print(sheet.indent(name.ljust(cells), "  ", shares, "  ", _points_and_interval(gain)))
    sheet.hang(sheet.indent(), _describe_method(score), "dim")
    if score.accuracy.low > 0:
        sheet.hang(sheet.indent(), EASIER, "dim")


def _describe_gain(score: RelabelScore, gain: Gain) -> str:
    rows = f"the {format_count(score.n_judged, 'row')} whose label stayed"
    if gain.low > 0:
        return f"Trained on the new labels, a model predicts more of {rows}."
    if gain.high < 0:
        return f"Trained on the new labels, a model predicts fewer of {rows}."
    return f"No difference, as far as {format_count(score.n_judged, 'row')} can show."


def _describe_method(score: RelabelScore) -> str:
    repeats = {1: "once", 2: "twice"}.get(score.n_repeats, f"{score.n_repeats} times")
    trained, tested = format_count(score.n_trained, "row"), format_count(score.n_judged)
    return (
        f"{score.model.capitalize()} is trained on {trained}, with the labels before and with those after, "
        f"and tested on the {tested} whose label stayed, out of fold ({score.n_folds} folds, "
        f"split {repeats}). Interval: a paired bootstrap over rows and splits."
    )


def _points_and_interval(gain: Gain) -> str:
    return f"{format_points(gain.difference)} ({format_points(gain.low)} to {format_points(gain.high)})"


def format_points(share: float) -> str:
    """A difference of two shares in percentage points, with its sign; only 0 is printed as 0."""
    if not share:
        return "0"
    return f"{share * 100:+.1f}" if abs(share) >= _TENTH_OF_A_POINT / 2 else f"{share * 100:+.1g}"
