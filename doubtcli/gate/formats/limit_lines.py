"""The checks of a file -> a line each; members of a family that were met alike share one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from doubtcli.gate.formats.figures import bound_words, is_open, value_words
from doubtcli.gate.result import Outcome

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from doubtcli.gate.result import Check

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
    folds = [rest for checks in alike.values() if (rest := _rest(checks))]
    folded = {id(check) for rest in folds for check in rest}
    alone = [_line(check) for check in family if id(check) not in folded]
    return [*alone, *(_fold(rest, len(family)) for rest in folds)]


def _state(check: Check) -> str:
    return ALLOWED if is_open(check) and check.allowed else check.outcome.value


def _kind(check: Check) -> Hashable:
    """Equal in checks that can share a line."""
    return _state(check), check.why if is_open(check) else ""


def _rest(alike: Sequence[Check]) -> list[Check]:
    """Of checks that were met alike, those that share a line: failed ones only after the first few."""
    if alike[0].outcome is not Outcome.FAILED:
        return list(alike) if len(alike) > MOST_ALIKE else []
    return sorted(alike, key=lambda check: -len(check.rows))[MOST_FAILED:]


def _line(check: Check) -> LimitLine:
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
