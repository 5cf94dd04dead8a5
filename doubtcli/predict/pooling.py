"""Scores on any scale -> probabilities, and several opinions -> one; for models and for the ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.folds import spread_rows
from doubtcli.records.arrays import compute_by_block, fill_by_block, take_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import DTypeLike

    from doubtcli.records.arrays import Bools, Codes, Floats

_MOST_ROWS_FITTED = 20_000
"""The most rows that a temperature is fitted to; its error is then far smaller than matters."""
_MOST_CELLS_FITTED = 2_000_000
"""The most rows times classes: with more than 100 classes, it is fitted to fewer rows."""
_LEAST_LOGGED = 1e-6
_WRONG = 0.1
"""The share of labels that is assumed to be wrong when opinions are weighed; .05 and .2 gave nearly the same
weights."""
_WITH_ALL = 0.25
"""The part of the trust that is learned with all models. On 59 plantings in 22 tables, .15 to .4 ranked
alike; 0 lost where errors are far from other classes, and 1 where they are near."""
_PULL = 0.003
"""The strength of the prior on trust; .001 to .01 gave nearly the same weights, .05 worse ones."""


def softmax(scores: Floats) -> Floats:
    """Probabilities in proportion to `exp(scores)`; each row sums to 1."""
    return _raise(np.array(scores))


def _raise(scores: Floats) -> Floats:
    """The same, in place."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


def calibrate_scores(scores: Floats, labels: Codes) -> Floats:
    """Out-of-fold scores as probabilities, by the single temperature that makes the labels likeliest.

    One more row, spread evenly over the classes, is added to the `n_rows` rows, so that with few rows no
    model is nearly certain. Sources: Guo et al., 2017; the rule of succession, Laplace, 1774.

    Args:
        scores: Shape `(n_rows, n_classes)`, higher is likelier.
        labels: Shape `(n_rows,)`.

    Returns:
        Shape `(n_rows, n_classes)`, of the type of the scores; rows sum to 1.
    """
    return calibrate_by_block(lambda rows: take_rows(scores, rows), scores.shape, scores.dtype, labels)


def calibrate_by_block(
    score: Callable[[slice | Codes], Floats],
    shape: tuple[int, ...],
    dtype: DTypeLike,
    labels: Codes,
) -> Floats:
    """The same for scores that are computed for one block of rows after the other.

    Where classes are many, each matrix counts, and each time that it is written.

    Args:
        score: Gives the scores of some rows, always the same.
        shape: Rows and classes.
        dtype: Of the scores.
        labels: Shape `(n_rows,)`.
    """
    n_rows, n_classes = shape

    def centre(rows: slice | Codes) -> Floats:
        scores = np.array(score(rows))
        scores -= scores.mean(axis=1, keepdims=True)
        return scores

    def square(rows: slice) -> Floats:
        scores = centre(rows)
        return np.asarray(np.einsum("rc,rc->r", scores, scores))

    squares = compute_by_block(square, n_rows, n_classes)
    spread = float(np.sqrt(squares.mean(dtype=np.float64) / n_classes))
    if spread == 0:
        return fill_by_block(lambda rows: _raise(centre(rows)), (n_rows, n_classes), dtype)
    fitted = _spread_fitted(n_rows, n_classes)
    scale = float(np.exp(_fit_log_temperature(centre(fitted) / spread, labels[fitted])))

    def calibrate(rows: slice) -> Floats:
        scores = centre(rows)
        scores /= spread
        scores *= scale
        probs = _raise(scores)
        probs *= n_rows / (n_rows + 1)
        probs += 1 / (n_classes * (n_rows + 1))
        return probs

    return fill_by_block(calibrate, (n_rows, n_classes), dtype)


