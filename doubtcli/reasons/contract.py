"""What a reason is: no base class, only a shape that anybody's class can have.

A reason is a frozen dataclass. Its fields are its settings. Its class attributes, without annotations, are

- `name`: a permanent kebab-case symptom that completes "doubted for …";
- `family`: "error" (looks at the label, is ranked; the default) or "context" (is shown beside);
- `because`: completes "doubted because …";
- `lowers_doubt`: True if a low score is a sign that the label is right; left out, it only ever raises doubt;
- `place`, of our own reasons alone: where it is listed, lower ones first;
- `raises_doubt`, `stays_quiet`: worked rows, each a dict with the needs as nested tuples, the `row` to look
at, its `doubt` worked by hand, and `because`, one sentence why.

The parameters of `score` are its needs, by name, out of `NEEDS`. It gives one doubt a row: 0 none, 1 most,
NaN "nothing to say on this row". It is pure: no threshold, file, clock, print or global randomness. Its voice
follows from its needs: reasons that read the same evidence count once.

A method `explain` is optional. Its parameters are the row numbers `rows`, needs, and fields of
`records.Background`; it gives one text a row, what the doubt rests on, or "" where `because` says it better.

The class docstring is what `doubt explain NAME` prints: a first sentence, then **Why doubt.**, **How it is
scored.**, **When it misleads.** and **Source.**
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol

from doubtcli.records import Background, Need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_NO_NEIGHBORS = "there are no neighbours: no input columns, or all rows alike"

NEEDS = {
    "given_labels": Need("the labels", axes=("rows",), codes_of="classes"),
    "n_classes": Need("the number of classes"),
    "pred_probs": Need(
        "there are no predicted probabilities: no input columns, and no --pred-probs FILE",
        source="models",
        axes=("rows", "classes"),
    ),
    "pred_probs_by_model": Need(
        "there is only one model, or none", source="models", axes=("models", "rows", "classes")
    ),
    "pred_probs_by_repeat": Need(
        "no cross-validation was repeated: the probabilities are yours or missing",
        source="models",
        axes=("repeats", "rows", "classes"),
    ),
    "neighbor_indices": Need(_NO_NEIGHBORS, source="neighbors", axes=("rows", "neighbors"), codes_of="rows"),
    "neighbor_distances": Need(_NO_NEIGHBORS, source="neighbors", axes=("rows", "neighbors")),
    "neighbor_votes": Need(_NO_NEIGHBORS, source="neighbors", axes=("rows", "classes")),
    "duplicate_groups": Need("there are no input columns to compare", source="duplicates", axes=("rows",)),
    "annotations": Need(
        "there are no annotator columns: name them with --annotators a,b,c",
        source="annotators",
        axes=("rows", "annotators"),
        codes_of="classes",
    ),
}
"""What a reason may ask for: the fields of `records.Evidence`."""


def sources_of(needs: Iterable[str]) -> tuple[str, ...]:
    """What some needs are made of, each source once, in the order of `NEEDS`."""
    asked = set(needs)
    return tuple(dict.fromkeys(need.source for name, need in NEEDS.items() if name in asked and need.source))


EXPLAIN_PARAMETERS = ("rows", *NEEDS, *(item.name for item in fields(Background)))
"""What `explain` may ask for: the row numbers, the evidence, and the fields of `records.Background`."""

REASON_FAMILIES = ("error", "context")
SECTIONS = ("**Why doubt.**", "**How it is scored.**", "**When it misleads.**", "**Source.**")


class Reason(Protocol):
    """The shape of a reason; see the module's docstring."""

    name: str
    because: str

    def score(self, **needs: Any) -> NDArray[Any]:  # noqa: ANN401  # by name, see NEEDS
        """One doubt a row, 0 to 1, NaN for nothing to say."""
        ...
