"""Every row predicted by models that never saw it, several times over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import ModelError
from doubtcli.predict.folds import assign_folds
from doubtcli.predict.pooling import calibrate_scores, learn_trust, pool_probabilities
from doubtcli.predict.skill import balanced_accuracy
from doubtcli.records import Predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Codes, Engine, Floats, Model

_LEAST_LEARNT = 0.05
"""Of the way from chance to always right, that a model must have gone to be heard."""


@dataclass(frozen=True, eq=False)
class FitModel:
    """The job of fitting one model to all folds but one, for each of them in turn."""

    model: Model
    given_labels: Codes
    folds: Codes
    n_classes: int
    seed: int
    is_calibrated: bool = True

    @property
    def libraries(self) -> tuple[str, ...]:
        """What calibration imports, and the model."""
        return ("scipy.optimize", *self.model.libraries)

    def run(self) -> Floats:
        """Out-of-fold probabilities, float32, or the model's own scores: shape `(n_rows, n_classes)`."""
        scores = self.model.predict_out_of_fold(self.given_labels, self.folds, self.n_classes, self.seed)
        return (
            calibrate_scores(scores, self.given_labels).astype(np.float32) if self.is_calibrated else scores
        )


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
    """Predict each row with every model, out of fold, once a repeat; folds are reshuffled between repeats.

    Args:
        models: Each fitted to all rows.
        given_labels: Shape `(n_rows,)`.
        n_classes: Columns of the result.
        groups: Shape `(n_rows,)`; rows of one group share a fold.
        n_folds: Of each cross-validation.
        n_repeats: How many cross-validations.
        seed: Of the shuffles and the trees.
        engine: Fits the models; the result does not depend on it.
        advance: Told of each model fitted; at most `n_repeats` for each of them.

    Raises:
        ModelError: All rows are one group, so none can be held out.
    """
    n_folds = min(n_folds, len(np.unique(groups)))
    if n_folds < 2:  # noqa: PLR2004
        raise ModelError(
            "every row has the same input (or the same group), so none can be predicted from the others",
            hint="check that the input columns are read as you expect, or name them with --text or --numeric",
        )
    folds = [assign_folds(given_labels, groups, n_folds, seed + repeat) for repeat in range(n_repeats)]

    def fit(models: Sequence[Model], repeats: range) -> list[Floats]:
        """The probabilities of each model for one repeat after the other."""
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

    first = fit(models, range(1))
    knows = [_knows(probs, given_labels) for probs in first]
    heard = [model for model, known in zip(models, knows, strict=True) if known or not any(knows)]
    kept = [probs for probs, known in zip(first, knows, strict=True) if known or not any(knows)]
    # what learnt nothing once is not asked again: on large tables the forests alone take most of the time
    kept += fit(heard, range(1, n_repeats))
    probs = np.stack(kept).reshape(n_repeats, len(heard), *kept[0].shape)
    left_out = tuple(model.name for model in models if model not in heard)
    return _predictions(tuple(model.name for model in heard), probs, given_labels, left_out)


def wrap_given_pred_probs(
    pred_probs: NDArray[np.floating[Any]], model_name: str = "your probabilities"
) -> Predictions:
    """Probabilities that the user brought, in the shape of one model and one repeat."""
    probs = np.asarray(pred_probs, dtype=np.float32)
    return Predictions((model_name,), probs[None], probs[None], probs)


def _predictions(
    names: tuple[str, ...],
    probs: NDArray[np.float32],
    given_labels: NDArray[np.intp],
    left_out: tuple[str, ...],
) -> Predictions:
    """Pool the models, each trusted as far as the labels bear it out; probs: (repeat, model, row, class)."""
    by_model = probs.mean(axis=0)
    trust = learn_trust(by_model, given_labels, np.full(len(names), 1 / len(names)))
    by_repeat = np.stack([pool_probabilities(of_repeat, given_labels, trust) for of_repeat in probs]).astype(
        np.float32
    )
    pooled = pool_probabilities(by_model, given_labels, trust).astype(np.float32)
    return Predictions(names, by_model, by_repeat, pooled, left_out)


def _knows(probs: NDArray[np.float32], given_labels: NDArray[np.intp]) -> bool:
    """Whether the predictions beat chance with all classes weighed evenly.

    A model that always answers the largest class is often right and knows nothing; one that finds the
    rare class is often wrong and does.
    """
    chance = 1 / len(np.unique(given_labels))
    skill = (balanced_accuracy(probs.argmax(axis=1), given_labels) - chance) / (1 - chance)
    return bool(skill > _LEAST_LEARNT)
