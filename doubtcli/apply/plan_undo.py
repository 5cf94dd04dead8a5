"""A ledger and a batch of it -> the edits that take the batch back, if nobody has touched its rows since.

Also what is lost of a ledger's changes where the file is made from another one again.
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
from doubtcli.wording.numbers import count

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
    """What takes a batch back."""

    batch: Batch
    rows: Mapping[int, LedgerLine]
    """The batch's lines on rows that are there, by row of the file as it is, from 0."""
    added: Mapping[int, LedgerLine]
    """Its lines on rows that are gone, by row of the file as it will be, from 0."""
    later: Sequence[Batch] = ()
    """The batches that came after it and that are not taken back, oldest first."""

    @property
    def edits(self) -> dict[int, Edit]:
        """What becomes of the rows that are there."""
        return {
            row: Restore(line.old_cell) if line.action is LedgerAction.RELABEL else Drop()
            for row, line in self.rows.items()
        }

    @property
    def records(self) -> dict[int, bytes]:
        """The rows that are put back."""
        return {row: line.record for row, line in self.added.items()}


# ------------------------------------------------------------------ which batch


def choose_batch(batches: Sequence[Batch], wanted: str | None, where: str) -> Batch:
    """The batch to take back: the one that is asked for, else the last that is in effect and no undo itself.

    Args:
        batches: Of the ledger, oldest first.
        wanted: Its id.
        where: The ledger, for messages.

    Raises:
        InputError: There is none, it is not in effect, or the ledger has not all of it.
    """
    left = list_batches_in_effect(list_current_batches(batches))
    for batch in reversed(left):
        if batch.id == wanted or (wanted is None and batch.undoes is None):
            _check_complete(batch, where)
            return batch
    if wanted is None:
        raise InputError("nothing is in effect that could be taken back", where=where, hint=LOG_HINT)
    if wanted not in {batch.id for batch in batches}:
        raise InputError(f"there is no batch {wanted!r}", where=where, hint=LOG_HINT)
    gone = wanted not in {batch.id for batch in list_current_batches(batches)}
    why = "the file was made anew since" if gone else "it is taken back already"
    raise InputError(f"batch {wanted} is not in effect: {why}", where=where, hint=LOG_HINT)


def _check_complete(batch: Batch, where: str) -> None:
    if batch.missing_lines:
        raise InputError(
            f"batch {batch.id} is {batch.missing_lines}",
            where=where,
            expected="all that `doubt apply` wrote",
            hint="nothing was taken back: put the ledger back as it was, or edit the labels by hand",
        )


# ---------------------------------------------------------------------- which rows


def plan_undo(batches: Sequence[Batch], batch: Batch, n_rows: int, where: str) -> UndoPlan:
    """Where the rows of a batch are now.

    Args:
        batches: Of the ledger, oldest first.
        batch: To be taken back.
        n_rows: The rows that the file has now.
        where: The file, for messages.

    Raises:
        InputError: Rows came or went since, so that the batch's rows can't be told any more.
    """
    later = _list_later(batches, batch)
    if mover := _find_mover(later):
        raise InputError(
            f"batch {mover.id} came after batch {batch.id}, and dropped rows or put some back",
            where=where,
            hint=f"take that one back first: --batch {mover.id}",
        )
    came, went = _list_places(batch, LedgerAction.RESTORE), _list_places(batch, LedgerAction.DROP)
    if n_rows != batch.rows + len(came) - len(went):
        raise InputError(
            f"it was edited since batch {batch.id}: it has {count(n_rows, 'row')}",
            where=where,
            expected=f"{count(batch.rows + len(came) - len(went), 'row')}, as the batch left it",
            hint="put it back as the batch left it, or edit the labels by hand",
        )
    there = {
        _place_after(line, came, went): line for line in batch.lines if line.action is not LedgerAction.DROP
    }
    gone = {line.row - 1: line for line in batch.lines if line.action is LedgerAction.DROP}
    return UndoPlan(batch, there, gone, later)


def _list_later(batches: Sequence[Batch], batch: Batch) -> tuple[Batch, ...]:
    """The batches that came later; of one and that which takes it back nothing is left."""
    later = batches[list(batches).index(batch) + 1 :]
    ids = {one.id for one in later}
    return tuple(one for one in list_batches_in_effect(later) if one.undoes not in ids)


def _find_mover(later: Sequence[Batch]) -> Batch | None:
    """The last of the later batches after which rows stand elsewhere."""
    movers = [one for one in later if any(line.action is not LedgerAction.RELABEL for line in one.lines)]
    return movers[-1] if movers else None


def _list_places(batch: Batch, action: LedgerAction) -> list[int]:
    return sorted(line.row - 1 for line in batch.lines if line.action is action)


