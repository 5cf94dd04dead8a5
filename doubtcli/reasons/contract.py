"""What a reason is: no base class, only a shape that anybody's class can have.

A reason is a frozen dataclass. Its fields are its settings. Its class attributes, without annotations, are

- `name`: a permanent kebab-case symptom that completes "doubted for …";
- `family`: "error" (looks at the label, is ranked; the default) or "context" (is shown beside);
- `because`: completes "doubted because …";
- `lowers_doubt`: True if a low score is a sign that the label is right; left out, it only ever raises doubt;
- `place`, of our own reasons alone: where it is listed, lower ones first;
- `raises_doubt`, `stays_quiet`: worked rows, each a dict with the needs as nested tuples, the `row` to look
at, its `doubt` worked by hand, and `because`, one sentence why.

The parameters of `score` are its needs, by name: any evidence that some provider makes. It gives one doubt a
row: 0 none, 1 most, NaN "nothing to say on this row". It is pure: no threshold, file, clock, print or global
randomness. Its voice follows from its needs: reasons that read the same evidence count once.

A method `explain` is optional. Its parameters are the row numbers `rows`, needs, and fields of
`records.Background`; it gives one text a row, what the doubt rests on, or "" where `because` says it better.

The class docstring is what `doubt explain NAME` prints: a first sentence, then **Why doubt.**, **How it is
scored.**, **When it misleads.** and **Source.**
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Protocol

from doubtcli.evidence.graph import list_known_needs
from doubtcli.records import Background

if TYPE_CHECKING:
    from numpy.typing import NDArray

REASON_FAMILIES = ("error", "context")
SECTIONS = ("**Why doubt.**", "**How it is scored.**", "**When it misleads.**", "**Source.**")


def explain_parameters() -> tuple[str, ...]:
    """What `explain` may ask for: the row numbers, the evidence, and the fields of `records.Background`."""
    return ("rows", *list_known_needs(), *(item.name for item in fields(Background)))


class Reason(Protocol):
    """The shape of a reason; see the module's docstring."""

    name: str
    because: str

    def score(self, **needs: Any) -> NDArray[Any]:  # noqa: ANN401  # by name, see `list_known_needs`
        """One doubt a row, 0 to 1, NaN for nothing to say."""
        ...
