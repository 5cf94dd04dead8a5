"""Predicts every row with models that never saw it, several times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import ModelError
from doubtcli.predict.folds import assign_folds
from doubtcli.predict.pooling import calibrate_by_block, pool_probabilities, weigh_models
from doubtcli.predict.skill import balanced_accuracy, correct_for_chance, predict_classes
from doubtcli.records import Predictions
from doubtcli.records.arrays import give_back_memory, split_rows, stack_matrices, take_rows
from doubtcli.records.mapped import make_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Codes, Engine, Floats, Model

_LEAST_SKILL = 0.05
"""The chance-corrected balanced accuracy (0 by chance, 1 if always right) that a model needs to be used."""


@dataclass(frozen=True, eq=False)
class FitModel:
    """The job of fitting one model to all folds but one, for each fold in turn."""

    model: Model
    given_labels: Codes
    folds: Codes
    n_classes: int
    seed: int
    is_calibrated: bool = True

    @property
    def libraries(self) -> tuple[str, ...]:
        """The libraries that the model and its calibration import."""
        return ("scipy.optimize", *self.model.libraries)

    def run(self) -> Floats:
        """Out-of-fold probabilities as float32, or the model's own scores: shape `(n_rows, n_classes)`."""
        scores = self.model.predict_out_of_fold(self.given_labels, self.folds, self.n_classes, self.seed)
        if not self.is_calibrated:
            return scores

        def convert(rows: slice | Codes) -> Floats:
            return np.asarray(take_rows(scores, rows), dtype=np.float32)

        return calibrate_by_block(convert, scores.shape, np.float32, self.given_labels)


def cross_fit(
    models: Sequence[Model],
    given_labels: Codes,
    n_classes: int,
    groups: Codes,
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    engine: Engine,
    advance: Callable[[int], None],
) -> Predictions:
    """Predict each row out of fold with every model, once in each repeat; each repeat has other folds.

    Args:
        models: Each is fitted to all rows.
        given_labels: Shape `(n_rows,)`.
        n_classes: How many classes there are: the columns of the result.
        groups: Shape `(n_rows,)`; rows of one group share a fold.
        n_folds: How many folds each cross-validation has.
        n_repeats: How many cross-validations there are.
        seed: The seed of the folds and the trees.
        engine: Fits the models; the result does not depend on it.
        advance: Counts each model that is fitted, or left out, `n_repeats` times.

    Raises:
        ModelError: All rows are one group, so that none can be held out.
    """
    n_folds = min(n_folds, len(np.unique(groups)))
    if n_folds < 2:  # noqa: PLR2004
        raise ModelError(
            "all rows have the same input or are in one group, so no row can be predicted from the others",
            hint="check how the input columns are read, or name them with --text or --numeric",
        )
    folds = [assign_folds(given_labels, groups, n_folds, seed + repeat) for repeat in range(n_repeats)]

    def fit(models: Sequence[Model], repeats: range) -> list[Floats]:
        """The probabilities by each model, one repeat after the other."""
        jobs = [
            FitModel(model, given_labels, folds[repeat], n_classes, seed + repeat)
            for repeat in repeats
            for model in models
        ]
        fitted = []
        for probs in engine.map(jobs):
            fitted.append(probs)
            advance(1)
        return fitted

    give_back_memory()
    first = fit(models, range(1))
    is_skilled = [_beats_chance(probs, given_labels) for probs in first]
    use_all = not any(is_skilled)
    used = [model for model, skilled in zip(models, is_skilled, strict=True) if skilled or use_all]
    fitted = [probs for probs, skilled in zip(first, is_skilled, strict=True) if skilled or use_all]
    # a model without skill is not fitted again: on large tables the forests take most of the time
    advance((len(models) - len(used)) * (n_repeats - 1))
    fitted += fit(used, range(1, n_repeats))
    shape = (n_repeats, len(used), *fitted[0].shape)
    first.clear()  # where classes are many, each matrix of probabilities counts
    probs = stack_matrices(fitted)
    give_back_memory()
    probs = probs.reshape(shape)
    left_out = tuple(model.name for model in models if model not in used)
    return _pool_predictions(used, probs, given_labels, left_out)


def wrap_given_pred_probs(
    pred_probs: NDArray[np.floating[Any]], model_name: str = "your probabilities"
) -> Predictions:
    """The user's own probabilities, in the shape of one model and one repeat."""
    probs = np.asarray(pred_probs, dtype=np.float32)
    return Predictions((model_name,), probs[None], probs[None], probs)


def _pool_predictions(
    models: Sequence[Model],
    probs: NDArray[np.float32],
    given_labels: NDArray[np.intp],
    left_out: tuple[str, ...],
) -> Predictions:
    """Pool the models, weighted by how well each predicts the labels; probs: (repeat, model, row, class)."""
    by_model = _average_repeats(probs) if len(probs) > 1 else probs[0]
    overrated = np.array([model.is_overrated for model in models])
    trust = weigh_models([*by_model], given_labels, overrated)
    pooled = pool_probabilities([*by_model], given_labels, trust)
    by_repeat = (
        stack_matrices([pool_probabilities(of_repeat, given_labels, trust) for of_repeat in probs])
        if len(probs) > 1
        else pooled[None]
    )
    names = tuple(model.name for model in models)
    return Predictions(names, by_model, by_repeat, pooled, tuple(map(float, trust)), left_out)


def _average_repeats(probs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each model's probabilities: (repeat, model, row, class) -> (model, row, class)."""
    _, n_models, n_rows, n_classes = probs.shape
    mean = make_matrix((n_models, n_rows, n_classes), probs.dtype)
    for rows in split_rows(n_rows, n_models * n_classes):
        mean[:, rows] = probs[:, :, rows].mean(axis=0)
    return mean


def _beats_chance(probs: NDArray[np.float32], given_labels: NDArray[np.intp]) -> bool:
    """Whether the predictions are better than chance if all classes have equal weight.

    A model that always predicts the largest class is often right, and has learned nothing; one that finds
    the rare class is often wrong, and has.
    """
    balanced = balanced_accuracy(predict_classes(probs), given_labels)
    return correct_for_chance(balanced, given_labels) > _LEAST_SKILL
