"""Labelled rows -> how many of them contradict an equal one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doubtcli.records import Examples


def count_conflicts(examples: Examples) -> int:
    """Rows whose very input stands elsewhere with another label."""
    labels = defaultdict(list)
    for position, label in zip(examples.positions.tolist(), examples.given_labels.tolist(), strict=True):
        labels[examples.row_hashes[position]].append(label)
    return sum(len(given) for given in labels.values() if len(set(given)) > 1)
