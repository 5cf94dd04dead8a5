"""Every row predicted by models that never saw it, several times over."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import ModelError
from doubtcli.pooling import calibrate, pool
from doubtcli.predict.folds import assign_folds
from doubtcli.predict.skill import balanced_accuracy
from doubtcli.predict.table_models import extra_trees, logistic_regression
from doubtcli.predict.text_models import (
    complement_naive_bayes_on_spelling,
    complement_naive_bayes_on_words,
    ridge_on_spelling,
)
from doubtcli.records import Predictions

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from doubtcli.records import Features

    Scores = NDArray[np.float64]
    Model = Callable[[NDArray[np.intp], NDArray[np.intp], int, int], Scores]
    """(labels, folds, n_classes, seed) -> scores of shape (n_rows, n_classes)"""

_LEAST_LEARNT = 0.05
"""Of the way from chance to always right, that a model must have gone to be heard."""


def models_for(features: Features) -> dict[str, Model]:
    """The models that suit these features, by name, at least two of unlike families."""
    models: dict[str, Model] = {}
    text, dense = features.text, features.dense
    if text is not None:
        models["complement naive Bayes on words"] = lambda labels, folds, n_classes, _: (
            complement_naive_bayes_on_words(text, labels, folds, n_classes)
        )
        models["complement naive Bayes on spelling"] = lambda labels, folds, n_classes, _: (
            complement_naive_bayes_on_spelling(text, labels, folds, n_classes)
        )
        models["ridge regression on spelling"] = lambda labels, folds, n_classes, _: ridge_on_spelling(
            text, dense, labels, folds, n_classes
        )
    if dense is not None:
        models["logistic regression"] = lambda *fit: logistic_regression(dense, *fit)
        models["extra trees"] = lambda *fit: extra_trees(dense, *fit)
    return models


def cross_fit(
    features: Features,
    given_labels: NDArray[np.intp],
    n_classes: int,
    groups: NDArray[np.intp],
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    n_threads: int = 1,
    advance: Callable[[int], None],
) -> Predictions:
    """Predict each row with every model, out of fold, once a repeat; folds are reshuffled between repeats.

    Args:
        features: Of all rows.
        given_labels: Shape `(n_rows,)`.
        n_classes: Columns of the result.
        groups: Shape `(n_rows,)`; rows of one group share a fold.
        n_folds: Of each cross-validation.
        n_repeats: How many cross-validations.
        seed: Of the shuffles and the trees.
        n_threads: Models fitted at the same time; the result does not depend on it.
        advance: Told of each model fitted; `n_repeats * len(models_for(features))` in all.

    Raises:
        ModelError: All rows are one group, so none can be held out.
    """
    from joblib import Parallel, delayed

    n_folds = min(n_folds, len(np.unique(groups)))
    if n_folds < 2:  # noqa: PLR2004
        raise ModelError(
            "every row has the same input (or the same group), so none can be predicted from the others",
            hint="check that the input columns are read as you expect, or name them with --text or --numeric",
        )
    models = models_for(features)
    folds = [assign_folds(given_labels, groups, n_folds, seed + repeat) for repeat in range(n_repeats)]

    def fit(model: Model, repeat: int) -> NDArray[np.float32]:
        scores = model(given_labels, folds[repeat], n_classes, seed + repeat)
        return calibrate(scores, given_labels).astype(np.float32)

    jobs = (delayed(fit)(model, repeat) for repeat in range(n_repeats) for model in models.values())
    parallel = Parallel(n_jobs=n_threads, backend="threading", return_as="generator")
    fitted = []
    # filters are the whole process's: set once, here, and not by threads that undo each other's
    with warnings.catch_warnings():
        # a fit cut short is a stronger penalty, no fault that a user could mend
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        for probs in parallel(jobs):
            fitted.append(probs)
            advance(1)
    shape = (n_repeats, len(models), len(given_labels), n_classes)
    return _predictions(tuple(models), np.stack(fitted).reshape(shape), given_labels)


def brought(pred_probs: NDArray[np.floating[Any]], model_name: str = "your probabilities") -> Predictions:
    """Probabilities that the user brought, in the shape of one model and one repeat."""
    probs = np.asarray(pred_probs, dtype=np.float32)
    return Predictions((model_name,), probs[None], probs[None], probs)


def _predictions(
    names: tuple[str, ...], probs: NDArray[np.float32], given_labels: NDArray[np.intp]
) -> Predictions:
    """Pool the models that learnt something; one fed a table that tells nothing would only vote at random."""
    heard = [place for place in range(len(names)) if _knows(probs[:, place].mean(axis=0), given_labels)]
    unheard = tuple(name for place, name in enumerate(names) if heard and place not in heard)
    if heard:
        names, probs = tuple(names[place] for place in heard), probs[:, heard]
    by_model = probs.mean(axis=0)
    by_repeat = np.stack([pool(of_repeat, given_labels) for of_repeat in probs]).astype(np.float32)
    pooled = pool(by_model, given_labels).astype(np.float32)
    return Predictions(names, by_model, by_repeat, pooled, unheard)


def _knows(probs: NDArray[np.float32], given_labels: NDArray[np.intp]) -> bool:
    """Whether the predictions beat chance with all classes weighed evenly.

    A model that always answers the largest class is often right and knows nothing; one that finds the
    rare class is often wrong and does.
    """
    chance = 1 / len(np.unique(given_labels))
    skill = (balanced_accuracy(probs.argmax(axis=1), given_labels) - chance) / (1 - chance)
    return bool(skill > _LEAST_LEARNT)
