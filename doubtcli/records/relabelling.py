"""People's answers -> what is decided on each row, and what isn't: the records of relabelling."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.file_format import FileLayout


@dataclass(frozen=True)
class RowSnapshot:
    """What is known of one row at one moment: when it was audited, or now."""

    row_id: str
    row: int
    """Its place in the file, from 1, the header left out."""
    given_label: str | None
    """As it is shown; None where it has no label."""
    row_hash: str | None = None
    """What stands in it, its label left out; None where an audit of an earlier version doesn't tell."""


class OnConflict(StrEnum):
    """What becomes of a row on which people's answers differ."""

    MAJORITY = "majority"
    """The answer of more than half of them stands; without one the row is left."""
    UNANIMOUS = "unanimous"
    """The row is left unless all answers are equal and nobody passed it over."""
    NEWEST = "newest"
    """The newest answer stands; where times don't tell which it is, the row is left."""
    SKIP = "skip"
    """The row is left."""
    FAIL = "fail"
    """It is an error, and nothing is settled."""


@dataclass(frozen=True)
class Decision:
    """What people decided on one row; it is safe to be applied to the file as it is now."""

    row_id: str
    """As the audit names it."""
    row: int
    """Its place in the file as it is now, from 1, the header left out. No two decisions share one."""
    given_label: str
    """The label that it bears, as it is shown; the same when it was audited and now."""
    verdict: str | None
    """The chosen label as it is shown (equal to the given one: keep it); None where the row is unusable."""
    unusable: bool
    """No label fits: the row may be dropped, and is never relabelled."""
    annotators: tuple[str, ...]
    """Who said so, by name; empty where no tool tells."""
    time: str
    """When it was last said, in ISO 8601 as the tool wrote it; empty where no tool tells."""
    tool: str
    """Where it was said: "label-studio", "argilla", "prodigy", "doccano", "doubt"; several with ", "."""
    why: str
    """What the people noted; several notes with "; "; empty where there is none."""
    outvoted: tuple[str, ...] = ()
    """What others said of it, each once; empty where nobody did."""
    spread_from: str = ""
    """The id of the row of equal input that was looked at in its place; empty where it was seen itself."""

    @property
    def keeps(self) -> bool:
        """Whether the given label was found right."""
        return self.verdict == self.given_label

    @property
    def corrects(self) -> bool:
        """Whether another label was chosen."""
        return not self.unusable and not self.keeps


class UnappliedKind(StrEnum):
    """Why an answer changes nothing."""

    UNDECIDED = "undecided"
    """Nobody decided: left open, skipped, discarded, ignored, rejected, a draft."""
    UNKNOWN = "unknown"
    """No row bears the id."""
    NEW_LABEL = "new label"
    """The label is none of the file's, and new ones are not allowed."""
    CHANGED = "changed"
    """The row's content or given label is not what was audited, or what the person saw."""
    CONFLICT = "conflict"
    """Answers differ and can't be settled, or one names several labels."""
    AMBIGUOUS = "ambiguous"
    """More than one row bears the id, and the given label doesn't tell which is meant."""
    UNLABELLED = "unlabelled"
    """The row has no label that could be judged."""
    ALREADY = "already"
    """The row bears the chosen label by now, or was dropped before: nothing is left to do."""


@dataclass(frozen=True)
class Unapplied:
    """Answers on one row that change nothing, and why."""

    kind: UnappliedKind
    row_id: str
    """As the answers name it."""
    given_label: str | None
    """As it is shown, when the row was audited; None where that isn't known."""
    verdicts: tuple[str, ...]
    """What was chosen, each once, in string order; empty where nothing was."""
    annotators: tuple[str, ...]
    places: tuple[int, ...]
    """Where the answers stand in the file of verdicts, from 1."""
    why: str
    """In plain words: "skipped", "its label was 'ham' when it was audited, and is 'spam' now"."""


@dataclass(frozen=True)
class Settled:
    """What became of all answers: what is decided, and what is not applied."""

    decisions: tuple[Decision, ...]
    """At most one a row, by place in the file; labels that are kept are among them."""
    unapplied: tuple[Unapplied, ...]
    """By kind, then by id."""
    offered: tuple[Decision, ...] = ()
    """Decisions on rows of equal input that nobody looked at, which follow if they are asked for; by place in
    the file. No row is also among `decisions`."""
    new_labels: tuple[str, ...] = ()
    """Labels of `decisions` that the file did not have; in string order."""
    notes: tuple[str, ...] = ()
    """What the user should know of the answers as a whole."""


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
    def missing_lines(self) -> str | None:
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


def list_current_batches(batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """The batches that made the file what it is: those since it was last made from another file."""
    starts = [place for place, batch in enumerate(batches) if batch.source is not None]
    return tuple(batches[starts[-1] if starts else 0 :])


def list_batches_in_effect(batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """Those of the batches that no later one takes back, oldest first; batches that do so are among them."""
    taken_back: set[str | None] = set()
    left = []
    for batch in reversed(batches):
        if batch.id not in taken_back:
            left.append(batch)
            taken_back.add(batch.undoes)
    return tuple(reversed(left))
