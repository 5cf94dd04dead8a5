"""What a person's verdicts make of the doubts and of the noise rate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.noise import ADVICE, LEVEL
from doubtcli.records import NoiseRate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from doubtcli.records import Examples, Ranking, Stratum, Verdicts
    from doubtcli.records.arrays import Bools, Codes, Floats


FEWEST_CHECKED = 10
"""Rows of an audit sample that a rate is measured on; with fewer the interval says next to nothing."""

_PRIOR_SD = (0.5, 0.25)
"""Of the intercept and the slope around 0 and 1: as much to go on as some 20 verdicts on unsure rows, so that
5 hardly move the doubts and 50 do. Not tuned."""
_LEAST_SLOPE = 0.1
"""Doubt never turns around: verdicts change how much a doubt means, not which of two rows is more doubted."""
_STEPS = 100


# ------------------------------------------------------------------- doubts


def fit_recalibration(
    log_odds: Floats, given_labels: Codes, verdicts: Verdicts | None
) -> Callable[[Floats], Floats]:
    """How log odds of doubt are to be read, after what verdicts made of the rows that were decided.

    A logistic regression of "the label was corrected" on the log odds, whose prior is that doubt means what
    it says (intercept 0, slope 1). Rows were decided because they were doubted; as doubt is what the
    regression is on, that does not bias it. A row's log odds come from models that were fitted without it, so
    that its own verdict is not in them. Source: Platt, 1999; Cox, 1958.

    Args:
        log_odds: Shape `(n_rows,)`: that each given label is wrong.
        given_labels: Shape `(n_rows,)`.
        verdicts: What people decided.
    """
    decided = verdicts.codes >= 0 if verdicts is not None else np.zeros(len(log_odds), dtype=np.bool_)
    if verdicts is None or not decided.any():
        return lambda unchanged: unchanged
    is_wrong = verdicts.codes[decided] != given_labels[decided]
    intercept, slope = _fit(log_odds[decided], is_wrong)
    return lambda read: intercept + slope * read


def _fit(log_odds: Floats, is_wrong: Bools) -> tuple[float, float]:
    """The likeliest intercept and slope under the prior, by Newton's method; the optimum is unique."""
    from scipy.special import expit

    features = np.column_stack([np.ones(len(log_odds)), log_odds])
    prior, precision = np.array([0.0, 1.0]), np.array(_PRIOR_SD) ** -2.0
    found = prior.copy()
    for _ in range(_STEPS):
        probability = expit(features @ found)
        slope = features.T @ (is_wrong - probability) - precision * (found - prior)
        curvature = (features.T * (probability * (1 - probability))) @ features + np.diag(precision)
        step = np.linalg.solve(curvature, slope)
        found = found + step * min(1.0, 0.5 / float(np.abs(step).max() or 1.0))
    return float(found[0]), max(float(found[1]), _LEAST_SLOPE)


def mark_decided_rows(ranking: Ranking, examples: Examples) -> Ranking:
    """The ranking with what is known put in: a decided row has doubt 1 if it was corrected, else 0.

    Its suggested label is the verdict, and it is doubted no more: it leaves the queue.
    """
    if examples.verdicts is None:
        return ranking
    decided = examples.verdicts.codes >= 0
    training_labels = examples.training_labels
    is_wrong = training_labels != examples.given_labels
    order = ranking.order
    # corrected rows first, kept ones last, both as they were ranked
    known = np.where(decided, np.where(is_wrong, -1, 1), 0)[order]
    return replace(
        ranking,
        doubt=np.where(decided, is_wrong.astype(np.float64), ranking.doubt),
        doubt_sd=np.where(decided, 0.0, ranking.doubt_sd),
        suggested_labels=np.where(decided, training_labels, ranking.suggested_labels),
        suggested_confidence=np.where(decided, 1.0, ranking.suggested_confidence),
        doubted=ranking.doubted & ~decided,
        order=order[np.argsort(known, kind="stable")],
        decided=decided,
    )


# --------------------------------------------------------------- noise rate


def measure_noise_rate(suspected: NoiseRate, examples: Examples) -> NoiseRate:
    """The noise rate as verdicts measured it; without a sample that could, what models suspect, and why.

    Args:
        suspected: By models, of the given labels.
        examples: The rows and what people decided on them.
    """
    if examples.verdicts is None:
        return suspected
    drawn = _drawn(examples.verdicts)
    is_wrong = examples.training_labels != examples.given_labels
    if lacking := _lacking(drawn, examples.verdicts):
        return _still_suspected(suspected, is_wrong, lacking)
    rate = _rate_of_sample(drawn, is_wrong)
    n_labelled = examples.n_rows + len(examples.unusable_row_ids)
    n_sampled = sum(stratum is not None for stratum in examples.verdicts.strata)
    return replace(rate, why=_rests_on(drawn, rate.n_checked, n_sampled, n_labelled))


def _still_suspected(suspected: NoiseRate, is_wrong: Bools, lacking: str) -> NoiseRate:
    """What models suspect, no less than was found wrong, and why it is not measured."""
    found = float(is_wrong.mean())
    if suspected.rate is None or suspected.low is None or suspected.high is None:
        return replace(suspected, why=f"{suspected.why}; {lacking}")
    if found > suspected.high:
        why = f"more labels were found wrong ({found:.1%} of rows) than models suspect; {lacking}"
        return NoiseRate(assessable=False, why=why, level=suspected.level)
    return replace(
        suspected,
        rate=max(suspected.rate, found),
        low=max(suspected.low, found),
        why=f"{suspected.why.removesuffix(ADVICE)}; {lacking}",
    )


