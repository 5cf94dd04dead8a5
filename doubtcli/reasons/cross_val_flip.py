"""The reason `cross-val-flip`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CrossValFlip:
    """Over repeated, reshuffled cross-validation its prediction flips away from its label, or won't settle.

    **Why doubt.** Each repeat hides the row among other rows. A prediction that contradicts the label every
    time does not hang on which rows it was learnt from; one that changes from repeat to repeat is undecided.

    **How it is scored.** The share of repeats whose prediction is not the given label. Half of repeats for,
    half against: 0.5.

    **When it misleads.** With two repeats there are only three values; ask for more with `--repeats`. Rows
    between two classes flip whatever their label.

    **Source.** Retagging by cross-validation: van Halteren, 2000; repeated: Klie, Webber and Gurevych, 2023.
    """

    name = "cross-val-flip"
    family = "error"
    because = "its prediction flips away from its label when the rows are split anew"

    raises_doubt = (
        {
            "given_labels": (0, 1),
            "pred_probs_by_repeat": (((0.1, 0.9), (0.2, 0.8)), ((0.3, 0.7), (0.6, 0.4))),
            "row": 0,
            "doubt": 1.0,
            "because": "both repeats predict 1 where 0 is given",
        },
        {
            "given_labels": (0, 1),
            "pred_probs_by_repeat": (((0.1, 0.9), (0.2, 0.8)), ((0.3, 0.7), (0.6, 0.4))),
            "row": 1,
            "doubt": 0.5,
            "because": "one repeat of two predicts 0 where 1 is given",
        },
    )
    stays_quiet = (
        {
            "given_labels": (1, 1),
            "pred_probs_by_repeat": (((0.1, 0.9), (0.2, 0.8)), ((0.3, 0.7), (0.6, 0.4))),
            "row": 0,
            "doubt": 0.0,
            "because": "both repeats predict the label",
        },
    )

    def score(
        self, given_labels: NDArray[np.intp], pred_probs_by_repeat: NDArray[Any]
    ) -> NDArray[np.float64]:
        """The share of repeats that predict another label; a tie counts as the given label."""
        own = np.take_along_axis(pred_probs_by_repeat, given_labels[None, :, None], axis=2)[:, :, 0]
        flipped = pred_probs_by_repeat.max(axis=2) > own
        return np.asarray(flipped.mean(axis=0), dtype=np.float64)
