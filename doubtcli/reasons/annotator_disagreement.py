"""The reason `annotator-disagreement`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import VoteWords, describe_votes
from doubtcli.records.arrays import compute_by_block, number_alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats


_ANNOTATORS = VoteWords(
    "{count} of {total} annotators say {label}",
    "1 of {total} annotators says {label}",
    "the annotator says {label}",
    counts_given=True,
)


@dataclass(frozen=True)
class AnnotatorDisagreement:
    """Annotators disagree with the label; each counts by how reliable they have been.

    **Why doubt.** Where people who answered independently contradict the label, that is the most direct sign
    that it is wrong; even more so if they usually agree with the other annotators.

    **How it is scored.** An annotator's reliability is the share of the other annotators' answers that equal
    theirs, on the rows that somebody else answered too; `prior_answers` more answers at the mean of all
    annotators are added. An answer of reliability r weighs log(r (n_classes - 1) / (1 - r)), as if the
    annotator were right with probability r, and otherwise picked another class at random. The score is one
    minus the probability that these weights give the label.

    **When it misleads.** Annotators who copied each other, or who follow the same wrong guideline, agree and
    are wrong. With one answer per row nothing is known about reliability, and that answer alone decides. A
    row without an answer has no score.

    **Source.** The one-coin model of Dawid and Skene, 1979, where reliability is measured by agreement and
    not estimated.
    """

    prior_answers: float = 2.0

    name = "annotator-disagreement"
    family = "error"
    because = "annotators disagree with its label"
    place = 50
    lowers_doubt = True

    raises_doubt = (
        {
            "given_labels": (0, 1),
            "annotations": ((1, 1), (1, 1)),
            "n_classes": 2,
            "row": 0,
            "doubt": 0.9998,
            "because": "two annotators of reliability .99 (the most) both say 1: .99² / (.99² + .01²)",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0, 1),
            "annotations": ((1, 1), (1, 1)),
            "n_classes": 2,
            "row": 1,
            "doubt": 0.000102,
            "because": "both annotators say the given label: .01² / (.99² + .01²)",
        },
    )

    def score(self, given_labels: Codes, annotations: Codes, n_classes: int) -> Floats:
        """One minus the probability of the label by the weighted answers; NaN where nobody answered."""
        asked = [np.flatnonzero(answers >= 0) for answers in annotations.T]
        weights = self._weigh_annotators(annotations, asked, n_classes)

        def score(rows: slice) -> Floats:
            return _score_rows(given_labels[rows], annotations[rows], weights, n_classes)

        return np.asarray(compute_by_block(score, len(given_labels), n_classes))

    def explain(
        self,
        rows: Codes,
        *,
        given_labels: Codes,
        annotations: Codes,
        suggested_labels: Codes,
        class_names: Sequence[str],
    ) -> list[str]:
        """What most annotators answered: "2 of 3 annotators say refund, 1 billing"."""
        answers = annotations[rows]
        return describe_votes(_ANNOTATORS, answers, given_labels[rows], suggested_labels[rows], class_names)

    def _weigh_annotators(
        self,
        annotations: Codes,
        asked: list[Codes],
        n_classes: int,
    ) -> Floats:
        """The log odds that each annotator's answer is right, shape `(n_annotators,)`."""
        agreed, answered = np.zeros(len(asked)), np.zeros(len(asked))
        n_answers = (annotations >= 0).sum(axis=1)
        for place, (rows, n_same) in enumerate(zip(asked, _count_same(annotations, asked), strict=True)):
            others, same = n_answers[rows] - 1, n_same - 1
            shared = others > 0
            agreed[place] = (same[shared] / others[shared]).sum()
            answered[place] = shared.sum()
        usual = agreed.sum() / answered.sum() if answered.any() else _USUAL_RELIABILITY
        reliability = (agreed + self.prior_answers * usual) / np.maximum(answered + self.prior_answers, _TINY)
        reliability = (
            np.clip(reliability, 1 / n_classes, _SUREST) if n_classes > 1 else np.full_like(agreed, 0.5)
        )
        return np.asarray(np.log(reliability * max(n_classes - 1, 1) / (1 - reliability)))


def _count_same(annotations: Codes, asked: list[Codes]) -> list[Codes]:
    """How many annotators gave each answer, its own included: an array for the rows of each annotator."""
    answers = [answers[rows] for answers, rows in zip(annotations.T, asked, strict=True)]
    kinds = number_alike(np.concatenate(asked), np.concatenate(answers))
    ends = np.cumsum([len(rows) for rows in asked])
    return np.split(np.bincount(kinds)[kinds], ends[:-1])


def _score_rows(given_labels: Codes, annotations: Codes, weights: Floats, n_classes: int) -> Floats:
    votes = np.zeros((len(given_labels), n_classes))
    for answers, weight in zip(annotations.T, weights, strict=True):
        rows = np.flatnonzero(answers >= 0)
        votes[rows, answers[rows]] += weight
    raised = np.exp(votes - votes.max(axis=1, keepdims=True))
    label = raised[np.arange(len(given_labels)), given_labels] / raised.sum(axis=1)
    return np.where((annotations >= 0).any(axis=1), 1.0 - label, np.nan)


_USUAL_RELIABILITY = 0.7
"""The reliability of an annotator about whom nothing is known: in three crowds (music genres, textual
entailment, sentiment), single answers were right in 56% to 79% of cases."""
_SUREST = 0.99
_TINY = 1e-9
