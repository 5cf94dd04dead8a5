"""The reason `neighbor-disagreement`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    def score(
        self, given_labels: NDArray[np.intp], neighbor_votes: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """One minus the given label's share of the votes; NaN where there is no neighbour."""
        share = neighbor_votes[np.arange(len(given_labels)), given_labels]
        return np.where(neighbor_votes.sum(axis=1) > 0, np.clip(1.0 - share, 0.0, 1.0), np.nan)
