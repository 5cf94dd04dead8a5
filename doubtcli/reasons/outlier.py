"""The reason `outlier`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from doubtcli.records.arrays import Floats


@dataclass(frozen=True)
class Outlier:
    """The row is far from all other rows, so that nothing supports its label.

    **Why doubt.** A row that is far from all others may be broken, foreign to the task, or the only one of
    its kind. This reason is context: it does not look at the label, and ranks label errors no better than
    chance.

    **How it is scored.** 1 - median / distance, where the distance is the row's mean distance to its nearest
    rows, and the median is that of all rows. A row at the median or below scores 0, one at twice the median
    0.5; the score approaches 1 as the distance grows.

    **When it misleads.** Long texts and texts with rare words are far from everything. In a file of many
    small clusters no distance is usual.

    **Source.** Distance-based outliers: Ramaswamy, Rastogi and Shim, 2000.
    """

    name = "outlier"
    family = "context"
    because = "it is far from all other rows"
    place = 90

    raises_doubt = (
        {
            "neighbor_distances": ((1.0, 1.0), (1.0, 1.0), (3.0, 5.0)),
            "row": 2,
            "doubt": 0.75,
            "because": "its mean distance of 4 is four times the median of 1",
        },
    )
    stays_quiet = (
        {
            "neighbor_distances": ((1.0, 1.0), (1.0, 1.0), (3.0, 5.0)),
            "row": 0,
            "doubt": 0.0,
            "because": "its mean distance is the median",
        },
    )

    def score(self, neighbor_distances: Floats) -> Floats:
        """One minus the median over the row's distance, at least 0; NaN where it has no neighbours."""
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
