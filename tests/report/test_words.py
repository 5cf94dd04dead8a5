from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.records import ReasonScores
from doubtcli.report.words import explain_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import Audit

    Make = Callable[..., Audit]

FAMILIES = {"ambiguous": "context", "outlier": "context"}


def said(audit: Audit, row: int, scores: dict[str, float], **evidence: Any) -> str:
    """The words on one row, given what each reason says of it and what it rests on."""
    reasons = [
        ReasonScores(name, "doubtcli 0.1.0", FAMILIES.get(name, "error"), "it looks odd", np.full(8, score))
        for name, score in scores.items()
    ]
    changed = replace(audit.evidence, **{name: np.asarray(value) for name, value in evidence.items()})
    return explain_rows(audit.examples, changed, reasons, audit.ranking, [row])[0]


def every(row: Any) -> list[Any]:
    """The same evidence on all eight rows."""
    return [row] * 8


def test_probabilities(make_audit: Make) -> None:
    """Models are told by the probability of the best other class and of the given one, likelier first."""
    probs = every([0.04, 0.91, 0.05])

    assert (
        said(make_audit(), 0, {"low-self-confidence": 1}, pred_probs=probs)
        == "models give bug 0.91, billing 0.04"
    )
    assert (
        said(make_audit(), 1, {"confident-learning": 1}, pred_probs=probs)
        == "models give bug 0.91, delivery 0.05"
    )


def test_probabilities_brought(make_audit: Make) -> None:
    """Probabilities that the user brought are said to be theirs."""
    audit = make_audit()
    audit = replace(audit, examples=replace(audit.examples, given_pred_probs=audit.evidence.pred_probs))

    assert said(audit, 4, {"low-self-confidence": 1}) == "your model gives delivery 0.75, bug 0.12"


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
def test_annotators(make_audit: Make, answers: list[int], words: str) -> None:
    """Annotators are told by what most answered, other than the given label, and how many answered that."""
    assert said(make_audit(), 7, {"annotator-disagreement": 1}, annotations=every(answers)) == words


@pytest.mark.parametrize(
    ("nearest", "words"),
    [
        ([0, 2, 1, 4], "2 of 4 nearest rows are bug, 1 billing"),
        ([3, 2, -1, -1], "1 of 2 nearest rows is delivery, 1 billing"),
        ([2, 1, 4, -1], "2 of 3 nearest rows are bug, none billing"),
        ([2, -1, -1, -1], "the nearest row is delivery"),
    ],
)
def test_neighbors(make_audit: Make, nearest: list[int], words: str) -> None:
    """Neighbours are told by what most bear, other than the given label, and by how many bear that."""
    assert said(make_audit(), 7, {"neighbor-disagreement": 1}, neighbor_indices=every(nearest)) == words


def test_repeats_and_models(make_audit: Make) -> None:
    """Repeats and models are told by what most of them predict."""
    bug, delivery = every([0.1, 0.8, 0.1]), every([0.2, 0.2, 0.6])

    def predicted(reason: str, need: str, probs: list[Any]) -> str:
        return said(make_audit(), 7, {reason: 1}, **{need: probs})

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
def test_duplicates(make_audit: Make, groups: list[int], words: str) -> None:
    """Duplicates are told by the other label that most of them bear; a single one also by how alike it is."""
    assert said(make_audit(), 7, {"duplicate-conflict": 1}, duplicate_groups=groups) == words


def test_ambiguous(make_audit: Make) -> None:
    """A row that fits two labels is told by both, the likelier first."""
    probs = every([0.44, 0.1, 0.46])

    assert (
        said(make_audit(), 7, {"ambiguous": 1}, pred_probs=probs)
        == "delivery 0.46 and billing 0.44 fit about equally"
    )


def test_own_words(make_audit: Make) -> None:
    """A plug-in's reason, and one whose evidence is not there, speak for themselves, with their score."""
    without = make_audit(with_models=False)

    assert said(make_audit(), 7, {"too-short": 0.875}) == "it looks odd (0.88)"
    assert said(without, 7, {"low-self-confidence": 0.6}) == "it looks odd (0.60)"


def test_strongest_first(make_audit: Make) -> None:
    """Three reasons are told at most, strongest first, context after all that look at the label."""
    scores = {"a": 0.6, "outlier": 1.0, "b": 0.9, "c": 0.49, "d": 0.7, "e": 0.5}

    assert said(make_audit(), 7, scores) == "it looks odd (0.90); it looks odd (0.70); it looks odd (0.60)"
    assert said(make_audit(), 7, {"a": 0.6, "outlier": 1.0}) == "it looks odd (0.60); it looks odd (>0.99)"


def test_told_once(make_audit: Make) -> None:
    """What two reasons rest on is told once."""
    scores = {"confident-learning": 0.9, "low-self-confidence": 0.8, "annotator-disagreement": 0.7}

    assert (
        said(make_audit(), 7, scores)
        == "models give delivery 0.75, billing 0.12; 1 of 2 annotators says delivery, 1 billing"
    )


def test_one_witness(make_audit: Make) -> None:
    """However many readings of the models speak, they are told once, where the strongest of them stands."""
    scores = {
        "cross-val-flip": 0.9,
        "annotator-disagreement": 0.8,
        "low-self-confidence": 0.7,
        "ambiguous": 1,
    }
    without = {"model-disagreement": 0.9, "cross-val-flip": 0.8, "ambiguous": 1}

    assert (
        said(make_audit(), 7, scores)
        == "models give delivery 0.75, billing 0.12; 1 of 2 annotators says delivery, 1 billing"
    )
    assert said(make_audit(), 7, without) == "predicted delivery in 2 of 2 repeats"


def test_never_certain(make_audit: Make) -> None:
    """No probability is told as 0 or 1, be it ever so near."""
    probs = every([0.0004, 0.9996, 0.0])

    assert (
        said(make_audit(), 0, {"low-self-confidence": 1}, pred_probs=probs)
        == "models give bug >0.99, billing <0.01"
    )


def test_none_speaks(make_audit: Make) -> None:
    """Where no error reason speaks the strongest one is told, and nothing where all are silent."""
    nan = float("nan")

    assert said(make_audit(), 7, {"a": 0.1, "b": 0.3, "c": nan}) == "it looks odd (0.30)"
    assert said(make_audit(), 7, {"a": 0.0, "b": nan, "outlier": 0.4}) == ""
    assert said(make_audit(), 7, {"outlier": 0.8}) == "it looks odd (0.80)"
    assert said(make_audit(), 7, {}) == ""


def test_rows_asked_for(make_audit: Make) -> None:
    """Each row that is asked for gets its own words, in the order asked."""
    audit = make_audit()

    told = explain_rows(audit.examples, audit.evidence, audit.reasons, audit.ranking, np.array([4, 0]))

    assert told == ["models give delivery 0.75, bug 0.12", "models give billing 0.75, bug 0.12"]
    assert explain_rows(audit.examples, audit.evidence, audit.reasons, audit.ranking, []) == []


def test_class_names(make_audit: Make) -> None:
    """A class without a letter in its name is said to be one; others stand as they are."""
    audit = make_audit(class_names=("0", "1", "naïve; [b]"))

    assert said(audit, 7, {"low-self-confidence": 1}) == "models give naïve; [b] 0.75, class 0 0.12"
