"""A row that a person is asked about, and all such rows together: what every format is made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doubtcli.queue_columns import (
    CHOICE_COLUMNS,
    QUEUE_COLUMNS,
    QUEUE_DECIMALS,
    SAMPLE_COLUMNS,
    SEEN_COLUMN,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.relabel.shown import Parts, Shown

VERDICT = QUEUE_COLUMNS[-1]


@dataclass(frozen=True)
class Task:
    """One row, and what doubt has to say of it."""

    doubt_id: str
    given_label: str
    suggested_label: str
    """Equal to the given one where nothing better is seen."""
    doubt: float
    """From 0 to 1."""
    reasons: tuple[str, ...]
    """Those that speak, strongest first."""
    why: str
    strategy: str
    """What brought the row into the queue."""
    shown: Shown
    minutes: float
    """How long it takes to decide, about."""
    stratum: str | None = None
    """Of a row that was drawn at random."""
    inclusion: str | None = None
    """Of a row that was drawn at random."""
    duplicates: tuple[str, ...] = ()
    """Ids of rows with the same input and the same given label, for which this one stands."""
    conflicts: tuple[str, ...] = ()
    """Ids of rows with the same input and another given label."""
    row_hash: str | None = None
    """What stands in the row, its label left out; None where the audit doesn't tell."""

    @property
    def suggestion(self) -> str | None:
        """The suggested label, if it is another than the given one."""
        return self.suggested_label if self.suggested_label != self.given_label else None

    @property
    def score(self) -> float:
        """The doubt, as it stands in a queue."""
        return round(self.doubt, QUEUE_DECIMALS)

    @property
    def keys(self) -> dict[str, str | float | None]:
        """Our columns with what stands in them, the verdict left out; None where there is nothing to tell."""
        values: tuple[str | float | None, ...] = (
            *(self.doubt_id, self.given_label, self.suggested_label, self.score),
            *(", ".join(self.reasons), self.why),
            *(self.strategy, _listed(self.duplicates), _listed(self.conflicts)),
            *(self.stratum, self.inclusion, self.row_hash),
        )
        names = (*QUEUE_COLUMNS[:-1], *CHOICE_COLUMNS, *SAMPLE_COLUMNS, SEEN_COLUMN)
        return dict(zip(names, values, strict=True))


@dataclass(frozen=True)
class Queue:
    """The rows that people are asked about, in the order in which they are."""

    tasks: tuple[Task, ...]
    own: pa.Table
    """The user's own columns of these rows."""
    class_names: tuple[str, ...]
    """All labels that there are to choose from."""
    parts: Parts
    """The columns that are shown."""
    made_by: str
    """Doubt, with its version: "doubt 0.1.0"."""
    assessable: bool = True
    """Whether models show skill on these labels, so that doubts may be taken for probabilities."""
    notes: tuple[str, ...] = ()
    """What a person should know of it."""

    @property
    def is_sampled(self) -> bool:
        """Whether rows were drawn at random."""
        return any(task.stratum is not None for task in self.tasks)

    def keys(self, task: Task) -> dict[str, str | float | None]:
        """Our columns of one row; those of a sample only where there is one."""
        return {
            name: value for name, value in task.keys.items() if self.is_sampled or name not in SAMPLE_COLUMNS
        }


def _listed(ids: tuple[str, ...]) -> str | None:
    """Ids as JSON, which no id can break; None where there are none."""
    return json.dumps(ids, ensure_ascii=False) if ids else None
