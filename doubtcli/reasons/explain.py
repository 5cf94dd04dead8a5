"""Words for what a reason rests on: the probabilities of two classes, and how many say a label.

"models give refund 0.91, billing 0.04"; "9 of 10 nearest rows are refund, none billing"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.wording.numbers import score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats


def name_classes(class_names: Sequence[str]) -> tuple[str, ...]:
    """Each class's name as words: as it is, or "class 3" where it has no letter."""
    return tuple(
        name if any(letter.isalpha() for letter in name) else f"class {name}" for name in class_names
    )


# ----------------------------------------------------------------- probabilities


def explain_best_other(
    _reason: object,
    rows: Codes,
    *,
    given_labels: Codes,
    pred_probs: Floats,
    class_names: Sequence[str],
    pred_probs_are_yours: bool,
) -> list[str]:
    """The best other class and the given one, likelier first: "models give refund 0.91, billing 0.04".

    It is the `explain` of reasons that read probabilities.
    """
    who = "your model gives" if pred_probs_are_yours else "models give"
    given = given_labels[rows]
    others = pred_probs[rows].copy()
    others[np.arange(len(rows)), given] = -1
    pairs = np.column_stack([others.argmax(axis=1), given])
    both = order_by_probability(pred_probs[rows], pairs, class_names)
    return [f"{who} {one}, {other}" for one, other in both]


def order_by_probability(probs: Floats, pairs: Codes, class_names: Sequence[str]) -> list[tuple[str, str]]:
    """Two classes a row with their probabilities, the likelier first: ("refund 0.91", "billing 0.04").

    Args:
        probs: Shape `(len(pairs), n_classes)`.
        pairs: Label codes, shape `(n, 2)`; of two that are equally likely the first stays first.
        class_names: Of each code, as words.
    """
    of_pairs = np.take_along_axis(probs, pairs, axis=1)
    order = np.argsort(-of_pairs, axis=1, kind="stable")
    likelier_first = np.take_along_axis(pairs, order, axis=1).tolist()
    in_order = np.take_along_axis(of_pairs, order, axis=1).tolist()
    return [
        (f"{class_names[one]} {score(of_one)}", f"{class_names[other]} {score(of_other)}")
        for (one, other), (of_one, of_other) in zip(likelier_first, in_order, strict=True)
    ]


# ----------------------------------------------------------------------- ballots


@dataclass(frozen=True)
class VoteWords:
    """How "so many of so many say this label" is worded; `{count}`, `{total}` and `{label}` are filled in."""

    several: str
    one_of_several: str
    only_one: str
    counts_given: bool = False
    """Whether it is added how many say the given label: people and rows that do speak for it."""

    def describe(self, count: int, total: int, label: str) -> str:
        """So many of so many say it; "" where there is none to say anything."""
        if not total:
            return ""
        words = self.only_one if total == 1 else self.one_of_several if count == 1 else self.several
        return words.format(count=count, total=total, label=label)


def describe_votes(
    ballot: VoteWords, answers: Codes, given: Codes, suggested: Codes, class_names: Sequence[str]
) -> list[str]:
    """The label, other than the given one if any is, that most answers have in common, and how many they are.

    Args:
        ballot: How to word it.
        answers: Label codes, shape `(n, n_answers)`; -1 where there is none.
        given: Of each of these rows, the given label.
        suggested: Of each, the label that would be written instead; of equally many answers it goes first.
        class_names: Of each code, as words.
    """
    counts = np.column_stack([(answers == answer[:, None]).sum(axis=1) for answer in answers.T])
    preference = counts + np.where(answers == suggested[:, None], 0.5, 0.0)
    preference[answers == given[:, None]] = 0
    preference[answers < 0] = -1
    at, chosen = np.arange(len(answers)), preference.argmax(axis=1)
    labels, totals = answers[at, chosen], (answers >= 0).sum(axis=1)
    votes = zip(counts[at, chosen].tolist(), totals.tolist(), labels.tolist(), strict=True)
    beside = _describe_given_votes(ballot, answers, given, labels, class_names)
    return [
        ballot.describe(count, total, class_names[label]) + also
        for (count, total, label), also in zip(votes, beside, strict=True)
    ]


def _describe_given_votes(
    ballot: VoteWords, answers: Codes, given: Codes, chosen: Codes, class_names: Sequence[str]
) -> list[str]:
    """How many answers are the given label: ", 2 ham"; "" where all are the chosen one, or that is given."""
    counts = (answers == given[:, None]).sum(axis=1)
    is_all = ((answers == chosen[:, None]) | (answers < 0)).all(axis=1)
    is_added = ~is_all & (chosen != given) & ballot.counts_given
    votes = zip(counts.tolist(), given.tolist(), is_added.tolist(), strict=True)
    return [f", {count or 'none'} {class_names[label]}" if added else "" for count, label, added in votes]
