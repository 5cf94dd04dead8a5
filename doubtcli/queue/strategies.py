"""The rows that may come, strategies and a size -> the rows that do, in the order in which they are asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import SettingsError
from doubtcli.queue.sampling import draw_sample
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from doubtcli.queue.pool import Pool
    from doubtcli.records import Codes, Floats, Stratum

TOP, BALANCED, RANDOM, BUDGET = "top", "balanced", "audit", "budget"
"""The strategies by their names on the command line; "audit" draws rows at random."""
STRATEGY_OPTION = "--strategy"
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
    """How many rows; None: all that are doubted, by strategies other than an audit."""
    seed: int | None = None
    """What an audit is drawn from; the scan's own if None."""


@dataclass(frozen=True)
class Pick:
    """One row of the queue, and what brought it."""

    row: int
    """Its number in the pool."""
    strategy: str
    stratum: Stratum | None = None
    """Of a row that was drawn at random."""
    inclusion: float | None = None
    """Of a row that was drawn at random: with what probability it was."""


# ------------------------------------------------------------------- the strategies


def order_by_doubt(pool: Pool, rows: Codes) -> Codes:  # noqa: ARG001  # as every strategy is asked
    """The rows as they are: most doubted first."""
    return rows


def order_in_turns(pool: Pool, rows: Codes) -> Codes:
    """The rows in turns: one of each given class, and within a class one of each strongest reason.

    So no class and no reason crowds out the rest. The class of the most doubted row begins, and so does its
    reason. Rows that are not doubted come after all that are, in turns of their own.

    Args:
        pool: What is known of the rows.
        rows: Row numbers, most doubted first.
    """
    is_doubted = pool.doubted[rows]
    return np.concatenate([_take_turns(pool, rows[is_doubted]), _take_turns(pool, rows[~is_doubted])])


def order_by_corrections(pool: Pool, rows: Codes) -> Codes:
    """The rows by their expected corrections a minute, most first; ties as they were.

    A correction is expected with the row's doubt as its probability. Whether the row is doubted makes no
    difference here: a short row of less doubt may be worth more than a long one of much.

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
"""What puts rows in order, the most worth asking first; an audit draws instead."""
STRATEGIES = (TOP, BALANCED, RANDOM, BUDGET)


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
    # of a class: the first of each reason, then the second of each, …
    within = np.lexsort((_find_first_place(cells), _number_within(cells)))
    turn = np.empty(len(rows), dtype=np.intp)
    turn[within] = _number_within(labels[within])
    return rows[np.lexsort((_find_first_place(labels), turn))]


def _number_within(codes: Codes) -> Codes:
    """The number of each place among those of the same code, from 0."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    lengths = np.diff(np.append(starts, len(codes)))
    number = np.empty(len(codes), dtype=np.intp)
    number[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return number


def _find_first_place(codes: Codes) -> Codes:
    """Of each place, the first one of the same code."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.intp)


# ----------------------------------------------------------------------- the choice


def choose_rows(pool: Pool, choice: QueueChoice, scan_seed: int) -> list[Pick]:
    """The rows to ask people about: those drawn for an audit first, then each strategy's in its own order.

    Rows of equal input and equal given label come once: the most doubted one stands for them. Only rows that
    were drawn for an audit come each for itself, since the noise rate is a share of rows. A row that several
    strategies would bring is brought by the audit, else by the strategy named first. Rows that are waived are
    drawn for an audit as all others are, or else the draw would be of other rows than the rate; no other
    strategy brings them.

    Args:
        pool: The rows to choose from.
        choice: Which of them are wanted.
        scan_seed: What an audit is drawn from, if the choice doesn't say.

    Raises:
        SettingsError: An audit is wanted and no size is given.
    """
    if choice.size is None and RANDOM in choice.shares:
        raise SettingsError(
            "an audit draws as many rows as it is told",
            where="--size",
            expected="a number of rows",
            hint="add --size 200; for a noise rate, 100 rows or more",
        )
    n_doubted = len(_list_candidates(pool, [], doubted=True))
    wanted = split_by_share(n_doubted if choice.size is None else choice.size, choice.shares)
    picks = _draw_audit(pool, wanted.get(RANDOM, 0), scan_seed if choice.seed is None else choice.seed)
    for name in choice.shares:
        if name != RANDOM:
            rows = _list_candidates(pool, picks, doubted=choice.size is None)
            picks += [Pick(row, name) for row in ORDERS[name](pool, rows)[: wanted[name]].tolist()]
    return picks


def _draw_audit(pool: Pool, n_wanted: int, seed: int) -> list[Pick]:
    """Rows drawn at random, as a scan with --audit-sample draws them from the same rows."""
    if not (n_wanted and pool.n_rows):
        return []
    canonical = pc.sort_indices(pool.doubts.row_id.cast(pa.large_string())).to_numpy()
    sample = draw_sample(pool.doubt[canonical], np.ones(pool.n_rows, dtype=np.bool_), n_wanted, seed)
    drawn = zip(canonical[sample.rows].tolist(), sample.strata, sample.inclusion.tolist(), strict=True)
    return [Pick(row, RANDOM, stratum, inclusion) for row, stratum, inclusion in drawn]


def _list_candidates(pool: Pool, taken: Iterable[Pick], *, doubted: bool) -> Codes:
    """The rows that stand for a group of equal ones of which none is taken, most doubted first.

    Rows that are waived stand for none.
    """
    groups = pool.groups
    left = np.flatnonzero(~pool.waived)
    rows = left[np.sort(np.unique(groups[left], return_index=True)[1])]
    is_left = ~np.isin(groups[rows], groups[[pick.row for pick in taken]])
    return np.asarray(rows[is_left & (pool.doubted[rows] | (not doubted))], dtype=np.intp)


# ----------------------------------------------------------------------- the shares


def parse_shares(text: str) -> dict[str, int]:
    """The strategies that a text names, each with its share in percent; they make 100 together.

    Raises:
        SettingsError: It names no strategy of ours, or one twice, or shares that do not make 100%.

    Example:
        >>> parse_shares("top=70%,audit=30%")
        {'top': 70, 'audit': 30}
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and "=" not in text:
        return {_check_strategy(parts[0]): ALL_PERCENT}
    shares: dict[str, int] = {}
    for part in parts:
        name, share = _parse_share(part)
        if name in shares:
            raise SettingsError(
                f"{name!r} is named twice", where=STRATEGY_OPTION, expected="one share a strategy"
            )
        shares[name] = share
    if sum(shares.values()) != ALL_PERCENT:
        raise SettingsError(
            f"the shares make {sum(shares.values())}%",
            where=STRATEGY_OPTION,
            expected="shares that make 100% together",
        )
    return shares


def split_by_share(n_rows: int, shares: Mapping[str, int]) -> dict[str, int]:
    """How many of some rows each strategy brings: what is left by rounding down goes to the largest rests.

    Example:
        >>> split_by_share(10, {"top": 67, "audit": 33})
        {'top': 7, 'audit': 3}
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
            f"{part!r} is no share of a strategy",
            where=STRATEGY_OPTION,
            expected="one name, or names with whole shares: top=70%,audit=30%",
        )
    return _check_strategy(name.strip()), int(found[1])


def _check_strategy(name: str) -> str:
    if name not in STRATEGIES:
        raise SettingsError(
            f"there is no strategy {name!r}",
            where=STRATEGY_OPTION,
            expected=f"one of {', '.join(STRATEGIES)}, or several by share: top=70%,audit=30%",
            hint=did_you_mean(name, STRATEGIES),
        )
    return name
