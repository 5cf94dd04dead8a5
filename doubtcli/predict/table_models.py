"""Dense features -> out-of-fold scores by three different models: a linear one, and two of trees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from doubtcli.predict.folds import spread_rows
from doubtcli.records.arrays import split_rows
from doubtcli.records.mapped import count_worked_cells, make_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from doubtcli.records import Codes, Rows

    Scores = NDArray[np.floating]

_LINEAR_PENALTY = 1.0
"""Scikit-learn's `C`, and its default. On average, .1 ranked as well."""
_VOTES, _VOTES_OF_MANY = 60, 40
"""The trees that predict each row, and each of more than `MANY_ROWS`. They are grown until their leaves are
pure: with leaves of two rows or more, errors near another class were found less often."""
_MOST_AT_ONCE = 4_000_000
"""The most values, and probabilities, of the rows that are predicted at a time: 32 MB."""
_BOOSTING = {"max_iter": 30}
_BOOSTING_OF_FEW = {"max_iter": 20, "learning_rate": 0.15, "max_leaf_nodes": 15, "max_bins": 63}
_FEW_ROWS = 5_000
"""With no more training rows, fewer and smaller trees ranked errors as well, at half the cost (98 sets of up
to 3,000 rows; 10 rounds did not). With 13,000 rows they ranked worse."""
MANY_ROWS = 10_000
"""With more, models that are fitted to all folds but one may be fitted twice, to half of the folds each."""
_MANY_BOOSTED, _MOST_BOOSTED = 6_000_000, 2_000_000
"""Rows times columns times classes. With more than the first, boosting is fitted to half of the folds; and to
at most the second at a time, a sample of the rows."""
MOST_TREE_ROWS = 200_000
"""The most rows that a tree is grown on, drawn for each tree; in a larger file average precision is lower,
and a note says so."""
_FLOOR = 0.01
"""Added to probabilities before the logarithm, as trees and small folds give exactly 0."""


