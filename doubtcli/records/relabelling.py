"""People's answers -> what is decided on each row, and what isn't: the records of relabelling."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
