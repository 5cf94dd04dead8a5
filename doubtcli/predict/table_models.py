"""Dense features -> out-of-fold scores by three different models: a linear one, and two of trees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from doubtcli.records import Codes

    Scores = NDArray[np.float64]

_LINEAR_PENALTY = 1.0
"""Scikit-learn's `C`, and its default. On average, .1 ranked as well."""
_VOTES = 60
"""The trees that predict each row. Each is grown until its leaves are pure: with leaves of two rows or more,
errors near another class were found less often."""
_MOST_AT_ONCE = 4_000_000
"""The most probabilities that a tree predicts at a time: 32 MB."""
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


class ExtraTrees(TableModel):
    """Extremely randomized trees (Geurts et al., 2006), shared by the folds.

    Each tree is grown on two fifths of the folds and predicts all the others, so that a hundred trees give
    each row sixty opinions, of trees that never saw its fold. A forest for each fold, of trees grown on all
    others, costs six times as much and ranked label errors as well.
    """

    kind = "extra trees"
    libraries = ("sklearn.tree",)

    @property
    def note(self) -> str | None:
        """What the user should know about large files."""
        if len(self.dense) <= MOST_TREE_ROWS:
            return None
        return f"each tree is grown on {MOST_TREE_ROWS:,} rows, drawn at random, to save time"

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Grow the trees one after the other; the scores of a row are those of trees without its fold.

        Returns:
            Shape `(n_rows, n_classes)`: the logarithms of mean probabilities.
        """
        # trees one by one, and not scikit-learn's forest, which changes the warning filters of the process
        from sklearn.tree import ExtraTreeClassifier

        random = np.random.RandomState(seed)  # the generator that scikit-learn uses
        total = np.zeros((len(labels), n_classes))
        n_votes = np.zeros(len(labels))
        for learned in _draw_folds(int(folds.max()) + 1, random):
            grown_on = np.isin(folds, learned)
            train, test = np.flatnonzero(grown_on), np.flatnonzero(~grown_on)
            tree_seed = int(random.randint(np.iinfo(np.int32).max))
            if len(train) > MOST_TREE_ROWS:
                train = np.random.default_rng(tree_seed).choice(train, MOST_TREE_ROWS, replace=False)
            tree = ExtraTreeClassifier(max_features="sqrt", random_state=tree_seed)
            tree.fit(self.dense[train], labels[train], check_input=False)
            for rows in _split_rows(test, n_classes):
                total[np.ix_(rows, tree.classes_)] += tree.predict_proba(self.dense[rows], check_input=False)
            n_votes[test] += 1
        return np.log(total / n_votes[:, None] + _FLOOR)


def _draw_folds(n_folds: int, random: np.random.RandomState) -> Iterator[Codes]:
    """The folds that each tree learns from; each fold is left out by `_VOTES` trees or a few more."""
    n_learned = max(1, 2 * n_folds // 5)
    for _ in range(-(-_VOTES // (n_folds - n_learned))):
        order = random.permutation(n_folds)
        for turn in range(n_folds):
            yield np.roll(order, turn)[:n_learned]


def _split_rows(rows: Codes, n_classes: int) -> list[Codes]:
    """The rows in parts whose probabilities fit into memory."""
    step = max(1, _MOST_AT_ONCE // n_classes)
    return [rows[start : start + step] for start in range(0, len(rows), step)]


class GradientBoosting(_Classifier):
    """Gradient boosting with few trees (Friedman, 2001)."""

    kind = "gradient boosting"
    libraries = ("sklearn.ensemble",)

    def make_classifier(self, seed: int) -> Any:  # noqa: ANN401
        """The classifier, not fitted yet."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_iter=_BOOSTS, early_stopping=False, random_state=seed)
