"""The rows that people are asked about: what every queue is written from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

QUEUE_COLUMNS = (
    "doubt_id",
    "given_label",
    "doubt_suggested",
    "doubt_score",
    "doubt_reasons",
    "doubt_why",
    "verdict",
)
"""What every queue has of a row, in this order; the verdict is empty until a person fills it in."""
CHOICE_COLUMNS = ("doubt_strategy", "doubt_duplicates", "doubt_conflicts")
"""What `doubt queue` adds: what brought the row, and the rows of equal input."""
SAMPLE_COLUMNS = ("doubt_stratum", "doubt_inclusion")
"""Added where there is an audit sample; empty for the rows that are no part of it."""
ROW_HASH_COLUMN = "doubt_row_hash"
"""The last of our columns: the content that the person saw, by which a row that changed since is found."""
RESERVED_COLUMNS = frozenset(
    {
        *QUEUE_COLUMNS,
        *CHOICE_COLUMNS,
        *SAMPLE_COLUMNS,
        ROW_HASH_COLUMN,
        *("verdict_status", "annotator", "time", "why"),
    }
)
"""Names that mean something where a queue is read back: ours, a sample's, and those of a verdict."""
SCORE_DECIMALS = 4
INCLUSION_DIGITS = 6


@dataclass(frozen=True)
class ShownColumns:
    """The columns that a person is shown, in file order."""

    text: tuple[str, ...]
    card: tuple[str, ...]
    images: tuple[str, ...]
    """Columns of paths or addresses of images."""

    @property
    def has_card(self) -> bool:
        """Whether there is a card; it is empty where nothing else can be shown, either."""
        return bool(self.card) or not (self.text or self.images)

    @property
    def verbatim(self) -> str | None:
        """The column that is shown as the text just as it is; None where there is none, or more than one."""
        return self.text[0] if len(self.text) == 1 else None


@dataclass(frozen=True)
class ShownRow:
    """What a person is shown of one row."""

    text: str | None = None
    """None where the file has no texts; "" where this row has none."""
    card: str | None = None
    """"name: value", one line a column; None where no column is left for it, "" where nothing is to show."""
    images: tuple[str, ...] = ()
    """A path or an address for each column of images; "" where this row has none."""

    @property
    def all_text(self) -> str:
        """All of it as one text, for a tool that shows no more: paths, text and card below each other."""
        paths = "\n".join(path for path in self.images if path)
        return "\n\n".join(part for part in (paths, self.text, self.card) if part)


@dataclass(frozen=True)
class QueueRow:
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
    strategy: str = ""
    """What brought the row into the queue; empty in the queue of a scan, which has no strategies."""
    shown: ShownRow = ShownRow()
    """What a tool shows of it; nothing in the queue of a scan."""
    minutes: float = 0.0
    """How long it takes to decide, about."""
    stratum: str | None = None
    """Of a row that was drawn at random."""
    inclusion: float | None = None
    """Of a row that was drawn at random: the probability that it was."""
    duplicates: tuple[str, ...] = ()
    """Ids of rows with the same input and the same given label, for which this one stands."""
    conflicts: tuple[str, ...] = ()
    """Ids of rows with the same input and another given label."""
    row_hash: str | None = None
    """The row's content, its label left out; None where the audit doesn't have it."""

    @property
    def suggestion(self) -> str | None:
        """The suggested label, if it is another than the given one."""
        return self.suggested_label if self.suggested_label != self.given_label else None

    @property
    def score(self) -> float:
        """The doubt, as a queue has it."""
        return round(self.doubt, SCORE_DECIMALS)

    @property
    def cells(self) -> dict[str, str | float | None]:
        """All our columns with their values, but for the verdict; None where there is nothing to say."""
        inclusion = None if self.inclusion is None else f"{self.inclusion:.{INCLUSION_DIGITS}g}"
        values: tuple[str | float | None, ...] = (
            *(self.doubt_id, self.given_label, self.suggested_label, self.score),
            *(", ".join(self.reasons), self.why),
            *(self.strategy, _ids_as_json(self.duplicates), _ids_as_json(self.conflicts)),
            *(self.stratum, inclusion, self.row_hash),
        )
        names = (*QUEUE_COLUMNS[:-1], *CHOICE_COLUMNS, *SAMPLE_COLUMNS, ROW_HASH_COLUMN)
        return dict(zip(names, values, strict=True))


@dataclass(frozen=True)
class Queue:
    """The rows that people are asked about, in the order in which they are."""

    rows: tuple[QueueRow, ...]
    own: pa.Table
    """The user's own columns of these rows."""
    class_names: tuple[str, ...]
    """All labels that there are to choose from."""
    parts: ShownColumns
    """The columns that are shown."""
    made_by: str
    """Doubt, with its version: "doubt 0.1.0"."""
    assessable: bool = True
    """Whether models show skill on these labels, so that doubts may be taken for probabilities."""
    notes: tuple[str, ...] = ()
    """What a person should know of it."""

    @cached_property
    def is_sampled(self) -> bool:
        """Whether rows were drawn at random."""
        return any(row.stratum is not None for row in self.rows)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Our columns in their order; those of a sample only where there is one."""
        sample = SAMPLE_COLUMNS if self.is_sampled else ()
        return (*QUEUE_COLUMNS, *CHOICE_COLUMNS, *sample, ROW_HASH_COLUMN)

    def cells(self, row: QueueRow) -> dict[str, str | float | None]:
        """The values of our columns in one row, the verdict left out."""
        return {name: value for name, value in row.cells.items() if name in self.columns}


def _ids_as_json(ids: tuple[str, ...]) -> str | None:
    """Ids as JSON, which no id can break; None where there are none."""
    return json.dumps(ids, ensure_ascii=False) if ids else None
