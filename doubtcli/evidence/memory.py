"""How much memory a scan takes, and whether that fits: if it does not, a scan that takes less."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.errors import ModelError
from doubtcli.features.table import MOST_CATEGORIES
from doubtcli.predict.folds import MANY_CLASSES, MOST_SPLIT_TWICE
from doubtcli.predict.table_models import MOST_TREE_ROWS
from doubtcli.records import Role
from doubtcli.records.mapped import MAPPED_FROM, find_room
from doubtcli.wording.numbers import format_size

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.records import Examples
    from doubtcli.settings import ScanSettings

_SHARE_OF_FREE = 0.5
"""Of the memory that is free: what a scan takes if the user does not say."""
_MATRICES = 7
"""How many matrices of rows and classes are in files at once, where classes are many: those of three models
twice, while they are put together, and one more; each cell has four bytes."""
_OF_TABLES = frozenset({Role.NUMERIC, Role.CATEGORICAL, Role.DATETIME})


@dataclass(frozen=True)
class MemoryUse:
    """Bytes at the peak of a scan, by what a file is made of."""

    always: float
    a_row: float
    a_cell: float
    """For each row and class. Large matrices are in files, and count as the largest that is in memory."""
    a_number: float
    """For each number of a row that models learn from: numbers, indicators of categories, embeddings."""
    a_letter: float
    """For each byte of text."""
    a_class: float = 0.0
    """For each class, whose weights linear models of texts have in memory."""
    a_cell_of_few: float = 0.0
    """For each row and class besides, where both are so few that rows are split twice and errors planted."""
    most_learned: int | None = None
    """The most rows of a table whose numbers are in memory at a time; None: all."""

    def estimate(self, examples: Examples) -> int:
        """The peak of a scan of these rows."""
        n_rows, n_classes = examples.n_rows, examples.n_classes
        a_row = self.a_row
        if examples.given_pred_probs is not None:
            a_row, n_classes = _A_GIVEN_ROW, 0  # nothing is fitted
        has_table = examples.couples or any(role in _OF_TABLES for role in examples.column_roles.values())
        most_cells = max(MAPPED_FROM, MOST_TREE_ROWS * n_classes if has_table else 0)
        of_cells = self.a_cell * min(n_rows * n_classes, most_cells)
        if n_rows <= MOST_SPLIT_TWICE and n_classes <= MANY_CLASSES:
            of_cells += self.a_cell_of_few * n_rows * n_classes
        of_rows = a_row * n_rows + self.a_letter * _count_letters(examples)
        n_learned = n_rows if self.most_learned is None else min(n_rows, self.most_learned)
        embedded = 0 if examples.embeddings is None else examples.embeddings.shape[1]
        of_numbers = self.a_number * (n_rows * embedded + n_learned * _count_numbers(examples))
        return int(
            self.always + of_rows + of_cells + of_numbers + self.a_class * min(n_classes, _MOST_WEIGHED)
        )


_A_GIVEN_ROW = 500.0
"""Bytes for each row with given probabilities: they were read already, and are a part of it."""
_MOST_WEIGHED = 200
"""With more classes, their weights are worked on in parts."""
DEFAULT = MemoryUse(
    always=300e6, a_row=500, a_cell=40, a_number=52, a_letter=24, a_class=1.5e6, a_cell_of_few=380
)
FAST = MemoryUse(always=320e6, a_row=375, a_cell=40, a_number=30, a_letter=6, most_learned=MOST_TREE_ROWS)
BY_BATCHES = FAST
"""Fitted so that no peak was above its estimate (the process with its children, MB: peak, estimate):

