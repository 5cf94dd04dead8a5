"""How many labels are wrong, told apart from classes that overlap.

The curves of `noise_curve` are weighed by how well they explain the labels, and each says how many of these
very labels are wrong; their mixture gives the interval. No curve is exactly right, and that does not mend
with more rows, so n rows count as n / (1 + n / 2000): a *coarsened posterior* (Miller and Dunson, 2019).

What it can't see: errors that follow a pattern, and models that are wrong where they are sure.
How often it holds on planted errors stands in benchmarks/README.md. The rate is suspected, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.rank.noise_curve import LOCATIONS, RATES, SLOPES, curves, log_prior
from doubtcli.records import NoiseRate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.rank.noise_curve import Curves

    Floats = NDArray[np.floating[Any]]

LEVEL = 0.9
_MOST_TRUSTED = 2000
"""Rows that many rows are worth at most. In benchmarks/intervals.py, 1,000 and 3,000 did about as well."""
_LEAST_SURE = (1 - LEVEL) / 2
"""Posterior probability of no error at all from which the lower bound is 0."""
_MOST_BLUR = 0.07
"""Of the surest rows, that would be contradicted were all labels right. With more, the curve has no end to
level off at; in benchmarks/intervals.py such runs held less often."""
_MOST_CONTRADICTED = 0.6
"""Share of labels: of 11 runs with more, 9 read far too high in benchmarks/intervals.py."""
_NEGLIGIBLE = 1e-6
_BASE_RATE = 0.05
"""Of wrong labels, where nothing can be told: public test sets have 3.3% on average (Northcutt et al., 2021)
and training sets no fewer."""
ADVICE = ", so measure yours with --audit-sample 100"
"""What the words on a suspected rate end on, as long as nobody has checked a row."""
_WHY = (
    "by models alone, which miss errors that follow a pattern; such estimates have been up to 8 times too "
    f"high where people checked{ADVICE}"
)
"""cleanlab's joint was 1.8 to 7.7 times over what people confirmed in three of the four public test sets that
cleanlab/label-errors had checked by hand (Northcutt et al., 2021)."""


@dataclass(frozen=True)
class NoiseModel:
    """The fitted curve, and what it makes of a row."""

    noise_rate: NoiseRate
    prior: float
    """The rate that a single row's doubt starts from: midway between the estimate and its upper bound."""
    mean: float
    sd: float
    slope: float
    location: float

    def log_odds(self, margin: Floats) -> Floats:
        """Evidence that a label is wrong rather than in an overlap, as log odds to be added to the prior's.

        Args:
            margin: Shape `(n_rows,)`: log odds against the given label.
        """
        return self.slope * ((margin - self.mean) / self.sd - self.location)


def not_assessable(why: str) -> NoiseModel:
    """What to use where models have no skill: a base rate, and their margins as they are."""
    return NoiseModel(NoiseRate(assessable=False, why=why, level=LEVEL), _BASE_RATE, 0.0, 1.0, 1.0, 0.0)


def estimate_noise(
    pred_probs_by_repeat: NDArray[np.floating],
    given_labels: NDArray[np.intp],
    groups: NDArray[np.intp],
    seed: int,
) -> NoiseModel:
    """The share of wrong labels with its interval, or why it can't be told.

    Args:
        pred_probs_by_repeat: Out-of-fold, shape `(n_repeats, n_rows, n_classes)`.
        given_labels: Shape `(n_rows,)`.
        groups: Shape `(n_rows,)`: duplicates count as one row.
        seed: Of no effect: nothing is drawn.
    """
    del seed
    by_repeat = [curves(probs, given_labels) for probs in pred_probs_by_repeat]
    weights = _weights(by_repeat, len(given_labels), len(np.unique(groups)))
    unfit = _unfit(by_repeat, weights)
    if unfit:
        return not_assessable(unfit)
    rate, low, high = _interval(by_repeat, weights, len(given_labels))
    best = np.unravel_index(weights.argmax(), weights.shape)
    return NoiseModel(
        NoiseRate(assessable=True, why=_WHY, rate=rate, low=low, high=high, level=LEVEL),
        prior=max((rate + high) / 2, 1 / (len(given_labels) + 1)),
        mean=by_repeat[0].mean,
        sd=by_repeat[0].sd,
        slope=float(SLOPES[best[1]]),
        location=float(LOCATIONS[best[2]]),
    )


def _unfit(by_repeat: list[Curves], weights: Floats) -> str:
    """What keeps these models from telling wrong labels from overlap, or nothing."""
    contradicted = float(np.mean([repeat.contradicted for repeat in by_repeat]))
    if contradicted > _MOST_CONTRADICTED:
        return (
            f"models contradict {contradicted:.0%} of the labels, too many to tell wrong labels from classes "
            "that they know too little of"
        )
    blur = float(np.mean([(weights * repeat.blur).sum() for repeat in by_repeat]))
    if blur > _MOST_BLUR:
        return (
            f"models are too seldom sure: even of the tenth of rows that they are surest of, they would "
            f"contradict some {blur:.0%} were all labels right"
        )
    return ""


def _weights(by_repeat: list[Curves], n_rows: int, n_groups: int) -> Floats:
    """The posterior probability of each candidate; repeats are averaged, for they judge the same labels."""
    likelihood = np.mean([repeat.log_likelihood for repeat in by_repeat], axis=0)
    trust = n_groups / n_rows / (1 + n_groups / _MOST_TRUSTED)
    log_posterior = trust * likelihood + log_prior()
    weights = np.exp(log_posterior - log_posterior.max())
    return np.asarray(weights / weights.sum())


def _interval(by_repeat: list[Curves], weights: Floats, n_rows: int) -> tuple[float, float, float]:
    """The median share of wrong labels and the bounds of the interval."""
    kept = weights > _NEGLIGIBLE
    share = np.mean([repeat.wrong[kept] for repeat in by_repeat], axis=0) / n_rows
    variance = np.mean([repeat.variance[kept] for repeat in by_repeat], axis=0) / n_rows**2
    tail = (1 - LEVEL) / 2
    low, middle, high = _quantiles(share, np.sqrt(variance), weights[kept], [tail, 0.5, 1 - tail])
    if weights[RATES == 0].sum() > _LEAST_SURE:
        low = 0.0
    half_a_row = 1 / (2 * n_rows)
    return 0.0 if middle < half_a_row else middle, 0.0 if low < half_a_row else low, high


def _quantiles(means: Floats, sds: Floats, weights: Floats, levels: list[float]) -> list[float]:
    """Quantiles of a mixture of normal distributions, by bisection between 0 and 1."""
    from scipy.special import ndtr

    weights, sds = weights / weights.sum(), np.maximum(sds, 1e-9)
    quantiles = []
    for level in levels:
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            below = float(weights @ ndtr((middle - means) / sds))
            low, high = (middle, high) if below < level else (low, middle)
        quantiles.append(high)
    return quantiles
