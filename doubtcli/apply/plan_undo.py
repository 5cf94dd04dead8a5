"""A ledger and one of its batches -> the edits that undo it, if nobody has edited its rows since.

Also notes on the changes in a ledger that get lost when the file is made again from another one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.records.file_format import Drop, Restore, find_nth_free
from doubtcli.records.relabelling import (
    LedgerAction,
    LedgerLine,
    list_batches_in_effect,
    list_current_batches,
)
from doubtcli.wording.lists import join_first
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.records import Decision
    from doubtcli.records.file_format import Edit, Rewritten, Touched
    from doubtcli.records.relabelling import Batch

UNDO_TOOL = "doubt undo"
MOST_EDITED_NAMED = 5
LOG_HINT = "`doubt log FILE` lists the batches"
LOST_WORDS = {
    LedgerAction.RELABEL: "label",
    LedgerAction.DROP: "dropped row",
    LedgerAction.RESTORE: "restored row",
}


@dataclass(frozen=True)
class UndoPlan:
    """The edits that undo a batch."""

    batch: Batch
    rows: Mapping[int, LedgerLine]
    """The batch's lines on rows that are in the file now, by their index in it, from 0."""
    added: Mapping[int, LedgerLine]
    """Its lines on rows that it dropped, by their index in the restored file, from 0."""
    later: Sequence[Batch] = ()
    """The batches after it that were not undone, oldest first."""

    @property
    def edits(self) -> dict[int, Edit]:
        """The edits of rows that are in the file now."""
        return {
            row: Restore(line.old_cell) if line.action is LedgerAction.RELABEL else Drop()
            for row, line in self.rows.items()
        }

    @property
    def records(self) -> dict[int, bytes]:
        """The dropped rows that are restored."""
        return {row: line.record for row, line in self.added.items()}


# ------------------------------------------------------------------ which batch


def choose_batch(batches: Sequence[Batch], wanted: str | None, where: str) -> Batch:
    """The batch to undo: the one that the user names, or else the last in effect that is not an undo.

    Args:
        batches: The batches of the ledger, oldest first.
        wanted: The id of the batch.
        where: The ledger, for messages.

    Raises:
        InputError: There is no such batch, it is not in effect, or lines of it are missing.
    """
    left = list_batches_in_effect(list_current_batches(batches))
    for batch in reversed(left):
        if batch.id == wanted or (wanted is None and batch.undoes is None):
            _check_complete(batch, where)
            return batch
    if wanted is None:
        raise InputError("no batch is in effect, so there is nothing to undo", where=where, hint=LOG_HINT)
    if wanted not in {batch.id for batch in batches}:
        raise InputError(f"there is no batch {wanted!r}", where=where, hint=LOG_HINT)
    gone = wanted not in {batch.id for batch in list_current_batches(batches)}
    why = "the file was written again since" if gone else "it was already undone"
    raise InputError(f"batch {wanted} is not in effect: {why}", where=where, hint=LOG_HINT)


def _check_complete(batch: Batch, where: str) -> None:
    if batch.missing_lines:
        raise InputError(
            f"batch {batch.id} is {batch.missing_lines}",
            where=where,
            expected="all lines that `doubt apply` wrote",
            hint="nothing was undone: restore the ledger, or edit the labels by hand",
        )


# ---------------------------------------------------------------------- which rows


def plan_undo(batches: Sequence[Batch], batch: Batch, n_rows: int, where: str) -> UndoPlan:
    """Find the rows of a batch in the file as it is now.

    Args:
        batches: The batches of the ledger, oldest first.
        batch: The batch to undo.
        n_rows: The number of rows that the file has now.
        where: The file, for messages.

    Raises:
        InputError: Rows were added or removed since, so that the batch's rows can't be found.
    """
    later = _list_later(batches, batch)
    if row_mover := _find_row_moving_batch(later):
        raise InputError(
            f"batch {row_mover.id} came after batch {batch.id}, and dropped or restored rows",
            where=where,
            hint=f"undo that one first: --batch {row_mover.id}",
        )
    restored, dropped = _list_places(batch, LedgerAction.RESTORE), _list_places(batch, LedgerAction.DROP)
    n_expected = batch.rows + len(restored) - len(dropped)
    if n_rows != n_expected:
        raise InputError(
            f"the file was edited since batch {batch.id}: it has {format_count(n_rows, 'row')}",
            where=where,
            expected=f"{format_count(n_expected, 'row')}, as the batch left it",
            hint="restore the file as the batch left it, or edit the labels by hand",
        )
    there = {
        _find_place_after(line, restored, dropped): line
        for line in batch.lines
        if line.action is not LedgerAction.DROP
    }
    gone = {line.row - 1: line for line in batch.lines if line.action is LedgerAction.DROP}
    return UndoPlan(batch, there, gone, later)


def _list_later(batches: Sequence[Batch], batch: Batch) -> tuple[Batch, ...]:
    """The later batches in effect, without a batch that was undone and without its undo."""
    later = batches[list(batches).index(batch) + 1 :]
    ids = {one.id for one in later}
    return tuple(one for one in list_batches_in_effect(later) if one.undoes not in ids)


def _find_row_moving_batch(later: Sequence[Batch]) -> Batch | None:
    """The last of the later batches that moved rows to other places."""
    movers = [one for one in later if any(line.action is not LedgerAction.RELABEL for line in one.lines)]
    return movers[-1] if movers else None


def _list_places(batch: Batch, action: LedgerAction) -> list[int]:
    return sorted(line.row - 1 for line in batch.lines if line.action is action)