def _spread_fitted(n_rows: int, n_classes: int) -> Codes:
    """The rows that the few numbers of this page are fitted to."""
    return spread_rows(n_rows, min(_MOST_ROWS_FITTED, max(1, _MOST_CELLS_FITTED // n_classes)))


def _fit_log_temperature(scores: Floats, labels: Codes) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        self_confidence = softmax(scores * float(np.exp(log_temperature)))[rows, labels]
        return float(-np.log(np.maximum(self_confidence, _LEAST_LOGGED)).mean())

    return float(minimize_scalar(loss, bounds=(-4.0, 5.0), method="bounded").x)


def learn_trust(opinions: Sequence[Floats], labels: Codes, prior: Floats) -> Floats:
    """How much to trust each opinion: the weights of the logarithmic pool that predicts the labels best.

    A class counts by the square root of how many rows it has. Where all rows counted equally, opinions that
    never name a rare class had the largest weights, and errors in it were not found; where all classes did,
    opinions that name it too often, and its right labels were doubted first. Some of the labels are assumed
    to be wrong, so that no single row, least of all one with a wrong label, has a large loss. Weights are 0
    or more. Sources: stacking, Wolpert, 1992; logarithmic pools, Genest and Zidek, 1986.

    Args:
        opinions: Out-of-fold probabilities, each of shape `(n_rows, n_classes)`.
        labels: Shape `(n_rows,)`.
        prior: Shape `(n_opinions,)`: the weights if the labels give no evidence.

    Returns:
        Shape `(n_opinions,)`.
    """
    from scipy.optimize import minimize

    if len(opinions) == 1:
        return np.asarray(prior)
    rows = _spread_fitted(*opinions[0].shape)
    labels = labels[rows]
    logs = np.stack(
        [np.log(np.asarray(take_rows(probs, rows), dtype=np.float64) + _LEAST_LOGGED) for probs in opinions]
    )
    own = logs[:, np.arange(len(labels)), labels]
    n_classes = logs.shape[2]
    weight = 1 / np.sqrt(np.bincount(labels, minlength=n_classes)[labels])
    weight /= weight.sum()

    def loss(trust: Floats) -> tuple[float, Floats]:
        probs = softmax(np.tensordot(trust, logs, 1))
        right = probs[np.arange(len(labels)), labels]
        expected = (1 - _WRONG) * right + _WRONG / n_classes
        pull = weight * (1 - _WRONG) * right / expected
        slope = np.array(
            [
                (pull * (own_log - (probs * log).sum(axis=1))).sum()
                for own_log, log in zip(own, logs, strict=True)
            ]
        )
        step = trust - prior
        return float(-(weight * np.log(expected)).sum() + _PULL * (step @ step)), 2 * _PULL * step - slope

    found = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(opinions))
    return np.asarray(found.x)


def weigh_models(by_model: Sequence[Floats], labels: Codes, overrated: Bools) -> Floats:
    """How much to trust each model, where the labels hold the errors that are looked for.

    A model that would make the same errors predicts such labels best. So three quarters of the trust are
    learned without the models that labels with errors overrate, and a quarter with all of them.

    Args:
        by_model: Out-of-fold probabilities, each of shape `(n_rows, n_classes)`.
        labels: Shape `(n_rows,)`.
        overrated: Shape `(n_models,)`.

    Returns:
        Shape `(n_models,)`.
    """
    everyone = _learn_shares(by_model, labels)
    if overrated.all() or not overrated.any():
        return everyone
    without = np.zeros(len(by_model))
    without[~overrated] = _learn_shares(
        [probs for probs, out in zip(by_model, overrated, strict=True) if not out], labels
    )
    return np.asarray(_WITH_ALL * everyone + (1 - _WITH_ALL) * without)


def _learn_shares(by_model: Sequence[Floats], labels: Codes) -> Floats:
    trust = learn_trust(by_model, labels, np.full(len(by_model), 1 / len(by_model)))
    return np.asarray(trust / max(trust.sum(), _LEAST_LOGGED))


def pool_probabilities(opinions: Sequence[Floats], labels: Codes, trust: Floats) -> Floats:
    """The geometric mean of several opinions, weighted by trust, and calibrated again.

    Opinions must be calibrated: one that knows little is then nearly flat, and changes the mean little.
    Source: Genest and Zidek, 1986.

    Args:
        opinions: Probabilities, each of shape `(n_rows, n_classes)`.
        labels: Shape `(n_rows,)`.
        trust: A weight for each opinion.

    Returns:
        Shape `(n_rows, n_classes)`; rows sum to 1.
    """
    shape, dtype = opinions[0].shape, opinions[0].dtype

    def add_logs(rows: slice | Codes) -> Floats:
        logs = np.zeros_like(take_rows(opinions[0], rows))
        for weight, probs in zip(trust, opinions, strict=True):
            logs += float(weight) * np.log(take_rows(probs, rows) + _LEAST_LOGGED)
        return logs

    return calibrate_by_block(add_logs, shape, dtype, labels)
