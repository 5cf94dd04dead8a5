"""Doubted rows compared with a baseline: which are new, which are known, and which doubts are gone."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.gate.baseline.rows import group_doubted_rows
from doubtcli.gate.result import Change, Comparison, GoneDoubt
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from doubtcli.gate.baseline.rows import DoubtedRow, Key
    from doubtcli.gate.baseline.section import KnownDoubt, Section
    from doubtcli.records import DoubtTable
    from doubtcli.records.arrays import Floats

    Present = dict[str, list[tuple[str | None, str]]]
    """The label and id of every row, by the hash of its content."""

CUT = 0.5
"""A row with at least this doubt is doubted: its label is more likely wrong than right."""
_BORDERLINE = 0.25
"""A doubt within this distance of the cut is borderline: it can move in both directions."""
_UNKNOWN_VARIATION = 0.25
"""The variation where the models were fitted only once, or no row is borderline."""
_SDS = 3

CHANGED_ROW = "the row was added or changed since the baseline"
BORDERLINE_ROW = "it was borderline in the baseline already"
WAIVED_ROW = "it is waived now"
GONE_ROW = "the row is gone or was changed"
UNDOUBTED_ROW = "it is no longer doubted"


def measure_variation(doubt: Floats, doubt_sd: Floats) -> Floats:
    """By how much each row's doubt can differ between two audits of the same data.

    It is three times the standard deviation between repeats: the row's own or, where that is larger, the
    median of all borderline rows, because with few repeats a row can look more stable than it is.

    Args:
        doubt: Shape `(n_rows,)`, 0 to 1; NaN on rows without a label.
        doubt_sd: Shape `(n_rows,)`; NaN where there was only one repeat.

    Returns:
        Shape `(n_rows,)`; at least 0.25 where no borderline row has a standard deviation.
    """
    borderline = doubt_sd[np.abs(doubt - CUT) <= _BORDERLINE]
    measured = borderline[~np.isnan(borderline)]
    at_least = _SDS * np.median(measured) if len(measured) else _UNKNOWN_VARIATION
    return np.fmax(_SDS * doubt_sd, at_least)


def compare_with_baseline(
    section: Section, doubts: DoubtTable, *, path: str, waived: Collection[int] = ()
) -> tuple[Comparison, dict[int, tuple[Change, str]]]:
    """Which of the doubted rows are new.

    A row is recognised by its content and label. Of equal rows the most doubted come first, so that their
    order in the file does not matter. A known row stays known if another reason raises doubt about it.

    Args:
        section: What the baseline has on the file.
        doubts: `doubts.parquet`: every row.
        path: The baseline file, to be named in the result.
        waived: The numbers of the rows that a person waived.

    Returns:
        The comparison; and, by row number, whether each doubted row that is not waived is new or known, with
        the reason in words ("" for a row that was doubted before).

    Raises:
        InputError: The audit was made by an earlier version, which kept no hashes of rows.
    """
    waived = frozenset(waived)
    now, known, variations = (
        group_doubted_rows(doubts, waived),
        _group_doubts_by_key(section),
        _measure_row_variations(doubts),
    )
    changes: dict[int, tuple[Change, str]] = {}
    gone: list[tuple[KnownDoubt, str]] = []
    left = dict(known)
    for key, rows in now.items():
        before = known.get(key, [])
        pairs, others, left[key] = _pair_rows(before, rows)
        changes |= {row.row: (Change.KNOWN, "") for row, _ in pairs}
        n_there = section.count_like(*key) - len(before)
        changes |= _judge_unknown(others, n_there, section.count_borderline(*key), variations)
        gone += [(doubt, WAIVED_ROW) for row, doubt in pairs if row.row in waived]
    gone += _explain_gone(left, {key: len(rows) for key, rows in now.items()}, section, doubts)
    changes = {row: change for row, change in changes.items() if row not in waived}
    n_new = sum(change is Change.NEW for change, _ in changes.values())
    return Comparison(path, n_new, len(changes) - n_new, _sort_gone(gone)), changes


def _measure_row_variations(doubts: DoubtTable) -> dict[int, float]:
    """How much each doubted row's doubt varies, by row number."""
    by = measure_variation(doubts.doubt, doubts.doubt_sd)
    return dict(zip(doubts.row[doubts.doubted].tolist(), by[doubts.doubted].tolist(), strict=True))


