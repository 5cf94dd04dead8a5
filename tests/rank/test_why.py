from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.plugins import load_our_reasons, wrap_reason
from doubtcli.rank.why import explain_rows
from doubtcli.records import Evidence, Examples, Ranking, ReasonScores

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.plugins import LoadedReason
TEXTS = (
    "paid twice",
    "it closes",
    "where is it?",
    "an invoice",
    "it is broken",
    "paid",
    "no login",
    "where is it?",
)
"""Row 7 has the text of row 2."""
GIVEN = np.array([0, 1, 2, 0, 1, 0, 1, 0])
SUGGESTED = np.array([0, 1, 2, 0, 2, 0, 1, 2])
"""Rows 4 and 7 look like deliveries."""
ANSWERS = np.array([(0, 0), (1, 1), (2, 2), (0, -1), (2, 1), (0, 1), (1, 1), (2, 0)])
PROBS = np.full((8, 3), 0.125) + 0.625 * np.eye(3)[SUGGESTED]
"""Models give the suggested label .75 and each other one .125."""
OURS = {one.name: one for one in load_our_reasons()}


@dataclass(frozen=True)
class PlugIn:
    """A plug-in's reason without words of its own."""

    name: str
    because = "it looks odd"

    def score(self, given_labels: Any) -> Any:
        """Nothing to say."""


@dataclass(frozen=True)
class Wordy(PlugIn):
    """One that reads the models and explains itself."""

    def score(self, pred_probs: Any) -> Any:
        """Nothing to say."""

    def explain(self, rows: Any, pred_probs: Any, class_names: Any) -> list[str]:
        """The likeliest class."""
        return [f"rather {class_names[code]}" for code in pred_probs[rows].argmax(axis=1)]


def examples_of(class_names: tuple[str, ...] = ("billing", "bug", "delivery"), **parts: Any) -> Examples:
    """Eight support tickets."""
    return Examples(
        row_ids=tuple(f"t{row}" for row in range(8)),
        positions=np.arange(8),
        given_labels=GIVEN,
        class_names=class_names,
        inputs=pa.table({"text": TEXTS}),
        **parts,
    )


EVIDENCE = Evidence(
    given_labels=GIVEN,
    n_classes=3,
    pred_probs=PROBS,
    pred_probs_by_model=np.stack([PROBS, PROBS]),
    pred_probs_by_repeat=np.stack([PROBS, PROBS]),
    neighbor_distances=np.ones((8, 3)),
    annotations=ANSWERS,
)
RANKING = Ranking(
    doubt=np.zeros(8),
    doubt_sd=np.zeros(8),
    suggested_labels=SUGGESTED,
    suggested_confidence=np.zeros(8),
    doubted=np.zeros(8, dtype=bool),
    order=np.arange(8),
    voices=(),
)


def said(
    row: int,
    scores: dict[str, float],
    plug_in: Callable[[str], Any] = PlugIn,
    examples: Examples | None = None,
    **evidence: Any,
) -> str:
    """The words on one row, given what each reason says of it and what it rests on."""
    loaded = OURS | {name: wrap_reason(plug_in(name), "own 1.0") for name in scores if name not in OURS}
    reasons = [scores_of(loaded[name], score) for name, score in scores.items()]
    changed = {name: None if value is None else np.asarray(value) for name, value in evidence.items()}
    (words,) = explain_rows(
        list(loaded.values()),
        reasons,
        examples or examples_of(),
        Evidence(EVIDENCE, **changed),
        RANKING,
        [row],
    )
    return words


def scores_of(one: LoadedReason, score: float) -> ReasonScores:
    """The same score on all eight rows."""
    return ReasonScores(
        one.name, one.package, one.family, "it looks odd", np.full(8, score), sources=one.sources
    )


def every(row: Any) -> list[Any]:
    """The same evidence on all eight rows."""
    return [row] * 8


def test_probabilities() -> None:
    """Models are told by the probability of the best other class and of the given one, likelier first."""
    probs = every([0.04, 0.91, 0.05])

    assert said(0, {"low-self-confidence": 1}, pred_probs=probs) == "models give bug 0.91, billing 0.04"
    assert said(1, {"confident-learning": 1}, pred_probs=probs) == "models give bug 0.91, delivery 0.05"


