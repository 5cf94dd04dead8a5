"""What a reason is: a class of this form. There is no base class.

A reason is a frozen dataclass. Its fields are its settings. Its class attributes, without annotations, are

- `name`: a permanent kebab-case symptom that completes "doubted for …";
- `family`: "error" (looks at the label, and is ranked; the default) or "context" (is only shown);
- `because`: completes "doubted because …";
- `lowers_doubt`: True if a low score is a sign that the label is right; by default a reason only raises it;
- `place`, only for our own reasons: its place in the list, lowest first;
- `raises_doubt`, `stays_quiet`: worked rows, each a dict with the needs as nested tuples, the `row` to look
at, its `doubt`, worked out by hand, and `because`, a sentence that says why.

The parameters of `score` are its needs, by name: any evidence that a provider makes. It gives one doubt for
each row: 0 is no doubt, 1 the most, NaN means that the reason has nothing to say. It is a pure function,
without thresholds, files, clock, printing or global randomness. Its voice follows from its needs: reasons
that read the same evidence count once.

A method `explain` is optional. Its parameters are the row numbers `rows`, needs, and fields of
`records.Background`. It gives one text for each row, which shows the evidence for the doubt, or "" where
`because` says it better.

The class docstring is what `doubt explain NAME` prints: one sentence, then **Why doubt.**, **How it is
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


def list_explain_parameters() -> tuple[str, ...]:
    """What `explain` may ask for: the row numbers, the evidence, and the fields of `records.Background`."""
    return ("rows", *list_known_needs(), *(item.name for item in fields(Background)))


class Reason(Protocol):
    """The form of a reason; see the docstring of this module."""

    name: str
    because: str

    def score(self, **needs: Any) -> NDArray[Any]:  # noqa: ANN401  # by name, see `list_known_needs`
        """One doubt for each row, from 0 to 1, or NaN where there is nothing to say."""
        ...
