"""The noise rate that people measured: what their verdicts on an audit sample say of all rows.

Only rows drawn at random are a sample. Rows that people had decided before it was drawn from all others are
known, and added as what they are; verdicts on further rows make no difference.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.confidence_sequence import (
    DRAWN_FROM,
    CheckedSample,
    bound_rate,
    count_more,
    estimate_rate,
)
from doubtcli.rank.noise import ADVICE, LEVEL
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import Examples, NoiseRate, Stratum, Verdicts
    from doubtcli.records.arrays import Bools

FEWEST_CHECKED = 10
"""The rows of an audit sample that it takes to measure a rate; with fewer the interval is too wide."""

NARROW = 0.02
"""Half of the width from which on more verdicts tell little: 2 points."""


def measure_noise_rate(suspected: NoiseRate, examples: Examples, narrow: float = NARROW) -> NoiseRate:
    """What verdicts on an audit sample measure, beside what models know; without one, what models know.

    Args:
        suspected: What models know of the rate of the given labels.
        examples: The rows, and what people decided about them.
        narrow: The half of the width for which `n_more` is counted.
    """
    if examples.verdicts is None:
        return suspected
    drawn = {row: stratum for row, stratum in enumerate(examples.verdicts.strata) if stratum is not None}
    decided = {row: stratum for row, stratum in drawn.items() if examples.verdicts.codes[row] >= 0}
    is_wrong = examples.training_labels != examples.given_labels
    if obstacle := _explain_no_measurement(drawn, len(decided), examples.verdicts):
        why = f"{suspected.why.removesuffix(ADVICE)}; {obstacle}"
        return _raise_bound(replace(suspected, why=why), is_wrong)
    sample = _take_in_order(drawn, decided, is_wrong)
    before = _find_decided_before(sample, drawn, examples.verdicts)
    n_labelled = examples.n_rows + len(examples.unusable_row_ids)
    why = _describe_sample(sample, len(drawn), n_labelled, int(before.sum()))
    measured = _measure(suspected, sample, narrow)
    if before.any():
        measured = _add_decided(measured, sample.n_rows, is_wrong[before])
    return _raise_bound(replace(measured, why=why), is_wrong)


def _find_decided_before(sample: CheckedSample, drawn: Mapping[int, Stratum], verdicts: Verdicts) -> Bools:
    """The rows that people had decided when the sample was drawn from all others; none where it is not sure.

    It is sure where the rows that were drawn from and the decided ones are together all rows of the file.
    """
    before = verdicts.codes >= 0
    before[list(drawn)] = False
    are_all = sample.n_rows + int(before.sum()) == len(before)
    return before if are_all else np.zeros(len(before), dtype=np.bool_)


def _add_decided(measured: NoiseRate, n_drawn_from: int, is_wrong: Bools) -> NoiseRate:
    """The rate of all rows: measured on those that were drawn from, and known of the others."""
    n_rows, n_wrong = n_drawn_from + len(is_wrong), int(is_wrong.sum())

    def extend(share: float | None) -> float | None:
        return None if share is None else (share * n_drawn_from + n_wrong) / n_rows

    return replace(measured, rate=extend(measured.rate), low=extend(measured.low), high=extend(measured.high))


def _raise_bound(noise: NoiseRate, is_wrong: Bools) -> NoiseRate:
    """The same, with at least as many wrong labels as people corrected."""
    return replace(noise, at_least=max(noise.at_least, float(is_wrong.mean())))


def _explain_no_measurement(drawn: Mapping[int, Stratum], n_checked: int, verdicts: Verdicts) -> str | None:
    """Why the verdicts can't measure the rate, as a clause; None if they can."""
    if not drawn:
        return "no verdict is on a row drawn at random (--audit-sample), so they can't measure it"
    n_strata = {stratum.n_strata for stratum in drawn.values()}
    numbers = Counter(stratum.number for stratum in set(drawn.values()))
    draws = [stratum.draw for stratum in drawn.values()]
    numbered = Counter(draw for draw in draws if draw is not None)
    if len(n_strata) > 1 or max(numbers.values()) > 1 or (numbered and max(numbered.values()) > 1):
        return f"{verdicts.path} has rows of more than one audit sample, which can't measure it together"
    (strata,) = n_strata
    if strata not in DRAWN_FROM or (strata > 1 and None in draws):
        return "the audit sample is of an earlier version of doubt, which drew otherwise: draw a new one"
    if n_checked < FEWEST_CHECKED:
        return (
            f"to measure it, {FEWEST_CHECKED} rows of the audit sample must be decided, and {n_checked} are"
        )
    missing = [number for number in range(1, strata + 1) if number not in numbers]
    if missing:
        return f"{verdicts.path} has no row of part {missing[0]} of the audit sample, so it can't measure it"
    return None


def _take_in_order(
    drawn: Mapping[int, Stratum], decided: Mapping[int, Stratum], is_wrong: Bools
) -> CheckedSample:
    """The decided rows in the order of the draw."""
    sizes = {stratum.number: stratum.n_rows for stratum in drawn.values()}
    rows = sorted(decided, key=lambda row: (decided[row].draw or 0, row))
    return CheckedSample(
        strata=np.array([decided[row].number - 1 for row in rows], dtype=np.intp),
        is_wrong=is_wrong[rows],
        sizes=np.array([sizes[number] for number in sorted(sizes)], dtype=np.intp),
    )


def _measure(suspected: NoiseRate, sample: CheckedSample, narrow: float) -> NoiseRate:
    """The measured rate, beside what models know; it lies in its interval."""
    low, high = bound_rate(sample)
    return replace(
        suspected,
        assessable=True,
        rate=min(max(estimate_rate(sample), low), high),
        low=low,
        high=high,
        level=LEVEL,
        rests_on="verdicts",
        n_checked=len(sample.strata),
        n_more=count_more(sample, narrow),
    )


def _describe_sample(sample: CheckedSample, n_sampled: int, n_labelled: int, n_before: int) -> str:
    """How many rows were checked, of how many, and what else the rate depends on."""
    sentence = f"measured on {len(sample.strata):,} checked rows, drawn at random from {sample.n_rows:,}"
    if n_before:
        sentence += f", and on {format_count(n_before, 'row')} decided before"
    elif sample.n_rows != n_labelled:
        sentence += f" ({n_labelled:,} are labelled now)"
    if n_left := n_sampled - len(sample.strata):
        more = "1 more sampled row is" if n_left == 1 else f"{n_left:,} more sampled rows are"
        sentence += f"; {more} undecided, and assumed to be like these"
    return sentence
