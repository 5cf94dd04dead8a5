"""The reason `cross-val-flip`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import VoteWords, describe_votes, find_likeliest
from doubtcli.reasons.model_disagreement import EVEN, measure_best_other_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats


_REPEATS = VoteWords(
    "predicted {label} in {count} of {total} repeats",
    "predicted {label} in 1 of {total} repeats",
    "predicted {label}",
)


@dataclass(frozen=True)
class CrossValFlip:
    """In repeated cross-validation, models predict another label, or change their prediction.

    **Why doubt.** In each repeat the rows are split into other folds, so that the models learn from other
    rows. A prediction that contradicts the label every time does not depend on the rows it was learned from;
    a prediction that changes from repeat to repeat is not sure.

    **How it is scored.** The mean of two parts. The first is the share of repeats that do not predict the
    given label; a tie counts for the label. The second is the mean over the repeats of p(other) / (p(other) +
    p(given)), for the best other class. So a row that flips every time scores above 0.75, and a row that
    never flips scores at most 0.25.

    **When it misleads.** Two repeats show little of how much a prediction changes; ask for more with
    `--repeats`. Rows between two classes flip with any label.

    **Source.** Retagging by cross-validation: van Halteren, 2000; repeated: Klie, Webber and Gurevych, 2023.
    """

    name = "cross-val-flip"
    family = "error"
    because = "models that learn from other rows predict another label"
    place = 20

    raises_doubt = (
        {
            "given_labels": (0, 1),
            "pred_probs_by_repeat": (((0.1, 0.9), (0.2, 0.8)), ((0.3, 0.7), (0.6, 0.4))),
            "row": 0,
            "doubt": 0.9,
            "because": "both repeats predict 1 where 0 is given, at .9 and .7: (1 + .8) / 2",
        },
        {
            "given_labels": (0, 0),
            "pred_probs_by_repeat": (((0.1, 0.9), (0.2, 0.8)), ((0.3, 0.7), (0.6, 0.4))),
            "row": 1,
            "doubt": 0.55,
            "because": "one repeat of two flips: its share of 1 is .8, the other's .4: (.5 + .6) / 2",
        },
    )
    stays_quiet = (
        {
            "given_labels": (1, 1),
            "pred_probs_by_repeat": (((0.1, 0.9), (0.2, 0.8)), ((0.3, 0.7), (0.6, 0.4))),
            "row": 0,
            "doubt": 0.1,
            "because": "both repeats predict the label and give the other class .1 and .3: (0 + .2) / 2",
        },
    )

    def score(self, given_labels: Codes, pred_probs_by_repeat: Floats) -> Floats:
        """The mean of the share of repeats that flip and of the best other class's share."""
        shares = [measure_best_other_share(given_labels, probs) for probs in pred_probs_by_repeat]
        flipped = np.mean([share > EVEN for share in shares], axis=0)
        return np.asarray((flipped + np.mean(shares, axis=0)) / 2)

    def explain(
        self,
        rows: Codes,
        *,
        given_labels: Codes,
        pred_probs_by_repeat: Floats,
        suggested_labels: Codes,
        class_names: Sequence[str],
    ) -> list[str]:
        """What most repeats predict: "predicted refund in 2 of 3 repeats"."""
        answers = np.stack([find_likeliest(probs, rows) for probs in pred_probs_by_repeat], axis=1)
        return describe_votes(_REPEATS, answers, given_labels[rows], suggested_labels[rows], class_names)