def _place_after(line: LedgerLine, came: Sequence[int], went: Sequence[int]) -> int:
    """The place, from 0, of a line's row in the file as the batch left it; `came` and `went` are in order."""
    place = line.row - 1
    if line.action is LedgerAction.RESTORE:
        return place
    return find_nth_free(came, place - bisect_left(went, place))


# ------------------------------------------------------------------- what came of it


def check_untouched(undo: UndoPlan, rewritten: Rewritten, where: str) -> None:
    """Refuse to take back what a later batch has changed again, or somebody has edited since.

    Raises:
        InputError: A row is not as the batch left it; names the later batch that left it so, or such rows.
    """
    edited = {
        row: what for row, line in undo.rows.items() if (what := _find_edit(line, rewritten.touched[row]))
    }
    if later := _find_changer(undo, rewritten, edited):
        raise InputError(
            f"batch {later.id} came after batch {undo.batch.id}, and changed rows of it again",
            where=where,
            hint=f"take that one back first: --batch {later.id}",
        )
    if edited:
        told = [f"row {row + 1} ({undo.rows[row].row_id!r}): {what}" for row, what in edited.items()]
        rest = f" and {len(told) - MOST_EDITED_NAMED} more" if len(told) > MOST_EDITED_NAMED else ""
        raise InputError(
            f"rows were edited since batch {undo.batch.id}: {'; '.join(told[:MOST_EDITED_NAMED])}{rest}",
            where=where,
            expected="these rows as the batch left them",
            hint="nothing was taken back: put these rows back as they were, or edit them by hand",
        )


def _find_edit(line: LedgerLine, found: Touched) -> str:
    """What of a row is not as its batch left it; "" where all of it is."""
    if found.raw_old != _cell_left_by(line):
        return "its label"
    return "" if found.rest == line.rest else "what stands beside its label"


def _cell_left_by(line: LedgerLine) -> bytes | None:
    """The label's cell as a batch left it."""
    return line.old_cell if line.action is LedgerAction.RESTORE else line.new_cell


def _find_changer(undo: UndoPlan, rewritten: Rewritten, rows: Iterable[int]) -> Batch | None:
    """The last of the later batches that left any of these rows as it is now."""
    now = {
        (undo.rows[row].row_id, rewritten.touched[row].raw_old, rewritten.touched[row].rest) for row in rows
    }
    changed = (one for one in reversed(undo.later) if any(_row_as_left(line) in now for line in one.lines))
    return next(changed, None)


def _row_as_left(line: LedgerLine) -> tuple[str, bytes | None, str]:
    return line.row_id, line.new_cell, line.rest


def list_undone_lines(undo: UndoPlan, rewritten: Rewritten) -> tuple[LedgerLine, ...]:
    """What an undo did, in its own lines, by place in the file."""
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
    return replace(line, who=(), when="", tool=UNDO_TOOL, why=f"takes back batch {batch.id}", seen_as="")


# ------------------------------------------------------------- what a new file lacks


def note_lost_changes(
    earlier: Sequence[Batch], decisions: Iterable[Decision], path: str, output: str, *, is_dry_run: bool
) -> tuple[str, ...]:
    """A note for each batch of which something is lost, oldest first; rows that are decided anew are not.

    Args:
        earlier: The ledger of the file that is made anew.
        decisions: All that are made now, for the label that the row has or for another.
        path: What it is made from.
        output: The file.
        is_dry_run: Whether it only would be.
    """
    batches = _list_lasting(earlier)
    last = {line.row_id: batch.id for batch in batches for line in batch.lines}
    kept = {decision.row_id for decision in decisions}
    notes = []
    for batch in batches:
        lost = [line for line in batch.lines if line.row_id not in kept and last[line.row_id] == batch.id]
        if lost:
            notes.append(_write_lost_note(lost, batch, path, output, is_dry_run=is_dry_run))
    return tuple(notes)


def _list_lasting(batches: Sequence[Batch]) -> list[Batch]:
    """Those that the file still bears: neither taken back, nor one that takes another of them back."""
    current = list_current_batches(batches)
    ids = {batch.id for batch in current}
    return [batch for batch in list_batches_in_effect(current) if batch.undoes not in ids]


def _write_lost_note(
    lost: Sequence[LedgerLine], batch: Batch, path: str, output: str, *, is_dry_run: bool
) -> str:
    actions = Counter(line.action for line in lost)
    what = " and ".join(
        count(actions[action], word) for action, word in LOST_WORDS.items() if actions[action]
    )
    is_not = "would not be" if is_dry_run else "is not" if len(lost) == 1 else "are not"
    made = "it would be made" if is_dry_run else "it was made"
    return (
        f"{what} of batch {batch.id} {is_not} in it any more: {made} anew from {path}; "
        f"to build on them, apply to {output} itself"
    )