def _find_place_after(line: LedgerLine, restored: Sequence[int], dropped: Sequence[int]) -> int:
    """The index of a line's row in the file as the batch left it; `restored` and `dropped` are sorted."""
    place = line.row - 1
    if line.action is LedgerAction.RESTORE:
        return place
    return find_nth_free(restored, place - bisect_left(dropped, place))


# ----------------------------------------------------------------- what the undo did


def check_untouched(undo: UndoPlan, rewritten: Rewritten, where: str) -> None:
    """Refuse to undo what a later batch has changed again, or somebody has edited since.

    Raises:
        InputError: A row is not as the batch left it; names the later batch that changed it, or the rows.
    """
    edited = {
        row: what for row, line in undo.rows.items() if (what := _find_edit(line, rewritten.touched[row]))
    }
    if later := _find_later_change(undo, rewritten, edited):
        raise InputError(
            f"batch {later.id} came after batch {undo.batch.id}, and changed rows of it again",
            where=where,
            hint=f"undo that one first: --batch {later.id}",
        )
    if edited:
        rows = [f"row {row + 1} ({undo.rows[row].row_id!r}): {what}" for row, what in edited.items()]
        named = join_first(rows, MOST_EDITED_NAMED, between="; ", last="; ")
        raise InputError(
            f"rows were edited since batch {undo.batch.id}: {named}",
            where=where,
            expected="these rows as the batch left them",
            hint="nothing was undone: restore these rows, or edit them by hand",
        )


def _find_edit(line: LedgerLine, found: Touched) -> str:
    """The part of a row that was edited since its batch; empty where none was."""
    if found.raw_old != _find_cell_left(line):
        return "its label"
    return "" if found.rest == line.rest else "another column"


def _find_cell_left(line: LedgerLine) -> bytes | None:
    """The bytes of the label's cell as a batch left them."""
    return line.old_cell if line.action is LedgerAction.RESTORE else line.new_cell


def _find_later_change(undo: UndoPlan, rewritten: Rewritten, rows: Iterable[int]) -> Batch | None:
    """The last of the later batches that made one of these rows what it is now."""
    now = {
        (undo.rows[row].row_id, rewritten.touched[row].raw_old, rewritten.touched[row].rest) for row in rows
    }
    changed = (
        one for one in reversed(undo.later) if any(_describe_row_left(line) in now for line in one.lines)
    )
    return next(changed, None)


def _describe_row_left(line: LedgerLine) -> tuple[str, bytes | None, str]:
    return line.row_id, line.new_cell, line.rest


def list_undone_lines(undo: UndoPlan, rewritten: Rewritten) -> tuple[LedgerLine, ...]:
    """The ledger lines of an undo, in file order."""
    lines = [_undo_line(row, line, rewritten) for row, line in undo.rows.items()]
    lines += [_restore_line(row, line) for row, line in undo.added.items()]
    return tuple(sorted((_sign_by_undo(line, undo.batch) for line in lines), key=lambda line: line.row))


def _undo_line(row: int, line: LedgerLine, rewritten: Rewritten) -> LedgerLine:
    found = rewritten.touched[row]
    return replace(
        line,
        action=LedgerAction.RELABEL if line.action is LedgerAction.RELABEL else LedgerAction.DROP,
        row=row + 1,
        old=line.new,
        new=line.old,
        old_cell=found.raw_old,
        new_cell=found.raw_new,
        record=found.record,
    )


def _restore_line(row: int, line: LedgerLine) -> LedgerLine:
    return replace(line, action=LedgerAction.RESTORE, row=row + 1, old=line.new, new=line.old)


def _sign_by_undo(line: LedgerLine, batch: Batch) -> LedgerLine:
    return replace(line, who=(), when="", tool=UNDO_TOOL, why=f"undoes batch {batch.id}", seen_as="")


# --------------------------------------------------------------------- lost changes


def note_lost_changes(
    earlier: Sequence[Batch], decisions: Iterable[Decision], path: str, output: str, *, is_dry_run: bool
) -> tuple[str, ...]:
    """A note for each batch with lost changes, oldest first; rows that are decided again are not lost.

    Args:
        earlier: The ledger of the file that is written again.
        decisions: All decisions of this run, also those that keep a label.
        path: The file that it is made from.
        output: The file that is written.
        is_dry_run: Whether nothing is written.
    """
    batches = _list_kept_batches(earlier)
    last = {line.row_id: batch.id for batch in batches for line in batch.lines}
    kept = {decision.row_id for decision in decisions}
    notes = []
    for batch in batches:
        lost = [line for line in batch.lines if line.row_id not in kept and last[line.row_id] == batch.id]
        if lost:
            notes.append(_write_lost_note(lost, batch, path, output, is_dry_run=is_dry_run))
    return tuple(notes)


def _list_kept_batches(batches: Sequence[Batch]) -> list[Batch]:
    """The batches whose changes are still in the file: not undone, and not an undo of another one."""
    current = list_current_batches(batches)
    ids = {batch.id for batch in current}
    return [batch for batch in list_batches_in_effect(current) if batch.undoes not in ids]


def _write_lost_note(
    lost: Sequence[LedgerLine], batch: Batch, path: str, output: str, *, is_dry_run: bool
) -> str:
    actions = Counter(line.action for line in lost)
    what = " and ".join(
        format_count(actions[action], word) for action, word in LOST_WORDS.items() if actions[action]
    )
    are_lost = "would be lost" if is_dry_run else "is lost" if len(lost) == 1 else "are lost"
    is_made = "would be" if is_dry_run else "was"
    return (
        f"{what} of batch {batch.id} {are_lost}, because the new file {is_made} made from {path} again; "
        f"to keep earlier changes, apply to {output} itself"
    )
