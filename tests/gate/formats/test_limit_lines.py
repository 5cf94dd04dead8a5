from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.gate.formats.limit_lines import limit_lines
from doubtcli.gate.result import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check

FAILED, PASSED, UNKNOWN = Outcome.FAILED, Outcome.PASSED, Outcome.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("outcome", "allowed", "word"),
    [
        (PASSED, False, "passed"),
        (FAILED, False, "failed"),
        (UNKNOWN, False, "not assessable"),
        (UNKNOWN, True, "allowed"),
    ],
)
def test_marks(a_check: Callable[..., Check], outcome: Outcome, allowed: bool, word: str) -> None:
    """How a limit was met is told in a word."""
    (line,) = limit_lines([a_check(outcome=outcome, allowed=allowed)])

    assert line.state == word


def test_why(a_check: Callable[..., Check]) -> None:
    """What was measured is told where the limit was not met."""
    met, missed = limit_lines([a_check(), a_check(limit="max-new", outcome=FAILED)])

    assert met.why == "4 of 100 rows"
    assert missed.why == "doubted rows: 4 of 100 rows"


def test_order(a_check: Callable[..., Check]) -> None:
    """Limits keep their order, and so do the few members of a family."""
    checks = [
        a_check(limit="max-noise"),
        a_check(limit="max-per-class", of="b"),
        a_check(limit="max-per-class", of="a", outcome=FAILED),
        a_check(limit="max-per-class", of="c"),
        a_check(limit="max-new", outcome=FAILED),
    ]

    assert [line.name for line in limit_lines(checks)] == [
        "max-noise",
        "max-per-class b",
        "max-per-class a",
        "max-per-class c",
        "max-new",
    ]


def family(
    a_check: Callable[..., Check], n: int, limit: str = "max-per-class", **changes: object
) -> list[Check]:
    """Limits of one family: c1, c2 and so on, the value rising by a hundredth."""
    return [a_check(**({"limit": limit, "of": f"c{i}", "value": i / 100} | changes)) for i in range(1, n + 1)]


def test_three_stand_alone(a_check: Callable[..., Check]) -> None:
    """Three that passed have a line each."""
    assert [line.name for line in limit_lines(family(a_check, 3))] == [
        "max-per-class c1",
        "max-per-class c2",
        "max-per-class c3",
    ]


def test_many_passed(a_check: Callable[..., Check]) -> None:
    """Four that passed share a line with the highest of them, behind those that failed."""
    bad = a_check(limit="max-per-class", of="refund", value=0.5, outcome=FAILED)

    alone, shared = limit_lines([*family(a_check, 4), bad])

    assert alone.name == "max-per-class refund"
    assert shared.name == "max-per-class"
    assert (shared.value, shared.bound) == ("", "")
    assert shared.why == "4 other classes pass (highest: c4, 4.0%)"


def test_all_passed(a_check: Callable[..., Check]) -> None:
    """Where all of a family passed there are no others."""
    (line,) = limit_lines(family(a_check, 20, "max-per-reason"))

    assert line.why == "20 reasons pass (highest: c20, 20.0%)"


def test_nothing_is_highest(a_check: Callable[..., Check]) -> None:
    """None is highest where all are nothing, or where shares stand beside numbers of rows."""
    nothing = family(a_check, 4, value=0.0)
    mixed = [*family(a_check, 3), a_check(limit="max-per-class", of="x", value=7, is_share=False)]

    assert [line.why for line in limit_lines(nothing)] == ["4 classes pass"]
    assert [line.why for line in limit_lines(mixed)] == ["4 classes pass"]


@pytest.mark.parametrize(("n", "told"), [(11, "1 other class fails"), (12, "2 other classes fail")])
def test_many_failed(a_check: Callable[..., Check], n: int, told: str) -> None:
    """Of many that failed the ten of most rows have a line each, in their order."""
    rows = [a_check(limit="max-per-class", of=f"c{i}", rows=("x",) * i, outcome=FAILED) for i in range(n)]

    *alone, shared = limit_lines(rows)

    assert [line.name for line in alone] == [f"max-per-class c{i}" for i in range(n - 10, n)]
    assert shared.state == "failed"
    assert shared.why.startswith(told)


def test_many_unknown(a_check: Callable[..., Check]) -> None:
    """Those that nobody can tell of share a line where they share the cause."""
    alike = family(a_check, 5, outcome=UNKNOWN, why="no skill")
    other = family(a_check, 1, outcome=UNKNOWN, why="it needs vectors", allowed=True)

    alone, shared = limit_lines([*alike, *other])

    assert (alone.state, alone.why) == ("allowed", "doubted rows: it needs vectors")
    assert (shared.state, shared.why) == ("not assessable", "5 other classes: no skill")


def test_unknown_family(a_check: Callable[..., Check]) -> None:
    """A limit of a family that nobody named is called a limit."""
    (line,) = limit_lines(family(a_check, 4, "max-per-weekday"))

    assert line.why == "4 limits pass (highest: c4, 4.0%)"
