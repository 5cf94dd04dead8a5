"""Conditions that a person types: the rows that they fire on, and how they write names and values."""

from __future__ import annotations

import json
from functools import lru_cache
from keyword import iskeyword
from typing import TYPE_CHECKING

from doubtcli.rules.condition import parse_condition

if TYPE_CHECKING:
    from doubtcli.records import Bools, Examples

_REMEMBERED = 64
"""A page asks for the list, the counts and the map of one condition."""


class Conditions:
    """Finds the rows that conditions fire on, and remembers them.

    Args:
        examples: The labelled rows.
    """

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self.find = lru_cache(maxsize=_REMEMBERED)(self._find)

    def _find(self, when: str) -> Bools:
        """Which rows a condition fires on, shape `(n_rows,)`.

        Raises:
            SettingsError: It is no condition, or not one on these columns.
        """
        fires = parse_condition(when).find(self._examples.inputs)
        fires.setflags(write=False)
        return fires


def write_column(name: str) -> str:
    """A column's name in a condition."""
    is_word = name.isidentifier() and not iskeyword(name)
    return name if is_word else f"column({write_value(name)})"


def write_value(value: str | int) -> str:
    """A value in a condition."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
