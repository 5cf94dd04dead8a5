"""Learnt things -> what the reasons look at, and what they say: the records of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doubtcli.records.arrays import Codes, Floats


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


@dataclass(frozen=True)
class SkippedReason:
    """A reason that this file gave no chance, and why."""

    name: str
    package: str
    why: str
