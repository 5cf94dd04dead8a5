"""The rows that may be queued, strategies and a size -> the rows that are, in the order of the queue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import SettingsError
from doubtcli.queue.sampling import draw_places, draw_sample
from doubtcli.rank.combine import choose_free_heads
from doubtcli.records import TIERS, SpotCheckPlace
from doubtcli.records.audit import find_queue_heads
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from doubtcli.queue.pool import Pool
    from doubtcli.records import Bools, Codes, Floats, Stratum

TOP, BALANCED, RANDOM, BUDGET, SPOT_CHECK = "top", "balanced", "random", "budget", "spot-check"
"""The strategies by their names on the command line."""
FORMER_NAMES = {"audit": RANDOM}
"""Names that earlier versions had for strategies: still accepted, and not shown."""
STRATEGY_OPTION = "--strategy"
SHARES_EXAMPLE = "top=70%,random=30%"
AUDIT_DIGITS = 8
"""Digits of an audit's key in a spot check: enough to tell the audits of a file apart."""
ALL_PERCENT = 100
"""The sum of all shares, in percent."""

CHARACTERS_A_MINUTE = 1430
"""Silent reading: 238 words a minute (Brysbaert, 2019), taken at five letters and a space each."""
LONGEST_READ = 1.0
"""Minutes: an assumption. Nobody reads pages to pick a label."""
LOOK = 2 / 60
"""Minutes to take in a new row, or its image: an assumption."""
ONE_CLICK = 1.5 / 60
"""Minutes to accept a suggestion that is right: an assumption."""
OWN_CHOICE = 5 / 60
"""Minutes to find a label among the others: an assumption."""


@dataclass(frozen=True)
class QueueChoice:
    """Which rows are wanted."""

    shares: Mapping[str, int]
    """The share in percent of each strategy."""
    size: int | None = None
    """How many entries; None: those of the scan's own queue."""
    seed: int | None = None
    """Of the rows drawn at random; the scan's own if None."""
    scan_length: int = 0
    """Without a size: how many entries the scan's own queue has, without rows drawn at random."""
    scan_sample: int | None = None
    """Without a size: how many rows the scan drew at random."""
    scan_size: int | None = None
    """Without a size: how many entries the scan's own queue has at most."""
    audit: str = ""
    """The key of the audit, of which a spot check keeps the first digits."""


@dataclass(frozen=True)
class Pick:
    """One row of the queue, and the strategy that chose it."""

    row: int
    """Its number in the pool."""
    strategy: str
    stratum: Stratum | SpotCheckPlace | None = None
    """Of a row that was drawn at random; in a spot check of every row."""
    inclusion: float | None = None
    """Of such a row: with what probability it was drawn, or could have been."""


# ------------------------------------------------------------------- the strategies


def order_by_doubt(pool: Pool, rows: Codes) -> Codes:  # noqa: ARG001  # as every strategy is asked
    """The rows as they come: the doubted, then the contradicted, then the others, each by doubt."""
    return rows


def order_in_turns(pool: Pool, rows: Codes) -> Codes:
    """The rows in turns: one of each given class, and within a class one of each strongest reason.

    So no class and no reason crowds out the others. The class of the most doubted row begins, and so does its
    reason. Each tier has turns of its own: the doubted, then the contradicted, then the others.

    Args:
        pool: What is known of the rows.
        rows: Row numbers, by tier and doubt.
    """
    tiers = pool.tiers[rows]
    return np.concatenate([_take_turns(pool, rows[tiers == tier]) for tier in range(len(TIERS))])


def order_by_corrections(pool: Pool, rows: Codes) -> Codes:
    """The rows by their expected corrections a minute, most first; ties stay in their order.

    The row's doubt is taken as the probability of a correction. Whether the row is doubted makes no
    difference here: a short row with little doubt may be worth more than a long one with much.

    Args:
        pool: What is known of the rows.
        rows: Row numbers, most doubted first.
    """
    worth = pool.doubt[rows] / estimate_minutes(pool.n_characters[rows], pool.suggestion[rows])
    return rows[np.argsort(-worth, kind="stable")]


ORDERS: dict[str, Callable[[Pool, Codes], Codes]] = {
    TOP: order_by_doubt,
    BALANCED: order_in_turns,
    BUDGET: order_by_corrections,
}
"""What puts rows in order, those most worth checking first; the other strategies draw instead."""
STRATEGIES = (TOP, BALANCED, RANDOM, BUDGET, SPOT_CHECK)


def estimate_minutes(n_characters: NDArray[np.integer[Any]], suggestion: Floats) -> Floats:
    """How many minutes a person takes to decide each row, about.

    A row takes 2 seconds to look at, the time to read it, and the time to answer: 1,430 characters are read a
    minute, and no more than one minute is read; an answer takes 1.5 seconds where the suggested label is
    right, since that is one click, else 5 seconds. The reading speed is measured (238 words a minute:
    Brysbaert, 2019), all others of these numbers are assumptions: trust the order more than the sum.

    Args:
        n_characters: Of the texts to read.
        suggestion: How likely the suggested label is right, 0 to 1; 0 where nothing is suggested.

    Example:
        >>> estimate_minutes(np.array([715]), np.array([0.0])).round(3).tolist()
        [0.617]
    """
    reading = np.minimum(n_characters / CHARACTERS_A_MINUTE, LONGEST_READ)
    answering = suggestion * ONE_CLICK + (1 - suggestion) * OWN_CHOICE
    return np.asarray(LOOK + reading + answering, dtype=np.float64)


