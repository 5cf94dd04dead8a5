"""The rows of a queue -> the other rows of the same input: duplicates, and those with another label."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.relabel.choose.pool import Pool

    Members = Mapping[int, Mapping[int, list[int]]]
    """By input, by given label: the rows, most doubted first."""


class Equal(NamedTuple):
    """Undecided rows whose input is a row's own, as row numbers."""

    duplicates: tuple[int, ...]
    """With the same given label, most doubted first, none of them in the queue: the row stands for them."""
    conflicts: tuple[int, ...]
    """With another given label: of each the row that stands for it, in the queue or not."""


def equal_rows(pool: Pool, picked: Sequence[int]) -> list[Equal]:
    """The undecided rows of equal input of each picked row; of equal picked rows the first has duplicates.

    A row that is waived is decided, unless it is picked.

    Args:
        pool: All rows that might have come.
        picked: Row numbers of those that did.
    """
    members = _members(pool, picked)
    taken, standing = set(picked), _standing(members, picked)
    inputs, labels = pool.inputs[list(picked)].tolist(), pool.labels[list(picked)].tolist()
    told: list[Equal] = []
    for row, its_input, label in zip(picked, inputs, labels, strict=True):
        stands = standing[its_input, label] == row
        same = members[its_input][label] if stands else []
        others = [standing[its_input, other] for other in members[its_input] if other != label]
        told.append(Equal(tuple(one for one in same if one not in taken), tuple(others)))
    return told


def _members(pool: Pool, picked: Sequence[int]) -> Members:
    members: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    is_asked = np.isin(np.arange(pool.n_rows), list(picked))
    rows = np.flatnonzero(np.isin(pool.inputs, pool.inputs[list(picked)]) & (is_asked | ~pool.waived))
    for row, its_input, label in zip(
        rows.tolist(), pool.inputs[rows].tolist(), pool.labels[rows].tolist(), strict=True
    ):
        members[its_input][label].append(row)
    return members


def _standing(members: Members, picked: Sequence[int]) -> dict[tuple[int, int], int]:
    """The row that stands for an input and a label: the first one of the queue, else the most doubted one."""
    place = {row: number for number, row in enumerate(picked)}
    return {
        (its_input, label): min(rows, key=lambda row: place.get(row, len(place)))
        for its_input, by_label in members.items()
        for label, rows in by_label.items()
    }
