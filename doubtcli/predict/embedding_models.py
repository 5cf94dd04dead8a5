"""Vectors whose directions have a meaning -> out-of-fold scores by linear models and by neighbours.

No trees: they split on one column at a time, and no single column means anything. A linear model needs no
rows, only sums over rows; those that the model of a fold needs are the total less those of the fold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from doubtcli.predict.folds import spread_rows
from doubtcli.predict.text_models import encode_one_hot
from doubtcli.records.mapped import MAPPED_FROM, count_worked_cells, make_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Codes, Floats

    Matrix = NDArray[np.float32]
    Scores = NDArray[np.float64]

_PART = 16_384
"""Rows that are held in double precision at a time."""
_SHRINKAGE = 0.5
"""The weight of a sphere in the estimate of how classes spread; of .05 to .7, .3 and .5 ranked best."""
_LOGISTIC_PENALTY = 0.1
"""One over scikit-learn's `C`: weak, as vectors have a length of 1, and the fit stops early."""
_STEPS = 15
"""Of the logistic regression; forty rank better alone (.56 for .53 on 77 classes), at twice the cost."""
_REACH = 64
"""The neighbours of a row that are looked for; with five folds some fifty of them are in another fold."""
_MOST_COMPARED = 20_000
"""The most rows among which neighbours are looked for: as for the neighbours of the reasons."""
_MOST_AT_ONCE = 4_000_000
"""The most distances in memory at a time: 64 MB with their indices."""
_SHARPNESS = 10.0
"""Votes weigh `exp(10 * cosine)`: one at a cosine of .9 as much as seven at .7."""
_FLOOR = 0.02
"""Added to shares of votes before the logarithm, as few neighbours often give exactly 0."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """A dense matrix of vectors, with the two products that models of class sums need."""

    rows: Matrix
    """Shape `(n_rows, n_dimensions)`."""

    def sum_by_class(self, rows: Codes, labels: Codes, n_classes: int) -> Scores:
        """The sums over these rows, shape `(n_classes, n_dimensions)`."""
        total = np.zeros((n_classes, self.rows.shape[1]))
        for part in _parts_of(rows):
            total += encode_one_hot(labels[part], n_classes) @ self.rows[part].astype(np.float64)
        return total

    def score_rows(self, rows: Codes, weights: Matrix) -> Matrix:
        """The scores, shape `(n_rows, n_classes)`, by weights of shape `(n_dimensions, n_classes)`."""
        return np.asarray(self.rows[rows] @ weights)

    def multiply(self, rows: Codes) -> Scores:
        """The sum of the products of the columns over these rows, shape `(n_dimensions, n_dimensions)`."""
        total = np.zeros((self.rows.shape[1], self.rows.shape[1]))
        for part in _parts_of(rows):
            of_part = self.rows[part].astype(np.float64)
            total += of_part.T @ of_part
        return total


def _parts_of(rows: Codes) -> list[Codes]:
    return [rows[start : start + _PART] for start in range(0, len(rows), _PART)]


@dataclass(frozen=True, eq=False)
class Sums:
    """What linear models need of the rows that they are fitted to."""

    products: Scores
    """Shape `(n_dimensions, n_dimensions)`: of the columns, summed over the rows; empty if not used."""
    of_class: Scores
    """Shape `(n_classes, n_dimensions)`: the rows of each class, summed."""
    counts: Scores
    """Shape `(n_classes,)`: how many rows each class has."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.products + other.products, self.of_class + other.of_class, self.counts + other.counts
        )

    def __sub__(self, other: Sums) -> Sums:
        return Sums(
            self.products - other.products, self.of_class - other.of_class, self.counts - other.counts
        )


