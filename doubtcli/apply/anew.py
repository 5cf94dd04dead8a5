"""The ledger of a file that is made anew, and decisions -> notes of what was applied and is in it no more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from doubtcli.apply.ledger import Action
from doubtcli.apply.revert import in_effect, standing
from doubtcli.wording.numbers import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from doubtcli.apply.ledger import Batch, Line
    from doubtcli.records import Decision

WORDS = {Action.RELABEL: "label", Action.DROP: "dropped row", Action.RESTORE: "restored row"}


def lost_notes(
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
    batches = _lasting(earlier)
    last = {line.row_id: batch.id for batch in batches for line in batch.lines}
    kept = {decision.row_id for decision in decisions}
    notes = []
    for batch in batches:
        lost = [line for line in batch.lines if line.row_id not in kept and last[line.row_id] == batch.id]
        if lost:
            notes.append(_note(lost, batch, path, output, is_dry_run=is_dry_run))
    return tuple(notes)


def _lasting(batches: Sequence[Batch]) -> list[Batch]:
    """Those that the file still bears: neither taken back, nor one that takes another of them back."""
    current = standing(batches)
    ids = {batch.id for batch in current}
    return [batch for batch in in_effect(current) if batch.undoes not in ids]


def _note(lost: Sequence[Line], batch: Batch, path: str, output: str, *, is_dry_run: bool) -> str:
    actions = Counter(line.action for line in lost)
    what = " and ".join(count(actions[action], word) for action, word in WORDS.items() if actions[action])
    is_not = "would not be" if is_dry_run else "is not" if len(lost) == 1 else "are not"
    made = "it would be made" if is_dry_run else "it was made"
    return (
        f"{what} of batch {batch.id} {is_not} in it any more: {made} anew from {path}; "
        f"to build on them, apply to {output} itself"
    )
