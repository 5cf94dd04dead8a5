"""Doubted rows against a baseline: which are new, which are known, and which doubts are gone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.gate.baseline.gone import told_gone, what_became
from doubtcli.gate.baseline.rows import doubted_rows
from doubtcli.gate.result import Change, Comparison

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from doubtcli.gate.baseline.rows import DoubtedRow, Key
    from doubtcli.gate.baseline.section import KnownDoubt, Section

    Floats = NDArray[np.floating[Any]]
    from doubtcli.records import DoubtTable

CUT = 0.5
"""From this doubt on a row is doubted: its label is likelier wrong than right."""
_BORDERLINE = 0.25
"""How far from the cut a doubt is borderline: there it is free to move both ways."""
_UNKNOWN_WOBBLE = 0.25
"""Where the models were asked once only, or on no borderline row."""
_SDS = 3

CHANGED_ROW = "the row was added or changed since the baseline"
BORDERLINE_ROW = "it was borderline in the baseline already"
WAIVED_ROW = "it is waived by now"


def wobble(doubt: Floats, doubt_sd: Floats) -> Floats:
    """By how much each row's doubt may differ between two audits of the same data.

    It is three times the standard deviation between repeats: the row's own or, where that is larger, the
    median of all borderline rows, because with few repeats a row may look steadier than it is.

    Args:
        doubt: Shape `(n_rows,)`, 0 to 1; NaN on rows without a label.
        doubt_sd: Shape `(n_rows,)`; NaN where there was one repeat only.

    Returns:
        Shape `(n_rows,)`; at least 0.25 where no borderline row has a standard deviation.
    """
    borderline = doubt_sd[np.abs(doubt - CUT) <= _BORDERLINE]
    measured = borderline[~np.isnan(borderline)]
    at_least = _SDS * np.median(measured) if len(measured) else _UNKNOWN_WOBBLE
    return np.fmax(_SDS * doubt_sd, at_least)


def compare(
    section: Section, doubts: DoubtTable, *, path: str, waived: Collection[int] = ()
) -> tuple[Comparison, dict[int, tuple[Change, str]]]:
    """What of the doubted rows is new.

    A row is recognised by its content and label. Of equal rows the most doubted come first, so that it does
    not matter where they stand. A reason that newly speaks on a known row makes it no new doubt.

    Args:
        section: What the baseline knows of the file.
        doubts: `doubts.parquet`: every row.
        path: The baseline's file, to be named.
        waived: The rows that a person waived, by their place in the file.

    Returns:
        The comparison; and, by its place in the file, what each doubted row is that is not waived, and why in
        words ("" for a row that was doubted before).

    Raises:
        InputError: The audit does not tell what stands in the rows.
    """
    waived = frozenset(waived)
    now, known, wobbles = doubted_rows(doubts, waived), _by_key(section), _wobbles(doubts)
    changes: dict[int, tuple[Change, str]] = {}
    gone: list[tuple[KnownDoubt, str]] = []
    left = dict(known)
    for key, rows in now.items():
        before = known.get(key, [])
        pairs, others, left[key] = _paired(before, rows)
        changes |= {row.row: (Change.KNOWN, "") for row, _ in pairs}
        n_there = section.count_like(*key) - len(before)
        changes |= _judged(others, n_there, section.count_borderline(*key), wobbles)
        gone += [(doubt, WAIVED_ROW) for row, doubt in pairs if row.row in waived]
    gone += what_became(left, {key: len(rows) for key, rows in now.items()}, section, doubts)
    changes = {row: change for row, change in changes.items() if row not in waived}
    n_new = sum(change is Change.NEW for change, _ in changes.values())
    return Comparison(path, n_new, len(changes) - n_new, told_gone(gone)), changes


def _wobbles(doubts: DoubtTable) -> dict[int, float]:
    """Of each doubted row, by its place in the file."""
    by = wobble(doubts.doubt, doubts.doubt_sd)
    return dict(zip(doubts.row[doubts.doubted].tolist(), by[doubts.doubted].tolist(), strict=True))


def _by_key(section: Section) -> dict[Key, list[KnownDoubt]]:
    known: dict[Key, list[KnownDoubt]] = defaultdict(list)
    for doubt in section.doubts:
        known[doubt.key].append(doubt)
    return known


def _paired(
    known: Sequence[KnownDoubt], rows: Sequence[DoubtedRow]
) -> tuple[list[tuple[DoubtedRow, KnownDoubt]], list[DoubtedRow], list[KnownDoubt]]:
    """Known doubts and rows of equal content and label: pairs, and what is left of the rows and the doubts.

    Those with the same id belong together; all others could be anyone's.
    """
    by_id: dict[str, list[KnownDoubt]] = defaultdict(list)
    for doubt in reversed(known):
        by_id[doubt.row_id].append(doubt)
    pairs, others = [], []
    for row in rows:
        if by_id[row.row_id]:
            pairs.append((row, by_id[row.row_id].pop()))
        else:
            others.append(row)
    left = sorted((doubt for doubts in by_id.values() for doubt in doubts), key=lambda doubt: doubt.n)
    n_more = min(len(others), len(left))
    pairs += zip(others, left, strict=False)
    return pairs, others[n_more:], left[n_more:]


def _judged(
    rows: Sequence[DoubtedRow], n_there: int, n_near: int, wobbles: Mapping[int, float]
) -> dict[int, tuple[Change, str]]:
    """What rows are that were not known as doubted.

    `n_there` of them were there, and not doubted; `n_near` of these nearly were.
    """
    changes = {row.row: (Change.KNOWN, BORDERLINE_ROW) for row in rows[:n_near]}
    changes |= {row.row: _crossed(row.doubt, wobbles[row.row]) for row in rows[n_near:n_there]}
    return changes | {row.row: (Change.NEW, CHANGED_ROW) for row in rows[max(n_near, n_there) :]}


def _crossed(doubt: float, by: float) -> tuple[Change, str]:
    """What a row is that was there, and not doubted."""
    shown = f"{min(doubt, 0.99):.2f}"  # a doubt is never shown as certain
    if doubt - CUT > by:
        return Change.NEW, f"newly doubted: {shown}, and it wobbles by {by:.2f} between repeats"
    return Change.KNOWN, f"{shown} is over {CUT} by no more than it wobbles between repeats, {by:.2f}"