def _group_doubts_by_key(section: Section) -> dict[Key, list[KnownDoubt]]:
    known: dict[Key, list[KnownDoubt]] = defaultdict(list)
    for doubt in section.doubts:
        known[doubt.key].append(doubt)
    return known


def _pair_rows(
    known: Sequence[KnownDoubt], rows: Sequence[DoubtedRow]
) -> tuple[list[tuple[DoubtedRow, KnownDoubt]], list[DoubtedRow], list[KnownDoubt]]:
    """Pairs of known doubts and rows, all of one content and label; and the rows and doubts that are left.

    Those with the same id belong together; the others are interchangeable.
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


def _judge_unknown(
    rows: Sequence[DoubtedRow], n_there: int, n_near: int, variations: Mapping[int, float]
) -> dict[int, tuple[Change, str]]:
    """Whether rows that the baseline does not have as doubted are new.

    `n_there` of them were in the file and not doubted; `n_near` of these were borderline.
    """
    changes = {row.row: (Change.KNOWN, BORDERLINE_ROW) for row in rows[:n_near]}
    changes |= {row.row: _judge_crossing(row.doubt, variations[row.row]) for row in rows[n_near:n_there]}
    return changes | {row.row: (Change.NEW, CHANGED_ROW) for row in rows[max(n_near, n_there) :]}


def _judge_crossing(doubt: float, variation: float) -> tuple[Change, str]:
    """Whether a row that was in the file and not doubted is new."""
    shown = f"{min(doubt, 0.99):.2f}"  # a doubt is never shown as certain
    than_it_varies = f"than it varies between repeats ({variation:.2f})"
    if doubt - CUT > variation:
        return Change.NEW, f"newly doubted: its doubt of {shown} is above {CUT} by more {than_it_varies}"
    return Change.KNOWN, f"not new: its doubt of {shown} is above {CUT}, but by no more {than_it_varies}"


def _explain_gone(
    left: Mapping[Key, Sequence[KnownDoubt]],
    n_doubted: Mapping[Key, int],
    section: Section,
    doubts: DoubtTable,
) -> Iterator[tuple[KnownDoubt, str]]:
    """Known doubts that no doubted row has now, each with the reason.

    Args:
        left: The doubts, by content and label.
        n_doubted: How many rows of a content and label are doubted now.
        section: What the baseline has on the file.
        doubts: `doubts.parquet`.
    """
    present = _group_rows_by_hash(doubts, {row_hash for (row_hash, _), known in left.items() if known})
    for (row_hash, label), known in left.items():
        here = present.get(row_hash, [])
        ids = {row_id for now, row_id in here if now == label}
        n_here = sum(now == label for now, _ in here) - n_doubted.get((row_hash, label), 0)
        for place, doubt in enumerate(sorted(known, key=lambda doubt: doubt.row_id not in ids)):
            yield doubt, UNDOUBTED_ROW if place < n_here else _explain_lost_row(here, section, doubt)


def _group_rows_by_hash(doubts: DoubtTable, hashes: set[str]) -> Present:
    """The rows with these hashes, by hash."""
    present: Present = defaultdict(list)
    if hashes:
        kept = doubts.filter(
            pc.is_in(doubts.row_hash, value_set=pa.array(sorted(hashes), doubts.row_hash.type))
        )
        columns = (kept.row_hash, kept.given_label, kept.row_id)
        for row_hash, label, row_id in zip(*(column.to_pylist() for column in columns), strict=True):
            present[row_hash].append((label, row_id))
    return present


def _explain_lost_row(here: Sequence[tuple[str | None, str]], section: Section, doubt: KnownDoubt) -> str:
    """Why a row is not in the file any more as it was."""
    counts = Counter(label for label, _ in here)
    more = [label for label, n in counts.items() if n > section.count_like(doubt.row_hash, label)]
    if not more:
        return GONE_ROW
    label = min(more, key=lambda label: label or "")
    return "it has no label now" if label is None else f"its label is now {shorten_quoted(label)}"


def _sort_gone(gone: Sequence[tuple[KnownDoubt, str]]) -> tuple[GoneDoubt, ...]:
    """The doubts that are gone, in the order of the report: most doubted first, ties by row id."""
    ordered = sorted(gone, key=lambda one: (-one[0].doubt, one[0].row_id, one[0].key, one[0].n))
    return tuple(GoneDoubt(doubt.row_id, doubt.given_label, why) for doubt, why in ordered)
