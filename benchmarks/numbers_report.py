"""The numbers that people act on, measured on label sets that were left out of the table of known sets.

Every set is judged by the curves of all other rows: its queue, its doubts, and what verdicts make of them.
The person who decides is the known truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from label_sets import CLEAN, NAMED_CLEAN
from page import markdown_table
from scipy.special import expit

from doubtcli.rank.cut import choose_queue_length
from doubtcli.rank.prior import ErrorCurves, KnownSets, make_unskilled_curves, mix_curves
from doubtcli.records import DOUBTED_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from label_sets import JudgedSet

    from doubtcli.records import ExpectedWrong, Ranking

SMALL = 0.001
"""Added to each F1, so that a ratio of two that are 0 is 1."""
LOOKS = (20, 50, 100)
FEWEST_AHEAD = 20
STOP_BELOW = 0.2
WINDOW = 50


@dataclass(frozen=True)
class LeftOut:
    """A set, judged by the curves of all others."""

    judged: JudgedSet
    curves: ErrorCurves
    ranking: Ranking

    @property
    def is_like_people(self) -> bool:
        """Whether its errors are people's, or lie near a boundary."""
        return self.judged.labels == "real" or self.judged.labels.startswith("near")


def report(judged: Sequence[JudgedSet], known: KnownSets) -> str:
    """The tables."""
    sets = [leave_out(one, known) for one in judged]
    wrong = [one for one in sets if one.judged.is_error.any()]
    alike = [one for one in wrong if one.is_like_people]
    clean = [one for one in sets if one.judged.labels == CLEAN and one.judged.rows.startswith(NAMED_CLEAN)]
    rows = [
        *measure_queue("people's and near errors", alike),
        *measure_queue("people's errors", [one for one in alike if one.judged.labels == "real"]),
        *measure_queue("uniform, pair and rule errors", [one for one in wrong if not one.is_like_people]),
        *measure_clean(clean),
        *measure_range(sets),
        *measure_ahead(alike),
        measure_stops(alike),
        *measure_calibration(alike),
        measure_bounds(sets),
    ]
    head = f"{len(judged)} label sets of {len({one.rows for one in judged})} tables and text files."
    return f"{head}\n\n" + markdown_table(["measure", "sets", "figure"], rows)


def leave_out(one: JudgedSet, known: KnownSets) -> LeftOut:
    """A set with the doubts that it gets by the curves of all other rows."""
    if one.features is None:
        return LeftOut(one, make_unskilled_curves(), one.ranking)
    curves = mix_curves(known.leave_out(one.rows), one.features)
    return LeftOut(one, curves, rank_again(one.ranking, curves, has_skill=True))


def rank_again(ranking: Ranking, curves: ErrorCurves, *, has_skill: bool) -> Ranking:
    """A ranking with the doubts and the queue by some curves."""
    doubt = expit(curves.to_log_odds(ranking.margins))
    if ranking.decided is not None:
        doubt = np.where(ranking.decided, ranking.doubt, doubt)
    open_rows = np.ones(len(doubt), dtype=bool) if ranking.decided is None else ~ranking.decided
    again = replace(ranking, doubt=doubt, doubted=(doubt >= DOUBTED_FROM) & open_rows)
    return replace(again, queue_length=choose_queue_length(again, has_skill=has_skill))


def learn_from(one: LeftOut, rows: np.ndarray) -> ErrorCurves:
    """The curves of a set once people have decided some rows, as `rank.verdicts` has them."""
    margins = one.ranking.margins
    rest = np.ones(len(margins), dtype=bool)
    rest[rows] = False
    plausible = one.curves.leave_out_implausible(margins[rest])
    return plausible.learn(margins[rows], one.judged.is_error[rows])


def decide_top(one: LeftOut, n_rows: int) -> LeftOut:
    """The set once people have decided the first rows of its queue."""
    top, ranking = one.ranking.queue[:n_rows], one.ranking
    curves = learn_from(one, top)
    decided = np.zeros(len(ranking.doubt), dtype=bool)
    decided[top] = True
    known = np.where(decided, one.judged.is_error, ranking.doubt).astype(float)
    after = replace(ranking, doubt=known, decided=decided, contradicted=ranking.contradicted & ~decided)
    has_skill = one.judged.features is not None
    return LeftOut(one.judged, curves, rank_again(after, curves, has_skill=has_skill))


# ------------------------------------------------------------------------ the queue


