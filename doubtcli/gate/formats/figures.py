"""A limit or a whole result -> its figures in words: "4.3%, at most 3%", "gate failed: 2 of 5 limits"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.gate.result import Outcome
from doubtcli.wording.lists import join_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from doubtcli.gate.result import Check, GateResult

_HUNDRED = 100
_EXACT = ".10g"
"""A bound has the digits that its author gave it, and none that arithmetic adds."""
_DECIMALS = range(1, 9)
_MOST_PATHS = 3
"""As many as a line has room for."""


def value_words(check: Check) -> str:
    """What was measured: "4.3%", "1,204"; "" where it can't be told.

    A share has one decimal, and more where it would else look like its bound, like nothing or like all.
    """
    if check.value is None:
        return ""
    if not check.is_share:
        return f"{check.value:,.0f}"
    return _percent(check.value, {0.0, 1.0, check.bound or 0.0})


def bound_words(check: Check) -> str:
    """What it is held against: "at most 3%", "at least 60%"; "" where the limit is no number."""
    if check.bound is None:
        return ""
    shown = f"{check.bound * _HUNDRED:{_EXACT}}%" if check.is_share else f"{check.bound:,.0f}"
    return f"at {'least' if check.is_floor else 'most'} {shown}"


def held_words(check: Check) -> str:
    """The value against its bound: "4.3%, at most 3%"."""
    return ", ".join(words for words in (value_words(check), bound_words(check)) if words)


def is_open(check: Check) -> bool:
    """Whether nobody can tell how the limit was met."""
    return check.outcome is Outcome.NOT_ASSESSABLE


def verdict(result: GateResult) -> str:
    """Whether the gate passed, and by how many limits of which files: "gate failed: 2 of 5 limits, a.csv"."""
    checks = [check for file in result.files for check in file.checks]
    if result.passed:
        paths = [file.path for file in result.files]
        return f"gate passed: {limits_words(checks)}{_aside(checks, ', allowed')}, {_named(paths)}"
    missed = [check for check in checks if not check.passed]
    paths = [file.path for file in result.files if not file.passed]
    return f"gate failed: {len(missed)} of {limits_words(checks)}{_aside(missed)}, {_named(paths)}"


def _named(paths: Sequence[str]) -> str:
    return join_first(paths, _MOST_PATHS)


def limits_words(checks: Sequence[Check]) -> str:
    """How many limits: "1 limit", "5 limits"."""
    return f"{len(checks)} {'limit' if len(checks) == 1 else 'limits'}"


def _aside(checks: Iterable[Check], what: str = "") -> str:
    """How many of the limits nobody can tell of."""
    n_open = sum(map(is_open, checks))
    return f" ({n_open} not assessable{what})" if n_open else ""


def _percent(share: float, borders: set[float]) -> str:
    """A share in percent, with as many decimals as keep it apart from each border that it is not on."""
    told = [f"{share * _HUNDRED:.{decimals}f}" for decimals in _DECIMALS]
    off = [border for border in borders if border != share]
    apart = (words for words in told if all(float(words) != float(f"{b * _HUNDRED:{_EXACT}}") for b in off))
    words = next(apart, told[-1])
    return f"{words.rstrip('0').rstrip('.') if share in borders else words}%"