| rows, classes | full | by batches | fast |
| --- | --- | --- | --- |
| 10,000 texts, 10 | 388, 407 | | 273, 338 |
| 10,000 texts, 77 | 740, 788 | | 349, 366 |
| 100,000 of a mixed table with a text, 10 | 764, 803 | 451, 615 | 464, 615 |
| the same without its text, 10 | 587, 769 | | 470, 607 |
| 5,000,000 of a mixed table with a text, 10 | | 3,199, 3,705 | |
"""
_COSTS = {
    Role.TEXT: "on 100,000 texts its average precision was .87, as that of a full scan",
    Role.EMBEDDING: (
        "on 10,000 embeddings with 2 and with 77 classes its average precision was .35 and .94; that of a "
        "full scan was .95 and 1.00"
    ),
    Role.NUMERIC: (
        "on two tables of 100,000 rows its average precision was .90 and 1.00; that of a full scan was .91 "
        "and 1.00"
    ),
}
"""What the cheapest models cost in ranking quality, by what they look at, on files of `make bench-speed`."""
_MIXED = "on 100,000 rows of numbers, categories and a text its average precision was"
_COST_OF_BATCHES = f"{_MIXED} .99, as that of a full scan"
_COST_OF_FAST_IF_MIXED = f"{_MIXED} .70; that of a full scan was .99"


def fit_into_memory(settings: ScanSettings, examples: Examples, where: str) -> tuple[ScanSettings, str]:
    """The settings of a scan that stays within the memory, and what the user should know; "" if nothing.

    A scan that is not asked to be fast is a full one if that fits. Else it is one by batches, where a table
    is beside texts or vectors: a fast scan would leave out the table's forest, and with it most of the
    ranking (average precision .70 for .99), for hardly less memory. Else it is a fast one.

    Args:
        settings: What the user wants.
        examples: The labelled rows.
        where: The file, for a message.

    Raises:
        ModelError: Even a fast scan would need more, or there is no room on the disk.
    """
    _check_room(examples, where)
    budget = settings.memory or int(_SHARE_OF_FREE * find_free_memory())
    limit = settings.memory_by if settings.memory else "half of what is free"
    full, fast = DEFAULT.estimate(examples), FAST.estimate(examples)
    if (fast if settings.fast else full) <= budget:
        return settings, ""
    within = f"to stay within {format_size(budget)} of memory ({limit})"
    rest = f"; a full scan needs about {format_size(full)}"
    if not settings.fast and _is_mixed(examples) and BY_BATCHES.estimate(examples) <= budget:
        note = (
            f"the scan is one by batches of rows, {within}: it has only the cheapest models of each kind of "
            f"input, no neighbours and no planted errors; {_COST_OF_BATCHES}{rest}"
        )
        return replace(settings, by_batches=True), note
    if fast > budget:
        rows = f"{examples.n_rows:,} rows"
        raise ModelError(
            f"even a fast scan of {rows} with {examples.n_classes:,} classes needs about {format_size(fast)}"
            " of memory",
            where=where,
            expected=f"at most {format_size(budget)} ({limit})",
            hint="raise --memory, scan a part of the rows or columns, or join small classes",
        )
    note = (
        f"the scan is a fast one (--fast), {within}: it has only the cheapest models, no neighbours and no "
        f"planted errors; {_find_cost(examples)}{rest}"
    )
    return replace(settings, fast=True), note


def _check_room(examples: Examples, where: str) -> None:
    """Make sure that large matrices of rows and classes fit on the disk, before minutes of work."""
    cells = examples.n_rows * examples.n_classes
    if examples.given_pred_probs is not None or cells < MAPPED_FROM:
        return
    folder, free = find_room()
    needed = 4 * _MATRICES * cells
    if needed > free:
        raise ModelError(
            f"a scan of {examples.n_rows:,} rows with {examples.n_classes:,} classes needs about"
            f" {format_size(needed)} of disk space for their probabilities while it runs",
            where=where,
            expected=f"at most {format_size(free)}, which are free in {folder}",
            hint="free some space, or set TMPDIR to a folder on another disk",
        )


def _is_mixed(examples: Examples) -> bool:
    """Whether there is a table beside texts or vectors."""
    has_others = examples.embeddings is not None or bool(examples.columns_of(Role.TEXT))
    return has_others and any(examples.columns_of(role) for role in _OF_TABLES)


def _find_cost(examples: Examples) -> str:
    """What a fast scan costs in ranking quality, by what the file has most of."""
    if _is_mixed(examples):
        return _COST_OF_FAST_IF_MIXED
    if examples.columns_of(Role.TEXT):
        return _COSTS[Role.TEXT]
    return _COSTS[Role.NUMERIC if examples.embeddings is None else Role.EMBEDDING]


def find_free_memory() -> int:
    """Bytes that a new process can use without making others slower."""
    import psutil

    return int(psutil.virtual_memory().available)


def _count_numbers(examples: Examples) -> int:
    """How many numbers models see of each row of a table, about."""
    return sum(
        _count_indicators(examples.inputs.column(name)) if role == Role.CATEGORICAL else 1
        for name, role in examples.column_roles.items()
        if role in _OF_TABLES
    )


def _count_indicators(column: pa.ChunkedArray) -> int:
    import pyarrow.compute as pc

    return int(min(pc.count_distinct(column).as_py(), MOST_CATEGORIES))


def _count_letters(examples: Examples) -> int:
    """The bytes of all texts."""
    return sum(examples.inputs.column(name).nbytes for name in examples.columns_of(Role.TEXT))
