from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.gate.limit_words import (
    describe_outcome,
    format_bound,
    format_measured,
    format_value_and_bound,
    make_limit_lines,
)
from doubtcli.gate.result import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import FileResult, GateResult
    from tests.conftest import Sentences

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
    """Whether a limit was met is shown in a word."""
    (line,) = make_limit_lines([a_check(outcome=outcome, allowed=allowed)])

    assert line.state == word


def test_why(a_check: Callable[..., Check]) -> None:
    """What was measured is shown where the limit was not met."""
    met, missed = make_limit_lines([a_check(), a_check(limit="max-new", outcome=FAILED)])

    assert met.why == a_check().why
    assert missed.why == f"{a_check().measured}: {a_check().why}"


def test_order(a_check: Callable[..., Check]) -> None:
    """Limits keep their order, and so do the few members of a family."""
    checks = [
        a_check(limit="max-noise"),
        a_check(limit="max-per-class", of="b"),
        a_check(limit="max-per-class", of="a", outcome=FAILED),
        a_check(limit="max-per-class", of="c"),
        a_check(limit="max-new", outcome=FAILED),
    ]

    assert [line.name for line in make_limit_lines(checks)] == [
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


def test_three_have_a_line_each(a_check: Callable[..., Check]) -> None:
    """Three that passed have a line each."""
    assert [line.name for line in make_limit_lines(family(a_check, 3))] == [
        "max-per-class c1",
        "max-per-class c2",
        "max-per-class c3",
    ]


def test_many_passed(a_check: Callable[..., Check], sentences: Sentences) -> None:
    """Four that passed share a line with the highest of them, after those that failed."""
    bad = a_check(limit="max-per-class", of="refund", value=0.5, outcome=FAILED)

    alone, shared = make_limit_lines([*family(a_check, 4), bad])

    assert alone.name == "max-per-class refund"
    assert shared.name == "max-per-class"
    assert (shared.value, shared.bound) == ("", "")
    assert "c4, 4.0%" in shared.why
    sentences.check(shared.why)


def test_all_passed(a_check: Callable[..., Check], sentences: Sentences) -> None:
    """If all of a family passed there are no others."""
    (line,) = make_limit_lines(family(a_check, 20, "max-per-reason"))

    assert "c20, 20.0%" in line.why
    sentences.check(line.why)


def test_nothing_is_highest(a_check: Callable[..., Check], sentences: Sentences) -> None:
    """None is the highest if all are 0, or if shares and numbers of rows are mixed."""
    nothing = family(a_check, 4, value=0.0)
    mixed = [*family(a_check, 3), a_check(limit="max-per-class", of="x", value=7, is_share=False)]

    (all_zero,), (different_units,) = make_limit_lines(nothing), make_limit_lines(mixed)

    assert all_zero.why == different_units.why
    sentences.check(all_zero.why)


@pytest.mark.parametrize("n", [11, 12])
def test_many_failed(a_check: Callable[..., Check], n: int, sentences: Sentences) -> None:
    """Of many that failed the ten with the most rows have a line each, in their order."""
    rows = [a_check(limit="max-per-class", of=f"c{i}", rows=("x",) * i, outcome=FAILED) for i in range(n)]

    *alone, shared = make_limit_lines(rows)

    assert [line.name for line in alone] == [f"max-per-class c{i}" for i in range(n - 10, n)]
    assert shared.state == "failed"
    sentences.check(shared.why)


def test_many_unassessable(a_check: Callable[..., Check]) -> None:
    """Those that can't be assessed share a line if they have the same cause."""
    alike = family(a_check, 5, outcome=UNKNOWN, why="no skill")
    other = family(a_check, 1, outcome=UNKNOWN, why="it needs vectors", allowed=True)

    alone, shared = make_limit_lines([*alike, *other])

    assert (alone.state, alone.name) == ("allowed", "max-per-class c1")
    assert alone.why.endswith("it needs vectors")
    assert (shared.state, shared.name) == ("not assessable", "max-per-class")
    assert shared.why.endswith("no skill")


def test_unknown_family(a_check: Callable[..., Check]) -> None:
    """A limit of a family without a name is called a limit."""
    (line,) = make_limit_lines(family(a_check, 4, "max-per-weekday"))

    assert line.why.startswith("4 limits ")


@pytest.mark.parametrize(
    ("value", "bound", "shown"),
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
def test_shares(a_check: Callable[..., Check], value: float | None, bound: float | None, shown: str) -> None:
    """A share has one decimal, and more where it would look equal to its bound, to 0% or to 100%."""
    assert format_value_and_bound(a_check(value=value, bound=bound)) == shown


def test_rows(a_check: Callable[..., Check]) -> None:
    """A number of rows is whole, with its thousands separated."""
    check = a_check(value=1204, bound=1000, is_share=False)

    assert format_value_and_bound(check) == "1,204, at most 1,000"


def test_floor(a_check: Callable[..., Check]) -> None:
    """A floor is shown as the least that is allowed."""
    assert format_bound(a_check(bound=0.6, is_floor=True)) == "at least 60%"


def test_no_number(a_check: Callable[..., Check]) -> None:
    """A limit that is not a number has no figures."""
    assert not format_value_and_bound(a_check(value=None, bound=None, is_share=False))


@given(st.floats(0, 1, allow_subnormal=False), st.integers(0, 1000))
def test_never_looks_like_its_bound(value: float, thousandths: int) -> None:
    """A share that differs from its bound by a millionth or more never looks equal to it."""
    bound = thousandths / 1000
    check = Check("max-noise", "", "", value, bound, True, False, FAILED, False, "", ())

    looks_equal = format_measured(check) == format_bound(check).removeprefix("at most ")

    assert looks_equal is (value == bound) or abs(value - bound) < 1e-6


@pytest.mark.parametrize(
    "outcomes",
    [[PASSED], [PASSED] * 2, [PASSED, FAILED, FAILED], [FAILED, UNKNOWN]],
    ids=["1 passed", "2 passed", "2 failed of 3", "1 not assessable"],
)
def test_outcome(
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    outcomes: list[Outcome],
    sentences: Sentences,
) -> None:
    """The last line counts the limits that were not met, and those that can't be assessed."""
    checks = tuple(a_check(outcome=outcome) for outcome in outcomes)

    sentences.check(describe_outcome(a_result(a_file(path="a.csv", checks=checks))))


def test_allowed(
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    sentences: Sentences,
) -> None:
    """A gate that passes in spite of limits that can't be assessed says so."""
    checks = (a_check(), a_check(outcome=UNKNOWN, allowed=True))

    sentences.check(describe_outcome(a_result(a_file(path="a.csv", checks=checks))))


def test_files(
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    sentences: Sentences,
) -> None:
    """Of many files the first three that failed are named; all limits are counted."""
    bad = (a_check(outcome=FAILED), a_check())
    files = [a_file(path=f"{name}.csv", checks=bad) for name in "abcde"]

    sentences.check(describe_outcome(a_result(*files, a_file())))
    sentences.check(describe_outcome(a_result(files[0], a_file())))
