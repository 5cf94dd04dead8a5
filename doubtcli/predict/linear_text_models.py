"""Text features -> out-of-fold scores by two linear models, each fitted to all folds at once.

A product of a sparse matrix with ten columns costs little more than with one. So the weights of all folds are
columns of one matrix, and a row counts nothing in the fold that holds it out. Each fold has its own steps and
stops by itself: nothing that a row says reaches the fit that judges it. With two classes there is one
column a fold: the scores of the classes are opposites.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from doubtcli.predict.text_models import count_in_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from scipy import sparse

    from doubtcli.records import Codes

    Array = NDArray[np.float32]
    Scores = NDArray[np.float64]

_RIDGE_PENALTY = 1.0
"""Scikit-learn's default; it is strong here, as rows have a length of about 1."""
_MOST_STEPS, _TOLERANCE = 30, 1e-2
"""Limits of the conjugate gradients: a fit that stops earlier is penalised more; chosen once, not tuned."""
_LOGISTIC_PENALTY = 1.0
"""One over scikit-learn's `C`; a third ranked errors about as well, or worse."""
_MOST_NEWTON_STEPS, _MOST_INNER_STEPS, _MOST_HALVINGS = 5, 6, 6
_NEWTON_TOLERANCE, _INNER_TOLERANCE = 0.03, 0.3
"""Limits of the logistic regression. To fit it more exactly takes twice the time, and ranks no better."""
_MOST_CELLS = 2**22
"""The most weights, or scores, of several folds that are fitted at once: 16 MB."""
_TINY = np.float32(1e-30)
_SAME = 1 + 1e-6
"""Two losses differ by less in single precision."""


class Design(ABC):
    """A matrix of features that need not be built: only products with it are computed."""

    n_columns: int

    @abstractmethod
    def forward(self, weights: Array) -> Array:
        """`X @ weights`, shape `(n_rows, n)`, by weights of shape `(n_columns, n)`."""

    @abstractmethod
    def back(self, values: Array) -> Array:
        """`X.T @ values`, shape `(n_columns, n)`, by values of shape `(n_rows, n)`."""


class WordsDesign(Design):
    """A sparse matrix."""

    def __init__(self, words: sparse.csr_matrix) -> None:
        # the transpose shares its arrays, and is faster than a copy: there are fewer words than rows
        self._words, self._words_back = words, words.T
        self.n_columns = words.shape[1]

    def forward(self, weights: Array) -> Array:
        """`X @ weights`."""
        return np.asarray(self._words @ weights)

    def back(self, values: Array) -> Array:
        """`X.T @ values`."""
        return np.asarray(self._words_back @ values)


class SpellingDesign(Design):
    """`[tokens @ spelling, dense]`, where dense values are scaled so that one penalty fits both."""

    def __init__(
        self, tokens: sparse.csr_matrix, spelling: sparse.csr_matrix, dense: Array | None = None
    ) -> None:
        self._tokens, self._tokens_back = tokens, tokens.T
        self._spelling, self._spelling_back = spelling, spelling.T
        self._n_ngrams = spelling.shape[1]
        # a row of standardised values then has a length of about 1, like that of a text
        self._dense = None if dense is None else dense / np.sqrt(dense.shape[1], dtype=np.float32)
        self.n_columns = self._n_ngrams + (0 if dense is None else dense.shape[1])

    def forward(self, weights: Array) -> Array:
        """`X @ weights`."""
        product = self._tokens @ (self._spelling @ weights[: self._n_ngrams])
        return np.asarray(
            product if self._dense is None else product + self._dense @ weights[self._n_ngrams :]
        )

    def back(self, values: Array) -> Array:
        """`X.T @ values`."""
        product = self._spelling_back @ (self._tokens_back @ values)
        return np.asarray(product if self._dense is None else np.vstack([product, self._dense.T @ values]))


class _LinearModel(ABC):
    """A model whose scores are linear in the features."""

    libraries: ClassVar[tuple[str, ...]] = ()
    note: ClassVar = None
    is_overrated: ClassVar = False

    @abstractmethod
    def make_design(self) -> Design:
        """The features of all rows."""

    @abstractmethod
    def fit(self, design: Design, targets: Array, counts: Array) -> Array:
        """The scores of all rows, by a fit for each fold.

        Args:
            design: The features.
            targets: Shape `(n_rows, 1, n_scores)`: 1 for the class of a row, else 0.
            counts: Shape `(n_rows, n_folds, 1)`: 1 where a row is fitted to, 0 where it is held out.

        Returns:
            Shape `(n_rows, n_folds, n_scores)`.
        """

    def predict_out_of_fold(self, labels: Codes, folds: Codes, n_classes: int, seed: int) -> Scores:
        """The out-of-fold scores, shape `(n_rows, n_classes)`."""
        del seed  # the optimum is unique
        design = self.make_design()
        targets = np.eye(n_classes, dtype=np.float32)[labels][:, None]
        if n_classes == 2:  # noqa: PLR2004
            targets = targets[..., 1:]
        scores = np.zeros((len(labels), targets.shape[2]))
        cells = max(len(labels), design.n_columns) * targets.shape[2]
        for held_out in _split_folds(int(folds.max()) + 1, cells):
            is_out = folds[:, None] == held_out
            fitted = self.fit(design, targets, (~is_out).astype(np.float32)[..., None])
            scores[is_out.any(axis=1)] = fitted[is_out]
        return np.hstack([-scores, scores]) if n_classes == 2 else scores  # noqa: PLR2004


