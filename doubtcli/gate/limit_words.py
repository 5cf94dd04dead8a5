"""Limits and whole results -> words: a line each, their figures, and the verdict."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from doubtcli.gate.result import Outcome
from doubtcli.wording.lists import join_first

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from doubtcli.gate.result import Check, GateResult

ALLOWED = "allowed"
"""Nobody can tell, and the gate passes all the same."""
MOST_FAILED = 10
"""Members of a family that failed: those of most rows are told."""
MOST_ALIKE = 3
"""Members of a family that passed, or that nobody can tell of."""
FAMILIES = {
    "max-per-class": ("class", "classes"),
    "max-per-reason": ("reason", "reasons"),
    "require-reason": ("reason", "reasons"),
}
"""What the limits hold for that have many members."""
_PER_CENT = 100
_EXACT = ".10g"
"""A bound has the digits that its author gave it, and none that arithmetic adds."""
_DECIMALS = range(1, 9)
_MOST_PATHS = 3
"""As many as a line has room for."""


class LimitLine(NamedTuple):
    """One limit, or several of a family that were met alike."""

    state: str
    """An outcome, or `ALLOWED`."""
    name: str
    value: str
    bound: str
    why: str


def limit_lines(checks: Iterable[Check]) -> list[LimitLine]:
    """The lines in the order of the limits; in a large family those that stand alone come first."""
    families: dict[str, list[Check]] = defaultdict(list)
    for check in checks:
        families[check.limit].append(check)
    return [line for family in families.values() for line in _family(family)]


def _family(family: Sequence[Check]) -> list[LimitLine]:
    """The lines of the checks of one limit."""
    alike: dict[Hashable, list[Check]] = defaultdict(list)
    for check in family:
        alike[_kind(check)].append(check)
    folds = [rest for checks in alike.values() if (rest := _find_shared(checks))]
    folded = {id(check) for rest in folds for check in rest}
    alone = [_limit_line(check) for check in family if id(check) not in folded]
    return [*alone, *(_fold(rest, len(family)) for rest in folds)]


def _state(check: Check) -> str:
    return ALLOWED if is_open(check) and check.allowed else check.outcome.value


def _kind(check: Check) -> Hashable:
    """Equal in checks that can share a line."""
    return _state(check), check.why if is_open(check) else ""


def _find_shared(alike: Sequence[Check]) -> list[Check]:
    """Of checks that were met alike, those that share a line: failed ones only after the first few."""
    if alike[0].outcome is not Outcome.FAILED:
        return list(alike) if len(alike) > MOST_ALIKE else []
    return sorted(alike, key=lambda check: -len(check.rows))[MOST_FAILED:]


def _limit_line(check: Check) -> LimitLine:
    """One limit; what was measured is told where it was not met."""
    why = check.why if check.outcome is Outcome.PASSED else f"{check.measured}: {check.why}"
    return LimitLine(_state(check), check.name, value_words(check), bound_words(check), why)


def _fold(alike: Sequence[Check], n_family: int) -> LimitLine:
    """Several members of a family: "18 other classes pass (highest: refund, 3.1%)"."""
    first, n = alike[0], len(alike)
    others = " other" if n < n_family else ""
    one, many = FAMILIES.get(first.limit, ("limit", "limits"))
    told = f"{n}{others} {one if n == 1 else many}"
    if is_open(first):
        why = f"{told}: {first.why}"
    else:
        verbs = ("passes", "pass") if first.outcome is Outcome.PASSED else ("fails", "fail")
        why = f"{told} {verbs[n > 1]}{_highest(alike)}"
    return LimitLine(_state(first), first.limit, "", "", why)


def _highest(alike: Iterable[Check]) -> str:
    """The member of the highest value; "" where some are shares and some are numbers, or all are nothing."""
    told = [check for check in alike if check.value]
    if len({check.is_share for check in told}) != 1:
        return ""
    highest = max(told, key=lambda check: check.value or 0.0)
    return f" (highest: {highest.of}, {value_words(highest)})"


# ------------------------------------------------------------------------- figures


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
    shown = f"{check.bound * _PER_CENT:{_EXACT}}%" if check.is_share else f"{check.bound:,.0f}"
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
        return f"gate passed: {limits_words(checks)}{_aside(checks, ', allowed')}, {_join_paths(paths)}"
    missed = [check for check in checks if not check.passed]
    paths = [file.path for file in result.files if not file.passed]
    return f"gate failed: {len(missed)} of {limits_words(checks)}{_aside(missed)}, {_join_paths(paths)}"


def _join_paths(paths: Sequence[str]) -> str:
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
    told = [f"{share * _PER_CENT:.{decimals}f}" for decimals in _DECIMALS]
    off = [border for border in borders if border != share]
    apart = (words for words in told if all(float(words) != float(f"{b * _PER_CENT:{_EXACT}}") for b in off))
    words = next(apart, told[-1])
    return f"{words.rstrip('0').rstrip('.') if share in borders else words}%"
