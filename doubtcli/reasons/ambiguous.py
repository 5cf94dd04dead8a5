"""The reason `ambiguous`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.reasons.explain import find_likeliest, order_by_probability
from doubtcli.records.arrays import compute_by_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats


@dataclass(frozen=True)
class Ambiguous:
    """Models that never saw the row find two labels about equally likely.

    **Why doubt.** A row that could belong to either of two classes may have the right label and still teach a
    model little. It often shows that the guideline should say which of the two is right. This reason is
    context: it does not look at the label, and ranks label errors no better than chance.

    **How it is scored.** One minus the difference between the probabilities of the two likeliest classes.

    **When it misleads.** To a weak model every row looks ambiguous.

    **Source.** Margin sampling: Scheffer, Decomain and Wrobel, 2001.
    """

    name = "ambiguous"
    family = "context"
    because = "models find two labels about equally likely"
    place = 80

    raises_doubt = (
        {
            "pred_probs": ((0.5, 0.45, 0.05), (0.9, 0.1, 0.0)),
            "row": 0,
            "doubt": 0.95,
            "because": "the two likeliest classes are .05 apart",
        },
    )
    stays_quiet = (
        {
            "pred_probs": ((0.5, 0.45, 0.05), (0.9, 0.1, 0.0)),
            "row": 1,
            "doubt": 0.2,
            "because": "the two likeliest classes are .8 apart",
        },
    )

    def score(self, pred_probs: Floats) -> Floats:
        """One minus the gap between the two likeliest classes; 0 where there is only one class."""
        if pred_probs.shape[1] < 2:  # noqa: PLR2004
            return np.zeros(len(pred_probs))

        def score(rows: slice) -> Floats:
            second, first = np.partition(pred_probs[rows], -2, axis=1)[:, -2:].T.astype(np.float64)
            return np.asarray(np.clip(1.0 - (first - second), 0.0, 1.0))

        return np.asarray(compute_by_block(score, *pred_probs.shape))

    def explain(
        self,
        rows: Codes,
        *,
        pred_probs: Floats,
        class_names: Sequence[str],
    ) -> list[str]:
        """The two likeliest classes: "refund 0.51 and billing 0.48 fit about equally"."""
        first = find_likeliest(pred_probs, rows)
        pairs = np.column_stack([first, find_likeliest(pred_probs, rows, but=first)])
        both = order_by_probability(pred_probs, rows, pairs, class_names)
        return [f"{one} and {other} fit about equally" for one, other in both]