def _drawn(verdicts: Verdicts) -> dict[Stratum, Codes]:
    """The sampled rows of each stratum that were decided."""
    rows: dict[Stratum, list[int]] = {}
    for row, stratum in enumerate(verdicts.strata):
        if stratum is not None:
            rows.setdefault(stratum, []).extend([row] if verdicts.codes[row] >= 0 else [])
    strata = sorted(rows, key=lambda one: (one.number, one.n_strata, one.n_rows))
    return {stratum: np.array(rows[stratum], dtype=np.intp) for stratum in strata}


def _lacking(drawn: Mapping[Stratum, Codes], verdicts: Verdicts) -> str | None:
    """What keeps verdicts from measuring the rate, as a clause; None if nothing does."""
    n_checked = sum(len(rows) for rows in drawn.values())
    if not drawn:
        n_decided = int((verdicts.codes >= 0).sum())
        verdicts_ = f"{n_decided:,} verdict{'' if n_decided == 1 else 's'}"
        return f"{verdicts_} can't measure it: that needs an audit sample (--audit-sample)"
    numbers = [stratum.number for stratum in drawn]
    if len({stratum.n_strata for stratum in drawn}) > 1 or len(set(numbers)) < len(numbers):
        return f"{verdicts.path} holds rows of more than one audit sample, which can't measure it together"
    if n_checked < FEWEST_CHECKED:
        return f"{n_checked} rows of the audit sample are decided, and to measure it takes {FEWEST_CHECKED}"
    n_strata = next(iter(drawn)).n_strata
    empty = [n for n in range(1, n_strata + 1) if not any(s.number == n and len(drawn[s]) for s in drawn)]
    if empty:
        return f"the audit sample's part {empty[0]} of {n_strata} has no decided row, so it can't measure it"
    return None


def _rate_of_sample(drawn: Mapping[Stratum, Codes], is_wrong: Bools) -> NoiseRate:
    """The stratified estimate: each stratum's share of wrong labels, weighed by its size."""
    sizes = np.array([stratum.n_rows for stratum in drawn])
    n_checked = np.array([len(rows) for rows in drawn.values()])
    n_wrong = np.array([int(is_wrong[rows].sum()) for rows in drawn.values()])
    rate, low, high = estimate_stratified_rate(n_wrong, n_checked, sizes)
    return NoiseRate(
        assessable=True,
        why="measured on an audit sample",
        rate=rate,
        low=low,
        high=high,
        level=LEVEL,
        rests_on="verdicts",
        n_checked=int(n_checked.sum()),
    )


def _rests_on(drawn: Iterable[Stratum], n_checked: int, n_sampled: int, n_labelled: int) -> str:
    """How many rows were checked, of how many, and what that leaves out."""
    n_rows = sum(stratum.n_rows for stratum in drawn)
    told = f"measured on {n_checked:,} checked rows, drawn at random from {n_rows:,}"
    if n_rows != n_labelled:
        told += f", where {n_labelled:,} are labelled now"
    if n_left := n_sampled - n_checked:
        told += f"; {n_left:,} more are drawn and undecided, and taken to be neither better nor worse"
    return told


def estimate_stratified_rate(n_wrong: Codes, n_checked: Codes, sizes: Codes) -> tuple[float, float, float]:
    """The share of wrong labels in all strata together, and its 90% interval.

    Each stratum's own limits are exact (Clopper and Pearson, 1934), so that one without an error found is
    not taken for one without errors; they are joined by how far each lies from its estimate, squared and
    summed (Zou and Donner, 2008). Only a stratum that is checked to the last row is sure. Narrower ways
    failed where errors are rare: limits by Wilson or Jeffreys held in 84% of draws, a correction for strata
    of which much is checked in 76%; a difference estimator (Angelopoulos et al., 2023) takes strata without
    a found error for sure.

    Args:
        n_wrong: Shape `(n_strata,)`: wrong labels among the checked rows.
        n_checked: Shape `(n_strata,)`, each at least 1.
        sizes: Shape `(n_strata,)`: rows that each was drawn from.

    Returns:
        The estimate, the lower and the upper bound.
    """
    from scipy.stats import beta

    tail, n_right = (1 - LEVEL) / 2, n_checked - n_wrong
    share, weight = n_wrong / n_checked, sizes / sizes.sum()
    low = np.where(n_wrong > 0, beta.ppf(tail, np.maximum(n_wrong, 1), n_right + 1), 0.0)
    high = np.where(n_right > 0, beta.ppf(1 - tail, n_wrong + 1, np.maximum(n_right, 1)), 1.0)
    is_open = n_checked < sizes
    rate = float(weight @ share)
    below = float(np.sqrt(np.sum(is_open * weight**2 * (share - low) ** 2)))
    above = float(np.sqrt(np.sum(is_open * weight**2 * (high - share) ** 2)))
    surely_wrong, surely_right = n_wrong.sum() / sizes.sum(), n_right.sum() / sizes.sum()
    return rate, max(rate - below, float(surely_wrong)), min(rate + above, 1 - float(surely_right))
