"""What a label is: all that differs between one class a row and any other kind of label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from doubtcli.records.arrays import Bools, Codes, Floats
    from doubtcli.records.audit import NoiseModel, Skill
    from doubtcli.records.evidence import Evidence
    from doubtcli.records.learning import Planting, Predictions
    from doubtcli.records.reading import Labels, Table

TASK_PARTS = (
    *("name", "why_nothing_is_planted", "parse_labels", "pool_opinions", "measure_skill"),
    *("find_judgeable", "explain_unjudged", "estimate_noise", "contradict", "plant", "suggest"),
)
"""What a task must have: see `Task`."""


@dataclass(frozen=True)
class Suggestions:
    """What would be written in place of each label."""

    labels: Codes
    """Shape `(n_rows,)`: codes of the labels of the file, then of `further`; the given label where nothing
    better is seen."""
    confidence: Floats
    """Shape `(n_rows,)`, 0 to 1: how sure the evidence is of it."""
    further: tuple[str, ...] = ()
    """Labels that the file doesn't have; their codes follow those of the file."""


class Task(Protocol):
    """What a label is, and what follows from it. Wherever labels are needed below, a task is handed down.

    An *opinion* is what models and neighbours make of all rows: an array whose first axis is the rows. What
    it holds is known to its task alone. The labels that are judged are the evidence's `given_labels`.
    """

    name: str
    """As `audit.json` has it; the name of the entry point."""
    why_nothing_is_planted: str
    """What keeps errors from being planted in such labels; empty where nothing does."""

    def parse_labels(self, table: Table, column: str, *, to_judge: bool = True) -> Labels:
        """The labels of every row as codes of the different ones, and what other texts are labels.

        Raises:
            InputError: The column holds no such labels, or, `to_judge`, none that can be judged.
        """
        ...

    def pool_opinions(self, evidence: Evidence, sources: Collection[str]) -> Sequence[Floats]:
        """One opinion a repeat, of the evidence from these sources; none where nothing was asked."""
        ...

    def measure_skill(
        self, opinions: Sequence[Floats], evidence: Evidence, predictions: Predictions | None, seed: int
    ) -> Skill:
        """Whether the opinions know anything about these labels."""
        ...

    def find_judgeable(self, evidence: Evidence, together: Codes) -> Bools:
        """The rows that opinions may judge.

        Args:
            evidence: Of all rows.
            together: Shape `(n_rows,)`: rows with the same number are held out together.
        """
        ...

    def explain_unjudged(self, judgeable: Bools, evidence: Evidence, class_names: Sequence[str]) -> list[str]:
        """What the user should know of rows that opinions may not judge; nothing where there are none."""
        ...

    def estimate_noise(
        self, opinions: Sequence[Floats], evidence: Evidence, together: Codes, seed: int
    ) -> NoiseModel:
        """The suspected share of wrong labels, and how much a contradiction weighs. There is an opinion."""
        ...

    def contradict(self, opinion: Floats, evidence: Evidence) -> Floats:
        """Log odds against each label by an opinion: the higher, the likelier it is wrong."""
        ...

    def plant(self, evidence: Evidence, opinion: Floats, judgeable: Bools, seed: int) -> Planting:
        """The labels with some errors planted among the judgeable rows."""
        ...

    def suggest(
        self, evidence: Evidence, opinion: Floats | None, doubt: Floats, judgeable: Bools, n_labels: int
    ) -> Suggestions:
        """What would be written in place of each label; the file has `n_labels` different ones."""
        ...