def _take_turns(pool: Pool, rows: Codes) -> Codes:
    labels, reasons = pool.labels[rows], pool.reasons[rows]
    cells = labels * (int(reasons.max(initial=0)) + 1) + reasons
    # within a class: the first row of each reason, then the second of each, …
    within = np.lexsort((_find_first_place(cells), _number_within(cells)))
    turn = np.empty(len(rows), dtype=np.intp)
    turn[within] = _number_within(labels[within])
    return rows[np.lexsort((_find_first_place(labels), turn))]


def _number_within(codes: Codes) -> Codes:
    """The number of each place among those with the same code, from 0."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    lengths = np.diff(np.append(starts, len(codes)))
    number = np.empty(len(codes), dtype=np.intp)
    number[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return number


def _find_first_place(codes: Codes) -> Codes:
    """For each place, the first one with the same code."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.intp)


# ----------------------------------------------------------------------- the choice


def choose_rows(pool: Pool, choice: QueueChoice, scan_seed: int) -> list[Pick]:
    """The rows that people check: those drawn at random first, then each strategy's in its own order.

    Equal rows are one entry of the queue, represented by the most doubted of them. Rows drawn at random are
    each an entry of their own, even where two are equal, since the noise rate is a share of rows. A row
    that several strategies would choose counts as drawn at random if it was, else as chosen by the strategy
    named first. Waived rows can be drawn at random like all others, because the noise rate includes them; no
    other strategy chooses them.

    Args:
        pool: The rows to choose from.
        choice: Which of them are wanted.
        scan_seed: Of the random draw, if the choice has no seed.

    Raises:
        SettingsError: Rows are to be drawn at random and no size is given.
    """
    if SPOT_CHECK in choice.shares:
        return draw_spot_check(pool, choice, scan_seed)
    if choice.size is None and RANDOM in choice.shares:
        raise SettingsError(
            f"the strategy {RANDOM} needs a size",
            where="--size",
            expected="the number of rows to draw",
            hint="add --size 200; to measure the noise rate, draw 100 rows or more",
        )
    seed = scan_seed if choice.seed is None else choice.seed
    if choice.size is None:
        picks = _draw_at_random(pool, choice.scan_sample or 0, seed)
        heads = find_queue_heads(pool.entries, pool.tiers, choice.scan_length)
        n_rows = len(_list_candidates(pool, picks, heads))
        if choice.scan_size is not None:
            n_rows = min(n_rows, max(0, choice.scan_size - len(picks)))
        wanted = split_by_share(n_rows, choice.shares)
    else:
        wanted = split_by_share(choice.size, choice.shares)
        picks = _draw_at_random(pool, wanted.get(RANDOM, 0), seed)
        heads = np.arange(pool.n_rows)
    for name in choice.shares:
        if name != RANDOM:
            rows = _list_candidates(pool, picks, heads)
            picks += [Pick(row, name) for row in ORDERS[name](pool, rows)[: wanted[name]].tolist()]
    return picks


def draw_spot_check(pool: Pool, choice: QueueChoice, scan_seed: int) -> list[Pick]:
    """The scan's own queue, in which some rows are drawn at random and come first, as drawn; then the others.

    Every row has its place in the queue and knows whether it was drawn, so that the verdicts on the drawn
    ones show how many of all are wrong. Equal rows are one; waived rows are not among them.

    Args:
        pool: The rows to choose from.
        choice: How many of them are drawn.
        scan_seed: Of the draw, if the choice has no seed.

    Raises:
        SettingsError: No size is given.
    """
    if choice.size is None:
        raise SettingsError(
            f"the strategy {SPOT_CHECK} needs a size",
            where="--size",
            expected="how many rows of the queue to draw at random",
            hint="add --size 30; to accept suggestions at 95% afterwards, draw 65 or more",
        )
    flagged = _list_scan_queue(pool, choice)
    seed = scan_seed if choice.seed is None else choice.seed
    drawn = draw_places(len(flagged), choice.size, seed).tolist()
    n_drawn, audit = len(drawn), choice.audit[:AUDIT_DIGITS]
    number = {place: draw for draw, place in enumerate(drawn, start=1)}
    rest = (place for place in range(len(flagged)) if place not in number)
    return [
        Pick(
            flagged[place],
            SPOT_CHECK,
            SpotCheckPlace(
                place + 1, len(flagged), number.get(place), n_drawn if place in number else None, audit
            ),
            n_drawn / len(flagged),
        )
        for place in (*drawn, *rest)
    ]


