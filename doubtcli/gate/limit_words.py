"""Limits and whole results -> words: one line per limit, its figures, and whether the gate passed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from doubtcli.gate.result import Outcome
from doubtcli.wording.lists import join_first

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from doubtcli.gate.result import Check, GateResult

ALLOWED = "allowed"
"""The state of a limit that can't be assessed, where the gate passes nevertheless."""
MOST_FAILED = 10
"""Members of a family that failed and have a line each: those with the most rows."""
MOST_ALIKE = 3
"""Members of a family that passed, or can't be assessed, and have a line each."""
FAMILIES = {
    "max-per-class": ("class", "classes"),
    "max-per-reason": ("reason", "reasons"),
    "require-reason": ("reason", "reasons"),
}
"""Limits with many members, and what their members are called: in the singular and the plural."""
_PER_CENT = 100
_EXACT = ".10g"
"""A bound is shown with the digits that its author wrote, without rounding errors."""
_DECIMALS = range(1, 9)
_MOST_PATHS = 3
"""A line has room for so many."""


class LimitLine(NamedTuple):
    """One limit, or several of a family with the same outcome."""

    state: str
    """An outcome, or `ALLOWED`."""
    name: str
    value: str
    bound: str
    why: str


def make_limit_lines(checks: Iterable[Check]) -> list[LimitLine]:
    """The lines in the order of the limits; of a family, members with a line of their own come first."""
    families: dict[str, list[Check]] = defaultdict(list)
    for check in checks:
        families[check.limit].append(check)
    return [line for family in families.values() for line in _make_family_lines(family)]


def _make_family_lines(family: Sequence[Check]) -> list[LimitLine]:
    """The lines of the checks of one limit."""
    alike: dict[Hashable, list[Check]] = defaultdict(list)
    for check in family:
        alike[_make_sharing_key(check)].append(check)
    folds = [rest for checks in alike.values() if (rest := _find_shared(checks))]
    folded = {id(check) for rest in folds for check in rest}
    alone = [_make_limit_line(check) for check in family if id(check) not in folded]
    return [*alone, *(_make_shared_line(rest, len(family)) for rest in folds)]


def _find_state(check: Check) -> str:
    return ALLOWED if is_unassessable(check) and check.allowed else check.outcome.value


def _make_sharing_key(check: Check) -> Hashable:
    """A key that is equal for checks that can share a line."""
    return _find_state(check), check.why if is_unassessable(check) else ""


def _find_shared(alike: Sequence[Check]) -> list[Check]:
    """Of checks with the same outcome, those that share a line: failed ones only after the first few."""
    if alike[0].outcome is not Outcome.FAILED:
        return list(alike) if len(alike) > MOST_ALIKE else []
    return sorted(alike, key=lambda check: -len(check.rows))[MOST_FAILED:]


def _make_limit_line(check: Check) -> LimitLine:
    """The line of one limit; it says what was measured where the limit was not met."""
    why = check.why if check.outcome is Outcome.PASSED else f"{check.measured}: {check.why}"
    return LimitLine(_find_state(check), check.name, format_measured(check), format_bound(check), why)


def _make_shared_line(alike: Sequence[Check], n_family: int) -> LimitLine:
    """The line of several members of a family: "18 other classes pass (highest: refund, 3.1%)"."""
    first, n = alike[0], len(alike)
    others = " other" if n < n_family else ""
    one, many = FAMILIES.get(first.limit, ("limit", "limits"))
    members = f"{n}{others} {one if n == 1 else many}"
    if is_unassessable(first):
        why = f"{members}: {first.why}"
    else:
        verbs = ("passes", "pass") if first.outcome is Outcome.PASSED else ("fails", "fail")
        why = f"{members} {verbs[n > 1]}{_describe_highest(alike)}"
    return LimitLine(_find_state(first), first.limit, "", "", why)


def _describe_highest(alike: Iterable[Check]) -> str:
    """The member with the highest value; "" where shares and numbers are mixed, or all values are 0."""
    valued = [check for check in alike if check.value]
    if len({check.is_share for check in valued}) != 1:
        return ""
    highest = max(valued, key=lambda check: check.value or 0.0)
    return f" (highest: {highest.of}, {format_measured(highest)})"


# ------------------------------------------------------------------------- figures


def format_measured(check: Check) -> str:
    """What was measured: "4.3%", "1,204"; "" where it is not known.

    A share has one decimal, and more where it would otherwise look equal to its bound, to 0% or to 100%.
    """
    if check.value is None:
        return ""
    if not check.is_share:
        return f"{check.value:,.0f}"
    return _format_share(check.value, {0.0, 1.0, check.bound or 0.0})


def format_bound(check: Check) -> str:
    """The bound: "at most 3%", "at least 60%"; "" where the limit is not a number."""
    if check.bound is None:
        return ""
    shown = format_share(check.bound) if check.is_share else f"{check.bound:,.0f}"
    return f"at {'least' if check.is_floor else 'most'} {shown}"


def format_share(bound: float) -> str:
    """A share with the digits that its author wrote: "3%"."""
    return f"{bound * _PER_CENT:{_EXACT}}%"


def format_value_and_bound(check: Check) -> str:
    """The value and its bound: "4.3%, at most 3%"."""
    return ", ".join(words for words in (format_measured(check), format_bound(check)) if words)


def is_unassessable(check: Check) -> bool:
    """Whether it is not known if the limit was met."""
    return check.outcome is Outcome.NOT_ASSESSABLE


def describe_outcome(result: GateResult) -> str:
    """Whether the gate passed, with how many limits and which files: "gate failed: 2 of 5 limits, a.csv"."""
    checks = [check for file in result.files for check in file.checks]
    if result.passed:
        paths = [file.path for file in result.files]
        counted = f"{count_limits(checks)}{_count_unassessable(checks, ', allowed')}"
        return f"gate passed: {counted}, {_join_paths(paths)}"
    missed = [check for check in checks if not check.passed]
    paths = [file.path for file in result.files if not file.passed]
    counted = f"{len(missed)} of {count_limits(checks)}{_count_unassessable(missed)}"
    return f"gate failed: {counted}, {_join_paths(paths)}"


def _join_paths(paths: Sequence[str]) -> str:
    return join_first(paths, _MOST_PATHS)


def count_limits(checks: Sequence[Check]) -> str:
    """How many limits: "1 limit", "5 limits"."""
    return f"{len(checks)} {'limit' if len(checks) == 1 else 'limits'}"


def _count_unassessable(checks: Iterable[Check], what: str = "") -> str:
    """How many of the limits can't be assessed."""
    n_open = sum(map(is_unassessable, checks))
    return f" ({n_open} not assessable{what})" if n_open else ""


def _format_share(share: float, borders: set[float]) -> str:
    """A share in percent, with enough decimals to look different from each border that it is not equal to."""
    candidates = [f"{share * _PER_CENT:.{decimals}f}" for decimals in _DECIMALS]
    off = [border for border in borders if border != share]
    shown = [float(f"{border * _PER_CENT:{_EXACT}}") for border in off]
    words = next((one for one in candidates if float(one) not in shown), candidates[-1])
    return f"{words.rstrip('0').rstrip('.') if share in borders else words}%"
