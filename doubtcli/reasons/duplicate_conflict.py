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
    """The same input, exactly or nearly, stands elsewhere with another label.

    **Why doubt.** One input, two labels: unless the label hangs on something that the file does not hold, at
    least one of them is wrong. No model is needed to see it.

    **How it is scored.** The share of a row's duplicates that bear another label. Texts are duplicates when
    equal but for case, marks and blanks, or when they share four of five distinct words; table rows when
    equal.

    **When it misleads.** One word can turn the meaning of a near-duplicate. A short text ("ok") may mean one
    thing here and another there. A row without duplicates has no score.

    **Source.** Variation nuclei: Dickinson and Meurers, 2003.
    """

    name = "duplicate-conflict"
    family = "error"
    because = "the same input stands elsewhere with another label"
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
            "because": "its duplicate bears the same label",
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
        """The share of the other rows of its group with another label; NaN where there are none."""
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
        """The label that most of a row's duplicates have in common, other than the given one if any is."""
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
    """Of a row's duplicates: how many have the commonest other label, of how many; it; the first with it."""
    total = sum(len(rows) for rows in same_label.values()) - 1
    others = [(len(rows), -label) for label, rows in same_label.items() if label != given]
    count, label = max(others, default=(total, -given))
    return count, total, -label, same_label[-label][0]


def _have_same_inputs(inputs: pa.Table, rows: Codes, others: Sequence[int]) -> Bools:
    """Whether each row has the very input of the other row beside it."""
    same = np.ones(len(rows), dtype=np.bool_)
    for column in inputs.columns:
        pairs = zip(column.take(rows).to_pylist(), column.take(others).to_pylist(), strict=True)
        same &= [one == other for one, other in pairs]
    return same