def _list_scan_queue(pool: Pool, choice: QueueChoice) -> list[int]:
    """One row for each entry of the scan's own queue, in its order, without what it drew at random."""
    heads = find_queue_heads(pool.entries, pool.tiers, choice.scan_length)[: choice.scan_size]
    place = {entry: place for place, entry in enumerate(pool.entries[heads].tolist())}
    return sorted(_list_candidates(pool, (), heads).tolist(), key=lambda row: place[int(pool.entries[row])])


def _draw_at_random(pool: Pool, n_wanted: int, seed: int) -> list[Pick]:
    """Rows drawn at random, as a scan with --audit-sample draws them from the same rows."""
    if not (n_wanted and pool.n_rows):
        return []
    canonical = pc.sort_indices(pool.doubts.row_id.cast(pa.large_string())).to_numpy()
    sample = draw_sample(pool.doubt[canonical], np.ones(pool.n_rows, dtype=np.bool_), n_wanted, seed)
    drawn = zip(canonical[sample.rows].tolist(), sample.strata, sample.inclusion.tolist(), strict=True)
    return [Pick(row, RANDOM, stratum, inclusion) for row, stratum, inclusion in drawn]


def _list_candidates(pool: Pool, picks: Iterable[Pick], heads: Codes) -> Codes:
    """One row for each entry that is not in the queue yet, by tier, and in each the most doubted first.

    Waived rows are not among them, and neither are rows drawn at random.

    Args:
        pool: The rows to choose from.
        picks: The rows that are already chosen.
        heads: One row of each entry that may be chosen.
    """
    chosen = [pick.row for pick in picks if pick.strategy != RANDOM]
    left = np.flatnonzero(~pool.waived & ~np.isin(pool.entries, pool.entries[chosen]))
    free = choose_free_heads(left, pool.entries, heads, mark_drawn_picks(pool, picks))
    return free[np.argsort(pool.tiers[free], kind="stable")]


def mark_drawn_picks(pool: Pool, picks: Iterable[Pick]) -> Bools:
    """Shape `(n_rows,)`: whether a row of the pool was drawn at random."""
    drawn = np.zeros(pool.n_rows, dtype=np.bool_)
    drawn[[pick.row for pick in picks if pick.strategy == RANDOM]] = True
    return drawn


# ----------------------------------------------------------------------- the shares


def parse_shares(text: str) -> dict[str, int]:
    """The strategies that a text names, each with its share in percent; the shares add up to 100.

    Raises:
        SettingsError: A strategy is unknown or named twice, or the shares do not add up to 100%.

    Example:
        >>> parse_shares("top=70%,random=30%")
        {'top': 70, 'random': 30}
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and "=" not in text:
        return {_check_strategy(parts[0]): ALL_PERCENT}
    shares: dict[str, int] = {}
    for part in parts:
        name, share = _parse_share(part)
        if name in shares:
            raise SettingsError(
                f"{name!r} is named twice", where=STRATEGY_OPTION, expected="each strategy once"
            )
        shares[name] = share
    if SPOT_CHECK in shares:
        raise SettingsError(
            f"{SPOT_CHECK} can't be mixed with other strategies",
            where=STRATEGY_OPTION,
            expected=f"{SPOT_CHECK} alone, or others by share: {SHARES_EXAMPLE}",
        )
    if sum(shares.values()) != ALL_PERCENT:
        raise SettingsError(
            f"the shares add up to {sum(shares.values())}%",
            where=STRATEGY_OPTION,
            expected="shares that add up to 100%",
        )
    return shares


def split_by_share(n_rows: int, shares: Mapping[str, int]) -> dict[str, int]:
    """How many rows each strategy chooses: rounded down, and what is left goes to the largest remainders.

    Example:
        >>> split_by_share(10, {"top": 67, "random": 33})
        {'top': 7, 'random': 3}
    """
    whole = {name: n_rows * share // ALL_PERCENT for name, share in shares.items()}
    by_rest = sorted(shares, key=lambda name: -(n_rows * shares[name] % ALL_PERCENT))
    left = n_rows - sum(whole.values())
    return {name: n + (name in by_rest[:left]) for name, n in whole.items()}


def _parse_share(part: str) -> tuple[str, int]:
    name, _, share = part.partition("=")
    found = re.fullmatch(r"\s*([1-9][0-9]?|100)\s*%?\s*", share)
    if not found:
        raise SettingsError(
            f"{part!r} is not a strategy with a valid share",
            where=STRATEGY_OPTION,
            expected=f"one name, or names with shares from 1% to 100%, in whole percent: {SHARES_EXAMPLE}",
        )
    return _check_strategy(name.strip()), int(found[1])


def _check_strategy(name: str) -> str:
    name = FORMER_NAMES.get(name, name)
    if name not in STRATEGIES:
        raise SettingsError(
            f"there is no strategy {name!r}",
            where=STRATEGY_OPTION,
            expected=f"one of {', '.join(STRATEGIES)}, or several by share: {SHARES_EXAMPLE}",
            hint=did_you_mean(name, STRATEGIES),
        )
    return name