def measure_queue(kind: str, sets: Sequence[LeftOut]) -> list[list[str]]:
    """F1 of the queue over that of cleanlab's flags, without verdicts and after 50 from its top."""
    before = [compare_f1(one, mark_queue(one)) for one in sets]
    after = [compare_f1(one, mark_queue(decide_top(one, 50)) | mark_found(one, 50)) for one in sets]
    lengths = [len(expand(one)) / max(int(one.judged.flagged.sum()), 1) for one in sets]
    worst = sets[int(np.argmin(before))].judged.name
    n_below = sum(ratio < 0.85 for ratio in before)  # the goal for the worst
    return [
        [f"F1 of the queue over that of cleanlab's flags, {kind}", str(len(sets)),
         f"{mean(before):.2f}; worst {min(before):.2f} ({worst}); {n_below} below .85"],
        ["the same, after 50 verdicts from its top", str(len(sets)),
         f"{mean(after):.2f}; worst {min(after):.2f}"],
        ["length of the queue over that of cleanlab's flags", str(len(sets)),
         f"median {np.median(lengths):.2f}; {sum(length > 1.5 for length in lengths)} above 1.5"],
    ]  # fmt: skip


def compare_f1(one: LeftOut, chosen: np.ndarray) -> float:
    """F1 of some rows over that of the rows that cleanlab flags."""
    return (score_f1(chosen, one.judged.is_error) + SMALL) / (
        score_f1(one.judged.flagged, one.judged.is_error) + SMALL
    )


def score_f1(chosen: np.ndarray, is_error: np.ndarray) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * float((chosen & is_error).sum()) / max(int(chosen.sum() + is_error.sum()), 1)


def expand(one: LeftOut) -> np.ndarray:
    """All rows of the entries in the queue."""
    ranking = one.ranking
    if ranking.entries is None:
        return ranking.queue
    return np.flatnonzero(np.isin(ranking.entries, ranking.entries[ranking.queue]))


def mark_queue(one: LeftOut) -> np.ndarray:
    """Whether each row is in the queue."""
    marked = np.zeros(len(one.judged.is_error), dtype=bool)
    marked[expand(one)] = True
    return marked


def mark_found(one: LeftOut, n_rows: int) -> np.ndarray:
    """The rows at the top of the queue that people found to be wrong."""
    marked = np.zeros(len(one.judged.is_error), dtype=bool)
    marked[one.ranking.queue[:n_rows]] = True
    return marked & one.judged.is_error


def measure_clean(sets: Sequence[LeftOut]) -> list[list[str]]:
    """The shares of rows that are doubted and queued where no label is wrong."""
    doubted = [float(one.ranking.doubted.mean()) for one in sets]
    queued = [float(mark_queue(one).mean()) for one in sets]
    return [
        ["clean sets: doubted", str(len(sets)), f"mean {np.mean(doubted):.1%}; most {max(doubted):.1%}"],
        ["clean sets: in the queue", str(len(sets)), f"mean {np.mean(queued):.1%}; most {max(queued):.1%}"],
    ]


# ------------------------------------------------------------------- what is expected


def measure_range(sets: Sequence[LeftOut]) -> list[list[str]]:
    """Whether the range for the precision of doubted rows holds, beside one range for all sets."""
    found = [
        (one.judged.rows, one.curves.count_wrong(one.ranking.margins[one.ranking.doubted]),
         float(one.judged.is_error[one.ranking.doubted].mean()))
        for one in sets if one.ranking.doubted.any() and one.judged.features is not None
    ]  # fmt: skip
    held = [holds(expected, round(share * expected.n_rows)) for _, expected, share in found]
    scores = [score_interval(one.low / one.n_rows, one.high / one.n_rows, share) for _, one, share in found]
    constant = [
        score_interval(*find_best_range([other for rows, _, other in found if rows != own]), share)
        for own, _, share in found
    ]
    return [
        ["range for the precision of doubted rows holds", str(len(found)), f"{np.mean(held):.0%}"],
        ["its interval score (lower is better); the best constant range's", str(len(found)),
         f"{np.mean(scores):.2f}; {np.mean(constant):.2f}"],
    ]  # fmt: skip


def holds(expected: ExpectedWrong, n_wrong: int) -> bool:
    """Whether a number is in an interval."""
    return expected.low <= n_wrong <= expected.high


def score_interval(low: float, high: float, value: float, level: float = 0.9) -> float:
    """The interval score (Gneiting and Raftery, 2007)."""
    outside = max(low - value, 0.0) + max(value - high, 0.0)
    return high - low + 2 / (1 - level) * outside


