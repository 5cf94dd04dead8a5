"""What a reason is: no base class, only a shape that anybody's class can have.

A reason is a frozen dataclass. Its fields are its settings. Its class attributes, without annotations, are

- `name`: a permanent kebab-case symptom that completes "doubted for …";
- `family`: "error" (looks at the label, is ranked; the default) or "context" (is shown beside);
- `because`: completes "doubted because …";
- `raises_doubt`, `stays_quiet`: worked rows, each a dict with the needs as nested tuples, the `row` to look
at, its `doubt` worked by hand, and `because`, one sentence why.

The parameters of `score` are its needs, by name, out of `NEEDS`. It gives one doubt a row: 0 none, 1 most,
NaN "nothing to say on this row". It is pure: no threshold, file, clock, print or global randomness. The class
docstring is what `doubt explain NAME` prints: a first sentence, then **Why doubt.**, **How it is scored.**,
**When it misleads.** and **Source.**
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEEDS = {
    "given_labels": "the labels",
    "n_classes": "the number of classes",
    "pred_probs": "there are no predicted probabilities: no input columns, and no --pred-probs FILE",
    "pred_probs_by_model": "there is only one model, or none",
    "pred_probs_by_repeat": "no cross-validation was repeated: the probabilities are yours or missing",
    "neighbor_indices": "there are no neighbours: no input columns, or all rows alike",
    "neighbor_distances": "there are no neighbours: no input columns, or all rows alike",
    "neighbor_votes": "there are no neighbours: no input columns, or all rows alike",
    "duplicate_groups": "there are no input columns to compare",
    "annotations": "there are no annotator columns: name them with --annotators a,b,c",
}
"""What a reason may ask for (fields of `records.Evidence`), and what to say where a file can't give it."""

FAMILIES = ("error", "context")
SECTIONS = ("**Why doubt.**", "**How it is scored.**", "**When it misleads.**", "**Source.**")


class Reason(Protocol):
    """The shape of a reason; see the module's docstring."""

    name: str
    because: str

    def score(self, **needs: Any) -> NDArray[Any]:  # noqa: ANN401  # by name, see NEEDS
        """One doubt a row, 0 to 1, NaN for nothing to say."""
        ...
