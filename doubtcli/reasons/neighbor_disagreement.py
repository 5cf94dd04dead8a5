"""The reason `neighbor-disagreement`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import VoteWords, describe_votes
from doubtcli.records.arrays import compute_by_block

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
    """The most similar rows have another label.

    **Why doubt.** Similar rows usually have the same label, and a person can check the evidence at a glance:
    here are the ten nearest rows, and nine of them have another label.

    **How it is scored.** One minus the share of the given label among the row's ten nearest rows. Duplicates
    count as one neighbour, which votes with the mix of their labels; the row's own duplicates have no vote.

    **When it misleads.** Where similar inputs do not mean similar labels: texts about the same topic with
    opposite opinions, or tables where one column of a hundred decides. Rows of a rare class always have
    neighbours of other classes.

    **Source.** Wilson's edited nearest neighbours, 1972.
    """

    name = "neighbor-disagreement"
    family = "error"
    because = "the most similar rows have another label"
    place = 60

    raises_doubt = (
        {
            "given_labels": (0, 1),
            "neighbor_votes": ((0.1, 0.9), (0.0, 1.0)),
            "row": 0,
            "doubt": 0.9,
            "because": "one neighbour of ten has its label",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0, 1),
            "neighbor_votes": ((0.1, 0.9), (0.0, 1.0)),
            "row": 1,
            "doubt": 0.0,
            "because": "all its neighbours have its label",
        },
    )

    def score(self, given_labels: Codes, neighbor_votes: Floats) -> Floats:
        """One minus the given label's share of the votes; NaN where there is no neighbour."""

        def score(rows: slice) -> Floats:
            votes = neighbor_votes[rows]
            share = votes[np.arange(len(votes)), given_labels[rows]]
            return np.where(votes.sum(axis=1) > 0, np.clip(1.0 - share, 0.0, 1.0), np.nan)

        return np.asarray(compute_by_block(score, *neighbor_votes.shape))

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