@dataclass(frozen=True, eq=False)
class TableModel:
    """What the models of a table have in common."""

    dense: Rows
    """Shape `(n_rows, n_dense)`."""
    suffix: str = ""
    """Follows its name, where another block has such a model, too."""

    kind: ClassVar[str]
    libraries: ClassVar[tuple[str, ...]]
    is_overrated: ClassVar[bool] = False
    most_classes: ClassVar[int | None] = None
    """With more classes it is left out; None: it learns any number."""

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
    def make_classifier(self, seed: int, n_rows: int) -> Any:  # noqa: ANN401  # a class of scikit-learn
        """The classifier for so many training rows, not fitted yet."""

    def is_halved(self, n_classes: int) -> bool:  # noqa: ARG002  # a subclass uses it
        """Whether it is fitted twice, to half of the folds, and not once for each fold."""
        return len(self.dense) > MANY_ROWS

    def limit_rows(self, n_classes: int) -> int:  # noqa: ARG002  # a subclass uses it
        """The most rows that it is fitted to."""
        return MOST_TREE_ROWS

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Fit on some folds and predict the others; a class without training rows has probability 0.

        Returns:
            Shape `(n_rows, n_classes)`.
        """
        probs = make_matrix((len(labels), n_classes), np.float32)
        n_folds = int(folds.max()) + 1
        for judged in np.array_split(np.arange(n_folds), 2 if self.is_halved(n_classes) else n_folds):
            is_judged = np.isin(folds, judged)
            train, test = np.flatnonzero(~is_judged), np.flatnonzero(is_judged)
            train = train[spread_rows(len(train), self.limit_rows(n_classes))]
            known = np.unique(labels[train])
            if len(known) == 1:
                probs[np.ix_(test, known)] = 1.0
                continue
            model = self.make_classifier(seed, len(train)).fit(self.dense[train], labels[train])
            for rows in _split_rows(test, max(n_classes, self.dense.shape[1])):
                probs[np.ix_(rows, known)] = model.predict_proba(self.dense[rows])
        return _take_logarithms(probs)


class LinearModel(_Classifier):
    """A strongly regularised logistic regression."""

    kind = "logistic regression"
    libraries = ("sklearn.linear_model",)
    is_overrated = True
    """Many wrong labels are where a linear model would have them, too."""

    def make_classifier(self, seed: int, n_rows: int) -> Any:  # noqa: ANN401
        """The classifier, not fitted yet."""
        from sklearn.linear_model import LogisticRegression

        del seed, n_rows  # its optimum is unique
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
        total = make_matrix((len(labels), n_classes), np.float32)
        n_votes = np.zeros(len(labels), dtype=np.float32)
        n_least = _VOTES if len(labels) <= MANY_ROWS else _VOTES_OF_MANY
        for learned in _draw_folds(int(folds.max()) + 1, n_least, random):
            grown_on = np.isin(folds, learned)
            train, test = np.flatnonzero(grown_on), np.flatnonzero(~grown_on)
            tree_seed = int(random.randint(np.iinfo(np.int32).max))
            if len(train) > MOST_TREE_ROWS:
                train = np.random.default_rng(tree_seed).choice(train, MOST_TREE_ROWS, replace=False)
            tree = ExtraTreeClassifier(max_features="sqrt", random_state=tree_seed)
            tree.fit(self.dense[train], labels[train], check_input=False)
            for rows in _split_rows(test, max(n_classes, self.dense.shape[1])):
                total[np.ix_(rows, tree.classes_)] += tree.predict_proba(self.dense[rows], check_input=False)
            n_votes[test] += 1
        return _take_logarithms(total, n_votes)


def _take_logarithms(sums: Scores, n_votes: Scores | None = None) -> Scores:
    """The logarithms of probabilities, or of sums of so many, in place: each copy of a large file counts."""
    for rows in split_rows(*sums.shape):
        part = sums[rows]
        if n_votes is not None:
            part /= n_votes[rows, None]
        part += np.float32(_FLOOR)
        np.log(part, out=part)
    return sums


def _draw_folds(n_folds: int, n_least: int, random: np.random.RandomState) -> Iterator[Codes]:
    """The folds that each tree learns from; each fold is left out by so many trees, or a few more."""
    n_learned = max(1, 2 * n_folds // 5)
    for _ in range(-(-n_least // (n_folds - n_learned))):
        order = random.permutation(n_folds)
        for turn in range(n_folds):
            yield np.roll(order, turn)[:n_learned]


def _split_rows(rows: Codes, width: int) -> Iterator[Codes]:
    """The rows in parts whose values and probabilities fit into memory."""
    step = max(1, _MOST_AT_ONCE // width)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]
        count_worked_cells(step * width)


class GradientBoosting(_Classifier):
    """Gradient boosting with few trees (Friedman, 2001)."""

    kind = "gradient boosting"
    libraries = ("sklearn.ensemble",)
    most_classes = 20
    """It grows a tree for each class in each round; extra trees, which do not, then predict labels better."""

    def make_classifier(self, seed: int, n_rows: int) -> Any:  # noqa: ANN401
        """The classifier, not fitted yet."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        trees = _BOOSTING_OF_FEW if n_rows <= _FEW_ROWS else _BOOSTING
        return HistGradientBoostingClassifier(**trees, early_stopping=False, random_state=seed)

    def is_halved(self, n_classes: int) -> bool:
        """Only where rows, columns and classes are many together: it loses some precision."""
        n_rows, n_columns = self.dense.shape
        return n_rows * n_columns * n_classes > _MANY_BOOSTED

    def limit_rows(self, n_classes: int) -> int:
        """Fewer where there are many columns or classes."""
        n_most = _MOST_BOOSTED // (self.dense.shape[1] * n_classes)
        return min(n_most, MOST_TREE_ROWS) if self.is_halved(n_classes) else len(self.dense)
