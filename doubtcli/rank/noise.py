"""How many labels are wrong, told apart from classes that overlap.

A model contradicts a label for two reasons: the classes overlap where the row lies, or the label is wrong.
The first fades as the model grows surer of its prediction; the second does not. So, over its confidence,

    overlap(confidence)      = lapse + (1 - lapse) * logistic(-slope * (confidence - location))
    contradicted(confidence) = rate * (1 - overlap * by_chance) + (1 - rate) * overlap

where `by_chance` is how often a wrong label is just the class that a wrong prediction names: one in all other
classes. The rate is the height at which the curve levels off: the *lapse rate* of psychometrics (Wichmann and
Hill, 2001). A model that is wrong where it is sure levels off, too. That is the `lapse`; the labels alone
can't tell it from a rate, so the prior has to.

The curves are weighed by how well they explain the labels, and each says how many of these very labels are
wrong; their mixture gives the interval. No curve is exactly right, and that does not mend with more rows, so
n rows count as n / (1 + n / 2000): a *coarsened posterior* (Miller and Dunson, 2019).

What it can't see: errors that follow a pattern, and models that are wrong where they are sure.
How often it holds on planted errors stands in benchmarks/README.md. The rate is suspected, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import NoiseRate
from doubtcli.records.audit import NoiseModel

if TYPE_CHECKING:
    from doubtcli.records.arrays import Codes, Floats

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

RATES = np.concatenate([[0.0], np.geomspace(1e-3, 0.65, 50)])
SLOPES = np.geomspace(0.5, 6.0, 11)
LOCATIONS = np.linspace(-4.0, 1.0, 16)
"""Slopes and locations of the logistic, where confidence (a log odds) has mean 0 and standard deviation 1."""
LAPSES = np.array([0.0, 0.01, 0.03, 0.1])

_NO_ERRORS = 0.05
"""Prior probability that no label is wrong; the rest is spread evenly over the square root of the rate."""
_USUAL_SLOPE, _SLOPE_SPREAD = 1.7, 0.5
_USUAL_LOCATION, _LOCATION_SPREAD = -1.7, 1.0
_LAPSE_WEIGHTS = np.array([0.9, 0.07, 0.025, 0.005])
"""What overlap looks like where right labels are known: medians and spreads of logistic curves fitted to runs
of benchmarks/intervals.py. With no lapses, the lower bound left 0 on 10% of the clean ones instead of 4%."""

_BINS = 60
_FEWEST_ROWS_A_BIN = 5
_LEAST_SPREAD = 1e-3
"""Log odds that differ by less than this differ by rounding: equal confidence everywhere has no curve."""
_SUREST_PART = 10
"""The surest rows are one in this many."""
_LEAST_SHARE = 1e-9
_QUANTILE_TOLERANCE = 1e-13


def make_unassessable_noise(why: str) -> NoiseModel:
    """What to use where models have no skill: a base rate, and their margins as they are."""
    return NoiseModel(NoiseRate(assessable=False, why=why, level=LEVEL), _BASE_RATE, 0.0, 1.0, 1.0, 0.0)


def estimate_noise(
    pred_probs_by_repeat: Floats,
    given_labels: Codes,
    groups: Codes,
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
    by_repeat = [fit_curves(probs, given_labels) for probs in pred_probs_by_repeat]
    weights = _weights(by_repeat, len(given_labels), len(np.unique(groups)))
    unfit = _unfit(by_repeat, weights)
    if unfit:
        return make_unassessable_noise(unfit)
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
    """Quantiles of a mixture of normal distributions, between 0 and 1."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    weights, sds = weights / weights.sum(), np.maximum(sds, 1e-9)

    def share_below(value: float) -> float:
        return float(weights @ ndtr((value - means) / sds))

    low, high = share_below(0.0), share_below(1.0)
    return [
        float(
            brentq(lambda value, level=level: share_below(value) - level, 0.0, 1.0, xtol=_QUANTILE_TOLERANCE)
        )
        if low < level < high
        else float(level >= high)
        for level in levels
    ]


# ------------------------------------------------------------------- curves


@dataclass(frozen=True)
class Curves:
    """What each candidate (rate, slope, location, lapse) makes of the labels; arrays have a cell for each."""

    log_likelihood: Floats
    wrong: Floats
    """How many of these very labels are expected to be wrong."""
    variance: Floats
    """Of that number."""
    blur: Floats
    """The overlap among the tenth of rows that the model is surest of."""
    contradicted: float
    """The share of labels that the model contradicts."""
    mean: float
    sd: float


