"""What a label is: the parts of an audit that differ between kinds of labels, such as one class a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from doubtcli.records.arrays import Bools, Codes, Floats
    from doubtcli.records.audit import NoiseEstimate, Skill
    from doubtcli.records.evidence import Evidence
    from doubtcli.records.learning import Planting, Predictions
    from doubtcli.records.reading import Labels, Table

TASK_PARTS = (
    *("name", "why_nothing_is_planted", "parse_labels", "pool_opinions", "measure_skill"),
    *(
        "find_judgeable",
        "explain_unjudged",
        "estimate_noise",
        "contradict",
        "find_contradicted",
        "plant",
        "suggest",
    ),
)
"""The attributes of a task: see `Task`."""


@dataclass(frozen=True)
class Suggestions:
    """The suggested label of each row."""

    labels: Codes
    """Shape `(n_rows,)`: codes of the file's labels and then of `further`; the given label where no other
    fits better."""
    confidence: Floats
    """Shape `(n_rows,)`, 0 to 1: how sure the evidence is of it."""
    further: tuple[str, ...] = ()
    """Labels that the file doesn't have; their codes follow those of the file."""


class Task(Protocol):
    """What a label is, and all that follows from it. Code that works with labels takes a task as an argument.

    An *opinion* is what models and neighbours predict for all rows: an array whose first axis is the rows.
    Only the task knows what its values mean. The labels that are judged are the evidence's `given_labels`.
    """

    name: str
    """Its name in `audit.json`, and of its entry point."""
    why_nothing_is_planted: str
    """Why errors can't be planted in such labels; empty where they can."""

    def parse_labels(self, table: Table, column: str, *, to_judge: bool = True) -> Labels:
        """The labels of all rows as codes, and a function that says which other texts are labels.

        Raises:
            InputError: The column has no such labels or, if `to_judge`, none that can be judged.
        """
        ...

    def pool_opinions(self, evidence: Evidence, sources: Collection[str]) -> Sequence[Floats]:
        """One opinion a repeat, from the evidence of these sources; none where there is no such evidence."""
        ...

    def measure_skill(
        self, opinions: Sequence[Floats], evidence: Evidence, predictions: Predictions | None, seed: int
    ) -> Skill:
        """Whether the opinions can predict these labels."""
        ...

    def find_judgeable(self, evidence: Evidence, together: Codes) -> Bools:
        """The rows that opinions can judge.

        Args:
            evidence: Of all rows.
            together: Shape `(n_rows,)`: rows with the same number are held out together.
        """
        ...

    def explain_unjudged(self, judgeable: Bools, evidence: Evidence, class_names: Sequence[str]) -> list[str]:
        """What the user should know about rows that opinions can't judge; empty where there are none."""
        ...

    def estimate_noise(
        self, opinions: Sequence[Floats], evidence: Evidence, together: Codes, seed: int
    ) -> NoiseEstimate:
        """What models can say of how many labels are wrong; by at least one opinion."""
        ...

    def contradict(self, opinion: Floats, evidence: Evidence) -> Floats:
        """An opinion's log odds against each label: the higher, the likelier the label is wrong."""
        ...

    def find_contradicted(self, opinion: Floats, evidence: Evidence) -> Bools:
        """The rows to which an opinion would give another label."""
        ...

    def limit_doubt(self, evidence: Evidence) -> Floats:
        """The most log odds against each label that models may give it; infinite where there is no limit."""
        ...

    def plant(self, evidence: Evidence, opinion: Floats, judgeable: Bools, seed: int) -> Planting:
        """The labels with some errors planted among the judgeable rows."""
        ...

    def suggest(
        self, evidence: Evidence, opinion: Floats | None, doubt: Floats, judgeable: Bools, n_labels: int
    ) -> Suggestions:
        """The suggested label of each row; the file has `n_labels` different labels."""
        ...
