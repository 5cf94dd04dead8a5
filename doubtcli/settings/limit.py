"""Limits as people write them: `3%`, `0.03`, `12`, `refund=5%`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from doubtcli.settings.fields import Kind

SHARE = "a share, such as 3% or 0.03"
LIMIT = "a share, such as 3% or 0.03, or a whole number of rows"
EACH = ""
"""The name of a limit that holds for every class, or for every reason, that has none of its own."""
_PERCENT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*%")
_FRACTION = re.compile(r"\d*\.\d+")
_COUNT = re.compile(r"\d+")
_HUNDRED = 100


@dataclass(frozen=True)
class Limit:
    """The most there may be of something: a share of the rows, or a number of them."""

    bound: float
    """A share from 0 to 1 where `is_share`, else a whole number."""
    is_share: bool


def share(about: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a share."""
    return field(default=None, metadata={"kind": Kind(about, SHARE, _as_share)})


def limit(about: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a share or a number of rows."""
    return field(default=None, metadata={"kind": Kind(about, LIMIT, as_limit)})


def limits(about: str, name: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a limit for all, limits with a name before them, or both."""
    expected = f"{LIMIT}; or {name}=LIMIT, for that one alone; or a list of such"
    return field(default_factory=dict, metadata={"kind": Kind(about, expected, _as_limits)})


def as_limit(value: object) -> Limit:
    """The limit that is meant.

    Raises:
        ValueError: None can be.
    """
    match value:
        case bool():
            raise ValueError
        case int() if value >= 0:
            return Limit(value, is_share=False)
        case float() if 0 <= value <= 1:
            return Limit(value, is_share=True)
        case str():
            return _parsed(value.strip())
        case _:
            raise ValueError


def _parsed(text: str) -> Limit:
    if found := _PERCENT.fullmatch(text):
        return as_limit(float(found[1]) / _HUNDRED)
    if _FRACTION.fullmatch(text):
        return as_limit(float(text))
    if _COUNT.fullmatch(text):
        return as_limit(int(text))
    raise ValueError


def _as_share(value: object) -> float:
    found = as_limit(value)
    if not found.is_share and found.bound > 0:  # 0 rows are a share of 0
        raise ValueError
    return float(found.bound)


def _as_limits(value: object) -> dict[str, Limit]:
    """By name; from a table, or from a list of `LIMIT` and `NAME=LIMIT`."""
    if isinstance(value, dict):
        return {EACH if name == "*" else name: as_limit(item) for name, item in value.items()}
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise ValueError
    named = [_named(item) for item in listed]
    if len({name for name, _ in named}) < len(named):
        raise ValueError  # of two limits for one name, which?
    return dict(named)


def _named(item: object) -> tuple[str, Limit]:
    name, is_named, bound = item.rpartition("=") if isinstance(item, str) else (EACH, "", item)
    if is_named and not name:
        raise ValueError
    return name, as_limit(bound)
