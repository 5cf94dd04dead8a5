"""The reason `low-self-confidence`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import explain_best_other
from doubtcli.records.arrays import pick_cells

if TYPE_CHECKING:
    from doubtcli.records.arrays import Codes, Floats


@dataclass(frozen=True)
class LowSelfConfidence:
    """Models that never saw the row give its label a low probability.

    **Why doubt.** A model that learned the classes from other rows knows what rows with this label look like.
    If it finds the label unlikely, either the row is hard or the label is wrong.

    **How it is scored.** One minus the out-of-fold predicted probability of the given label (its
    self-confidence).

    **When it misleads.** Rare classes and hard rows look doubtful too. With many classes even a right label
    may get a low probability: compare it with that of the suggested label.

    **Source.** Northcutt, Jiang and Chuang, Confident Learning, 2021; cleanlab's `self_confidence`.
    """

    name = "low-self-confidence"
    family = "error"
    because = "models that never saw it give its label a low probability"
    place = 10

    raises_doubt = (
        {
            "given_labels": (0, 1),
            "pred_probs": ((0.1, 0.9), (0.2, 0.8)),
            "row": 0,
            "doubt": 0.9,
            "because": "its label 0 got a probability of .1",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0, 1),
            "pred_probs": ((0.1, 0.9), (0.2, 0.8)),
            "row": 1,
            "doubt": 0.2,
            "because": "its label 1 got a probability of .8",
        },
    )

    def score(self, given_labels: Codes, pred_probs: Floats) -> Floats:
        """One minus self-confidence."""
        own = pick_cells(pred_probs, np.arange(len(given_labels)), given_labels)
        return np.clip(1.0 - own.astype(np.float64), 0.0, 1.0)

    explain = explain_best_other
