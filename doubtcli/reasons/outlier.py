"""The reason `outlier`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from doubtcli.records.arrays import Floats


@dataclass(frozen=True)
class Outlier:
    """It looks like nothing else, so its label rests on nothing.

    **Why doubt.** A row far from all others may be broken, foreign to the task, or the only one of its kind.
    This is context: it does not look at the label, and ranks label errors no better than chance.

    **How it is scored.** How far its mean distance to its nearest rows lies above the usual one: twice the
    usual (the median of all rows) scores 0.5, the usual or less scores 0, and the score nears 1 as the
    distance grows: 1 - median / distance.

    **When it misleads.** Long texts and rare words lie far from everything. In a file of many small clusters
    nothing is usual.

    **Source.** Distance-based outliers: Ramaswamy, Rastogi and Shim, 2000.
    """

    name = "outlier"
    family = "context"
    because = "it looks like no other row"
    place = 90

    raises_doubt = (
        {
            "neighbor_distances": ((1.0, 1.0), (1.0, 1.0), (3.0, 5.0)),
            "row": 2,
            "doubt": 0.75,
            "because": "its mean distance of 4 is four times the usual 1",
        },
    )
    stays_quiet = (
        {
            "neighbor_distances": ((1.0, 1.0), (1.0, 1.0), (3.0, 5.0)),
            "row": 0,
            "doubt": 0.0,
            "because": "its mean distance is the usual one",
        },
    )

    def score(self, neighbor_distances: Floats) -> Floats:
        """One minus the median distance over the row's own, at least 0; NaN where there is no neighbour."""
        known = np.isfinite(neighbor_distances)
        counts = known.sum(axis=1)
        sums = np.where(known, neighbor_distances, 0.0).sum(axis=1)
        distance = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        if not (counts > 0).any():
            return distance
        usual = np.nanmedian(distance)
        beyond = distance > usual
        return np.where(
            np.isnan(distance), np.nan, np.where(beyond, 1.0 - usual / np.where(beyond, distance, 1), 0.0)
        )
