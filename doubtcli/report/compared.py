"""What lies between two audits -> what `doubt compare` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from doubtcli.report.compared_labels import print_changes, print_fates
from doubtcli.report.compared_score import print_score
from doubtcli.wording.numbers import count, percent
from doubtcli.wording.quoting import printable, printable_path
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import Console

    from doubtcli.records import AuditComparison, ComparedAudit, NoiseRate, Skill

CIRCLE = (
    "Labels that were changed to what models suggest look right to models, so a lower rate by models proves "
    "little: measure it with doubt scan --audit-sample 100."
)


def print_comparison(console: Console, comparison: AuditComparison) -> None:
    """Print what became of rows, labels and doubts, noise rate and skill, and what relabelling bought.

    Nothing of the data is taken for markup, and control characters in it are shown, not obeyed.

    Args:
        console: Where to.
        comparison: What to tell of.
    """
    sheet = Sheet(console)
    _print_audits(sheet, comparison)
    if comparison.nothing_changed:
        sheet.print()
        sheet.hang(Text(), "Nothing changed: both have the same rows, labels and doubted rows.", "bold")
        return
    print_changes(sheet, comparison)
    print_fates(sheet, comparison)
    _print_noise(sheet, comparison)
    _print_skill(sheet, comparison)
    print_score(sheet, comparison.score)


def _print_audits(sheet: Sheet, comparison: AuditComparison) -> None:
    for name, one in (("before", comparison.before), ("after ", comparison.after)):
        told = f"{printable_path(one.folder)}, of {printable_path(one.path)}: {_rows(one)}"
        sheet.hang(Text.assemble((name, "bold"), "  "), told)
    sheet.hang(Text(" " * len("before  ")), _matched(comparison), "dim")
    for note in comparison.notes:
        sheet.hang(Text("note    "), printable(note))


def _rows(one: ComparedAudit) -> str:
    rows = count(one.n_rows, "row")
    return rows if one.n_labelled == one.n_rows else f"{rows}, {count(one.n_labelled)} of them judged"


def _matched(comparison: AuditComparison) -> str:
    parts = [
        f"{count(comparison.n_matched, 'row')} in both",
        _doubted(f"{count(comparison.n_gone)} gone", comparison.gone_doubted),
        _doubted(f"{count(comparison.n_added)} added", comparison.added_doubted),
    ]
    if comparison.n_edited:
        parts.append(f"{count(comparison.n_edited)} with other inputs now")
    return ", ".join(parts)


def _doubted(told: str, n_doubted: int) -> str:
    return f"{told} ({count(n_doubted)} doubted)" if n_doubted else told


def _print_noise(sheet: Sheet, comparison: AuditComparison) -> None:
    before, after = comparison.before.noise_rate, comparison.after.noise_rate
    sheet.title("Label noise")
    for name, noise in (("before", before), ("after ", after)):
        sheet.hang(sheet.indent((name, "bold"), "  "), printable(_noise(noise)))
    if after.assessable and after.rests_on == "models" and comparison.fates.changed:
        sheet.hang(sheet.indent(), CIRCLE, "dim")


def _noise(noise: NoiseRate) -> str:
    if not noise.assessable or noise.rate is None or noise.low is None or noise.high is None:
        return f"not assessable: {noise.why}"
    interval = f"{noise.level:.0%} interval {percent(noise.low)} to {percent(noise.high)}"
    rests_on = "suspected by models" if noise.rests_on == "models" else f"on {count(noise.n_checked, 'row')}"
    measured = rests_on if noise.rests_on == "models" else f"{rests_on} that people checked"
    return f"{percent(noise.rate)} of rows ({interval}), {measured}"


def _print_skill(sheet: Sheet, comparison: AuditComparison) -> None:
    sheet.title("Skill of the models", "on the labels of their own audit")
    for name, one in (("before", comparison.before), ("after ", comparison.after)):
        sheet.hang(sheet.indent((name, "bold"), "  "), printable(_skill(one.skill)))


def _skill(skill: Skill) -> str:
    if not skill.assessable or skill.accuracy is None or skill.balanced_accuracy is None:
        return f"not assessable: {skill.why}"
    return (
        f"{percent(skill.accuracy)} of labels predicted, {percent(skill.balanced_accuracy)} with classes "
        f"evenly weighed (the largest class alone: {percent(skill.majority_accuracy)})"
    )
