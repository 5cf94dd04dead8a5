"""How many labels are wrong, told apart from classes that overlap.

A model contradicts a label for two reasons: the classes overlap where the row lies, or the label is wrong.
The first fades as the model grows surer of its prediction; the second does not. So the share of contradicted
labels is fitted, as a curve over the model's confidence, by

    contradicted(confidence) = rate + (1 - rate) * overlap(confidence)

where `overlap` is a logistic curve that falls to 0. The rate is the height at which the curve levels off: the
*lapse rate* of psychometrics (Wichmann and Hill, 2001). Class overlap alone levels off at 0, however low the
accuracy.

What it can't see: errors that sit only where the model is unsure anyway. The rate is suspected, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.records import NoiseRate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

LEVEL = 0.9
_BINS = 60
_FEWEST_ROWS_A_BIN = 5
_BOOTSTRAPS = 100
_RATES = np.concatenate([[0.0], np.geomspace(5e-4, 0.6, 72)])
_SLOPES = np.geomspace(0.3, 30.0, 21)
_LOCATIONS = np.linspace(-4.0, 1.5, 23)
"""Slopes and locations of `overlap`, where confidence (a log odds) has mean 0 and standard deviation 1."""
_LEAST_SPREAD = 1e-3
"""Log odds that differ by less than this differ by rounding: equal confidence everywhere has no curve."""
_LIKELIHOOD_DROP = 1.3528
"""Half the 90% quantile of the chi-squared distribution with one degree of freedom."""
_BASE_RATE = 0.05
"""Of wrong labels, where nothing can be told: public test sets have 3.3% on average (Northcutt et al., 2021)
and training sets no fewer."""


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
    """Fit the curve; the interval comes from the repeats, a bootstrap over groups, and the likelihood.

    Args:
        pred_probs_by_repeat: Out-of-fold, shape `(n_repeats, n_rows, n_classes)`.
        given_labels: Shape `(n_rows,)`.
        groups: Shape `(n_rows,)`: duplicates are drawn together.
        seed: Of the bootstrap.
    """
    curves = [_Curve.of(probs, given_labels) for probs in pred_probs_by_repeat]
    fits = [curve.fit(np.ones(len(given_labels))) for curve in curves]
    rng = np.random.default_rng(seed)
    n_groups = int(groups.max()) + 1
    drawn = [
        curves[draw % len(curves)].fit(rng.poisson(1.0, n_groups)[groups].astype(np.float64)).rate
        for draw in range(_BOOTSTRAPS)
    ]
    rate = float(np.mean([fit.rate for fit in fits]))
    tail = (1 - LEVEL) / 2
    low, high = (float(bound) for bound in np.quantile(drawn, [tail, 1 - tail]))
    low = min([low, rate, *(fit.low for fit in fits)])
    high = max([high, rate, *(fit.high for fit in fits)])
    best = fits[0]
    why = (
        "by models alone, which miss errors that follow a pattern or lie where classes blur; "
        "no person has checked"
    )
    noise_rate = NoiseRate(assessable=True, why=why, rate=rate, low=low, high=high, level=LEVEL)
    prior = max((rate + high) / 2, 1 / (len(given_labels) + 1))
    return NoiseModel(noise_rate, prior, curves[0].mean, curves[0].sd, best.slope, best.location)


@dataclass(frozen=True)
class _Fit:
    rate: float
    low: float
    high: float
    slope: float
    location: float


@dataclass(frozen=True)
class _Curve:
    """Contradicted labels over confidence, in bins of equal size, and each candidate's log likelihood."""

    bins: NDArray[np.intp]
    contradicted: NDArray[np.bool_]
    log_yes: Floats
    """Shape `(n_rates, n_slopes, n_locations, n_bins)`: log probability of a contradiction."""
    log_no: Floats
    mean: float
    sd: float

    @classmethod
    def of(cls, probs: NDArray[np.floating], given_labels: NDArray[np.intp]) -> _Curve:
        top = np.clip(probs.max(axis=1).astype(np.float64), 1e-6, 1 - 1e-6)
        confidence = np.log(top / (1 - top))
        mean, spread = float(confidence.mean()), float(confidence.std())
        sd = spread if spread > _LEAST_SPREAD else 1.0
        n_bins = int(np.clip(len(probs) // _FEWEST_ROWS_A_BIN, 1, _BINS))
        bins = np.empty(len(probs), dtype=np.intp)
        bins[np.argsort(confidence, kind="stable")] = np.arange(len(probs)) * n_bins // len(probs)
        height = np.bincount(bins, weights=(confidence - mean) / sd) / np.bincount(bins)
        log_yes, log_no = _log_likelihoods(height)
        return cls(bins, probs.argmax(axis=1) != given_labels, log_yes, log_no, mean, sd)

    def fit(self, weights: NDArray[np.floating]) -> _Fit:
        """The likeliest candidate on rows of these weights, and the rates that are hardly less likely."""
        n_bins = self.log_yes.shape[-1]
        all_rows = np.bincount(self.bins, weights=weights, minlength=n_bins)
        yes = np.bincount(self.bins, weights=weights * self.contradicted, minlength=n_bins)
        likelihood = self.log_yes @ yes + self.log_no @ (all_rows - yes)
        profile = likelihood.max(axis=(1, 2))
        best = int(profile.argmax())
        slope, location = np.unravel_index(likelihood[best].argmax(), likelihood[best].shape)
        near = np.flatnonzero(profile >= profile[best] - _LIKELIHOOD_DROP)
        return _Fit(
            float(_RATES[best]),
            float(_RATES[near[0]]),
            float(_RATES[near[-1]]),
            float(_SLOPES[slope]),
            float(_LOCATIONS[location]),
        )


def _log_likelihoods(height: Floats) -> tuple[Floats, Floats]:
    slopes = _SLOPES[:, None, None]
    overlap = 1 / (1 + np.exp(np.clip(slopes * (height - _LOCATIONS[:, None]), -50, 50)))
    rates = _RATES[:, None, None, None]
    contradicted = np.clip(rates + (1 - rates) * overlap, 1e-9, 1 - 1e-9)
    return np.log(contradicted), np.log1p(-contradicted)
