"""Queues, what came of verdicts, and ledgers -> printed: coloured at a terminal, plain in a pipe."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from doubtcli.apply.ledger import ledger_name
from doubtcli.apply.plan_undo import UNDO_TOOL as REVERT_TOOL
from doubtcli.queue.readme import count_by_strategy
from doubtcli.records import UnappliedKind
from doubtcli.records.answers import FILLED_IN
from doubtcli.records.relabelling import LedgerAction, list_batches_in_effect, list_current_batches
from doubtcli.tools.registry import name_tool
from doubtcli.wording.lists import and_more
from doubtcli.wording.numbers import count
from doubtcli.wording.quoting import LONGEST, printable, printable_path
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from doubtcli.records import Decision, Unapplied
    from doubtcli.records.queue import Queue
    from doubtcli.records.relabelling import ApplyResult, Batch, LedgerLine, UndoResult

OLD, NEW = "red", "green"
MOST_TOLD = 10
"""Of the rows that one kind of thing was not applied to; JSON has them all."""
MOST_LISTED = 20
"""Of the rows that one batch of a log changed; JSON has them all."""
OURS = frozenset({FILLED_IN, REVERT_TOOL})
TOLD_BY_NUMBER = (UnappliedKind.UNDECIDED, UnappliedKind.ALREADY)
"""Nobody has to look at these."""


def print_applied(console: Console, applied: ApplyResult) -> None:
    """Print what was changed, kept and not applied, and why; of a dry run each change.

    Nothing of the data is taken for markup, and control characters in it are shown, not obeyed.
    """
    sheet = Sheet(console)
    sheet.print((printable_path(applied.path), "bold"))
    sheet.hang(sheet.indent(), _changes(applied), "bold")
    for sentence in _result_sentences(applied):
        sheet.hang(sheet.indent(), sentence)
    if applied.is_dry_run and applied.batch:
        sheet.title("Changes")
        _print_lines(sheet, applied.batch.lines)
    _print_unapplied(sheet, applied.settled.unapplied)
    sheet.print_list("Applied before, and edited since: left as they are", map(_told, applied.done_before))
    sheet.print_list("Notes", applied.notes)
    _print_written(sheet, applied)


def print_undone(console: Console, undone: UndoResult) -> None:
    """Print which batch was taken back, and what that changed."""
    sheet = Sheet(console)
    sheet.print((printable_path(undone.path), "bold"))
    would = "would be taken back" if undone.output is None else "is taken back"
    told = f"batch {undone.undone.id} of {undone.undone.applied} {would}: {_counted(undone.batch.lines)}"
    sheet.hang(sheet.indent(), told, "bold")
    if undone.output is None:
        sheet.title("Changes")
        _print_lines(sheet, undone.batch.lines)
        return
    _print_written_files(sheet, undone.output, undone.batch, undone.backup)


def print_log(console: Console, path: str, batches: Sequence[Batch]) -> None:
    """Print what was done to a file, the newest batch first."""
    sheet = Sheet(console)
    sheet.print((printable_path(path), "bold"))
    current = list_current_batches(batches)
    held = {batch.id for batch in list_batches_in_effect(current)}
    for batch in reversed(batches):
        state = (
            "" if batch.id in held else "taken back" if batch in current else "the file was made anew since"
        )
        sheet.title(
            f"batch {batch.id}",
            "  ".join(part for part in (batch.applied, state, batch.missing_lines) if part),
        )
        sheet.hang(sheet.indent(), _origin(batch), "dim")
        _print_lines(sheet, batch.lines[:MOST_LISTED])
        if len(batch.lines) > MOST_LISTED:
            rest = and_more(len(batch.lines) - MOST_LISTED)
            sheet.hang(sheet.indent(), f"{rest}; --output-format json has all", "dim")


# ----------------------------------------------------------------------- sentences


def _changes(applied: ApplyResult) -> str:
    if applied.batch is None:
        return "nothing is left to change"
    return ("would change: " if applied.is_dry_run else "changed: ") + _counted(applied.batch.lines)


def _counted(lines: Sequence[LedgerLine]) -> str:
    """How many rows got what: "2 labels, 1 row dropped"."""
    numbers = {action: sum(line.action is action for line in lines) for action in LedgerAction}
    told = [
        count(numbers[LedgerAction.RELABEL], "label"),
        f"{count(numbers[LedgerAction.DROP], 'row')} dropped",
        f"{count(numbers[LedgerAction.RESTORE], 'row')} put back",
    ]
    return ", ".join(words for words, number in zip(told, numbers.values(), strict=True) if number)


def _result_sentences(applied: ApplyResult) -> Iterable[str]:
    if applied.kept:
        waived = (
            f"; {count(applied.n_waived)} of them doubted before, and waived now" if applied.waivers else ""
        )
        yield f"found right, and kept: {count(len(applied.kept), 'label')}{waived}"
    if applied.unusable:
        yield f"judged unusable, and left in: {count(len(applied.unusable), 'row')}; --drop takes them out"
    if applied.settled.offered:
        rows = count(len(applied.settled.offered), "row")
        yield f"of equal input and label, and seen by nobody: {rows}; --spread decides on them, too"
    if applied.settled.new_labels:
        yield f"labels that the file did not have: {printable(', '.join(applied.settled.new_labels))}"


def _told(decision: Decision) -> str:
    return f"row {decision.row} ({printable(decision.row_id)})"


def _origin(batch: Batch) -> str:
    words = [_counted(batch.lines)]
    words.append(f"from {printable_path(batch.source)}" if batch.source else "in place")
    if batch.undoes:
        words.append(f"takes back batch {batch.undoes}")
    return ", ".join(words)


# --------------------------------------------------------------------------- lines


def _print_lines(sheet: Sheet, lines: Iterable[LedgerLine]) -> None:
    """Each row as a diff of its label."""
    for line in lines:
        sheet.hang(sheet.indent(f"row {line.row} "), _about(line), "dim")
        if line.old is not None:
            _print_label(sheet, "- ", line.old, OLD, "the row goes" if line.new is None else "")
        if line.new is not None:
            _print_label(sheet, "+ ", line.new, NEW, "the row is put back" if line.old is None else "")


def _print_label(sheet: Sheet, mark: str, label: str, style: str, aside: str) -> None:
    """A label with every space in it: it may be all that has changed."""
    told = (f"  ({aside})", "dim") if aside else ""
    sheet.print(sheet.indent((mark + printable_path(label[:LONGEST]), style)), told)


def _about(line: LedgerLine) -> str:
    """Which row it is, and who said what of it."""
    said = ", ".join(part for part in (_by(line.who), line.when, _in(line.tool)) if part)
    decided = " ".join(filter(None, [f"on {line.seen_as}" if line.seen_as else "", said]))
    why = "" if line.tool == REVERT_TOOL else line.why  # the batch says it once for all its lines
    parts = (f"({line.row_id})", decided and f"decided {decided}", why)
    return printable("; ".join(part for part in parts if part))


def _by(people: Sequence[str]) -> str:
    return f"by {_listed(people)}" if people else ""


def _in(tools: str) -> str:
    """In which tools people decided; nothing where it was in a file of ours, for doubt decides nothing."""
    names = tools.split(", ") if tools else []
    titles = ("a queue file" if name == FILLED_IN else name_tool(name) for name in names)
    return "" if OURS.issuperset(names) else f"in {_listed([*titles])}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _print_unapplied(sheet: Sheet, unapplied: Sequence[Unapplied]) -> None:
    if not unapplied:
        return
    sheet.title("Not applied")
    for kind, group in groupby(unapplied, key=lambda one: one.kind):
        some = list(group)
        sheet.hang(sheet.indent(f"{kind}: "), count(len(some)))
        for one in () if kind in TOLD_BY_NUMBER else some[:MOST_TOLD]:
            sheet.hang(sheet.indent("  - "), printable(_reason(one)), "dim")
        if kind not in TOLD_BY_NUMBER and len(some) > MOST_TOLD:
            sheet.hang(sheet.indent("  - "), and_more(len(some) - MOST_TOLD), "dim")


def _reason(one: Unapplied) -> str:
    return f"{one.row_id}: {one.why}" if one.row_id else one.why


def _print_written(sheet: Sheet, applied: ApplyResult) -> None:
    if applied.output is not None:
        _print_written_files(sheet, applied.output, applied.batch, applied.backup)
    elif applied.waivers is not None:
        sheet.title("Written")
    if applied.waivers is not None:
        _print_path(sheet, applied.waivers, "what is waived, and why")


def _print_written_files(sheet: Sheet, output: str, batch: Batch | None, backup: str | None) -> None:
    sheet.title("Written")
    _print_path(sheet, output, "the labels as they are now" if batch else "as the input is")
    if batch is not None:
        _print_path(sheet, ledger_name(output), f"who changed what and why: batch {batch.id}")
    if backup is not None:
        _print_path(sheet, backup, "the file as it was")


def _print_path(sheet: Sheet, path: str, what: str) -> None:
    sheet.print(sheet.indent(printable_path(path)), (f"  {what}", "dim"))


# --------------------------------------------------------------------------- queue


def print_queue(console: Console, queue: Queue, tool_title: str, readme: str) -> None:
    """Print how many rows are handed out, by which strategies, and where it says what to do with them.

    Args:
        console: Where to.
        queue: What was handed out.
        tool_title: What people decide in.
        readme: The path of the file that says so.
    """
    sheet = Sheet(console)
    rows = count(len(queue.rows), "row")
    sheet.print((f"{rows} for {tool_title}: {count_by_strategy(queue)}.", "bold"))
    for note in queue.notes:
        sheet.hang(Text("Note: "), f"{printable(note)}.")
    sheet.print(f"How to load them, and how to bring them back: {printable_path(readme)}")
