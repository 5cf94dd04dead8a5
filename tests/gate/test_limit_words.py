from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.gate.limit_words import bound_words, held_words, limit_lines, value_words, verdict
from doubtcli.gate.result import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import FileResult, GateResult

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


FAILED = Outcome.FAILED
UNKNOWN = Outcome.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("value", "bound", "told"),
    [
        (0.0431, 0.03, "4.3%, at most 3%"),
        (0.04, 0.03, "4.0%, at most 3%"),
        (0.03, 0.03, "3%, at most 3%"),
        (0.0304, 0.03, "3.04%, at most 3%"),
        (0.030004, 0.03, "3.0004%, at most 3%"),
        (0.0, 0.03, "0%, at most 3%"),
        (0.0001, 0.03, "0.01%, at most 3%"),
        (1.0, 0.03, "100%, at most 3%"),
        (0.9999, 0.03, "99.99%, at most 3%"),
        (0.02, 0.0025, "2.0%, at most 0.25%"),
        (0.07, 0.07, "7%, at most 7%"),
        (None, 0.03, "at most 3%"),
        (0.02, None, "2.0%"),
    ],
)
def test_shares(a_check: Callable[..., Check], value: float | None, bound: float | None, told: str) -> None:
    """A share has one decimal, and more where it would look like its bound, like nothing or like all."""
    assert held_words(a_check(value=value, bound=bound)) == told


def test_rows(a_check: Callable[..., Check]) -> None:
    """A number of rows is whole, with its thousands set apart."""
    check = a_check(value=1204, bound=1000, is_share=False)

    assert held_words(check) == "1,204, at most 1,000"


def test_floor(a_check: Callable[..., Check]) -> None:
    """A floor is the least that there may be."""
    assert bound_words(a_check(bound=0.6, is_floor=True)) == "at least 60%"


def test_no_number(a_check: Callable[..., Check]) -> None:
    """A limit that is no number has no figures."""
    assert not held_words(a_check(value=None, bound=None, is_share=False))


@given(st.floats(0, 1, allow_subnormal=False), st.integers(0, 1000))
def test_never_looks_like_its_bound(value: float, thousandths: int) -> None:
    """A share that is off its bound by a millionth or more never looks as if it were on it."""
    bound = thousandths / 1000
    check = Check("max-noise", "", "", value, bound, True, False, FAILED, False, "", ())

    looks_equal = value_words(check) == bound_words(check).removeprefix("at most ")

    assert looks_equal is (value == bound) or abs(value - bound) < 1e-6


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([Outcome.PASSED], "gate passed: 1 limit, a.csv"),
        ([Outcome.PASSED] * 2, "gate passed: 2 limits, a.csv"),
        ([Outcome.PASSED, FAILED, FAILED], "gate failed: 2 of 3 limits, a.csv"),
        ([FAILED, UNKNOWN], "gate failed: 2 of 2 limits (1 not assessable), a.csv"),
    ],
)
def test_verdict(
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    outcomes: list[Outcome],
    told: str,
) -> None:
    """The verdict counts the limits that were not met, and those that nobody can tell of."""
    checks = tuple(a_check(outcome=outcome) for outcome in outcomes)

    assert verdict(a_result(a_file(path="a.csv", checks=checks))) == told


def test_allowed(
    a_check: Callable[..., Check], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A gate that passes without knowing says so."""
    checks = (a_check(), a_check(outcome=UNKNOWN, allowed=True))

    told = verdict(a_result(a_file(path="a.csv", checks=checks)))

    assert told == "gate passed: 2 limits (1 not assessable, allowed), a.csv"


def test_files(
    a_check: Callable[..., Check], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Of many files those that failed are named, the first three of them; all limits are counted."""
    bad = (a_check(outcome=FAILED), a_check())
    files = [a_file(path=f"{name}.csv", checks=bad) for name in "abcde"]

    assert verdict(a_result(*files, a_file())) == (
        "gate failed: 5 of 11 limits, a.csv, b.csv, c.csv and 2 more"
    )
    assert verdict(a_result(files[0], a_file())) == "gate failed: 1 of 3 limits, a.csv"
