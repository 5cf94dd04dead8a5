"""The reason `neighbor-disagreement`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import VoteWords, describe_votes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats


_NEIGHBORS = VoteWords(
    "{count} of {total} nearest rows are {label}",
    "1 of {total} nearest rows is {label}",
    "the nearest row is {label}",
    counts_given=True,
)


@dataclass(frozen=True)
class NeighborDisagreement:
    """The rows most like it bear another label.

    **Why doubt.** Rows that are alike usually belong together, whatever a model makes of them, and a person
    sees the evidence at a glance: here are the ten nearest rows, and nine bear that other label.

    **How it is scored.** One minus the given label's share among its nearest rows (10 of them). A neighbour
    that stands for several duplicates votes with the mix of their labels; the row's own duplicates have no
    vote.

    **When it misleads.** Where "alike" misses the point: texts of the same topic and opposite opinion, tables
    whose telling column is one of a hundred. Rare classes are always surrounded.

    **Source.** Wilson's edited nearest neighbours, 1972.
    """

    name = "neighbor-disagreement"
    family = "error"
    because = "the rows most like it bear another label"
    place = 60

    raises_doubt = (
        {
            "given_labels": (0, 1),
            "neighbor_votes": ((0.1, 0.9), (0.0, 1.0)),
            "row": 0,
            "doubt": 0.9,
            "because": "one neighbour of ten bears its label",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0, 1),
            "neighbor_votes": ((0.1, 0.9), (0.0, 1.0)),
            "row": 1,
            "doubt": 0.0,
            "because": "all its neighbours bear its label",
        },
    )

    def score(self, given_labels: Codes, neighbor_votes: Floats) -> Floats:
        """One minus the given label's share of the votes; NaN where there is no neighbour."""
        share = neighbor_votes[np.arange(len(given_labels)), given_labels]
        return np.where(neighbor_votes.sum(axis=1) > 0, np.clip(1.0 - share, 0.0, 1.0), np.nan)

    def explain(
        self,
        rows: Codes,
        *,
        given_labels: Codes,
        neighbor_indices: Codes,
        training_labels: Codes,
        suggested_labels: Codes,
        class_names: Sequence[str],
    ) -> list[str]:
        """What most of the nearest rows are: "9 of 10 nearest rows are refund, none billing"."""
        nearest = neighbor_indices[rows]
        answers = np.where(nearest >= 0, training_labels[nearest], -1)
        return describe_votes(_NEIGHBORS, answers, given_labels[rows], suggested_labels[rows], class_names)