@dataclass(frozen=True, eq=False)
class _LinearModel(ABC):
    """A model of one weight for each column and class, and one number for each class."""

    vectors: Vectors
    on: str
    """What the vectors are: "embeddings"."""

    kind: ClassVar[str]
    uses_products: ClassVar = True
    libraries: ClassVar = ()
    note: ClassVar = None
    is_overrated: ClassVar = False

    @property
    def name(self) -> str:
        """The name in the report."""
        return f"{self.kind} on {self.on}"

    @abstractmethod
    def fit(self, sums: Sums, train: Codes, labels: Codes) -> tuple[Scores, Scores]:
        """Weights of shape `(n_dimensions, n_classes)`, and a number for each class."""

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Matrix:
        """Fit on the total of all sums less those of the fold; a class without training rows is least likely.

        Returns:
            Shape `(n_rows, n_classes)`.
        """
        del seed  # nothing is random
        parts = [np.flatnonzero(folds == fold) for fold in range(folds.max() + 1)]
        sums = [self._add_up(rows, labels, n_classes) for rows in parts]
        total = sum(sums[1:], sums[0])
        scores = make_matrix((len(labels), n_classes), np.float32)
        for fold, (rows, own) in enumerate(zip(parts, sums, strict=True)):
            rest = total - own
            weights, offsets = self.fit(rest, np.flatnonzero(folds != fold), labels)
            single, is_known = weights.astype(np.float32), rest.counts > 0
            step = max(1, MAPPED_FROM // n_classes)
            for start in range(0, len(rows), step):
                part = rows[start : start + step]
                found = self.vectors.score_rows(part, single) + offsets
                found[:, ~is_known] = found[:, is_known].min(axis=1, keepdims=True)
                scores[part] = found
                count_worked_cells(found.size)
        return scores

    def _add_up(self, rows: Codes, labels: Codes, n_classes: int) -> Sums:
        counts = np.bincount(labels[rows], minlength=n_classes).astype(np.float64)
        products = self.vectors.multiply(rows) if self.uses_products else np.zeros((0, 0))
        return Sums(products, self.vectors.sum_by_class(rows, labels, n_classes), counts)


class NearestDirection(_LinearModel):
    """Cosines of each vector with the mean vector of each class (Rocchio, 1971), -1 to 1."""

    kind = "nearest centroid"
    uses_products = False

    def fit(self, sums: Sums, train: Codes, labels: Codes) -> tuple[Scores, Scores]:
        """The directions of the classes; all offsets are 0."""
        del train, labels
        lengths = np.linalg.norm(sums.of_class, axis=1, keepdims=True)
        return (sums.of_class / np.where(lengths > 0, lengths, 1.0)).T, np.zeros(len(lengths))


class DiscriminantAnalysis(_LinearModel):
    """Linear discriminant analysis (Fisher, 1936), all classes equally common; its scores are log odds.

    Classes are assumed to spread in the same way, half as they are found to do and half equally in all
    directions (Friedman, 1989): with few rows, the spread in most directions is not known.
    """

    kind = "linear discriminant"

    def fit(self, sums: Sums, train: Codes, labels: Codes) -> tuple[Scores, Scores]:
        """Weights and offsets, from sums alone."""
        del train, labels
        means = sums.of_class / np.maximum(sums.counts, 1)[:, None]
        within = (sums.products - sums.of_class.T @ means) / sums.counts.sum()
        n_dimensions = len(within)
        variance = max(np.trace(within) / n_dimensions, np.finfo(np.float32).eps)
        spread = (1 - _SHRINKAGE) * within + _SHRINKAGE * variance * np.eye(n_dimensions)
        weights = np.linalg.solve(spread, means.T)
        return weights, -(means * weights.T).sum(axis=1) / 2


class ShortLogisticRegression(_LinearModel):
    """A multinomial logistic regression in a few steps; its scores are log odds.

    Each step is a ridge regression on what is not yet explained: no class is ever less certain than if all
    others were one and as likely, so one matrix bounds the curvature for all steps and classes. Sources:
    Böhning, 1992; accelerated as by Nesterov, 1983. A fit that stops early is only penalised more.
    """

    kind = "logistic regression"

    def fit(self, sums: Sums, train: Codes, labels: Codes) -> tuple[Scores, Scores]:
        """Weights and offsets, after a fixed number of steps."""
        mean = sums.of_class.sum(axis=0) / len(train)
        centred = self.vectors.rows[train] - mean.astype(np.float32)
        curvature = (sums.products - len(train) * np.outer(mean, mean)) / 2
        curvature += _LOGISTIC_PENALTY * np.eye(len(mean))
        inverse = np.linalg.inv(curvature).astype(np.float32)
        n_classes = len(sums.counts)
        shares = (sums.counts + 0.5) / (len(train) + 0.5 * n_classes)
        offsets = np.log(shares).astype(np.float32)
        weights = ahead = np.zeros((len(mean), n_classes), dtype=np.float32)
        for step in range(_STEPS):
            residual = -_softmax(centred @ ahead + offsets)
            residual[np.arange(len(train)), labels[train]] += 1
            slope = centred.T @ residual - np.float32(_LOGISTIC_PENALTY) * ahead
            before, weights = weights, ahead + inverse @ slope
            ahead = weights + np.float32(step / (step + 3)) * (weights - before)
            offsets += 2 * residual.mean(axis=0)
        return weights.astype(np.float64), offsets - mean @ weights


def _softmax(scores: Matrix) -> Matrix:
    """Probabilities in proportion to `exp(scores)`, in place."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


@dataclass(frozen=True, eq=False)
class NeighborVote:
    """The labels of the most similar rows in other folds, by their share; its scores are log shares."""

    directions: Matrix
    """Shape `(n_rows, n_dimensions)`, rows of length 1; a row of 0 has no neighbours."""
    exact_keys: Codes
    """Shape `(n_rows,)`: rows with the same number are one neighbour, with all their labels."""
    on: str

    libraries: ClassVar = ("sklearn.neighbors",)
    note: ClassVar = None
    is_overrated: ClassVar = False

    @property
    def name(self) -> str:
        """The name in the report."""
        return f"nearest neighbours on {self.on}"

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """Count the votes of neighbours in other folds; where there are none, all classes score equally.

        Returns:
            Shape `(n_rows, n_classes)`.
        """
        del seed  # nothing is random
        neighbors, weights = self._nearest
        votes = np.zeros((len(labels), n_classes))
        rows = np.arange(len(labels))
        for column, weight in zip(neighbors.T, weights.T, strict=True):
            votes[rows, labels[column]] += np.where(folds[column] != folds, weight, 0.0)
        return np.asarray(np.log(votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-30) + _FLOOR))

    @cached_property
    def _nearest(self) -> tuple[Codes, Floats]:
        """The neighbours of each row and the weights of their votes, the same for all folds and labels."""
        from sklearn.neighbors import NearestNeighbors

        different = np.unique(self.exact_keys, return_index=True)[1]
        candidates = different[spread_rows(len(different), _MOST_COMPARED)]
        width = min(_REACH, len(candidates))
        index = NearestNeighbors(n_neighbors=width, algorithm="brute", metric="sqeuclidean")
        index.fit(self.directions[candidates])
        neighbors = np.zeros((len(self.directions), width), dtype=np.intp)
        weights = np.zeros((len(self.directions), width), dtype=np.float32)
        lengths = np.square(self.directions).sum(axis=1)  # 1, or 0 without a vector
        step = max(1, _MOST_AT_ONCE // width)
        for start in range(0, len(self.directions), step):
            rows = slice(start, start + step)
            squares, places = index.kneighbors(self.directions[rows])
            neighbors[rows] = candidates[places]
            cosines = (lengths[rows, None] + lengths[neighbors[rows]] - squares) / 2
            weights[rows] = np.where(cosines > 0, np.exp(_SHARPNESS * cosines), 0.0)
        return neighbors, weights
