"""People's answers -> decisions on rows, and answers that are not applied: the records of relabelling."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.records.file_format import FileLayout


@dataclass(frozen=True)
class RowSnapshot:
    """One row at one moment: when it was audited, or now."""

    row_id: str
    row: int
    """Its place in the file, from 1 without the header."""
    given_label: str | None
    """As it is shown; None where it has no label."""
    row_hash: str | None = None
    """A hash of the row without its label; None in audits of earlier versions, which have none."""
    earlier_hashes: tuple[str, ...] = ()
    """By earlier versions of doubt, where they are not the same."""
    entry: int | None = field(default=None, compare=False)
    """Rows with the same number are equal, label included; None where it is not known, or without a label."""


@dataclass(frozen=True)
class EarlierNames:
    """The hashes that earlier versions of doubt gave rows, each with the row's hash of today."""

    hashes: Mapping[str, str]

    @classmethod
    def of(cls, rows: Iterable[tuple[str | None, Iterable[str]]]) -> EarlierNames:
        """Of rows that each have a hash, and earlier ones."""
        return cls({old: now for now, earlier in rows if now is not None for old in earlier})

    def rename(self, name: str) -> str:
        """A row's id or hash as it is today; unchanged if it is not from such a hash."""
        if not self.hashes:
            return name
        row_hash, dot, number = name.partition(".")
        return f"{self.hashes.get(row_hash, row_hash)}{dot}{number}"


@dataclass(frozen=True)
class Decision:
    """What people decided on one row; it is safe to apply to the file as it is now."""

    row_id: str
    """As in the audit."""
    row: int
    """Its place in the file as it is now, from 1 without the header. No two decisions share one."""
    given_label: str
    """Its label, as it is shown; the same now as when it was audited."""
    verdict: str | None
    """The chosen label as it is shown (the given label to keep it); None where the row is unusable."""
    unusable: bool
    """No label fits: the row may be dropped, and is never relabelled."""
    annotators: tuple[str, ...]
    """The names of the people who decided; empty where no tool gives them."""
    time: str
    """The time of the last answer, in ISO 8601 as the tool wrote it; empty where no tool gives one."""
    tool: str
    """Their tool: "label-studio", "argilla", "prodigy", "doccano", "doubt"; several with ", "."""
    why: str
    """People's notes, joined with "; "; empty where there are none."""
    outvoted: tuple[str, ...] = ()
    """Other people's different answers, each once."""
    spread_from: str = ""
    """The id of the equal row that a person looked at instead; empty where this row was looked at."""

    @property
    def keeps(self) -> bool:
        """Whether the given label is kept."""
        return self.verdict == self.given_label

    @property
    def corrects(self) -> bool:
        """Whether another label was chosen."""
        return not self.unusable and not self.keeps


class UnappliedKind(StrEnum):
    """Why an answer changes nothing."""

    UNDECIDED = "undecided"
    """Nobody decided: no answer, skipped, discarded, ignored, rejected, a draft."""
    UNKNOWN = "unknown"
    """No row has the id."""
    NEW_LABEL = "new label"
    """No row of the file has the label, and new labels are not allowed."""
    CHANGED = "changed"
    """The row's content or given label is not the one that was audited, or that the person saw."""
    CONFLICT = "conflict"
    """Answers differ and there is no rule to decide, or an answer has several labels."""
    AMBIGUOUS = "ambiguous"
    """Several rows have the id, and the given label doesn't show which is meant."""
    UNLABELLED = "unlabelled"
    """The row has no label to judge."""
    ALREADY = "already"
    """The row already has the chosen label, or was dropped before: nothing is left to do."""


HARMLESS_KINDS = (UnappliedKind.UNDECIDED, UnappliedKind.ALREADY)
"""Nobody has to look at these."""


@dataclass(frozen=True)
class Unapplied:
    """Answers on one row that change nothing, and why."""

    kind: UnappliedKind
    row_id: str
    """As in the answers."""
    given_label: str | None
    """The label when the row was audited, as it is shown; None where that isn't known."""
    verdicts: tuple[str, ...]
    """The chosen labels, each once, in string order; empty where none was chosen."""
    annotators: tuple[str, ...]
    places: tuple[int, ...]
    """The answers' places in the file of verdicts, from 1."""
    why: str
    """In plain words: "skipped", "its label was 'ham' when it was audited, and is 'spam' now"."""
    equal_rows: int = 1
    """How many equal rows it is about, where all of them have the same fate."""

    @property
    def n_rows(self) -> int:
        """How many rows it is about: each answer with an unknown id may be about another row."""
        return self.n_verdicts if self.kind is UnappliedKind.UNKNOWN else self.equal_rows

    @property
    def n_verdicts(self) -> int:
        """How many verdicts it is about: one on equal rows is one."""
        return max(1, len(self.places)) if self.kind is UnappliedKind.UNKNOWN else 1


@dataclass(frozen=True)
class Settled:
    """All answers: those that decide, and those that are not applied."""

    decisions: tuple[Decision, ...]
    """At most one a row, by place in the file, kept labels included."""
    unapplied: tuple[Unapplied, ...]
    """By kind, then by id."""
    offered: tuple[Decision, ...] = ()
    """Decisions that rows of equal input would get if that is asked for; nobody looked at these rows, and
    none of them is in `decisions`. By place in the file."""
    new_labels: tuple[str, ...] = ()
    """Labels in `decisions` that the file did not have, in string order."""
    notes: tuple[str, ...] = ()
    """What the user should know about the answers as a whole."""

    @property
    def refused(self) -> tuple[Unapplied, ...]:
        """The verdicts that could not be used: not those that were left open, or were carried out before."""
        return tuple(one for one in self.unapplied if one.verdicts and one.kind not in HARMLESS_KINDS)

    @property
    def n_refused(self) -> int:
        """How many verdicts could not be used; those of several people on one row are one."""
        return sum(one.n_verdicts for one in self.refused)

    @property
    def uses_any(self) -> bool:
        """Whether a verdict decides on a row, or was carried out before."""
        return bool(self.decisions) or any(one.kind is UnappliedKind.ALREADY for one in self.unapplied)


