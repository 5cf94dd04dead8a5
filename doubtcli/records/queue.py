"""The rows that people are asked about; every queue is written from these records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from doubtcli.records.reading import SpotCheckPlace

if TYPE_CHECKING:
    import pyarrow as pa

EQUAL_ROWS_COLUMN = "doubt_equal_rows"
"""How many rows the row stands for: itself, and those that are equal to it. Its verdict decides all."""
TIER_COLUMN = "tier"
"""Whether the row is doubted or contradicted; empty for others."""
QUEUE_COLUMNS = (
    "doubt_id",
    "given_label",
    "doubt_suggested",
    "doubt_score",
    "doubt_reasons",
    "doubt_why",
    EQUAL_ROWS_COLUMN,
    TIER_COLUMN,
    "verdict",
)
"""The columns of every queue, in this order; the verdict is empty until a person fills it in."""
CHOICE_COLUMNS = ("doubt_strategy", "doubt_conflicts")
"""Columns that `doubt queue` adds: why the row was chosen, and rows of equal input with another label."""
SAMPLE_COLUMNS = ("doubt_stratum", "doubt_inclusion")
"""Columns of an audit sample; empty for rows outside it."""
ROW_HASH_COLUMN = "doubt_row_hash"
"""The last of our columns: a hash of what the person saw, to find rows that changed since."""
CELLS_COLUMN, SAFE_CELLS = "doubt_cells", "safe"
"""A column of a queue whose cells a spreadsheet can't take for formulas, and its value."""
RESERVED_COLUMNS = frozenset(
    {
        *QUEUE_COLUMNS,
        *CHOICE_COLUMNS,
        *SAMPLE_COLUMNS,
        ROW_HASH_COLUMN,
        CELLS_COLUMN,
        *("doubt_duplicates", "verdict_status", "annotator", "time", "why"),
    }
)
"""Names with a meaning where a queue is read back: our columns, a sample's, and those of a verdict."""
REASONS_SEPARATOR = ", "
"""Between the names of reasons in a cell."""
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
        """Whether rows have a card; it may be empty, where nothing else can be shown either."""
        return bool(self.card) or not (self.text or self.images)

    @property
    def verbatim(self) -> str | None:
        """The one column whose values are the text, unchanged; None where there is none, or more than one."""
        return self.text[0] if len(self.text) == 1 else None


@dataclass(frozen=True)
class ShownRow:
    """One row as a person sees it."""

    text: str | None = None
    """None where the file has no text columns; "" where this row has no text."""
    card: str | None = None
    """"name: value", one line a column; None where no column is left for it, "" where all are empty."""
    images: tuple[str, ...] = ()
    """A path or an address for each column of images; "" where the row has no image."""

    @property
    def all_text(self) -> str:
        """Paths, text and card as one text, for a tool that shows only one."""
        paths = "\n".join(path for path in self.images if path)
        return "\n\n".join(part for part in (paths, self.text, self.card) if part)


@dataclass(frozen=True)
class QueueRow:
    """One row, with its doubt and why."""

    doubt_id: str
    given_label: str
    suggested_label: str
    """Equal to the given label where no other fits better."""
    doubt: float
    """From 0 to 1."""
    reasons: tuple[str, ...]
    """Those that raise doubt, strongest first."""
    why: str
    strategy: str = ""
    """The strategy that chose the row; empty in the queue of a scan, which has no strategies."""
    shown: ShownRow = ShownRow()
    """The row as a tool shows it; empty in the queue of a scan."""
    minutes: float = 0.0
    """About how long a person needs to decide."""
    tier: str | None = None
    """"doubted" or "contradicted"; None for a row that is neither."""
    stratum: str | None = None
    """Only for a row that was drawn at random, and for all rows of a spot check."""
    inclusion: float | None = None
    """Only for such a row: the probability that it is drawn."""
    equal_rows: int = 1
    """How many rows it stands for, itself counted: those that are equal to it, label included."""
    conflicts: tuple[str, ...] = ()
    """Ids of rows with the same input and another given label."""
    row_hash: str | None = None
    """A hash of the row without its label; None where the audit has none."""

    @property
    def suggestion(self) -> str | None:
        """The suggested label, if it differs from the given label."""
        return self.suggested_label if self.suggested_label != self.given_label else None

    @property
    def score(self) -> float:
        """The doubt, as a queue has it."""
        return round(self.doubt, SCORE_DECIMALS)

    @property
    def cells(self) -> dict[str, str | float | None]:
        """All our columns except the verdict, with their values; None where there is no value."""
        values: tuple[str | float | None, ...] = (
            *(self.doubt_id, self.given_label, self.suggested_label, self.score),
            *(join_reasons(self.reasons), self.why, str(self.equal_rows), self.tier),
            *(self.strategy, _ids_as_json(self.conflicts)),
            *(self.stratum, show_inclusion(self.inclusion), self.row_hash),
        )
        names = (*QUEUE_COLUMNS[:-1], *CHOICE_COLUMNS, *SAMPLE_COLUMNS, ROW_HASH_COLUMN)
        return dict(zip(names, values, strict=True))


def join_reasons(reasons: tuple[str, ...]) -> str:
    """The names of reasons as a cell."""
    return REASONS_SEPARATOR.join(reasons)


def show_inclusion(inclusion: float | None) -> str | None:
    """The probability with which a row was drawn, as a cell; None where none was."""
    return None if inclusion is None else f"{inclusion:.{INCLUSION_DIGITS}g}"


@dataclass(frozen=True)
class Queue:
    """The rows that people are asked about, in that order."""

    rows: tuple[QueueRow, ...]
    own: pa.Table
    """The user's own columns of these rows."""
    class_names: tuple[str, ...]
    """All labels to choose from."""
    parts: ShownColumns
    """The columns that are shown."""
    made_by: str
    """The program with its version: "doubt 0.1.0"."""
    assessable: bool = True
    """Whether the models can predict these labels, so that doubts are probabilities."""
    notes: tuple[str, ...] = ()
    """What a person should know about it."""
    safe_cells: bool = False
    """Whether CSV is written so that a spreadsheet takes no cell for a formula."""

    @cached_property
    def n_equal_rows(self) -> int:
        """How many rows of the file its verdicts decide: more than it has, if some stand for others."""
        return sum(row.equal_rows for row in self.rows)

    @cached_property
    def is_spot_check(self) -> bool:
        """Whether rows were drawn at random from the flagged ones."""
        return any(SpotCheckPlace.parse(row.stratum or "") is not None for row in self.rows)

    @cached_property
    def is_sampled(self) -> bool:
        """Whether rows were drawn at random from all rows."""
        return not self.is_spot_check and any(row.stratum is not None for row in self.rows)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Our columns in order; those of a sample only where there is one."""
        sample = SAMPLE_COLUMNS if self.is_sampled or self.is_spot_check else ()
        return (*QUEUE_COLUMNS, *CHOICE_COLUMNS, *sample, ROW_HASH_COLUMN)

    def cells(self, row: QueueRow) -> dict[str, str | float | None]:
        """The values of our columns in one row, without the verdict."""
        return {name: value for name, value in row.cells.items() if name in self.columns}


def _ids_as_json(ids: tuple[str, ...]) -> str | None:
    """Ids as JSON, which is safe for any id; None where there are none."""
    return json.dumps(ids, ensure_ascii=False) if ids else None
