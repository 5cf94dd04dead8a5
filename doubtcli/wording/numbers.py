"""Numbers -> text, and numbers rounded for JSON."""

from __future__ import annotations

SIGNIFICANT_DIGITS = 6
"""More than the precision of any of our figures, and few enough to read."""
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
"""A number as programs write it, such as 1.5e-3, for Python's regular expressions and Arrow's."""


def format_percent(share: float) -> str:
    """A share as a percentage with one decimal; only exactly 0 and 1 are printed as 0% and 100%."""
    if share in (0, 1):
        return f"{share:.0%}"
    if share < 0.0005:  # noqa: PLR2004  # would round to 0.0%
        return "<0.1%"
    if share >= 0.9995:  # noqa: PLR2004  # would round to 100.0%
        return ">99.9%"
    return f"{share:.1%}"


def format_percent_down(share: float) -> str:
    """A share as a percentage, rounded down to a tenth: 99.96% is not all."""
    return f"{int(share * 1000) / 10:g}%"


def format_count(number: int, noun: str = "") -> str:
    """A whole number with thousands separators, and its noun in singular or plural: "1,204 rows"."""
    if not noun:
        return f"{number:,}"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_size(n_bytes: int) -> str:
    """Bytes in a unit that suits them: "421 bytes", "1.2 MB"."""
    if n_bytes < 1000:  # noqa: PLR2004  # the next unit's size
        return format_count(n_bytes, "byte")
    size, unit = float(n_bytes), "bytes"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007  # used after the loop
        size /= 1000
        if size < 999.5:  # noqa: PLR2004  # 999.5 would be printed as 1000
            break
    return f"{size:.3g} {unit}"


def format_score(value: float) -> str:
    """A doubt or a probability with two decimals; never printed as 0 or 1, since no model is certain."""
    if value < 0.005:  # noqa: PLR2004  # would round to 0.00
        return "<0.01"
    if value >= 0.995:  # noqa: PLR2004  # would round to 1.00
        return ">0.99"
    return f"{value:.2f}"


def format_value(value: object) -> str:
    """A value of the data as text; a float without digits that have no meaning: "3750", "0.1"."""
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def round_figure(value: float) -> float:
    """A figure with six significant digits, as our JSON documents have it."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
