"""What one reason rests on, in plain words: a fragment a row, made from the evidence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.wording.numbers import score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from doubtcli.records import Evidence, Examples, Ranking, ReasonScores

    Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Case:
    """All that words are made of."""

    examples: Examples
    evidence: Evidence
    ranking: Ranking

    def label(self, code: int) -> str:
        """A class's name as it is; one without a letter is said to be a class."""
        name = self.examples.class_names[code]
        return name if any(letter.isalpha() for letter in name) else f"class {name}"


def tell(case: Case, reason: ReasonScores, rows: Rows) -> list[str]:
    """What a reason rests on, a fragment a row; one that we know nothing more of speaks for itself."""
    itself = [f"{reason.because} ({score(value)})" for value in reason.scores[rows].tolist()]
    if reason.name not in TELLERS or not len(rows):
        return itself
    need, teller = TELLERS[reason.name]
    rests_on = getattr(case.evidence, need)
    if rests_on is None:
        return itself
    return [told or because for told, because in zip(teller(case, rests_on, rows), itself, strict=True)]


# ----------------------------------------------------------------- probabilities


def _probabilities(case: Case, pred_probs: NDArray[Any], rows: Rows) -> list[str]:
    """The best other class and the given one, likelier first: "models give refund 0.91, billing 0.04"."""
    who = "models give" if case.examples.given_pred_probs is None else "your model gives"
    given = case.examples.given_labels[rows]
    others = pred_probs[rows].copy()
    others[np.arange(len(rows)), given] = -1
    pairs = np.column_stack([others.argmax(axis=1), given])
    return [f"{who} {one}, {other}" for one, other in _likelier_first(case, pred_probs[rows], pairs)]


def _ambiguity(case: Case, pred_probs: NDArray[Any], rows: Rows) -> list[str]:
    pairs = np.argsort(-pred_probs[rows], axis=1, kind="stable")[:, :2]
    both = _likelier_first(case, pred_probs[rows], pairs)
    return [f"{one} and {other} fit about equally" for one, other in both]


def _likelier_first(case: Case, probs: NDArray[Any], pairs: Rows) -> list[tuple[str, str]]:
    """Two classes a row with their probabilities: ("refund 0.91", "billing 0.04")."""
    odds = np.take_along_axis(probs, pairs, axis=1)
    swapped = odds[:, 0] < odds[:, 1]
    pairs[swapped], odds[swapped] = pairs[swapped, ::-1], odds[swapped, ::-1]
    return [
        (f"{case.label(one)} {score(odds_one)}", f"{case.label(other)} {score(odds_other)}")
        for (one, other), (odds_one, odds_other) in zip(pairs.tolist(), odds.tolist(), strict=True)
    ]


# ----------------------------------------------------------------------- ballots


@dataclass(frozen=True)
class _Ballot:
    """How "so many of so many say this label" is told."""

    several: str
    one_of_several: str
    only_one: str
    counts_given: bool = False
    """Whether it is told how many say the given label: people and rows that do speak for it."""

    def tell(self, count: int, total: int, label: str) -> str:
        words = self.only_one if total == 1 else self.one_of_several if count == 1 else self.several
        return words.format(count=count, total=total, label=label)


ANNOTATORS = _Ballot(
    "{count} of {total} annotators say {label}",
    "1 of {total} annotators says {label}",
    "the annotator says {label}",
    counts_given=True,
)
NEIGHBORS = _Ballot(
    "{count} of {total} nearest rows are {label}",
    "1 of {total} nearest rows is {label}",
    "the nearest row is {label}",
    counts_given=True,
)
MODELS = _Ballot(
    "{count} of {total} models predict {label}",
    "1 of {total} models predicts {label}",
    "predicted {label}",
)
REPEATS = _Ballot(
    "predicted {label} in {count} of {total} repeats",
    "predicted {label} in 1 of {total} repeats",
    "predicted {label}",
)
DUPLICATES = _Ballot(
    "{count} of {total} duplicates are labelled {label}",
    "1 of {total} duplicates is labelled {label}",
    "an identical row is labelled {label}",
)
NEAR_DUPLICATES = replace(DUPLICATES, only_one="a nearly identical row is labelled {label}")


def _annotators(case: Case, annotations: Rows, rows: Rows) -> list[str]:
    return _most_say(case, ANNOTATORS, annotations[rows], rows)


def _neighbors(case: Case, neighbor_indices: Rows, rows: Rows) -> list[str]:
    nearest = neighbor_indices[rows]
    return _most_say(case, NEIGHBORS, np.where(nearest >= 0, case.examples.taught_labels[nearest], -1), rows)


def _predictions(ballot: _Ballot, case: Case, pred_probs: NDArray[Any], rows: Rows) -> list[str]:
    """From probabilities by model or by repeat, shape `(n_ballots, n_rows, n_classes)`."""
    return _most_say(case, ballot, pred_probs[:, rows].argmax(axis=2).T, rows)


