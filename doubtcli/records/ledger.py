"""What was done to a file: a line for each row, a batch for each command, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.edits import FileLayout
    from doubtcli.records.relabelling import Decision, Settled


class LedgerAction(StrEnum):
    """What was done to a row."""

    RELABEL = "relabel"
    DROP = "drop"
    RESTORE = "restore"
    """It was put back."""


@dataclass(frozen=True)
class LedgerLine:
    """What was done to one row, and all that it takes to take it back."""

    action: LedgerAction
    row_id: str
    row: int
    """Its place from 1: in the file before the batch; of a restored row, after it."""
    old: str | None
    """The label before, as it is shown; None where the row was not there."""
    new: str | None
    """The label after, as it is shown; None where the row is gone."""
    old_cell: bytes
    """The label's cell before, as it was written; of a restored row, as it is now."""
    new_cell: bytes | None
    """The label's cell after; None where the row came or went."""
    record: bytes
    """The whole row; empty where it only got another label."""
    rest: str
    """A hash of what stands in the row beside its label."""
    who: tuple[str, ...] = ()
    when: str = ""
    """When it was decided, as the tool wrote it."""
    tool: str = ""
    why: str = ""
    seen_as: str = ""
    """The id of the row of equal input that was looked at in its place."""
    audit: str = ""
    """SHA-256 of the `audit.json` that the row was queued by."""


@dataclass(frozen=True)
class Batch:
    """What one command did to one file."""

    id: str
    applied: str
    """When, in ISO 8601, UTC."""
    lines: tuple[LedgerLine, ...]
    form: FileLayout
    """How the file is written."""
    rows: int
    """How many there were before."""
    before: str
    """SHA-256 of the file before, unpacked."""
    after: str
    """SHA-256 of the file after, unpacked."""
    source: str | None
    """The file that this one was made from; None where it was changed in place."""
    undoes: str | None = None
    """The batch that it takes back."""
    n_written: int | None = field(default=None, compare=False)
    """How many lines its ledger says it has; None in ledgers of earlier doubts, and before it is written."""

    @property
    def lack(self) -> str | None:
        """What is lost of it: "incomplete: 2 of 3 lines"; None where nothing is."""
        if self.n_written in (None, len(self.lines)):
            return None
        return f"incomplete: {len(self.lines):,} of {self.n_written:,} lines"


@dataclass(frozen=True)
class ApplyResult:
    """What became of the verdicts on a file's rows."""

    path: str
    """The file that they were applied to."""
    output: str | None
    """The file that was written; None where none was."""
    batch: Batch | None
    """What was changed, or would be; None where nothing is left to change."""
    kept: tuple[Decision, ...]
    """Rows whose label was found right."""
    unusable: tuple[Decision, ...]
    """Rows that were judged unusable, and stay."""
    done_before: tuple[Decision, ...]
    """Rows that the ledger says were changed so before, and that are not so any more."""
    settled: Settled
    """Among it what is not applied, and why."""
    is_dry_run: bool = False
    backup: str | None = None
    """Where the file as it was is kept; None where it was not written over."""
    waivers: str | None = None
    """The file that waivers were added to; None where none was."""
    n_waived: int = 0
    """How many of the kept rows were doubted, and are waived."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UndoResult:
    """What was taken back."""

    path: str
    output: str | None
    """The file that was written; None in a dry run."""
    undone: Batch
    """What was taken back."""
    batch: Batch
    """The batch that did so."""
    backup: str | None = None


def list_current(batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """The batches that made the file what it is: those since it was last made from another file."""
    starts = [place for place, batch in enumerate(batches) if batch.source is not None]
    return tuple(batches[starts[-1] if starts else 0 :])


def list_in_effect(batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """Those of the batches that no later one takes back, oldest first; batches that do so are among them."""
    taken_back: set[str | None] = set()
    left = []
    for batch in reversed(batches):
        if batch.id not in taken_back:
            left.append(batch)
            taken_back.add(batch.undoes)
    return tuple(reversed(left))
