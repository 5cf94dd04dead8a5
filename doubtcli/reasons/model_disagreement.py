"""The reason `model-disagreement`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.reasons.best_other import best_other_share

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ModelDisagreement:
    """Models of different families contradict the label, or each other.

    **Why doubt.** Unlike models err in unlike ways. Where all of them contradict a label, it is hard to blame
    the model; where they contradict each other, nobody should be sure.

    **How it is scored.** The mean, over the models, of how the best other class and the given one share in
    that model's probabilities: p(other) / (p(other) + p(given)).

    **When it misleads.** Models that share a blind spot agree with each other and are wrong. A weak model
    among strong ones disagrees for no reason.

    **Source.** Diverse ensembles for annotation errors: Loftsson, 2009; Klie, Webber and Gurevych, 2023.
    """

    name = "model-disagreement"
    family = "error"
    because = "models of different families contradict its label or each other"

    raises_doubt = (
        {
            "given_labels": (0, 0),
            "pred_probs_by_model": (((0.2, 0.8), (0.9, 0.1)), ((0.4, 0.6), (0.7, 0.3))),
            "row": 0,
            "doubt": 0.7,
            "because": "the models give the other class .8 and .6, whose mean is .7",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0, 0),
            "pred_probs_by_model": (((0.2, 0.8), (0.9, 0.1)), ((0.4, 0.6), (0.7, 0.3))),
            "row": 1,
            "doubt": 0.2,
            "because": "the models give the other class .1 and .3",
        },
    )

    def score(self, given_labels: NDArray[np.intp], pred_probs_by_model: NDArray[Any]) -> NDArray[np.float64]:
        """The mean share of the best other class; 0.5 where a model gives both classes nothing."""
        shares = [best_other_share(given_labels, probs) for probs in pred_probs_by_model]
        return np.asarray(np.mean(shares, axis=0))
