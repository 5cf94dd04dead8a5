"""Figures of a gate in words."""

from __future__ import annotations

_HUNDRED = 100


def percent(share: float) -> str:
    """A share as a person says it: "4.26%", "3%", "0.04%"."""
    return f"{share * _HUNDRED:.3g}%"


def amount(value: float, *, is_share: bool) -> str:
    """A share in percent, or a number of rows."""
    return percent(value) if is_share else f"{value:,.0f}"
