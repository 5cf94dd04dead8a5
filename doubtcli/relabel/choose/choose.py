"""The rows that may come, strategies and a size -> the rows that do, in the order in which they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import SettingsError
from doubtcli.relabel.choose.balanced import balanced
from doubtcli.relabel.choose.budget import budget
from doubtcli.relabel.choose.shares import AUDIT, BALANCED, BUDGET, TOP, sizes
from doubtcli.sampling import draw_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from doubtcli.records import Codes, Stratum
    from doubtcli.relabel.choose.pool import Pool


@dataclass(frozen=True)
class Choice:
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


def top(pool: Pool, rows: Codes) -> Codes:  # noqa: ARG001  # as every strategy is asked
    """The rows as they are: most doubted first."""
    return rows


ORDERS: dict[str, Callable[[Pool, Codes], Codes]] = {TOP: top, BALANCED: balanced, BUDGET: budget}
"""What puts rows in order, the most worth asking first; an audit draws instead."""


def choose(pool: Pool, choice: Choice, scan_seed: int) -> list[Pick]:
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
    if choice.size is None and AUDIT in choice.shares:
        raise SettingsError(
            "an audit draws as many rows as it is told",
            where="--size",
            expected="a number of rows",
            hint="add --size 200; for a noise rate, 100 rows or more",
        )
    n_doubted = len(_standing(pool, [], doubted=True))
    wanted = sizes(n_doubted if choice.size is None else choice.size, choice.shares)
    picks = _drawn(pool, wanted.get(AUDIT, 0), scan_seed if choice.seed is None else choice.seed)
    for name in choice.shares:
        if name != AUDIT:
            rows = _standing(pool, picks, doubted=choice.size is None)
            picks += [Pick(row, name) for row in ORDERS[name](pool, rows)[: wanted[name]].tolist()]
    return picks


def _drawn(pool: Pool, n_wanted: int, seed: int) -> list[Pick]:
    """Rows drawn at random, as a scan with --audit-sample draws them from the same rows."""
    if not (n_wanted and pool.n_rows):
        return []
    canonical = pc.sort_indices(pool.doubts.column("row_id").cast(pa.large_string())).to_numpy()
    sample = draw_sample(pool.doubt[canonical], np.ones(pool.n_rows, dtype=np.bool_), n_wanted, seed)
    drawn = zip(canonical[sample.rows].tolist(), sample.strata, sample.inclusion.tolist(), strict=True)
    return [Pick(row, AUDIT, stratum, inclusion) for row, stratum, inclusion in drawn]


def _standing(pool: Pool, taken: Iterable[Pick], *, doubted: bool) -> Codes:
    """The rows that stand for a group of equal ones of which none is taken, most doubted first.

    Rows that are waived stand for none.
    """
    groups = pool.groups
    left = np.flatnonzero(~pool.waived)
    rows = left[np.sort(np.unique(groups[left], return_index=True)[1])]
    is_left = ~np.isin(groups[rows], groups[[pick.row for pick in taken]])
    return np.asarray(rows[is_left & (pool.doubted[rows] | (not doubted))], dtype=np.intp)
