"""Every row predicted by models that never saw it, several times over."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import ModelError
from doubtcli.predict.folds import assign_folds
from doubtcli.predict.pooling import calibrate, learn_trust, pool
from doubtcli.predict.skill import balanced_accuracy
from doubtcli.predict.table_models import extra_trees, gradient_boosting, logistic_regression
from doubtcli.predict.text_models import (
    complement_naive_bayes_on_spelling,
    complement_naive_bayes_on_words,
    nearest_centroid_on_spelling,
    nearest_centroid_on_words,
    ridge_on_spelling,
)
from doubtcli.records import Predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Features, TextFeatures

    Scores = NDArray[np.float64]
    Model = Callable[[NDArray[np.intp], NDArray[np.intp], int, int], Scores]
    """(labels, folds, n_classes, seed) -> scores of shape (n_rows, n_classes)"""

_FROM_SUMS = {
    "complement naive Bayes on words": complement_naive_bayes_on_words,
    "complement naive Bayes on spelling": complement_naive_bayes_on_spelling,
    "nearest centroid on words": nearest_centroid_on_words,
    "nearest centroid on spelling": nearest_centroid_on_spelling,
}
_LEAST_LEARNT = 0.05
"""Of the way from chance to always right, that a model must have gone to be heard."""


def models_for(features: Features, *, fast: bool = False) -> dict[str, Model]:
    """The models that suit these features, by name, at least two of unlike families; `fast`: the cheapest."""
    models: dict[str, Model] = {}
    text, dense = features.text, features.dense
    if text is not None:
        models |= {name: _on_text(model, text) for name, model in _FROM_SUMS.items()}
        if not fast:
            models["ridge regression on spelling"] = lambda labels, folds, n_classes, _: ridge_on_spelling(
                text, dense, labels, folds, n_classes
            )
    if dense is not None:
        models["logistic regression"] = lambda *fit: logistic_regression(dense, *fit)
        if not fast or text is None:
            models["extra trees"] = lambda *fit: extra_trees(dense, *fit)
        if not fast:
            models["gradient boosting"] = lambda *fit: gradient_boosting(dense, *fit)
    return models


def _on_text(model: Callable[..., Scores], text: TextFeatures) -> Model:
    return lambda labels, folds, n_classes, _: model(text, labels, folds, n_classes)


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
    only: tuple[str, ...] | None = None,
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
        only: The models to fit, by name; all that suit the features if left out.
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
    fit = _Fitter(features, given_labels, n_classes, n_threads, advance)
    folds = [assign_folds(given_labels, groups, n_folds, seed + repeat) for repeat in range(n_repeats)]
    names = tuple(models_for(features)) if only is None else only
    first = fit(names, folds[:1], seed)[0]
    heard = tuple(name for name in names if _knows(first[name], given_labels)) or names
    # what learnt nothing once is not asked again: on large tables the forests alone take most of the time
    repeats = [first, *fit(heard, folds[1:], seed + 1)]
    probs = np.stack([[repeat[name] for name in heard] for repeat in repeats])
    return _predictions(heard, probs, given_labels, tuple(name for name in names if name not in heard))


_LIBRARIES = ("scipy.optimize", "sklearn.linear_model", "sklearn.ensemble", "sklearn.tree")
"""What models load when first asked: loaded before there are threads, for of two that load one library
at once the second may see half of it. All but the first are for tables."""


@dataclass(frozen=True)
class _Fitter:
    """Fits models side by side."""

    features: Features
    given_labels: NDArray[np.intp]
    n_classes: int
    n_threads: int
    advance: Callable[[int], None]

    def __call__(
        self, names: Sequence[str], folds: Sequence[NDArray[np.intp]], seed: int
    ) -> list[dict[str, NDArray[np.float32]]]:
        """Each model's out-of-fold probabilities by its name, once for each set of folds."""
        from joblib import Parallel, delayed

        models = models_for(self.features)
        for library in _LIBRARIES if self.features.dense is not None else _LIBRARIES[:1]:
            import_module(library)

        def fit(name: str, repeat: int) -> NDArray[np.float32]:
            scores = models[name](self.given_labels, folds[repeat], self.n_classes, seed + repeat)
            return calibrate(scores, self.given_labels).astype(np.float32)

        wanted = [(name, repeat) for repeat in range(len(folds)) for name in names]
        parallel = Parallel(n_jobs=self.n_threads, backend="threading", return_as="generator")
        fitted: list[dict[str, NDArray[np.float32]]] = [{} for _ in folds]
        # filters are the whole process's: set once, here, and not by threads that undo each other's
        with warnings.catch_warnings():
            # a fit cut short is a stronger penalty, no fault that a user could mend
            warnings.filterwarnings("ignore", message="lbfgs failed to converge")
            for (name, repeat), probs in zip(
                wanted, parallel(delayed(fit)(*one) for one in wanted), strict=True
            ):
                fitted[repeat][name] = probs
                self.advance(1)
        return fitted


def brought(pred_probs: NDArray[np.floating[Any]], model_name: str = "your probabilities") -> Predictions:
    """Probabilities that the user brought, in the shape of one model and one repeat."""
    probs = np.asarray(pred_probs, dtype=np.float32)
    return Predictions((model_name,), probs[None], probs[None], probs)


def _predictions(
    names: tuple[str, ...],
    probs: NDArray[np.float32],
    given_labels: NDArray[np.intp],
    unheard: tuple[str, ...],
) -> Predictions:
    """Pool the models, each trusted as far as the labels bear it out; probs: (repeat, model, row, class)."""
    by_model = probs.mean(axis=0)
    trust = learn_trust(by_model, given_labels, np.full(len(names), 1 / len(names)))
    by_repeat = np.stack([pool(of_repeat, given_labels, trust) for of_repeat in probs]).astype(np.float32)
    pooled = pool(by_model, given_labels, trust).astype(np.float32)
    return Predictions(names, by_model, by_repeat, pooled, unheard)


def _knows(probs: NDArray[np.float32], given_labels: NDArray[np.intp]) -> bool:
    """Whether the predictions beat chance with all classes weighed evenly.

    A model that always answers the largest class is often right and knows nothing; one that finds the
    rare class is often wrong and does.
    """
    chance = 1 / len(np.unique(given_labels))
    skill = (balanced_accuracy(probs.argmax(axis=1), given_labels) - chance) / (1 - chance)
    return bool(skill > _LEAST_LEARNT)