def test_probabilities_brought() -> None:
    """Probabilities that the user brought are said to be theirs."""
    brought = examples_of(given_pred_probs=PROBS)

    words = said(4, {"low-self-confidence": 1}, examples=brought)

    assert words == "your model gives delivery 0.75, bug 0.12"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([2, 2, 0], "2 of 3 annotators say delivery, 1 billing"),
        ([2, 2, 1], "2 of 3 annotators say delivery, none billing"),
        ([2, 2, -1], "2 of 2 annotators say delivery"),
        ([2, -1, 0], "1 of 2 annotators says delivery, 1 billing"),
        ([2, -1, -1], "the annotator says delivery"),
        ([1, 2, 0], "1 of 3 annotators says delivery, 1 billing"),  # of equally many, the suggested one
        ([0, 0, 1], "1 of 3 annotators says bug, 2 billing"),
        ([0, 0, -1], "2 of 2 annotators say billing"),
        ([-1, -1, -1], "it looks odd (>0.99)"),
    ],
)
def test_annotators(answers: list[int], words: str) -> None:
    """Annotators are told by what most answered, other than the given label, and how many answered that."""
    assert said(7, {"annotator-disagreement": 1}, annotations=every(answers)) == words


@pytest.mark.parametrize(
    ("nearest", "words"),
    [
        ([0, 2, 1, 4], "2 of 4 nearest rows are bug, 1 billing"),
        ([3, 2, -1, -1], "1 of 2 nearest rows is delivery, 1 billing"),
        ([2, 1, 4, -1], "2 of 3 nearest rows are bug, none billing"),
        ([2, -1, -1, -1], "the nearest row is delivery"),
    ],
)
def test_neighbors(nearest: list[int], words: str) -> None:
    """Neighbours are told by what most bear, other than the given label, and by how many bear that."""
    assert said(7, {"neighbor-disagreement": 1}, neighbor_indices=every(nearest)) == words


def test_repeats_and_models() -> None:
    """Repeats and models are told by what most of them predict."""
    bug, delivery = every([0.1, 0.8, 0.1]), every([0.2, 0.2, 0.6])

    def predicted(reason: str, need: str, probs: list[Any]) -> str:
        return said(7, {reason: 1}, **{need: probs})

    flips = ("cross-val-flip", "pred_probs_by_repeat")
    models = ("model-disagreement", "pred_probs_by_model")
    assert predicted(*flips, [bug, bug, delivery]) == "predicted bug in 2 of 3 repeats"
    assert predicted(*flips, [bug, delivery]) == "predicted delivery in 1 of 2 repeats"
    assert predicted(*flips, [bug]) == "predicted bug"
    assert predicted(*models, [bug, bug, bug]) == "3 of 3 models predict bug"
    assert predicted(*models, [bug, delivery]) == "1 of 2 models predicts delivery"
    assert predicted(*models, [delivery]) == "predicted delivery"


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([0, 1, 7, 3, 4, 5, 6, 7], "an identical row is labelled delivery"),
        ([0, 7, 2, 3, 4, 5, 6, 7], "a nearly identical row is labelled bug"),
        ([0, 7, 7, 3, 7, 7, 6, 7], "2 of 4 duplicates are labelled bug"),
        ([0, 1, 7, 7, 4, 5, 6, 7], "1 of 2 duplicates is labelled delivery"),
        ([0, 1, 2, 7, 4, 5, 6, 7], "a nearly identical row is labelled billing"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "it looks odd (>0.99)"),
    ],
)
def test_duplicates(groups: list[int], words: str) -> None:
    """Duplicates are told by the other label that most of them bear; a single one also by how alike it is."""
    assert said(7, {"duplicate-conflict": 1}, duplicate_groups=groups) == words


def test_ambiguous() -> None:
    """A row that fits two labels is told by both, the likelier first."""
    probs = every([0.44, 0.1, 0.46])

    assert said(7, {"ambiguous": 1}, pred_probs=probs) == "delivery 0.46 and billing 0.44 fit about equally"


