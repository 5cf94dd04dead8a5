"""Learnt things -> what the reasons look at, and what they say: the records of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.records.arrays import Codes, Floats


@dataclass(frozen=True)
class Need:
    """One thing that a reason may ask for, by its name in `Evidence`."""

    missing: str
    """What to say where a file can't give it."""
    source: str | None = None
    """Whose word it is: "models", "neighbors", "annotators", "duplicates"; None for the labels themselves."""
    axes: tuple[str, ...] = ()
    """What each of its dimensions counts: "rows", "classes", "models", …; none for a plain number."""
    codes_of: str | None = None
    """What its values are the numbers of, "rows" or "classes", with -1 for none; None where they are not."""


@dataclass(frozen=True)
class Evidence:
    """Computed once, shared by every reason; its field names are the needs a reason may ask for.

    Arrays are read-only. What could not be computed for this file is None.
    """

    given_labels: Codes
    """Shape `(n_rows,)`."""
    n_classes: int
    pred_probs: Floats | None = None
    """Shape `(n_rows, n_classes)`: out-of-fold, the models pooled over all repeats."""
    pred_probs_by_model: Floats | None = None
    """Shape `(n_models, n_rows, n_classes)`: out-of-fold, the mean over repeats."""
    pred_probs_by_repeat: Floats | None = None
    """Shape `(n_repeats, n_rows, n_classes)`: out-of-fold, the models pooled."""
    neighbor_indices: Codes | None = None
    """Shape `(n_rows, k)`: the most alike rows, nearest first, own duplicates left out; -1 where there are
    fewer."""
    neighbor_distances: Floats | None = None
    """Shape `(n_rows, k)`: Euclidean, between unit vectors (0 to 2) for text and embeddings; NaN where
    there are fewer."""
    neighbor_votes: Floats | None = None
    """Shape `(n_rows, n_classes)`: the neighbours' labels as shares that sum to 1; a neighbour that stands
    for a group of duplicates votes with the group's mix of labels."""
    duplicate_groups: Codes | None = None
    """Shape `(n_rows,)`: rows with the same number have the same input, exactly or nearly."""
    annotations: Codes | None = None
    """Shape `(n_rows, n_annotators)`; -1 where one was not asked."""


@dataclass(frozen=True)
class Background:
    """What a reason's words may need beside the evidence; its field names are the parameters of `explain`."""

    class_names: tuple[str, ...]
    """Each class's name as words: as it is, or "class 3" where it has no letter."""
    suggested_labels: Codes
    """Shape `(n_rows,)`: what would be written instead; the given label where nothing better is seen."""
    taught_labels: Codes
    """Shape `(n_rows,)`: what models and neighbours learn: a person's verdict, else the given label."""
    pred_probs_are_yours: bool
    """Whether the user brought the probabilities."""
    inputs: pa.Table
    """The input columns."""


REASON_SPEAKS = 0.5
"""From this score on a reason is named beside a row: it is likelier right than wrong, by its own measure."""


@dataclass(frozen=True)
class ReasonScores:
    """What one reason said of every row."""

    name: str
    package: str
    """The package it came from, with its version: "doubtcli 0.1.0"."""
    family: str
    """"error" (looks at the label, ranked) or "context" (shown beside)."""
    because: str
    """Completes "doubted because …"."""
    scores: Floats
    """Shape `(n_rows,)`, 0 to 1 or NaN."""
    sources: tuple[str, ...] = ()
    """What its needs are made of, in the order in which evidence is listed; none: of the labels alone."""
    lowers_doubt: bool = False
    """Whether a low score is a sign that the label is right, and not only the lack of a sign against it."""

    @property
    def voice(self) -> str:
        """Whom it speaks for: reasons that read the same evidence say one thing, however they put it.

        A reason that reads several kinds of evidence speaks for the first, so that nothing is counted twice.
        """
        return self.sources[0] if self.sources else "labels"


@dataclass(frozen=True)
class SkippedReason:
    """A reason that this file gave no chance, and why."""

    name: str
    package: str
    why: str
