"""How much memory a scan takes, and whether that fits: if it does not, a scan that takes less."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.errors import ModelError
from doubtcli.features.table import MOST_CATEGORIES
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
    """Bytes at the peak of a scan, by what a file is made of: see `make bench-speed`."""

    always: float
    a_row: float
    a_cell: float
    """For each row and class. Where there are no tables, whose models learn all classes at once, matrices of
    many cells are in files, and no part of it."""
    a_number: float
    """For each number of a row that models learn from: numbers, indicators of categories, embeddings."""
    a_letter: float
    """For each byte of text."""

    def estimate(self, examples: Examples) -> int:
        """The peak of a scan of these rows."""
        n_rows = examples.n_rows
        cells = 0 if examples.given_pred_probs is not None else n_rows * examples.n_classes
        if not (examples.couples or any(role in _OF_TABLES for role in examples.column_roles.values())):
            cells = min(cells, MAPPED_FROM)
        of_rows = self.a_row * n_rows + self.a_cell * cells
        numbers, letters = n_rows * _count_numbers(examples), _count_letters(examples)
        return int(self.always + of_rows + self.a_number * numbers + self.a_letter * letters)


DEFAULT = MemoryUse(always=300e6, a_row=500, a_cell=40, a_number=46, a_letter=24)
FAST = MemoryUse(always=300e6, a_row=500, a_cell=40, a_number=30, a_letter=6)
BY_BATCHES = FAST
"""Fitted to peaks on 100,000 rows of texts and tables and 1,000,000 of given probabilities, where they are
1.0 to 1.3 times the peak. On 10,000 texts of 77 classes a default scan took 1.8 times its estimate."""


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
    """How many numbers models see of each row, about."""
    embedded = 0 if examples.embeddings is None else examples.embeddings.shape[1]
    return embedded + sum(
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