def find_best_range(values: Sequence[float]) -> tuple[float, float]:
    """The range with the best mean score on some values."""
    low, high, value = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 21), values, indexing="ij")
    outside = np.maximum(low - value, 0) + np.maximum(value - high, 0)
    scores = np.where(low <= high, high - low + 20 * outside, np.inf).mean(axis=2)
    first, second = np.unravel_index(scores.argmin(), scores.shape)
    return float(low[first, 0, 0]), float(high[0, second, 0])


def measure_ahead(sets: Sequence[LeftOut]) -> list[list[str]]:
    """How well verdicts tell how many of the next 100 rows of the queue are wrong."""
    rows = []
    for n_decided in LOOKS:
        held = []
        for one in sets:
            ahead = one.ranking.queue[n_decided : n_decided + 100]
            if len(ahead) >= FEWEST_AHEAD:
                expected = decide_top(one, n_decided).curves.count_wrong(one.ranking.margins[ahead])
                held.append(holds(expected, int(one.judged.is_error[ahead].sum())))
        rows.append(
            [
                f"wrong among the next 100, after {n_decided} verdicts: the interval holds",
                str(len(held)),
                f"{np.mean(held):.0%}",
            ]
        )
    errors = []
    for one in sets:
        ahead = one.ranking.queue[30:130]
        if len(ahead) == 100:
            expected = decide_top(one, 30).curves.count_wrong(one.ranking.margins[ahead])
            errors.append(abs(expected.mean - one.judged.is_error[ahead].sum()) / len(ahead))
    return [*rows, ["the same after 30: absolute error", str(len(errors)), f"mean {np.mean(errors):.3f}"]]


def measure_stops(sets: Iterable[LeftOut]) -> list[str]:
    """How often the end of the queue by `--stop-below 20%` is within 50 rows of the place by hindsight.

    People go down the queue, and every 10 verdicts it is cut again. By hindsight it ends after the last
    row from which on the next 50 rows have at least as high a share of wrong labels.
    """
    near = []
    for one in sets:
        queue, margins = one.ranking.queue, one.ranking.margins
        is_error = one.judged.is_error[queue]
        best = next((place for place in range(len(queue))
                     if is_error[place : place + WINDOW].mean() < STOP_BELOW), len(queue))  # fmt: skip
        stopped = len(queue)
        for place in range(10, len(queue), 10):
            curves = learn_from(one, queue[:place])
            if expit(curves.to_log_odds(margins[queue[place]])) < STOP_BELOW:
                stopped = place
                break
        near.append(abs(stopped - best) <= WINDOW)
    kind = f"--stop-below {STOP_BELOW:.0%} ends within {WINDOW} rows of the place by hindsight"
    return [kind, str(len(near)), f"{np.mean(near):.0%}"]


def measure_calibration(sets: Sequence[LeftOut]) -> list[list[str]]:
    """The calibration error of doubts, without verdicts and after 50, over the rows that are left."""
    rows = []
    for kind, chosen in (
        ("people's errors", [one for one in sets if one.judged.labels == "real"]),
        ("people's and near errors", sets),
    ):
        before = [measure_ece(one) for one in chosen]
        after = [measure_ece(decide_top(one, 50)) for one in chosen]
        rows.append([f"ECE of doubt, {kind}, without verdicts; after 50", str(len(chosen)),
                     f"{np.mean(before):.3f}; {np.mean(after):.3f}"])  # fmt: skip
    return rows


def measure_ece(one: LeftOut) -> float:
    """The expected calibration error, ten equal bins; decided rows count with what is known of them."""
    doubt, is_error = one.ranking.doubt, one.judged.is_error
    bins = np.minimum((doubt * 10).astype(int), 9)
    gaps = [abs(doubt[bins == place].mean() - is_error[bins == place].mean()) * (bins == place).mean()
            for place in np.unique(bins)]  # fmt: skip
    return float(sum(gaps))


def measure_bounds(sets: Sequence[LeftOut]) -> list[str]:
    """How often the lower bound is above the true rate, and above 0 on clean sets."""
    above = [one.judged.noise_rate.at_least > one.judged.is_error.mean() + 1e-9 for one in sets]
    on_clean = [one.judged.noise_rate.at_least > 0 for one in sets if not one.judged.is_error.any()]
    return ["bound above the truth; above 0 on clean sets", f"{len(above)}; {len(on_clean)}",
            f"{np.mean(above):.1%}; {np.mean(on_clean):.1%}"]  # fmt: skip


def mean(ratios: Sequence[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(ratios))))
