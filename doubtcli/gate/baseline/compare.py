"""Doubted rows against a baseline: which are new, which are known, and which doubts are gone."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.gate.baseline.rows import doubted_rows
from doubtcli.gate.result import Change, Comparison, GoneDoubt
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from doubtcli.gate.baseline.rows import DoubtedRow, Key
    from doubtcli.gate.baseline.section import KnownDoubt, Section
    from doubtcli.records import DoubtTable
    from doubtcli.records.arrays import Floats

    Present = dict[str, list[tuple[str | None, str]]]
    """Label and id of every row with a certain content."""

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
GONE_ROW = "the row is gone or was changed"
UNDOUBTED_ROW = "it is no longer doubted"


def measure_wobble(doubt: Floats, doubt_sd: Floats) -> Floats:
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


def compare_with_baseline(
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
    now, known, wobbles = doubted_rows(doubts, waived), _doubts_by_key(section), _wobble_by_row(doubts)
    changes: dict[int, tuple[Change, str]] = {}
    gone: list[tuple[KnownDoubt, str]] = []
    left = dict(known)
    for key, rows in now.items():
        before = known.get(key, [])
        pairs, others, left[key] = _pair_rows(before, rows)
        changes |= {row.row: (Change.KNOWN, "") for row, _ in pairs}
        n_there = section.count_like(*key) - len(before)
        changes |= _judge_unknown(others, n_there, section.count_borderline(*key), wobbles)
        gone += [(doubt, WAIVED_ROW) for row, doubt in pairs if row.row in waived]
    gone += _explain_gone(left, {key: len(rows) for key, rows in now.items()}, section, doubts)
    changes = {row: change for row, change in changes.items() if row not in waived}
    n_new = sum(change is Change.NEW for change, _ in changes.values())
    return Comparison(path, n_new, len(changes) - n_new, _report_gone(gone)), changes


def _wobble_by_row(doubts: DoubtTable) -> dict[int, float]:
    """Of each doubted row, by its place in the file."""
    by = measure_wobble(doubts.doubt, doubts.doubt_sd)
    return dict(zip(doubts.row[doubts.doubted].tolist(), by[doubts.doubted].tolist(), strict=True))


def _doubts_by_key(section: Section) -> dict[Key, list[KnownDoubt]]:
    known: dict[Key, list[KnownDoubt]] = defaultdict(list)
    for doubt in section.doubts:
        known[doubt.key].append(doubt)
    return known


def _pair_rows(
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


def _judge_unknown(
    rows: Sequence[DoubtedRow], n_there: int, n_near: int, wobbles: Mapping[int, float]
) -> dict[int, tuple[Change, str]]:
    """What rows are that were not known as doubted.

    `n_there` of them were there, and not doubted; `n_near` of these nearly were.
    """
    changes = {row.row: (Change.KNOWN, BORDERLINE_ROW) for row in rows[:n_near]}
    changes |= {row.row: _judge_crossing(row.doubt, wobbles[row.row]) for row in rows[n_near:n_there]}
    return changes | {row.row: (Change.NEW, CHANGED_ROW) for row in rows[max(n_near, n_there) :]}


def _judge_crossing(doubt: float, by: float) -> tuple[Change, str]:
    """What a row is that was there, and not doubted."""
    shown = f"{min(doubt, 0.99):.2f}"  # a doubt is never shown as certain
    if doubt - CUT > by:
        return Change.NEW, f"newly doubted: {shown}, and it wobbles by {by:.2f} between repeats"
    return Change.KNOWN, f"{shown} is over {CUT} by no more than it wobbles between repeats, {by:.2f}"


def _explain_gone(
    left: Mapping[Key, Sequence[KnownDoubt]],
    n_doubted: Mapping[Key, int],
    section: Section,
    doubts: DoubtTable,
) -> Iterator[tuple[KnownDoubt, str]]:
    """Known doubts that no doubted row has, each with what became of it.

    Args:
        left: The doubts, by content and label.
        n_doubted: How many rows of a content and label are doubted now.
        section: What the baseline knows of the file.
        doubts: `doubts.parquet`.
    """
    present = _rows_by_hash(doubts, {row_hash for (row_hash, _), known in left.items() if known})
    for (row_hash, label), known in left.items():
        here = present.get(row_hash, [])
        ids = {row_id for now, row_id in here if now == label}
        n_here = sum(now == label for now, _ in here) - n_doubted.get((row_hash, label), 0)
        for place, doubt in enumerate(sorted(known, key=lambda doubt: doubt.row_id not in ids)):
            yield doubt, UNDOUBTED_ROW if place < n_here else _why_lost(here, section, doubt)


def _rows_by_hash(doubts: DoubtTable, hashes: set[str]) -> Present:
    """Rows with these hashes, by hash."""
    present: Present = defaultdict(list)
    if hashes:
        kept = doubts.filter(
            pc.is_in(doubts.row_hash, value_set=pa.array(sorted(hashes), doubts.row_hash.type))
        )
        columns = (kept.row_hash, kept.given_label, kept.row_id)
        for row_hash, label, row_id in zip(*(column.to_pylist() for column in columns), strict=True):
            present[row_hash].append((label, row_id))
    return present


def _why_lost(here: Sequence[tuple[str | None, str]], section: Section, doubt: KnownDoubt) -> str:
    """What became of a row that is no longer there as it was."""
    counts = Counter(label for label, _ in here)
    more = [label for label, n in counts.items() if n > section.count_like(doubt.row_hash, label)]
    if not more:
        return GONE_ROW
    label = min(more, key=lambda label: label or "")
    return "it has no label now" if label is None else f"its label is now {shorten_quoted(label)}"


def _report_gone(gone: Sequence[tuple[KnownDoubt, str]]) -> tuple[GoneDoubt, ...]:
    """Doubts that are gone as they are reported: most doubted first, ties by row id."""
    ordered = sorted(gone, key=lambda one: (-one[0].doubt, one[0].row_id, one[0].key, one[0].n))
    return tuple(GoneDoubt(doubt.row_id, doubt.given_label, why) for doubt, why in ordered)
