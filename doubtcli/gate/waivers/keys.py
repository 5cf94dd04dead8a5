"""The keys of a waiver: what each is about, and what it will take."""

from __future__ import annotations

import datetime as dt
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from doubtcli.settings.fields import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = "waive"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _any_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  # as all checks of a kind
    return value


def _names(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise ValueError
    return tuple(dict.fromkeys(map(_text, listed)))


def _day(value: object) -> dt.date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value)
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise ValueError  # noqa: TRY004  # as all checks of a kind
    return value


KEYS: Mapping[str, Kind] = MappingProxyType(
    {
        "id": Kind("The row, by its doubt_id.", 'a text that is not empty: id = "17"', _text),
        "label": Kind(
            "It holds only while the given label is this one.",
            'a text that is not empty: label = "spam"; or nothing, for any label',
            _text,
        ),
        "reasons": Kind(
            "It takes these reasons off the row, and waives it where no other speaks.",
            "a reason's name, or a list of them; or nothing, for every reason",
            _names,
        ),
        "until": Kind("The last day on which it holds.", "a day: until = 2027-06-30", _day),
        "why": Kind("What was found, and by whom.", "a text", _any_text),
        "file": Kind(
            "It holds for these data files alone, seen from the folder of the waivers.",
            'a file, or a list of them: file = "data/train.csv"; or nothing, for any file',
            _names,
        ),
    }
)
"""In the order in which they are written."""
