"""Queues, the results of `doubt apply` and `doubt undo`, and ledgers -> printed.

The output is coloured at a terminal and plain in a pipe.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from doubtcli.apply.accept import ACCEPTED_BY, describe_acceptance
from doubtcli.apply.ledger import ledger_name
from doubtcli.apply.plan_undo import UNDO_TOOL
from doubtcli.queue.readme import count_by_strategy
from doubtcli.records.answers import FILLED_IN
from doubtcli.records.relabelling import (
    HARMLESS_KINDS,
    LedgerAction,
    list_batches_in_effect,
    list_current_batches,
)
from doubtcli.tools.registry import name_tool
from doubtcli.wording.lists import and_more
from doubtcli.wording.numbers import format_count
from doubtcli.wording.quoting import LONGEST, printable, printable_path
from doubtcli.wording.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from doubtcli.records import Decision, Unapplied
    from doubtcli.records.queue import Queue
    from doubtcli.records.relabelling import ApplyResult, Batch, LedgerLine, UndoResult

OLD, NEW = "red", "green"
MOST_ROWS_NAMED = 10
"""How many rows are named for each kind of verdict that was not applied; JSON has them all."""
MOST_LISTED = 20
"""How many changed rows are listed for each batch of a log; JSON has them all."""
OURS = frozenset({FILLED_IN, UNDO_TOOL, ACCEPTED_BY})


def print_applied(console: Console, applied: ApplyResult) -> None:
    """Print what was changed, kept and not applied, and why; for a dry run, each change.

    The data are never read as markup, and control characters in them are shown, not obeyed.
    """
    sheet = Sheet(console)
    sheet.print((printable_path(applied.path), "bold"))
    sheet.hang(sheet.indent(), _describe_changes(applied), "bold")
    for sentence in _list_result_sentences(applied):
        sheet.hang(sheet.indent(), sentence)
    if applied.is_dry_run and applied.batch:
        sheet.title("Changes")
        _print_lines(sheet, applied.batch.lines)
    _print_unapplied(sheet, applied.settled.unapplied)
    sheet.print_list(
        "Applied before and edited since, so left as they are", map(_name_row, applied.done_before)
    )
    sheet.print_list("Notes", applied.notes)
    _print_written(sheet, applied)


def print_undone(console: Console, undone: UndoResult) -> None:
    """Print which batch was undone, and what that changed."""
    sheet = Sheet(console)
    sheet.print((printable_path(undone.path), "bold"))
    would = "would be undone" if undone.output is None else "was undone"
    changes = _count_changes(undone.batch.lines)
    sheet.hang(
        sheet.indent(), f"batch {undone.undone.id} of {undone.undone.applied} {would}: {changes}", "bold"
    )
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
            "" if batch.id in held else "undone" if batch in current else "the file was written again since"
        )
        sheet.title(
            f"batch {batch.id}",
            "  ".join(part for part in (batch.applied, state, batch.missing_lines) if part),
        )
        sheet.hang(sheet.indent(), _describe_origin(batch), "dim")
        _print_lines(sheet, batch.lines[:MOST_LISTED])
        if len(batch.lines) > MOST_LISTED:
            rest = and_more(len(batch.lines) - MOST_LISTED)
            sheet.hang(sheet.indent(), f"{rest}; --output-format json has all", "dim")


# ----------------------------------------------------------------------- sentences


def _describe_changes(applied: ApplyResult) -> str:
    if applied.batch is None:
        return "nothing to change"
    return ("would change: " if applied.is_dry_run else "changed: ") + _count_changes(applied.batch.lines)


def _count_changes(lines: Sequence[LedgerLine]) -> str:
    """How many rows were changed, and how: "2 labels, 1 row dropped"."""
    numbers = {action: sum(line.action is action for line in lines) for action in LedgerAction}
    phrases = [
        format_count(numbers[LedgerAction.RELABEL], "label"),
        f"{format_count(numbers[LedgerAction.DROP], 'row')} dropped",
        f"{format_count(numbers[LedgerAction.RESTORE], 'row')} restored",
    ]
    return ", ".join(phrase for phrase, number in zip(phrases, numbers.values(), strict=True) if number)


def _list_result_sentences(applied: ApplyResult) -> Iterable[str]:
    if applied.acceptance:
        yield describe_acceptance(applied.acceptance)
    if applied.kept:
        waived = (
            f"; waivers were written for {format_count(applied.n_waived, 'doubted row')}"
            if applied.waivers
            else ""
        )
        yield f"confirmed and kept: {format_count(len(applied.kept), 'label')}{waived}"
    if applied.unusable:
        rows = format_count(len(applied.unusable), "row")
        yield f"judged unusable, but left in the file: {rows}; --drop removes them"
    if applied.settled.offered:
        rows = format_count(len(applied.settled.offered), "row")
        yield f"not decided, but equal to decided rows: {rows}; --spread decides them, too"
    if applied.settled.new_labels:
        yield f"labels that are new to the file: {printable(', '.join(applied.settled.new_labels))}"


def _name_row(decision: Decision) -> str:
    return f"row {decision.row} ({printable(decision.row_id)})"


def _describe_origin(batch: Batch) -> str:
    words = [_count_changes(batch.lines)]
    words.append(f"from {printable_path(batch.source)}" if batch.source else "in place")
    if batch.undoes:
        words.append(f"undoes batch {batch.undoes}")
    return ", ".join(words)


# --------------------------------------------------------------------------- lines


def _print_lines(sheet: Sheet, lines: Iterable[LedgerLine]) -> None:
    """Each row as a diff of its label."""
    for line in lines:
        sheet.hang(sheet.indent(f"row {line.row} "), _describe_line(line), "dim")
        if line.old is not None:
            _print_label(sheet, "- ", line.old, OLD, "the row is dropped" if line.new is None else "")
        if line.new is not None:
            _print_label(sheet, "+ ", line.new, NEW, "the row is restored" if line.old is None else "")


def _print_label(sheet: Sheet, mark: str, label: str, style: str, aside: str) -> None:
    """Print a label with all its spaces: a space may be all that has changed."""
    remark = (f"  ({aside})", "dim") if aside else ""
    sheet.print(sheet.indent((mark + printable_path(label[:LONGEST]), style)), remark)


def _describe_line(line: LedgerLine) -> str:
    """Which row it is, who decided on it, and why."""
    by_whom = ", ".join(part for part in (_name_people(line.who), line.when, _name_tools(line.tool)) if part)
    if line.tool == ACCEPTED_BY:
        return printable(f"({line.row_id}); suggestion accepted, {line.why}")
    decided = " ".join(filter(None, [f"on its duplicate {line.seen_as}" if line.seen_as else "", by_whom]))
    why = "" if line.tool == UNDO_TOOL else line.why  # for an undo, the batch itself shows it once
    parts = (f"({line.row_id})", decided and f"decided {decided}", why)
    return printable("; ".join(part for part in parts if part))


def _name_people(people: Sequence[str]) -> str:
    return f"by {_join_names(people)}" if people else ""


def _name_tools(tools: str) -> str:
    """The tools in which people decided; empty for our own queue file, since doubt decides nothing."""
    names = tools.split(", ") if tools else []
    titles = ("a queue file" if name == FILLED_IN else name_tool(name) for name in names)
    return "" if OURS.issuperset(names) else f"in {_join_names([*titles])}"


def _join_names(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _print_unapplied(sheet: Sheet, unapplied: Sequence[Unapplied]) -> None:
    if not unapplied:
        return
    sheet.title("Not applied")
    for kind, group in groupby(unapplied, key=lambda one: one.kind):
        some = list(group)
        sheet.hang(sheet.indent(f"{kind}: "), format_count(sum(one.n_rows for one in some)))
        for one in () if kind in HARMLESS_KINDS else some[:MOST_ROWS_NAMED]:
            sheet.hang(sheet.indent("  - "), printable(_explain_unapplied(one)), "dim")
        if kind not in HARMLESS_KINDS and len(some) > MOST_ROWS_NAMED:
            sheet.hang(sheet.indent("  - "), and_more(len(some) - MOST_ROWS_NAMED), "dim")


def _explain_unapplied(one: Unapplied) -> str:
    others = format_count(one.equal_rows - 1, "equal row")
    named = f"{one.row_id} and {others}" if one.equal_rows > 1 else one.row_id
    return f"{named}: {one.why}" if named else one.why


def _print_written(sheet: Sheet, applied: ApplyResult) -> None:
    if applied.output is not None:
        _print_written_files(sheet, applied.output, applied.batch, applied.backup)
    elif applied.waivers is not None:
        sheet.title("Written")
    if applied.waivers is not None:
        _print_path(sheet, applied.waivers, "the waived rows, and why they are waived")


def _print_written_files(sheet: Sheet, output: str, batch: Batch | None, backup: str | None) -> None:
    sheet.title("Written")
    is_undone = batch is not None and batch.undoes is not None
    labels = "the file with its labels as they were" if is_undone else "the file with the new labels"
    _print_path(sheet, output, labels if batch else "the same as the input")
    if batch is not None:
        _print_path(sheet, ledger_name(output), f"who changed what and why: batch {batch.id}")
    if backup is not None:
        _print_path(sheet, backup, "the file as it was before")


def _print_path(sheet: Sheet, path: str, what: str) -> None:
    sheet.print(sheet.indent(printable_path(path)), (f"  {what}", "dim"))


# --------------------------------------------------------------------------- queue


def print_queue(console: Console, queue: Queue, tool_title: str, readme: str) -> None:
    """Print how many rows are handed out, by which strategies, and which file says what to do with them.

    Args:
        console: Where to print.
        queue: The queue that was handed out.
        tool_title: The tool in which people decide.
        readme: The path of the file with the instructions.
    """
    sheet = Sheet(console)
    rows = format_count(len(queue.rows), "row")
    stand = f", which stand for {queue.n_equal_rows:,}" if queue.n_equal_rows > len(queue.rows) else ""
    sheet.print((f"{rows} for {tool_title}{stand}: {count_by_strategy(queue)}.", "bold"))
    for note in queue.notes:
        sheet.hang(Text("Note: "), f"{printable(note)}.")
    sheet.print(f"How to import them, and how to export the verdicts: {printable_path(readme)}")
