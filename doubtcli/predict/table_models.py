"""Dense features -> out-of-fold scores by three unlike models: one linear, two of trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from doubtcli.records import Codes

    Scores = NDArray[np.float64]

_LINEAR_PENALTY = 0.1
"""Scikit-learn's `C`: strong. At 1 or 10, wrong labels bend the model and hide in the bend."""
_TREES, _LEAF = 200, 2
_BOOSTS = 30
"""Fifty ranked label errors hardly better, at nearly twice the cost."""
MOST_TREE_ROWS = 200_000
"""Rows that one tree is grown on, drawn anew for each tree; in a larger file a note says so: it costs AP."""
_FLOOR = 0.01
"""Added to probabilities before the logarithm: trees and small folds answer exactly 0."""


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A strongly regularised logistic regression; its scores are log probabilities."""

    dense: NDArray[np.float32]
    suffix: str = ""
    """Told behind its name, where other blocks have such a model, too."""

    libraries: ClassVar = ("sklearn.linear_model",)
    note: ClassVar = None

    @property
    def name(self) -> str:
        """How it is called in the report."""
        return f"logistic regression{self.suffix}"

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Shape `(n_rows, n_classes)`."""
        from sklearn.linear_model import LogisticRegression

        del seed  # its optimum is unique
        return _fit_each_fold(
            lambda: LogisticRegression(C=_LINEAR_PENALTY, max_iter=200), self.dense, labels, folds, n_classes
        )


@dataclass(frozen=True, eq=False)
class ExtraTrees:
    """Extremely randomized trees (Geurts et al., 2006); their scores are log probabilities."""

    dense: NDArray[np.float32]
    suffix: str = ""

    libraries: ClassVar = ("sklearn.tree",)

    @property
    def name(self) -> str:
        """How it is called in the report."""
        return f"extra trees{self.suffix}"

    @property
    def note(self) -> str | None:
        """What the user should know of large files."""
        if len(self.dense) <= MOST_TREE_ROWS:
            return None
        return f"each tree is grown on {MOST_TREE_ROWS:,} rows drawn from all, to keep its cost in bounds"

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Shape `(n_rows, n_classes)`."""
        return _fit_each_fold(lambda: _Forest(seed), self.dense, labels, folds, n_classes)


@dataclass(frozen=True, eq=False)
class GradientBoosting:
    """Gradient boosted trees (Friedman, 2001), few of them; their scores are log probabilities."""

    dense: NDArray[np.float32]
    suffix: str = ""

    libraries: ClassVar = ("sklearn.ensemble",)
    note: ClassVar = None

    @property
    def name(self) -> str:
        """How it is called in the report."""
        return f"gradient boosting{self.suffix}"

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Shape `(n_rows, n_classes)`."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return _fit_each_fold(
            lambda: HistGradientBoostingClassifier(max_iter=_BOOSTS, early_stopping=False, random_state=seed),
            self.dense,
            labels,
            folds,
            n_classes,
        )


class _Forest:
    """Scikit-learn's `ExtraTreesClassifier`, tree by tree.

    The forest itself changes the process's warning filters around every tree, and forests grown side by side
    undo that for each other, and for everybody.
    """

    def __init__(self, seed: int) -> None:
        self._chance = np.random.RandomState(seed)  # what scikit-learn draws from
        self._trees: list[Any] = []

    def fit(self, dense: NDArray[np.float32], labels: NDArray[np.intp]) -> _Forest:
        """Grow all trees; each on a sample of the rows if there are more than `MOST_TREE_ROWS`."""
        from sklearn.tree import ExtraTreeClassifier

        n_rows = len(labels)
        for tree_seed in self._chance.randint(np.iinfo(np.int32).max, size=_TREES):
            tree = ExtraTreeClassifier(
                min_samples_leaf=_LEAF, max_features="sqrt", random_state=int(tree_seed)
            )
            weights = None
            if n_rows > MOST_TREE_ROWS:
                rows = np.random.default_rng(tree_seed).integers(0, n_rows, MOST_TREE_ROWS)
                weights = np.bincount(rows, minlength=n_rows).astype(np.float64)
            self._trees.append(tree.fit(dense, labels, sample_weight=weights, check_input=False))
        return self

    def predict_proba(self, dense: NDArray[np.float32]) -> NDArray[np.float64]:
        """The mean of the trees' probabilities."""
        total = sum(tree.predict_proba(dense, check_input=False) for tree in self._trees)
        return np.asarray(total / len(self._trees))


def _fit_each_fold(
    make: Callable[[], Any],
    dense: NDArray[np.float32],
    labels: NDArray[np.intp],
    folds: NDArray[np.intp],
    n_classes: int,
) -> NDArray[np.float64]:
    """Fit on all folds but one, predict that one; a class that the training rows lack scores as 0."""
    probs = np.zeros((len(labels), n_classes))
    for fold in range(folds.max() + 1):
        train, test = folds != fold, folds == fold
        known = np.unique(labels[train])
        if len(known) == 1:
            probs[np.ix_(test, known)] = 1.0
            continue
        model = make().fit(dense[train], labels[train])
        probs[np.ix_(test, known)] = model.predict_proba(dense[test])
    return np.log(probs + _FLOOR)