def _most_say(case: Case, ballot: _Ballot, answers: Rows, rows: Rows) -> list[str]:
    """The label, other than the given one if any is, that most answers have in common, and how many they are.

    Args:
        case: The rows and what is suggested for them.
        ballot: How to tell it.
        answers: Label codes, shape `(len(rows), n_answers)`; -1 where there is none.
        rows: The row numbers.
    """
    given, suggested = case.examples.given_labels[rows], case.ranking.suggested_labels[rows]
    counts = np.column_stack([(answers == answer[:, None]).sum(axis=1) for answer in answers.T])
    preference = counts + np.where(answers == suggested[:, None], 0.5, 0.0)  # of equally many, the suggested
    preference[answers == given[:, None]] = 0
    preference[answers < 0] = -1
    chosen = preference.argmax(axis=1)
    at = np.arange(len(rows))
    told = zip(
        _votes(case, ballot, counts[at, chosen], (answers >= 0).sum(axis=1), answers[at, chosen]),
        _given_votes(case, ballot, answers, given, answers[at, chosen]),
        strict=True,
    )
    return [vote + beside for vote, beside in told]


def _votes(case: Case, ballot: _Ballot, counts: Rows, totals: Rows, labels: Rows) -> list[str]:
    told = zip(counts.tolist(), totals.tolist(), labels.tolist(), strict=True)
    return [_vote(case, ballot, count, total, label) for count, total, label in told]


def _given_votes(case: Case, ballot: _Ballot, answers: Rows, given: Rows, chosen: Rows) -> list[str]:
    """How many answers are the given label: ", 2 ham"; "" where all are the chosen one, or that is given."""
    counts = (answers == given[:, None]).sum(axis=1)
    is_all = ((answers == chosen[:, None]) | (answers < 0)).all(axis=1)
    is_told = ~is_all & (chosen != given) & ballot.counts_given
    told = zip(counts.tolist(), given.tolist(), is_told.tolist(), strict=True)
    return [f", {count or 'none'} {case.label(label)}" if told_too else "" for count, label, told_too in told]


def _vote(case: Case, ballot: _Ballot, count: int, total: int, label: int) -> str:
    return ballot.tell(count, total, case.label(label)) if total else ""


# -------------------------------------------------------------------- duplicates


def _duplicates(case: Case, groups: Rows, rows: Rows) -> list[str]:
    """The label that most of a row's duplicates have in common, other than the given one if any is."""
    given, group_of = case.examples.given_labels.tolist(), groups.tolist()
    bearers: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in np.flatnonzero(np.isin(groups, groups[rows])).tolist():
        bearers[group_of[row]][given[row]].append(row)
    told = [_conflict(bearers[group_of[row]], given[row]) for row in rows.tolist()]
    same = _have_same_inputs(case.examples.inputs, rows, [witness for *_, witness in told])
    return [
        _vote(case, DUPLICATES if identical else NEAR_DUPLICATES, count, total, label)
        for (count, total, label, _), identical in zip(told, same, strict=True)
    ]


def _conflict(bearers: Mapping[int, Sequence[int]], given: int) -> tuple[int, int, int, int]:
    """Of a row's duplicates: how many bear the commonest other label, of how many; it; its first bearer."""
    total = sum(len(rows) for rows in bearers.values()) - 1
    others = [(len(rows), -label) for label, rows in bearers.items() if label != given]
    count, label = max(others, default=(total, -given))
    return count, total, -label, bearers[-label][0]


def _have_same_inputs(inputs: pa.Table, rows: Rows, others: Sequence[int]) -> NDArray[np.bool_]:
    """Whether each row has the very input of the other row beside it."""
    same = np.ones(len(rows), dtype=np.bool_)
    for column in inputs.columns:
        pairs = zip(column.take(rows).to_pylist(), column.take(others).to_pylist(), strict=True)
        same &= [one == other for one, other in pairs]
    return same


TELLERS: Mapping[str, tuple[str, Callable[[Case, Any, Rows], list[str]]]] = {
    "low-self-confidence": ("pred_probs", _probabilities),
    "confident-learning": ("pred_probs", _probabilities),
    "cross-val-flip": ("pred_probs_by_repeat", partial(_predictions, REPEATS)),
    "model-disagreement": ("pred_probs_by_model", partial(_predictions, MODELS)),
    "annotator-disagreement": ("annotations", _annotators),
    "neighbor-disagreement": ("neighbor_indices", _neighbors),
    "duplicate-conflict": ("duplicate_groups", _duplicates),
    "ambiguous": ("pred_probs", _ambiguity),
}
"""By reason: the evidence it rests on, and what tells it. Of several from one witness the first is told."""


def witness(name: str) -> str:
    """Whom a reason quotes: models are one, however they are read; a reason unknown here quotes itself."""
    need = TELLERS[name][0] if name in TELLERS else name
    return "models" if need.startswith("pred_probs") else need
