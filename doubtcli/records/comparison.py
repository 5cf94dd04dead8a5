"""Two audits -> what changed between them: the records of comparing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records.audit import ExpectedErrors, NoiseRate, Skill


@dataclass(frozen=True)
class ComparedAudit:
    """One of the two audits that are compared: its file and figures."""

    folder: str
    path: str
    """The data file."""
    n_rows: int
    n_labelled: int
    """Rows that were judged."""
    n_doubted: int
    noise_rate: NoiseRate
    skill: Skill
    expected: ExpectedErrors | None = None
    """How many labels are wrong; None where models can't predict the labels, and in audits of schema 1."""


@dataclass(frozen=True)
class LabelChange:
    """How many rows had one label before and have another after; None is a row without a label."""

    before: str | None
    after: str | None
    n_rows: int


@dataclass(frozen=True)
class RowOutcomes:
    """What happened to rows that are in both files; a row that lost its label is set aside."""

    n_rows: int
    n_doubted: int
    """Doubted before: fixed, cleared, kept or set aside."""
    changed: int
    """Rows whose label is another one, gone, or new."""
    fixed: int
    """Doubted before, the label changed, and not doubted after."""
    cleared: int
    """Doubted before and not after, though the label stayed."""
    kept: int
    """Doubted before and after."""
    kept_changed: int
    """Those of the kept that have another label."""
    set_aside: int
    """Doubted before and not judged after: without a label, or judged unusable."""
    new: int
    """Doubted after and not before."""


@dataclass(frozen=True)
class Gain:
    """The share of rows predicted right by a model of the labels before, and by a model of those after."""

    before: float
    after: float
    low: float
    high: float
    """The bounds of the interval of the difference."""

    @property
    def difference(self) -> float:
        """After less before, -1 to 1."""
        return round(self.after - self.before, 12)  # 0.1 + 0.2 - 0.3 is not a difference


@dataclass(frozen=True)
class RelabelScore:
    """How much better a model is with the labels after than with those before, or why it is not known."""

    assessable: bool
    why: str
    """One plain sentence: how it was measured, or why it was not."""
    model: str = ""
    n_folds: int = 0
    n_repeats: int = 0
    n_trained: int = 0
    """Rows that both models learn from; each row in all folds but its own."""
    n_judged: int = 0
    """Those of them whose label stayed: the models are judged on these alone."""
    level: float = 0.9
    """Of the intervals."""
    accuracy: Gain | None = None
    balanced_accuracy: Gain | None = None


@dataclass(frozen=True, repr=False)
class AuditComparison:
    """What changed between two audits of one data set."""

    before: ComparedAudit
    after: ComparedAudit
    n_matched: int
    """Rows in both files."""
    n_edited: int
    """Rows that both audits judge, and whose inputs changed."""
    n_gone: int
    gone_doubted: int
    """Rows that are only in the first file, and how many of them were doubted."""
    n_added: int
    added_doubted: int
    """Rows that are only in the second file, and how many of them are doubted."""
    changes: tuple[LabelChange, ...]
    """The most common first, ties by name."""
    outcomes: RowOutcomes
    """Of all rows in both files."""
    by_class: Mapping[str | None, RowOutcomes]
    """By the label before, in the order of the class names; None for rows that had no label."""
    by_annotator: Mapping[str, RowOutcomes]
    """Of the rows whose label before is what the annotator answered."""
    score: RelabelScore
    notes: tuple[str, ...] = ()

    @property
    def nothing_changed(self) -> bool:
        """Whether both have the same rows, labels, doubted rows, noise rate and skill."""
        outcomes = self.outcomes
        moved = (self.n_edited, self.n_gone, self.n_added, outcomes.changed, outcomes.new)
        figures = [(one.noise_rate, one.skill) for one in (self.before, self.after)]
        return not any(moved) and outcomes.kept == outcomes.n_doubted and figures[0] == figures[1]

    def __repr__(self) -> str:
        """One line."""
        return (
            f"<AuditComparison: {self.n_matched:,} rows in both, {self.outcomes.changed:,} labels changed, "
            f"{self.before.n_doubted:,} doubted before, {self.after.n_doubted:,} after>"
        )