def log_prior() -> Floats:
    """Of each candidate, up to a constant."""
    roots = np.sqrt(RATES)
    rates = np.gradient(roots)
    rates[0] = 0.0
    rates *= (1 - _NO_ERRORS) / rates.sum()
    rates[0] = _NO_ERRORS
    slopes = -((np.log(SLOPES / _USUAL_SLOPE) / _SLOPE_SPREAD) ** 2) / 2
    locations = -(((LOCATIONS - _USUAL_LOCATION) / _LOCATION_SPREAD) ** 2) / 2
    lapses = np.log(_LAPSE_WEIGHTS)
    return np.asarray(
        np.log(rates)[:, None, None, None] + slopes[:, None, None] + locations[:, None] + lapses
    )


def fit_curves(pred_probs: Floats, given_labels: Codes) -> Curves:
    """Hold every candidate against the labels, in bins of equally many rows.

    Args:
        pred_probs: Out-of-fold, shape `(n_rows, n_classes)`.
        given_labels: Shape `(n_rows,)`.
    """
    confidence = _confidence(pred_probs)
    mean, spread = float(confidence.mean()), float(confidence.std())
    sd = spread if spread > _LEAST_SPREAD else 1.0
    bins = _equal_bins(confidence)
    n_rows: Floats = np.bincount(bins).astype(np.float64)
    height = np.bincount(bins, weights=(confidence - mean) / sd) / n_rows
    contradicted = (pred_probs.argmax(axis=1) != given_labels).astype(np.float64)
    yes: Floats = np.bincount(bins, weights=contradicted).astype(np.float64)
    overlap = _overlaps(height)
    by_chance = 1 / max(pred_probs.shape[1] - 1, 1)
    parts = [_of_rate(rate, overlap, by_chance, yes, n_rows - yes) for rate in RATES]
    likelihood, wrong, variance = (np.stack(part) for part in zip(*parts, strict=True))
    surest = slice(-max(1, len(n_rows) // _SUREST_PART), None)
    blur = overlap[..., surest] @ n_rows[surest] / n_rows[surest].sum()
    blurs = np.broadcast_to(blur, likelihood.shape)
    return Curves(likelihood, wrong, variance, blurs, float(contradicted.mean()), mean, sd)


def _confidence(pred_probs: Floats) -> Floats:
    from scipy.special import logit

    return np.asarray(logit(np.clip(pred_probs.max(axis=1).astype(np.float64), 1e-6, 1 - 1e-6)))


def _equal_bins(confidence: Floats) -> Codes:
    """A bin for each row, rising with confidence."""
    n_rows = len(confidence)
    n_bins = int(np.clip(n_rows // _FEWEST_ROWS_A_BIN, 1, _BINS))
    bins = np.empty(n_rows, dtype=np.intp)
    bins[np.argsort(confidence, kind="stable")] = np.arange(n_rows) * n_bins // n_rows
    return bins


def _overlaps(height: Floats) -> Floats:
    """The share of wrong predictions, shape `(n_slopes, n_locations, n_lapses, n_bins)`."""
    from scipy.special import expit

    fading = expit(-SLOPES[:, None, None] * (height - LOCATIONS[:, None]))[:, :, None]
    lapse = LAPSES[:, None]
    return np.asarray(lapse + (1 - lapse) * fading)


def _of_rate(
    rate: float, overlap: Floats, by_chance: float, yes: Floats, no: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log likelihood, expected number of wrong labels and its variance, where this share of labels is wrong.

    Args:
        rate: Of wrong labels, before these were seen.
        overlap: As `_overlaps` gives it.
        by_chance: How often a wrong label agrees with a wrong prediction.
        yes: Contradicted labels in each bin.
        no: The others.
    """
    wrong_yes = rate * (1 - overlap * by_chance)
    wrong_no = rate * overlap * by_chance
    contradicted = np.clip(wrong_yes + (1 - rate) * overlap, _LEAST_SHARE, 1 - _LEAST_SHARE)
    likelihood = np.log(contradicted) @ yes + np.log1p(-contradicted) @ no
    if rate == 0:
        return likelihood, np.zeros(likelihood.shape), np.zeros(likelihood.shape)
    share_yes = np.clip(wrong_yes / contradicted, 0, 1)
    share_no = np.clip(wrong_no / (1 - contradicted), 0, 1)
    variance = (share_yes * (1 - share_yes)) @ yes + (share_no * (1 - share_no)) @ no
    return likelihood, share_yes @ yes + share_no @ no, variance
