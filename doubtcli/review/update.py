"""A person's decisions -> a provisional order at once, until the file is judged again with them.

Decisions say how likely labels are wrong at each doubt; and what they say about a row they also say about the
rows that are nearly the same, and about those near it.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.rank.measured import measure_noise_rate
from doubtcli.rank.verdicts import learn_from_verdicts, mark_decided_rows
from doubtcli.records import DOUBTED_FROM, UNDECIDED, UNUSABLE
from doubtcli.review.rules import RuleBook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.plugins import LoadedReason
    from doubtcli.rank.prior import ErrorCurves
    from doubtcli.records import Bools, Codes, ExpectedWrong, Keeper, NoiseRate, Ranking, ScanResult, Verdicts
    from doubtcli.records.arrays import Floats
    from doubtcli.review.pictures import Pictures

NEXT_ROWS = 50
HALF_WIDTH = 0.01
"""One point on either side: what the meter counts down to."""
_WEIGHT_OF_DECIDED = 3.0
"""A neighbour whose label a person decided counts as much as three others."""
_SAME_INPUT = 3.0
"""Log odds that a decision on a row is evidence about a nearly equal one."""


@dataclass(frozen=True)
class Basis:
    """What a review needs besides the audit that it is of."""

    loaded: Sequence[LoadedReason]
    """The reasons that the scan ran: they explain rows."""
    curves: ErrorCurves
    """How likely a label is wrong at each margin, before any decision."""
    suspected: NoiseRate
    """What models alone say of the noise rate."""
    judge_again: Callable[[], ScanResult] | None = None
    """Judges the file again, with what was decided; None where that is not wanted."""
    keeper: Keeper | None = None
    """Keeps the places of the map for later runs."""
    pictures: Pictures | None = None
    """The pictures that the rows name."""
    rules: RuleBook = field(default_factory=RuleBook)
    """Where rules are kept."""


@dataclass(frozen=True)
class Meters:
    """How a review goes, in figures."""

    n_checked: int
    """Rows of the queue that were decided: neither drawn at random nor skipped."""
    n_wrong: int
    """Those of them whose label was corrected."""
    next: ExpectedWrong
    """How many of the next rows of the queue are wrong."""
    noise_rate: NoiseRate
    """Measured on the rows drawn at random, with an interval that holds at every look."""


def rank_provisionally(audit: ScanResult, curves: ErrorCurves, verdicts: Verdicts) -> Ranking:
    """The ranking once people have decided some rows, without judging the file again.

    Args:
        audit: As it was scanned.
        curves: How likely a label is wrong at each margin, before these decisions.
        verdicts: What was decided.
    """
    from scipy.special import expit

    ranking, given = audit.ranking, audit.examples.given_labels
    learned = learn_from_verdicts(curves, ranking.margins, given, verdicts)
    log_odds = learned.to_log_odds(ranking.margins) + _shift_by_neighbors(audit, verdicts.codes)
    log_odds += _shift_by_duplicates(audit, verdicts.codes)
    doubt = expit(log_odds)
    shifted = replace(
        ranking,
        doubt=doubt,
        doubted=doubt >= DOUBTED_FROM,
        margins=learned.to_margins(log_odds),
        order=np.lexsort((np.argsort(ranking.order), -log_odds)),
    )
    codes = np.where(verdicts.codes == UNUSABLE, UNDECIDED, verdicts.codes)
    marked = mark_decided_rows(shifted, replace(audit.examples, verdicts=replace(verdicts, codes=codes)))
    decided = verdicts.codes != UNDECIDED
    return replace(
        marked,
        doubted=marked.doubted & ~decided,
        contradicted=marked.contradicted & ~decided,
        decided=decided,
    )


def measure_review(
    audit: ScanResult, suspected: NoiseRate, curves: ErrorCurves, verdicts: Verdicts
) -> Meters:
    """How a review goes.

    Args:
        audit: As it was scanned.
        suspected: What models alone say of the noise rate.
        curves: How likely a label is wrong at each margin, before these decisions.
        verdicts: What was decided.
    """
    given, ranking = audit.examples.given_labels, audit.ranking
    learned = learn_from_verdicts(curves, ranking.margins, given, verdicts)
    open_rows = ranking.queue[verdicts.codes[ranking.queue] == UNDECIDED][:NEXT_ROWS]
    drawn = np.array([stratum is not None for stratum in verdicts.strata])
    checked = (verdicts.codes >= 0) & ranking.doubted & ~drawn
    if verdicts.from_equal is not None:
        checked &= ~verdicts.from_equal
    return Meters(
        n_checked=int(checked.sum()),
        n_wrong=int((verdicts.codes[checked] != given[checked]).sum()),
        next=learned.count_wrong(ranking.margins[open_rows]),
        noise_rate=measure_noise_rate(suspected, replace(audit.examples, verdicts=verdicts), HALF_WIDTH),
    )


def run_in_background(judge: Callable[[], ScanResult]) -> Future[ScanResult]:
    """The result of a long job, which ends with the process at the latest."""
    found: Future[ScanResult] = Future()

    def run() -> None:
        try:
            found.set_result(judge())
        except BaseException as error:  # noqa: BLE001  # who asks for the result gets it
            found.set_exception(error)

    Thread(target=run, daemon=True).start()
    return found


@dataclass(frozen=True)
class Moves:
    """What a new ranking changes for the rows that are still to be decided."""

    n_risen: int
    """Rows that are doubted now, and were not."""
    n_fallen: int
    """Rows that were doubted, and are not any more."""
    first: tuple[int, ...]
    """The rows that are doubted now and were not, most doubted first; at most `MOST_MOVES`."""


MOST_MOVES = 5


def compare_rankings(before: Ranking, after: Ranking, decided: Bools) -> Moves:
    """What a new ranking changes.

    Args:
        before: The old one.
        after: The new one.
        decided: Shape `(n_rows,)`: rows that are left out.
    """
    risen = after.doubted & ~before.doubted & ~decided
    fallen = before.doubted & ~after.doubted & ~decided
    first = after.order[risen[after.order]][:MOST_MOVES]
    return Moves(int(risen.sum()), int(fallen.sum()), tuple(first.tolist()))


def _shift_by_neighbors(audit: ScanResult, codes: Codes) -> Floats:
    """How the votes of neighbours change the log odds that each label is wrong, where some are decided."""
    indices = audit.evidence.neighbor_indices
    given = audit.examples.given_labels
    if indices is None:
        return np.zeros(len(given))
    there, decided = indices >= 0, codes >= 0
    touched = np.flatnonzero((there & decided[indices]).any(axis=1))
    labels, weights = np.where(decided, codes, given), np.where(decided, _WEIGHT_OF_DECIDED, 1.0)
    near, known = indices[touched], there[touched]
    before = _vote(given[near] == given[touched, None], np.where(known, 1.0, 0.0))
    after = _vote(labels[near] == given[touched, None], np.where(known, weights[near], 0.0))
    shift = np.zeros(len(given))
    shift[touched] = before - after
    return shift


def _vote(agrees: Bools, weights: Floats) -> Floats:
    """The log odds for the label of each row, by the weighted votes of its neighbours."""
    for_it, all_votes = (agrees * weights).sum(axis=1), weights.sum(axis=1)
    return np.asarray(np.log((for_it + 0.5) / (all_votes - for_it + 0.5)))


def _shift_by_duplicates(audit: ScanResult, codes: Codes) -> Floats:
    """How decisions on rows of nearly the same input change the log odds that each label is wrong."""
    groups, given = audit.evidence.duplicate_groups, audit.examples.given_labels
    shift = np.zeros(len(given))
    if groups is None:
        return shift
    decided = np.flatnonzero(codes >= 0)
    for row in decided.tolist():
        same = np.flatnonzero(groups == groups[row])
        other = same[same != row]
        shift[other] += np.where(given[other] == codes[row], -_SAME_INPUT, _SAME_INPUT)
    return shift