@dataclass(frozen=True, eq=False)
class RidgeOnSpelling(_LinearModel):
    """One-against-rest ridge regression on character n-grams and table values; scores of about -1 to 1."""

    tokens: sparse.csr_matrix
    """Shape `(n_rows, n_tokens)`."""
    spelling: sparse.csr_matrix
    """Shape `(n_tokens, n_ngrams)`: `tokens @ spelling` are the n-grams of each text."""
    dense: Array | None = None
    """Shape `(n_rows, n_dense)`."""

    name: ClassVar = "ridge regression on spelling"

    def make_design(self) -> Design:
        """The n-grams, and the table values if there are any."""
        return SpellingDesign(self.tokens, self.spelling, self.dense)

    def fit(self, design: Design, targets: Array, counts: Array) -> Array:
        """Solve `(X'X + penalty) w = X' targets` for all classes and folds (Hestenes and Stiefel, 1952)."""
        targets = 2 * targets - 1
        mean = (counts * targets).sum(axis=0) / counts.sum(axis=0)
        scores = np.broadcast_to(mean, (len(targets), *mean.shape)).copy()
        apart = targets - mean
        apart *= counts  # in place here and below: of a million rows each array takes long to be allotted
        residual = _unflatten(design.back(_flatten(apart)), scores)
        del apart
        direction = residual.copy()
        squares = first = (residual * residual).sum(axis=0)
        for _ in range(_MOST_STEPS):
            is_far = (squares > _TOLERANCE**2 * first).any(axis=1, keepdims=True)
            if not is_far.any():
                break
            change = _unflatten(design.forward(_flatten(direction)), scores)
            curved = _unflatten(design.back(_flatten(counts * change)), scores)
            curved += np.float32(_RIDGE_PENALTY) * direction
            step = np.where(is_far, squares / np.maximum((direction * curved).sum(axis=0), _TINY), 0)
            change *= step
            scores += change
            residual -= step * curved
            before, squares = squares, (residual * residual).sum(axis=0)
            direction = residual + squares / np.maximum(before, _TINY) * direction
        return scores


@dataclass(frozen=True, eq=False)
class LogisticOnWords(_LinearModel):
    """Logistic regression on words, with all classes weighted equally; scores are log odds.

    If each row counts the same, it learns which classes have too many labels, and misses the errors in them.
    """

    words: sparse.csr_matrix
    """Shape `(n_rows, n_words)`."""

    name: ClassVar = "logistic regression on words"
    libraries: ClassVar = ("scipy.special",)

    def make_design(self) -> Design:
        """The words that occur in two texts: one that occurs once says nothing about other rows."""
        return WordsDesign(self.words[:, count_in_columns(self.words) > 1])

    def fit(self, design: Design, targets: Array, counts: Array) -> Array:
        """Newton's method with a line search, its steps by conjugate gradients (Dembo and Steihaug, 1983)."""
        loss = _LogLoss(design, targets, _balance(targets, counts))
        weights = loss.guess_weights()
        scores = np.repeat(weights[-1:], len(targets), axis=0)
        height, first = loss.measure(weights, scores), None
        for _ in range(_MOST_NEWTON_STEPS):
            probs = _find_probabilities(scores)
            slope = loss.find_slope(weights, probs)
            squares = _square(slope)
            first = squares if first is None else first
            is_there = squares <= _NEWTON_TOLERANCE**2 * first
            if is_there.all():
                break
            goal = np.where(
                is_there, np.inf, np.minimum(_INNER_TOLERANCE**2, np.sqrt(squares / first)) * squares
            )
            step, change = loss.find_step(slope, probs, goal)
            length = np.ones_like(squares)[:, None]
            for _ in range(_MOST_HALVINGS):
                after = loss.measure(weights + length * step, scores + length * change)
                is_worse = after > height * _SAME
                if not is_worse.any():
                    break
                length[is_worse] /= 2
            weights += length * step
            scores += length * change
            height = np.minimum(after, height)
        return np.asarray(scores / 2 if scores.shape[2] == 1 else scores, dtype=np.float32)


