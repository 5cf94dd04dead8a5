"""Figures of a gate in words."""

from __future__ import annotations

_HUNDRED = 100


def percent(share: float) -> str:
    """A share with two digits: "4.3%", "3%", "0.043%", "100%"."""
    return f"{float(f'{share * _HUNDRED:.2g}'):g}%"
