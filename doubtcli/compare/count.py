"""Pairs of rows -> what became of labels and doubts: in all, by class and by annotator."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import LabelChange, RowOutcomes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import Bools, Codes

NO_LABEL_CODE = -1


@dataclass(frozen=True)
class Pairs:
    """The rows that are in both files, in the order of the row ids before; arrays of shape `(n_pairs,)`."""

    class_names: tuple[str, ...]
    """Of both files, sorted."""
    before: Codes
    """The label before; `NO_LABEL_CODE` if there is none."""
    after: Codes
    doubted_before: Bools
    doubted_after: Bools
    judged_after: Bools
    """False for a row that is set aside."""

    @property
    def changed(self) -> Bools:
        """Rows whose label is another one, was removed, or was added."""
        return np.asarray(self.before != self.after)


def count_outcomes(pairs: Pairs, of: Bools | None = None) -> RowOutcomes:
    """What became of all rows, or of those that `of` marks."""
    those = np.ones(len(pairs.before), dtype=np.bool_) if of is None else of
    was, is_now, changed = pairs.doubted_before, pairs.doubted_after, pairs.changed
    left = was & ~is_now & pairs.judged_after

    def count(rows: Bools) -> int:
        return int(np.count_nonzero(rows & those))

    return RowOutcomes(
        n_rows=int(np.count_nonzero(those)),
        n_doubted=count(was),
        changed=count(changed),
        fixed=count(left & changed),
        cleared=count(left & ~changed),
        kept=count(was & is_now),
        kept_changed=count(was & is_now & changed),
        set_aside=count(was & ~pairs.judged_after),
        new=count(is_now & ~was),
    )


def count_outcomes_by_class(pairs: Pairs) -> dict[str | None, RowOutcomes]:
    """What became of the rows of each label before; rows without one come last, if there are any."""
    found = np.unique(pairs.before)
    by_class: dict[str | None, RowOutcomes] = {
        pairs.class_names[code]: count_outcomes(pairs, pairs.before == code)
        for code in found
        if code != NO_LABEL_CODE
    }
    if NO_LABEL_CODE in found:
        by_class[None] = count_outcomes(pairs, pairs.before == NO_LABEL_CODE)
    return by_class


def count_outcomes_by_annotator(pairs: Pairs, gave: Mapping[str, Bools]) -> dict[str, RowOutcomes]:
    """What became of each annotator's answers.

    Args:
        pairs: The rows.
        gave: By annotator, shape `(n_pairs,)`: whether the label before is the annotator's answer.
    """
    return {annotator: count_outcomes(pairs, rows) for annotator, rows in gave.items()}


def count_label_changes(pairs: Pairs) -> tuple[LabelChange, ...]:
    """From which label to which, and how often; most frequent first, ties by name, no label last."""
    rows = np.flatnonzero(pairs.changed)
    counts = Counter(zip(pairs.before[rows].tolist(), pairs.after[rows].tolist(), strict=True))
    last = len(pairs.class_names)
    in_order = sorted(
        counts.items(),
        key=lambda item: (-item[1], *(last if code == NO_LABEL_CODE else code for code in item[0])),
    )
    names = {NO_LABEL_CODE: None, **dict(enumerate(pairs.class_names))}
    return tuple(LabelChange(names[one], names[other], n_rows) for (one, other), n_rows in in_order)
