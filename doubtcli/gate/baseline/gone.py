"""Known doubts that no doubted row has -> what became of each, in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.gate.result import GoneDoubt
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.gate.baseline.rows import Key
    from doubtcli.gate.baseline.section import KnownDoubt, Section

    Present = dict[str, list[tuple[str | None, str]]]
    """Label and id of every row with a certain content."""
    from doubtcli.records import DoubtTable

GONE_ROW = "the row is gone or was changed"
UNDOUBTED_ROW = "it is no longer doubted"


def what_became(
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
    present = _present(doubts, {row_hash for (row_hash, _), known in left.items() if known})
    for (row_hash, label), known in left.items():
        here = present.get(row_hash, [])
        ids = {row_id for now, row_id in here if now == label}
        n_here = sum(now == label for now, _ in here) - n_doubted.get((row_hash, label), 0)
        for place, doubt in enumerate(sorted(known, key=lambda doubt: doubt.row_id not in ids)):
            yield doubt, UNDOUBTED_ROW if place < n_here else _lost(here, section, doubt)


def _present(doubts: DoubtTable, hashes: set[str]) -> Present:
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


def _lost(here: Sequence[tuple[str | None, str]], section: Section, doubt: KnownDoubt) -> str:
    """What became of a row that is no longer there as it was."""
    counts = Counter(label for label, _ in here)
    more = [label for label, n in counts.items() if n > section.count_like(doubt.row_hash, label)]
    if not more:
        return GONE_ROW
    label = min(more, key=lambda label: label or "")
    return "it has no label now" if label is None else f"its label is now {shorten_quoted(label)}"


def told_gone(gone: Sequence[tuple[KnownDoubt, str]]) -> tuple[GoneDoubt, ...]:
    """Doubts that are gone as they are reported: most doubted first, ties by row id."""
    ordered = sorted(gone, key=lambda one: (-one[0].doubt, one[0].row_id, one[0].key, one[0].n))
    return tuple(GoneDoubt(doubt.row_id, doubt.given_label, why) for doubt, why in ordered)
