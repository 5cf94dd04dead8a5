"""No class and no reason crowds out the rest: classes take turns, and within a class its reasons do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from doubtcli.records import Codes
    from doubtcli.relabel.choose.pool import Pool


def balanced(pool: Pool, rows: Codes) -> Codes:
    """The rows in turns: one of each given class, and within a class one of each strongest reason.

    The class of the most doubted row begins, and so does its reason. Rows that are not doubted come after all
    that are, in turns of their own.

    Args:
        pool: What is known of the rows.
        rows: Row numbers, most doubted first.
    """
    is_doubted = pool.doubted[rows]
    return np.concatenate([_in_turns(pool, rows[is_doubted]), _in_turns(pool, rows[~is_doubted])])


def _in_turns(pool: Pool, rows: Codes) -> Codes:
    labels, reasons = pool.labels[rows], pool.reasons[rows]
    cells = labels * (int(reasons.max(initial=0)) + 1) + reasons
    # of a class: the first of each reason, then the second of each, …
    within = np.lexsort((_first_place(cells), _number_within(cells)))
    turn = np.empty(len(rows), dtype=np.intp)
    turn[within] = _number_within(labels[within])
    return rows[np.lexsort((_first_place(labels), turn))]


def _number_within(codes: Codes) -> Codes:
    """The number of each place among those of the same code, from 0."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    lengths = np.diff(np.append(starts, len(codes)))
    number = np.empty(len(codes), dtype=np.intp)
    number[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return number


def _first_place(codes: Codes) -> Codes:
    """Of each place, the first one of the same code."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.intp)
