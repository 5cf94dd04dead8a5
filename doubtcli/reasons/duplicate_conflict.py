"""The reason `duplicate-conflict`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import VoteWords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from doubtcli.records.arrays import Bools, Codes, Floats


_DUPLICATES = VoteWords(
    "{count} of {total} duplicates are labelled {label}",
    "1 of {total} duplicates is labelled {label}",
    "an identical row is labelled {label}",
)
_NEAR_DUPLICATES = replace(_DUPLICATES, only_one="a nearly identical row is labelled {label}")


@dataclass(frozen=True)
class DuplicateConflict:
    """Another row has the same or nearly the same input, and a different label.

    **Why doubt.** One input has two labels: unless the label depends on something that is not in the file, at
    least one of them is wrong. No model is needed to see it.

    **How it is scored.** The share of a row's duplicates that have another label. Texts are duplicates if
    they differ only in case, punctuation and white space, or if they share four of five distinct words; table
    rows, if they are equal.

    **When it misleads.** One word can reverse the meaning of a near-duplicate. A short text ("ok") may mean
    different things in different rows. A row without duplicates has no score.

    **Source.** Variation nuclei: Dickinson and Meurers, 2003.
    """

    name = "duplicate-conflict"
    family = "error"
    because = "another row has the same input and a different label"
    place = 70

    raises_doubt = (
        {
            "given_labels": (0, 1, 1, 1),
            "duplicate_groups": (0, 0, 0, 1),
            "n_classes": 2,
            "row": 0,
            "doubt": 1.0,
            "because": "both its duplicates are labelled 1",
        },
        {
            "given_labels": (0, 1, 1, 1),
            "duplicate_groups": (0, 0, 0, 1),
            "n_classes": 2,
            "row": 1,
            "doubt": 0.5,
            "because": "one of its two duplicates is labelled 0",
        },
    )
    stays_quiet = (
        {
            "given_labels": (1, 1, 0),
            "duplicate_groups": (0, 0, 1),
            "n_classes": 2,
            "row": 0,
            "doubt": 0.0,
            "because": "its duplicate has the same label",
        },
        {
            "given_labels": (1, 1, 0),
            "duplicate_groups": (0, 0, 1),
            "n_classes": 2,
            "row": 2,
            "doubt": float("nan"),
            "because": "it has no duplicate",
        },
    )

    def score(self, given_labels: Codes, duplicate_groups: Codes, n_classes: int) -> Floats:
        """The share of a row's duplicates that have another label; NaN where it has no duplicate."""
        _, group, sizes = np.unique(duplicate_groups, return_inverse=True, return_counts=True)
        _, kind, same = np.unique(group * n_classes + given_labels, return_inverse=True, return_counts=True)
        others = sizes[group] - 1
        conflicting = sizes[group] - same[kind]
        return np.where(others > 0, conflicting / np.maximum(others, 1), np.nan)

    def explain(
        self,
        rows: Codes,
        *,
        given_labels: Codes,
        duplicate_groups: Codes,
        inputs: pa.Table,
        class_names: Sequence[str],
    ) -> list[str]:
        """The commonest label among a row's duplicates, the given label only if there is no other."""
        given, group_of = given_labels.tolist(), duplicate_groups.tolist()
        same_label: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row in np.flatnonzero(np.isin(duplicate_groups, duplicate_groups[rows])).tolist():
            same_label[group_of[row]][given[row]].append(row)
        conflicts = [_count_conflict(same_label[group_of[row]], given[row]) for row in rows.tolist()]
        identical = _have_same_inputs(inputs, rows, [first for *_, first in conflicts])
        return [
            (_DUPLICATES if is_same else _NEAR_DUPLICATES).describe(count, total, class_names[label])
            for (count, total, label, _), is_same in zip(conflicts, identical, strict=True)
        ]


def _count_conflict(same_label: Mapping[int, Sequence[int]], given: int) -> tuple[int, int, int, int]:
    """The commonest other label of a row's duplicates: its count, the total, the label, and its first row."""
    total = sum(len(rows) for rows in same_label.values()) - 1
    others = [(len(rows), -label) for label, rows in same_label.items() if label != given]
    count, label = max(others, default=(total, -given))
    return count, total, -label, same_label[-label][0]


def _have_same_inputs(inputs: pa.Table, rows: Codes, others: Sequence[int]) -> Bools:
    """Whether each row has exactly the input of the row at the same place in `others`."""
    same = np.ones(len(rows), dtype=np.bool_)
    for column in inputs.columns:
        pairs = zip(column.take(rows).to_pylist(), column.take(others).to_pylist(), strict=True)
        same &= [one == other for one, other in pairs]
    return same