def test_own_words() -> None:
    """A plug-in's reason, and one whose evidence is not there, speak for themselves, with their score."""
    assert said(7, {"too-short": 0.875}) == "it looks odd (0.88)"
    assert said(7, {"low-self-confidence": 0.6}, pred_probs=None) == "it looks odd (0.60)"


def test_words_of_a_plug_in() -> None:
    """A plug-in that explains itself by the models is told where no reason of ours that reads them speaks."""
    wordy = {"wordy": 0.9}

    assert said(7, wordy, Wordy) == "rather delivery"
    assert said(7, wordy | {"outlier": 1.0}, Wordy) == "rather delivery; it looks odd (>0.99)"
    assert said(7, {"low-self-confidence": 0.8} | wordy, Wordy) == "models give delivery 0.75, billing 0.12"


def test_the_plainest_reading_first() -> None:
    """Of several readings of the models pooled probabilities go before repeats, and repeats before models."""
    scores = {"cross-val-flip": 0.9, "confident-learning": 0.6, "model-disagreement": 1.0}

    assert said(7, scores) == "models give delivery 0.75, billing 0.12"


def test_strongest_first() -> None:
    """Three reasons are told at most, strongest first, context after all that look at the label."""
    scores = {"a": 0.6, "outlier": 1.0, "b": 0.9, "c": 0.49, "d": 0.7, "e": 0.5}

    assert said(7, scores) == "it looks odd (0.90); it looks odd (0.70); it looks odd (0.60)"
    assert said(7, {"a": 0.6, "outlier": 1.0}) == "it looks odd (0.60); it looks odd (>0.99)"


def test_told_once() -> None:
    """What two reasons rest on is told once."""
    scores = {"confident-learning": 0.9, "low-self-confidence": 0.8, "annotator-disagreement": 0.7}

    assert (
        said(7, scores)
        == "models give delivery 0.75, billing 0.12; 1 of 2 annotators says delivery, 1 billing"
    )


def test_one_witness() -> None:
    """However many readings of the models speak, they are told once, where the strongest of them stands."""
    scores = {
        "cross-val-flip": 0.9,
        "annotator-disagreement": 0.8,
        "low-self-confidence": 0.7,
        "ambiguous": 1,
    }
    without = {"model-disagreement": 0.9, "cross-val-flip": 0.8, "ambiguous": 1}

    assert (
        said(7, scores)
        == "models give delivery 0.75, billing 0.12; 1 of 2 annotators says delivery, 1 billing"
    )
    assert said(7, without) == "predicted delivery in 2 of 2 repeats"


def test_never_certain() -> None:
    """No probability is told as 0 or 1, be it ever so near."""
    probs = every([0.0004, 0.9996, 0.0])

    assert said(0, {"low-self-confidence": 1}, pred_probs=probs) == "models give bug >0.99, billing <0.01"


def test_none_speaks() -> None:
    """Where no error reason speaks the strongest one is told, and nothing where all are silent."""
    nan = float("nan")

    assert said(7, {"a": 0.1, "b": 0.3, "c": nan}) == "it looks odd (0.30)"
    assert said(7, {"a": 0.0, "b": nan, "outlier": 0.4}) == ""
    assert said(7, {"outlier": 0.8}) == "it looks odd (0.80)"
    assert said(7, {}) == ""


def test_rows_asked_for() -> None:
    """Each row that is asked for gets its own words, in the order asked."""
    one = OURS["low-self-confidence"]

    def explained(rows: Any) -> list[str]:
        return explain_rows([one], [scores_of(one, 1.0)], examples_of(), EVIDENCE, RANKING, rows)

    assert explained(np.array([4, 0])) == [
        "models give delivery 0.75, bug 0.12",
        "models give billing 0.75, bug 0.12",
    ]
    assert explained([]) == []


def test_class_names() -> None:
    """A class without a letter in its name is said to be one; others stand as they are."""
    numbered = examples_of(class_names=("0", "1", "naïve; [b]"))

    words = said(7, {"low-self-confidence": 1}, examples=numbered)

    assert words == "models give naïve; [b] 0.75, class 0 0.12"
