"""The reason `duplicate-conflict`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    def score(
        self, given_labels: NDArray[np.intp], duplicate_groups: NDArray[np.intp], n_classes: int
    ) -> NDArray[np.float64]:
        """The share of the other rows of its group with another label; NaN where there are none."""
        _, group, sizes = np.unique(duplicate_groups, return_inverse=True, return_counts=True)
        _, kind, same = np.unique(group * n_classes + given_labels, return_inverse=True, return_counts=True)
        others = sizes[group] - 1
        conflicting = sizes[group] - same[kind]
        return np.where(others > 0, conflicting / np.maximum(others, 1), np.nan)
