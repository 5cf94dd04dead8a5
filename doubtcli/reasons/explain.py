"""Texts that show the evidence of a reason: the probabilities of two classes, or a count of votes.

"models give refund 0.91, billing 0.04"; "9 of 10 nearest rows are refund, none billing"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records.arrays import compute_for_rows, find_first_of_each, number_alike, pick_cells, take_rows
from doubtcli.wording.numbers import format_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats


_SCORES = [format_score(hundredths / 100) for hundredths in range(101)]
_NEARLY_BETWEEN = 1e-9
"""A probability so close to the middle of two hundredths is not rounded in floating-point numbers."""


def name_classes(class_names: Sequence[str]) -> tuple[str, ...]:
    """The name of each class as a text shows it: "refund"; "class 3" for a name without letters."""
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
    """The best other class and the given one, the likelier first: "models give refund 0.91, billing 0.04".

    This is the `explain` of reasons that read probabilities.
    """
    who = "your model gives" if pred_probs_are_yours else "models give"
    given = given_labels[rows]
    pairs = np.column_stack([find_likeliest(pred_probs, rows, but=given), given])
    both = order_by_probability(pred_probs, rows, pairs, class_names)
    return [f"{who} {one}, {other}" for one, other in both]


def find_likeliest(pred_probs: Floats, rows: Codes, *, but: Codes | None = None) -> Codes:
    """The likeliest class of each of some rows, the first of several; or the likeliest but one.

    Args:
        pred_probs: Of all rows, shape `(n_rows, n_classes)`.
        rows: Row numbers.
        but: For each of these rows, a class that is left out.
    """

    def find(some: Codes, places: Codes) -> Codes:
        probs = take_rows(pred_probs, some)
        if but is not None:
            probs[np.arange(len(probs)), but[places]] = -1
        return np.asarray(probs.argmax(axis=1))

    return np.asarray(compute_for_rows(find, rows, pred_probs.shape[1]))


def order_by_probability(
    pred_probs: Floats, rows: Codes, pairs: Codes, class_names: Sequence[str]
) -> list[tuple[str, str]]:
    """Two classes for each row with their probabilities, the likelier first: ("refund 0.91", "billing 0.04").

    Args:
        pred_probs: Of all rows, shape `(n_rows, n_classes)`.
        rows: Row numbers.
        pairs: Label codes for each of these rows, shape `(n, 2)`; where both are equally likely, their order
            stays.
        class_names: The name of each code.
    """
    picked = [pick_cells(pred_probs, rows, classes) for classes in pairs.T]
    of_pairs = np.column_stack(picked).astype(np.float64)
    is_turned = of_pairs[:, 1] > of_pairs[:, 0]
    named = np.where(is_turned[:, None], pairs[:, ::-1], pairs)
    shown = find_shown_scores(np.where(is_turned[:, None], of_pairs[:, ::-1], of_pairs))
    columns = (named[:, 0], shown[:, 0], named[:, 1], shown[:, 1])
    alike = number_alike(*columns)  # many rows have the same words
    first = find_first_of_each(alike)
    texts: dict[int, tuple[str, str]] = {
        number: (f"{class_names[one]} {_SCORES[of_one]}", f"{class_names[other]} {_SCORES[of_other]}")
        for number, one, of_one, other, of_other in zip(
            alike[first].tolist(), *(column[first].tolist() for column in columns), strict=True
        )
    }
    return [texts[number] for number in alike.tolist()]


def find_shown_scores(probs: Floats) -> Codes:
    """The hundredths, 0 to 100, that `format_score` shows of some probabilities.

    Args:
        probs: 0 to 1, of any shape.
    """
    hundredths = np.rint(probs * 100).astype(np.intp)
    is_between = np.abs(probs * 100 % 1 - 0.5) < _NEARLY_BETWEEN  # where rounding has to be exact
    hundredths[is_between] = [_SCORES.index(format_score(prob)) for prob in probs[is_between].tolist()]
    return hundredths


# ------------------------------------------------------------------------- votes


@dataclass(frozen=True)
class VoteWords:
    """The wording of a count of votes; `{count}`, `{total}` and `{label}` are filled in."""

    several: str
    one_of_several: str
    only_one: str
    counts_given: bool = False
    """Whether the votes for the given label are added: ", 2 ham"."""

    def describe(self, count: int, total: int, label: str) -> str:
        """How many of all votes the label has; "" where there are no votes."""
        if not total:
            return ""
        wording = self.only_one if total == 1 else self.one_of_several if count == 1 else self.several
        return wording.format(count=count, total=total, label=label)


def describe_votes(
    wording: VoteWords, answers: Codes, given: Codes, suggested: Codes, class_names: Sequence[str]
) -> list[str]:
    """The commonest answer, the given label only if there is no other, and how many answers it has.

    Args:
        wording: How the text is worded.
        answers: Label codes, shape `(n, n_answers)`; -1 where there is none.
        given: Shape `(n,)`: the given labels of these rows.
        suggested: Shape `(n,)`: the suggested labels, which win ties.
        class_names: The name of each code.
    """
    counts = np.column_stack([(answers == answer[:, None]).sum(axis=1) for answer in answers.T])
    preference = counts + np.where(answers == suggested[:, None], 0.5, 0.0)
    preference[answers == given[:, None]] = 0
    preference[answers < 0] = -1
    at, chosen = np.arange(len(answers)), preference.argmax(axis=1)
    labels, totals = answers[at, chosen], (answers >= 0).sum(axis=1)
    votes = zip(counts[at, chosen].tolist(), totals.tolist(), labels.tolist(), strict=True)
    given_votes = _describe_given_votes(wording, answers, given, labels, class_names)
    return [
        wording.describe(count, total, class_names[label]) + given_vote
        for (count, total, label), given_vote in zip(votes, given_votes, strict=True)
    ]


def _describe_given_votes(
    wording: VoteWords, answers: Codes, given: Codes, chosen: Codes, class_names: Sequence[str]
) -> list[str]:
    """How many answers have the given label: ", 2 ham"; "" where it was chosen, or all answers are equal."""
    counts = (answers == given[:, None]).sum(axis=1)
    is_all = ((answers == chosen[:, None]) | (answers < 0)).all(axis=1)
    is_added = ~is_all & (chosen != given) & wording.counts_given
    votes = zip(counts.tolist(), given.tolist(), is_added.tolist(), strict=True)
    return [f", {count or 'none'} {class_names[label]}" if added else "" for count, label, added in votes]