class LedgerAction(StrEnum):
    """What was done to a row."""

    RELABEL = "relabel"
    DROP = "drop"
    RESTORE = "restore"
    """It was put back."""


@dataclass(frozen=True)
class LedgerLine:
    """What was done to one row, with all that is needed to undo it."""

    action: LedgerAction
    row_id: str
    row: int
    """Its place in the file before the batch, from 1; for a restored row, after the batch."""
    old: str | None
    """The label before, as it is shown; None where the row was not there."""
    new: str | None
    """The label after, as it is shown; None where the row is gone."""
    old_cell: bytes
    """The label's cell before, as it was written; for a restored row, as it is now."""
    new_cell: bytes | None
    """The label's cell after; None where the row was dropped or restored."""
    record: bytes
    """The whole row; empty where only the label changed."""
    rest: str
    """A hash of the row without its label."""
    who: tuple[str, ...] = ()
    when: str = ""
    """When it was decided, as the tool wrote it."""
    tool: str = ""
    why: str = ""
    seen_as: str = ""
    """The id of the row of equal input that a person looked at instead."""
    audit: str = ""
    """SHA-256 of the `audit.json` that the queue was made from."""


@dataclass(frozen=True)
class Batch:
    """The changes that one command made to one file."""

    id: str
    applied: str
    """When, in ISO 8601, UTC."""
    lines: tuple[LedgerLine, ...]
    form: FileLayout
    """How the file is written."""
    rows: int
    """The number of rows before."""
    before: str
    """SHA-256 of the file before, unpacked."""
    after: str
    """SHA-256 of the file after, unpacked."""
    source: str | None
    """The file that this one was made from; None where it was changed in place."""
    undoes: str | None = None
    """The batch that this one undoes."""
    n_written: int | None = field(default=None, compare=False)
    """How many lines its ledger says it has; None before it is written, and in older ledgers."""

    @property
    def missing_lines(self) -> str | None:
        """How much of it is missing: "incomplete: 2 of 3 lines"; None where nothing is."""
        if self.n_written in (None, len(self.lines)):
            return None
        return f"incomplete: {len(self.lines):,} of {self.n_written:,} lines"


@dataclass(frozen=True)
class Acceptance:
    """How many suggestions were taken without a person, and what vouches for them. Equal rows are one."""

    at_least: float
    """The share of them that must be what people would choose, 0 to 1."""
    level: float
    """The probability with which it is."""
    n_accepted: int
    """How many were taken; 0 where the verdicts don't vouch for any."""
    n_right: int
    """How many of these at least are what people would choose."""
    n_first: int
    """All are among so many first rows of the queue."""
    n_flagged: int
    """How many rows the queue has."""
    n_checked: int
    """How many rows of it were drawn at random and checked."""
    n_chosen: int
    """For how many of these people chose the suggestion."""
    n_left: int
    """How many rows of the queue have a suggestion, and no person has decided on them."""
    n_needed: int | None = None
    """About how many must be checked before any can be taken; None where some were, or no number is enough.
    """


@dataclass(frozen=True)
class ApplyResult:
    """The result of applying verdicts to a file."""

    path: str
    """The file that they were applied to."""
    output: str | None
    """The file that was written; None where none was."""
    batch: Batch | None
    """The changes, made or in a dry run only planned; None where there are none."""
    kept: tuple[Decision, ...]
    """Rows whose given label is kept."""
    unusable: tuple[Decision, ...]
    """Rows that people called unusable, and that stay in the file."""
    done_before: tuple[Decision, ...]
    """Rows that were changed in this way before, says the ledger, and have since been changed back."""
    settled: Settled
    """All answers, with those that are not applied, and why."""
    refusal: str | None = None
    """Why nothing was written though verdicts were given: none of them could be used, or not all; else None.
    """
    is_dry_run: bool = False
    backup: str | None = None
    """The copy of the file as it was; None where it was not written over."""
    waivers: str | None = None
    """The file that waivers were added to; None where none was."""
    n_waived: int = 0
    """How many of the kept rows were doubted and are now waived."""
    acceptance: Acceptance | None = None
    """What was taken without a person; None where that was not asked for."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UndoResult:
    """The result of undoing a batch."""

    path: str
    output: str | None
    """The file that was written; None in a dry run."""
    undone: Batch
    """The batch that was undone."""
    batch: Batch
    """The batch that undid it."""
    backup: str | None = None


def list_current_batches(batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """The batches since the file was last made from another file."""
    starts = [place for place, batch in enumerate(batches) if batch.source is not None]
    return tuple(batches[starts[-1] if starts else 0 :])


def list_batches_in_effect(batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """The batches that no later one undoes, oldest first; batches that undo are among them."""
    undone: set[str | None] = set()
    left = []
    for batch in reversed(batches):
        if batch.id not in undone:
            left.append(batch)
            undone.add(batch.undoes)
    return tuple(reversed(left))
