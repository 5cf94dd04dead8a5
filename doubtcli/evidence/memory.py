"""How much memory a scan takes, and whether that fits: if it does not, a fast scan, which takes less."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.errors import ModelError
from doubtcli.features.table import MOST_CATEGORIES
from doubtcli.records import Role
from doubtcli.records.mapped import MAPPED_FROM
from doubtcli.wording.numbers import format_size

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.records import Examples
    from doubtcli.settings import ScanSettings

_SHARE_OF_FREE = 0.5
"""Of the memory that is free: what a scan takes if the user does not say."""
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
"""Fitted to peaks on 100,000 rows of texts and tables and 1,000,000 of given probabilities, where they are
1.0 to 1.3 times the peak. On 10,000 texts of 77 classes a default scan took 1.8 times its estimate."""


def fit_into_memory(settings: ScanSettings, examples: Examples, where: str) -> tuple[ScanSettings, str]:
    """The settings of a scan that stays within the memory, and what the user should know; "" if nothing.

    Args:
        settings: What the user wants.
        examples: The labelled rows.
        where: The file, for a message.

    Raises:
        ModelError: Even a fast scan would need more.
    """
    budget = settings.memory or int(_SHARE_OF_FREE * find_free_memory())
    default, fast = DEFAULT.estimate(examples), FAST.estimate(examples)
    if (fast if settings.fast else default) <= budget:
        return settings, ""
    limit = "--memory" if settings.memory else "half of what is free"
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
        f"the scan is a fast one (--fast), to stay within {format_size(budget)} of memory ({limit}): with all"
        f" models and neighbours it needs about {format_size(default)} (--memory), and finds more"
    )
    return replace(settings, fast=True), note


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
