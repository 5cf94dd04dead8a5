"""The reason `model-disagreement`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import VoteWords, describe_votes, find_likeliest
from doubtcli.records.arrays import compute_by_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats


_MODELS = VoteWords(
    "{count} of {total} models predict {label}",
    "1 of {total} models predicts {label}",
    "predicted {label}",
)


@dataclass(frozen=True)
class ModelDisagreement:
    """Models of different kinds contradict the label, or each other.

    **Why doubt.** Different kinds of models make different mistakes. If all of them contradict a label, the
    model is hardly to blame; if they contradict each other, the label is not sure.

    **How it is scored.** The mean over the models of p(other) / (p(other) + p(given)), for the best other
    class by that model's probabilities.

    **When it misleads.** Models with the same blind spot agree with each other and are wrong. A weak model
    among strong ones often disagrees without cause.

    **Source.** Diverse ensembles for annotation errors: Loftsson, 2009; Klie, Webber and Gurevych, 2023.
    """

    name = "model-disagreement"
    family = "error"
    because = "models of different kinds contradict its label or each other"
    place = 40

    raises_doubt = (
        {
            "given_labels": (0, 0),
            "pred_probs_by_model": (((0.2, 0.8), (0.9, 0.1)), ((0.4, 0.6), (0.7, 0.3))),
            "row": 0,
            "doubt": 0.7,
            "because": "the models give the other class .8 and .6: the mean is .7",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0, 0),
            "pred_probs_by_model": (((0.2, 0.8), (0.9, 0.1)), ((0.4, 0.6), (0.7, 0.3))),
            "row": 1,
            "doubt": 0.2,
            "because": "the models give the other class .1 and .3: the mean is .2",
        },
    )

    def score(self, given_labels: Codes, pred_probs_by_model: Floats) -> Floats:
        """The mean share of the best other class; a model that gives both classes nothing counts as 0.5."""
        shares = [measure_best_other_share(given_labels, probs) for probs in pred_probs_by_model]
        return np.asarray(np.mean(shares, axis=0))

    def explain(
        self,
        rows: Codes,
        *,
        given_labels: Codes,
        pred_probs_by_model: Floats,
        suggested_labels: Codes,
        class_names: Sequence[str],
    ) -> list[str]:
        """What most models predict: "3 of 4 models predict refund"."""
        answers = np.stack([find_likeliest(probs, rows) for probs in pred_probs_by_model], axis=1)
        return describe_votes(_MODELS, answers, given_labels[rows], suggested_labels[rows], class_names)


EVEN = 0.5
"""The share at which the given label and the best other class tie."""


def measure_best_other_share(given_labels: Codes, pred_probs: Floats) -> Floats:
    """How likely the best other class is against the given label: p(other) / (p(other) + p(given)).

    Args:
        given_labels: Shape `(n_rows,)`.
        pred_probs: Shape `(n_rows, n_classes)`.

    Returns:
        Shape `(n_rows,)`, 0 to 1: above 0.5 where another class is likelier than the label, 0.5 where they
        tie or both get nothing.
    """

    def measure(rows: slice) -> Floats:
        others = pred_probs[rows].copy()
        at = np.arange(len(others)), given_labels[rows]
        own = others[at].astype(np.float64)
        others[at] = 0.0
        best = others.max(axis=1).astype(np.float64)
        both = own + best
        return np.where(both > 0, best / np.where(both > 0, both, 1.0), EVEN)

    return np.asarray(compute_by_block(measure, *pred_probs.shape))
