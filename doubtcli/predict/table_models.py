"""Dense features -> out-of-fold scores by three different models: a linear one, and two of trees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Codes

    Scores = NDArray[np.float64]

_LINEAR_PENALTY = 1.0
"""Scikit-learn's `C`, and its default. On average, .1 ranked as well."""
_TREES = 100
"""Each is grown until its leaves are pure: with leaves of two rows or more, errors near another class were
found less often. With 200 trees the ranking was hardly better."""
_BOOSTS = 30
"""With 50, label errors were ranked hardly better, at nearly twice the cost."""
MOST_TREE_ROWS = 200_000
"""The most rows that a tree is grown on, drawn for each tree; in a larger file average precision is lower,
and a note says so."""
_FLOOR = 0.01
"""Added to probabilities before the logarithm, as trees and small folds give exactly 0."""


@dataclass(frozen=True, eq=False)
class TableModel:
    """What the models of a table have in common."""

    dense: NDArray[np.float32]
    """Shape `(n_rows, n_dense)`."""
    suffix: str = ""
    """Follows its name, where another block has such a model, too."""

    kind: ClassVar[str]
    libraries: ClassVar[tuple[str, ...]]
    is_overrated: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name in the report."""
        return f"{self.kind}{self.suffix}"

    @property
    def note(self) -> str | None:
        """What the user should know about how it is fitted."""
        return None


class _Classifier(TableModel, ABC):
    """A classifier as in scikit-learn; its scores are log probabilities."""

    @abstractmethod
    def make_classifier(self, seed: int) -> Any:  # noqa: ANN401  # a class of scikit-learn
        """The classifier, not fitted yet."""

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Fit on all folds but one and predict that one; a class without training rows has probability 0.

        Returns:
            Shape `(n_rows, n_classes)`.
        """
        probs = np.zeros((len(labels), n_classes))
        for fold in range(folds.max() + 1):
            train, test = folds != fold, folds == fold
            known = np.unique(labels[train])
            if len(known) == 1:
                probs[np.ix_(test, known)] = 1.0
                continue
            model = self.make_classifier(seed).fit(self.dense[train], labels[train])
            probs[np.ix_(test, known)] = model.predict_proba(self.dense[test])
        return np.log(probs + _FLOOR)


class LinearModel(_Classifier):
    """A strongly regularised logistic regression."""

    kind = "logistic regression"
    libraries = ("sklearn.linear_model",)
    is_overrated = True
    """Many wrong labels are where a linear model would have them, too."""

    def make_classifier(self, seed: int) -> Any:  # noqa: ANN401
        """The classifier, not fitted yet."""
        from sklearn.linear_model import LogisticRegression

        del seed  # its optimum is unique
        return LogisticRegression(C=_LINEAR_PENALTY, max_iter=200)


class ExtraTrees(_Classifier):
    """Extremely randomized trees (Geurts et al., 2006)."""

    kind = "extra trees"
    libraries = ("sklearn.tree",)

    @property
    def note(self) -> str | None:
        """What the user should know about large files."""
        if len(self.dense) <= MOST_TREE_ROWS:
            return None
        return f"each tree is grown on {MOST_TREE_ROWS:,} rows, drawn at random, to save time"

    def make_classifier(self, seed: int) -> _Forest:
        """The forest, not grown yet."""
        return _Forest(seed)


class GradientBoosting(_Classifier):
    """Gradient boosting with few trees (Friedman, 2001)."""

    kind = "gradient boosting"
    libraries = ("sklearn.ensemble",)

    def make_classifier(self, seed: int) -> Any:  # noqa: ANN401
        """The classifier, not fitted yet."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_iter=_BOOSTS, early_stopping=False, random_state=seed)


class _Forest:
    """Scikit-learn's `ExtraTreesClassifier`, tree by tree.

    Scikit-learn's own class changes the warning filters of the process for every tree, and forests that grow
    in parallel undo each other's changes, and those of the caller.
    """

    def __init__(self, seed: int) -> None:
        self._random = np.random.RandomState(seed)  # the generator that scikit-learn uses
        self._trees: list[Any] = []

    def fit(self, dense: NDArray[np.float32], labels: NDArray[np.intp]) -> _Forest:
        """Grow all trees, each on a sample of the rows if there are more than `MOST_TREE_ROWS`."""
        from sklearn.tree import ExtraTreeClassifier

        n_rows = len(labels)
        for tree_seed in self._random.randint(np.iinfo(np.int32).max, size=_TREES):
            tree = ExtraTreeClassifier(max_features="sqrt", random_state=int(tree_seed))
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