class _LogLoss:
    """The penalised log loss of all folds; the last row of its weights is added to the scores of all rows."""

    def __init__(self, design: Design, targets: Array, counts: Array) -> None:
        self._design, self._targets, self._counts = design, targets, counts
        self._penalty = np.full((design.n_columns + 1, 1, 1), _LOGISTIC_PENALTY, dtype=np.float32)
        self._penalty[-1] = 0

    def guess_weights(self) -> Array:
        """The weights by which all rows have the same scores: by the shares of the classes."""
        n_classes = max(2, self._targets.shape[2])
        shares = (self._counts * self._targets).sum(axis=0) + 1
        shares /= self._counts.sum(axis=0) + n_classes
        weights = np.zeros((len(self._penalty), *shares.shape), dtype=np.float32)
        weights[-1] = np.log(shares / (1 - shares)) if shares.shape[1] == 1 else np.log(shares)
        return weights

    def measure(self, weights: Array, scores: Array) -> Scores:
        """The loss of each fold."""
        total = np.logaddexp(0, scores) if scores.shape[2] == 1 else _log_sum_exp(scores)
        of_rows = self._counts * (total - (self._targets * scores).sum(axis=2, keepdims=True))
        penalty = _square(np.sqrt(self._penalty / 2) * weights)
        return np.asarray(of_rows.sum(axis=(0, 2), dtype=np.float64) + penalty)

    def find_slope(self, weights: Array, probs: Array) -> Array:
        """The gradient by the weights."""
        return self._back(self._counts * (probs - self._targets)) + self._penalty * weights

    def find_step(self, slope: Array, probs: Array, goal: Array) -> tuple[Array, Array]:
        """About the step to the minimum of the same slope and curvature, and its change of the scores."""
        step, change = np.zeros_like(slope), np.zeros_like(probs)
        residual, direction = -slope, -slope
        squares = _square(residual)
        for _ in range(_MOST_INNER_STEPS):
            is_far = squares > goal
            if not is_far.any():
                break
            moved = self._forward(direction)
            curved = self._back(self._counts * _curve(probs, moved)) + self._penalty * direction
            length = np.where(is_far, squares / np.maximum(_dot(direction, curved), _TINY), 0)[:, None]
            step += length * direction
            moved *= length
            change += moved
            residual = residual - length * curved
            before, squares = squares, _square(residual)
            direction = residual + (squares / np.maximum(before, _TINY))[:, None] * direction
        return step, change

    def _forward(self, weights: Array) -> Array:
        scores = _unflatten(self._design.forward(_flatten(weights[:-1])), weights)
        scores += weights[-1:]
        return scores

    def _back(self, values: Array) -> Array:
        by_column = _unflatten(self._design.back(_flatten(values)), values)
        return np.concatenate([by_column, values.sum(axis=0, keepdims=True)])


def _balance(targets: Array, counts: Array) -> Array:
    """Counts of rows in each fold by which all classes have equal sums, and all rows the same as before."""
    if targets.shape[2] == 1:
        targets = np.concatenate([1 - targets, targets], axis=2)
    sizes = (counts * targets).sum(axis=0)
    n_present = (sizes > 0).sum(axis=1, keepdims=True)
    of_class = sizes.sum(axis=1, keepdims=True) / (n_present * np.maximum(sizes, 1))
    weights = counts * (targets * of_class).sum(axis=2, keepdims=True)
    return np.asarray(weights, dtype=np.float32)


def _curve(probs: Array, moved: Array) -> Array:
    """How much the slope by the scores changes if these are moved, shape `(n_rows, n_folds, n_scores)`."""
    if probs.shape[2] == 1:
        return probs * (1 - probs) * moved
    pull = probs * moved
    np.subtract(moved, pull.sum(axis=2, keepdims=True), out=pull)
    pull *= probs
    return pull


def _find_probabilities(scores: Array) -> Array:
    from scipy.special import expit

    if scores.shape[2] == 1:
        return np.asarray(expit(scores))
    shares = scores - scores.max(axis=2, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=2, keepdims=True)
    return np.asarray(shares)


def _log_sum_exp(scores: Array) -> Array:
    highest = scores.max(axis=2, keepdims=True)
    shares = scores - highest
    np.exp(shares, out=shares)
    return np.asarray(highest + np.log(shares.sum(axis=2, keepdims=True)))


def _split_folds(n_folds: int, cells: int) -> Iterator[Codes]:
    """Batches of folds that are fitted at once, where each fold has so many weights or scores."""
    size = max(1, _MOST_CELLS // max(1, cells))
    for start in range(0, n_folds, size):
        yield np.arange(start, min(start + size, n_folds))


def _flatten(array: Array) -> Array:
    return array.reshape(len(array), math.prod(array.shape[1:]))


def _unflatten(flat: Array, like: Array) -> Array:
    return flat.reshape(len(flat), *like.shape[1:])


def _dot(one: Array, other: Array) -> Array:
    """The inner product of each fold's weights."""
    return np.asarray(np.einsum("dfk,dfk->f", one, other))


def _square(array: Array) -> Array:
    return _dot(array, array)
