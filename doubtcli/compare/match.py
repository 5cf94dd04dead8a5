"""The rows of two files -> which row of the one is which row of the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence


@dataclass(frozen=True)
class KnownRows:
    """The rows of one file, in file order, and what they are known by."""

    names: Sequence[str]
    """What stays the same when a label changes: an id, or the hash of the inputs, which others may share."""
    row_ids: Sequence[str]
    labels: Sequence[str | None]


def match_rows(before: KnownRows, after: KnownRows) -> list[tuple[int, int]]:
    """Pairs of places in the two files, in the order of the row ids before; each row is in one pair at most.

    Rows of one name are paired by label first: rows with equal inputs are numbered in order of their labels,
    so that a changed label gives others new numbers, too. What is then left of a name has changed its label.
    Where several rows are equal in both, the first is paired with the first.
    """
    same = _paired(
        _in_order(before),
        _in_order(after),
        lambda row: (before.names[row], before.labels[row]),
        lambda row: (after.names[row], after.labels[row]),
    )
    told_before, told_after = ({pair[side] for pair in same} for side in (0, 1))
    changed = _paired(
        [row for row in _in_order(before) if row not in told_before],
        [row for row in _in_order(after) if row not in told_after],
        before.names.__getitem__,
        after.names.__getitem__,
    )
    return sorted(same + changed, key=lambda pair: before.row_ids[pair[0]])


def _in_order(rows: KnownRows) -> list[int]:
    """By row id, `<hash>.10` behind `<hash>.9`."""
    return sorted(range(len(rows.row_ids)), key=lambda row: (len(rows.row_ids[row]), rows.row_ids[row]))


def _paired(
    before: Iterable[int],
    after: Iterable[int],
    name_before: Callable[[int], Hashable],
    name_after: Callable[[int], Hashable],
) -> list[tuple[int, int]]:
    """The first row of a name with the first of the same name, the second with the second, and so on."""
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for row in after:
        waiting[name_after(row)].append(row)
    places = {name: iter(rows) for name, rows in waiting.items()}
    met = ((row, next(places.get(name_before(row), iter(())), None)) for row in before)
    return [(one, other) for one, other in met if other is not None]
