"""Measures whether the models can predict these labels, before their predictions are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.folds import spread_rows
from doubtcli.records import Skill
from doubtcli.records.arrays import compute_by_block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_LEAST_SKILL = 0.2
"""The chance-corrected balanced accuracy that it takes to use the models' disagreements; an agreement of up
to .2 beyond chance is called slight (Landis and Koch, 1977)."""
_CLEAR = 0.05
"""With less between the models and the largest class, skill shows only where all classes weigh the same."""
_PERMUTATIONS = 99
_MOST_ROWS = 50_000


def measure_skill(
    pooled: NDArray[np.floating],
    by_model: Mapping[str, NDArray[np.floating]],
    given_labels: NDArray[np.intp],
    n_classes: int,
    seed: int,
) -> Skill:
    """Compare the out-of-fold predictions with the majority class and with permuted labels.

    Args:
        pooled: Out-of-fold probabilities, shape `(n_rows, n_classes)`.
        by_model: The same for each model alone, by its name.
        given_labels: Shape `(n_rows,)`.
        n_classes: How many classes there are.
        seed: The seed of the permutations.
    """
    predicted = predict_classes(pooled)
    shares = np.bincount(given_labels, minlength=n_classes) / len(given_labels)
    balanced = balanced_accuracy(predicted, given_labels)
    permuted = _measure_on_permutations(predicted, given_labels, seed)
    chance = 1 / np.count_nonzero(shares)
    skill = correct_for_chance(balanced, given_labels)
    accuracy = float((predicted == given_labels).mean())
    assessable = bool(skill >= _LEAST_SKILL and balanced > permuted)
    return Skill(
        assessable=assessable,
        why=_describe_skill(accuracy, float(shares.max()), balanced, chance, assessable=assessable),
        accuracy=accuracy,
        balanced_accuracy=balanced,
        majority_accuracy=float(shares.max()),
        permuted_accuracy=permuted,
        by_model={
            name: float((predict_classes(probs) == given_labels).mean()) for name, probs in by_model.items()
        },
    )


def predict_classes(pred_probs: NDArray[np.floating]) -> NDArray[np.intp]:
    """The likeliest class of each row, the first of several.

    Args:
        pred_probs: Shape `(n_rows, n_classes)`.
    """
    return np.asarray(compute_by_block(lambda rows: pred_probs[rows].argmax(axis=1), *pred_probs.shape))


def make_unassessable_skill(given_labels: NDArray[np.intp], why: str) -> Skill:
    """The skill where nothing could be predicted."""
    majority = float(np.bincount(given_labels).max() / len(given_labels))
    return Skill(
        assessable=False,
        why=why,
        accuracy=None,
        balanced_accuracy=None,
        majority_accuracy=majority,
        permuted_accuracy=None,
    )


def balanced_accuracy(predicted: NDArray[np.intp], labels: NDArray[np.intp]) -> float:
    """The mean over the classes of the share of their rows that is predicted right."""
    counts = np.bincount(labels)
    hits = np.bincount(labels[predicted == labels], minlength=len(counts))
    present = counts > 0
    return float((hits[present] / counts[present]).mean())


def correct_for_chance(balanced: float, labels: NDArray[np.intp]) -> float:
    """A balanced accuracy on a scale from 0 (by chance) to 1 (always right); 0 where all labels are equal."""
    chance = 1 / int(np.count_nonzero(np.bincount(labels)))
    return (balanced - chance) / (1 - chance) if chance < 1 else 0.0


def _measure_on_permutations(predicted: NDArray[np.intp], labels: NDArray[np.intp], seed: int) -> float:
    """The highest balanced accuracy of the same predictions on 99 permutations of the labels."""
    rng = np.random.default_rng(seed)
    rows = spread_rows(len(labels), _MOST_ROWS)
    predicted, labels = predicted[rows], labels[rows]
    return max(balanced_accuracy(predicted, rng.permutation(labels)) for _ in range(_PERMUTATIONS))


def _describe_skill(
    accuracy: float, majority: float, balanced: float, chance: float, *, assessable: bool
) -> str:
    figures = (
        f"models that never saw a row's label predict {accuracy:.0%} of the labels"
        f" (always guessing the largest class: {majority:.0%})"
    )
    if assessable and accuracy - majority >= _CLEAR:
        return figures
    figures += f", or {balanced:.0%} with all classes weighted equally (by chance: {chance:.0%})"
    return figures if assessable else f"{figures}, which is not enough to judge labels"
