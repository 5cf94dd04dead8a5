"""Column roles -> the few lines that tell how each column is used."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from doubtcli.records import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from doubtcli.records import Column

MOST_LINES = 12
"""A table of more columns is told by kinds of column: half of a screen of 24 lines."""

LEFT_OUT = "left out"


class ColumnLine(NamedTuple):
    """One column, or several of one kind."""

    names: tuple[str, ...]
    """In file order."""
    use: str
    """The role; "left out" where they play none."""
    why: str


def column_lines(columns: Sequence[Column]) -> list[ColumnLine]:
    """How the columns are used: the label first, what is left out last, many of one kind on one line."""
    roles = list(Role)
    ordered = sorted(columns, key=lambda column: (_is_left_out(column), roles.index(column.role)))
    if len(ordered) <= MOST_LINES:
        return [_line([column]) for column in ordered]
    lines = _folded(ordered, lambda column: (_is_left_out(column), column.role, column.why))
    if len(lines) <= MOST_LINES:
        return lines
    return _folded(ordered, lambda column: (_is_left_out(column), column.role))


def _folded(columns: Iterable[Column], kind: Callable[[Column], Hashable]) -> list[ColumnLine]:
    kinds: dict[Hashable, list[Column]] = defaultdict(list)
    for column in columns:
        kinds[kind(column)].append(column)
    return [_line(alike) for alike in kinds.values()]


def _line(alike: Sequence[Column]) -> ColumnLine:
    names, first = tuple(column.name for column in alike), alike[0]
    others = len({column.why for column in alike}) - 1
    why = f"{first.why}; for the others see audit.json" if others else first.why
    if not _is_left_out(first):
        return ColumnLine(names, first.role.value, why)
    once = why.replace(f": {LEFT_OUT}", "")  # its use says so already
    return ColumnLine(names, LEFT_OUT, once if first.role is Role.IGNORED else f"{first.role.value}: {once}")


def _is_left_out(column: Column) -> bool:
    return not column.used or column.role is Role.IGNORED
