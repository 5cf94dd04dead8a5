"""What a person's verdicts make of the doubts and of the noise rate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.noise import ADVICE, LEVEL
from doubtcli.records import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from doubtcli.rank.prior import ErrorCurves
    from doubtcli.records import Examples, NoiseRate, Ranking, Stratum, Verdicts
    from doubtcli.records.arrays import Bools, Codes, Floats


FEWEST_CHECKED = 10
"""The rows of an audit sample that it takes to measure a rate; with fewer the interval is too wide."""

# ------------------------------------------------------------------- doubts


def learn_from_verdicts(
    curves: ErrorCurves, margins: Floats, given_labels: Codes, verdicts: Verdicts | None
) -> ErrorCurves:
    """How likely a label is wrong at each margin, once people have decided some rows.

    Rows were decided because they were doubted; this does not bias the curves, as the margin is their input.
    The margin of a row comes from models that were fitted without it, so it does not contain its own verdict.
    A verdict on equal rows counts once: it is one person's look.

    Args:
        curves: Before any verdict.
        margins: Shape `(n_rows,)`.
        given_labels: Shape `(n_rows,)`.
        verdicts: What people decided.
    """
    if verdicts is None:
        return curves
    decided = verdicts.codes >= 0
    if verdicts.from_equal is not None:
        decided = decided & ~verdicts.from_equal
    return curves.learn(margins[decided], verdicts.codes[decided] != given_labels[decided])


def set_corrected_apart(evidence: Evidence, examples: Examples) -> Evidence:
    """The evidence in which a row whose label people corrected does not support that label in equal rows."""
    corrected = examples.training_labels != examples.given_labels
    if evidence.equal_groups is None or not corrected.any():
        return evidence
    alone = int(evidence.equal_groups.max()) + 1 + np.arange(len(corrected))
    return Evidence(evidence, equal_groups=np.where(corrected, alone, evidence.equal_groups))


def mark_decided_rows(ranking: Ranking, examples: Examples) -> Ranking:
    """The ranking with the rows that people decided: their doubt is 1 if the label was corrected, else 0.

    The suggested label of such a row is the verdict. It is no longer doubted, and leaves the queue.
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
        contradicted=ranking.contradicted & ~decided,
        order=order[np.argsort(known, kind="stable")],
        decided=decided,
    )


# --------------------------------------------------------------- noise rate


def measure_noise_rate(suspected: NoiseRate, examples: Examples) -> NoiseRate:
    """What verdicts on an audit sample measure, beside what models know; without one, what models know.

    Args:
        suspected: What models know of the rate of the given labels.
        examples: The rows, and what people decided about them.
    """
    if examples.verdicts is None:
        return suspected
    sampled = _list_decided_rows(examples.verdicts)
    is_wrong = examples.training_labels != examples.given_labels
    if obstacle := _explain_no_measurement(sampled, examples.verdicts):
        return _keep_suspected(suspected, is_wrong, obstacle)
    measured = _measure_on_sample(suspected, sampled, is_wrong)
    n_labelled = examples.n_rows + len(examples.unusable_row_ids)
    n_sampled = sum(stratum is not None for stratum in examples.verdicts.strata)
    why = _describe_sample(sampled, measured.n_checked, n_sampled, n_labelled)
    return _raise_bound(replace(measured, why=why), is_wrong)


def _keep_suspected(suspected: NoiseRate, is_wrong: Bools, obstacle: str) -> NoiseRate:
    """What models know, and why the rate is not measured."""
    return _raise_bound(replace(suspected, why=f"{suspected.why.removesuffix(ADVICE)}; {obstacle}"), is_wrong)


def _raise_bound(noise: NoiseRate, is_wrong: Bools) -> NoiseRate:
    """The same, with at least as many wrong labels as people corrected."""
    return replace(noise, at_least=max(noise.at_least, float(is_wrong.mean())))


def _list_decided_rows(verdicts: Verdicts) -> dict[Stratum, Codes]:
    """The sampled rows of each stratum that were decided."""
    rows: dict[Stratum, list[int]] = {}
    for row, stratum in enumerate(verdicts.strata):
        if stratum is not None:
            rows.setdefault(stratum, []).extend([row] if verdicts.codes[row] >= 0 else [])
    strata = sorted(rows, key=lambda one: (one.number, one.n_strata, one.n_rows))
    return {stratum: np.array(rows[stratum], dtype=np.intp) for stratum in strata}


def _explain_no_measurement(sampled: Mapping[Stratum, Codes], verdicts: Verdicts) -> str | None:
    """Why the verdicts can't measure the rate, as a clause; None if they can."""
    n_checked = sum(len(rows) for rows in sampled.values())
    if not sampled:
        return "no verdict is on a row drawn at random (--audit-sample), so they can't measure it"
    numbers = [stratum.number for stratum in sampled]
    if len({stratum.n_strata for stratum in sampled}) > 1 or len(set(numbers)) < len(numbers):
        return f"{verdicts.path} has rows of more than one audit sample, which can't measure it together"
    if n_checked < FEWEST_CHECKED:
        return (
            f"to measure it, {FEWEST_CHECKED} rows of the audit sample must be decided, and {n_checked} are"
        )
    n_strata = next(iter(sampled)).n_strata
    empty = [n for n in range(1, n_strata + 1) if not any(s.number == n and len(sampled[s]) for s in sampled)]
    if empty:
        return (
            f"no row is decided in part {empty[0]} of {n_strata} of the audit sample, so it can't measure it"
        )
    return None


def _measure_on_sample(suspected: NoiseRate, sampled: Mapping[Stratum, Codes], is_wrong: Bools) -> NoiseRate:
    """The stratified estimate: the share of wrong labels of each stratum, weighted by its size."""
    sizes = np.array([stratum.n_rows for stratum in sampled])
    n_checked = np.array([len(rows) for rows in sampled.values()])
    n_wrong = np.array([int(is_wrong[rows].sum()) for rows in sampled.values()])
    rate, low, high = estimate_stratified_rate(n_wrong, n_checked, sizes)
    return replace(
        suspected,
        assessable=True,
        rate=rate,
        low=low,
        high=high,
        level=LEVEL,
        rests_on="verdicts",
        n_checked=int(n_checked.sum()),
    )


def _describe_sample(sampled: Iterable[Stratum], n_checked: int, n_sampled: int, n_labelled: int) -> str:
    """How many rows were checked, of how many, and what else the rate depends on."""
    n_rows = sum(stratum.n_rows for stratum in sampled)
    sentence = f"measured on {n_checked:,} checked rows, drawn at random from {n_rows:,}"
    if n_rows != n_labelled:
        sentence += f" ({n_labelled:,} are labelled now)"
    if n_left := n_sampled - n_checked:
        more = "1 more sampled row is" if n_left == 1 else f"{n_left:,} more sampled rows are"
        sentence += f"; {more} undecided, and assumed to be like these"
    return sentence


def estimate_stratified_rate(n_wrong: Codes, n_checked: Codes, sizes: Codes) -> tuple[float, float, float]:
    """The share of wrong labels in all strata together, and its 90% interval.

    The limits of each stratum are exact (Clopper and Pearson, 1934), so that a stratum where no error was
    found may still have some. They are combined by the squared distances from the estimates (Zou and Donner,
    2008). Only a stratum whose rows are all checked is certain. Narrower intervals failed where errors are
    rare: limits by Wilson or Jeffreys held in 84% of draws, and a correction for strata of which much is
    checked in 76%; a difference estimator (Angelopoulos et al., 2023) counts strata without a found error as
    certain.

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
