from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.gate.formats.sentences import check_sentences, is_of_the_file, on_a_line, row_sentences
from doubtcli.gate.result import LABEL_CONFLICT, RULES, UNLABELLED, Change, Outcome, Waiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, Finding

FAILED, UNKNOWN = Outcome.FAILED, Outcome.NOT_ASSESSABLE


def test_doubted(a_finding: Callable[..., Finding]) -> None:
    """A doubted row is told by its id, its labels, its doubt, and why."""
    assert row_sentences(a_finding(lines=(18, 18)), RULES) == (
        'T0017: label "refund" is doubted (0.97), "billing" is suggested. '
        "Models give billing 0.97, refund 0.01."
    )


def test_without_a_line(a_finding: Callable[..., Finding]) -> None:
    """Where no line leads to the row, its place in the file does."""
    assert row_sentences(a_finding(), RULES).startswith('T0017 (row 17): label "refund"')


def test_nothing_better(a_finding: Callable[..., Finding]) -> None:
    """A label for which nothing better is seen stands alone; a rule speaks where no reason does."""
    finding = a_finding(suggested_label="refund", why="", rule="doubted", lines=(2, 2))

    assert row_sentences(finding, {"doubted": "All of them together."}) == (
        'T0017: label "refund" is doubted (0.97). All of them together.'
    )


def test_conflict(a_finding: Callable[..., Finding]) -> None:
    """A row in conflict is not said to be doubted."""
    finding = a_finding(rule=LABEL_CONFLICT, why="", lines=(2, 2))

    assert row_sentences(finding, RULES) == (
        'T0017: label "refund" is in conflict. The very same input stands elsewhere with another label.'
    )


def test_unlabelled(a_finding: Callable[..., Finding]) -> None:
    """A row without a label is told in one sentence."""
    finding = a_finding(rule=UNLABELLED, given_label=None, doubt=None, why="", lines=(2, 2))

    assert row_sentences(finding, RULES) == "T0017: it has no label."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"change": Change.NEW, "change_why": "the row was added"}, " New: the row was added."),
        ({"change": Change.NEW}, " New."),
        ({"change": Change.KNOWN, "change_why": "it wobbles"}, " W."),
        ({"waiver": Waiver("T0017", 1, why="checked by ada.")}, " Waived: checked by ada."),
        ({"waiver": Waiver("T0017", 1)}, " Waived."),
    ],
)
def test_what_is_known(a_finding: Callable[..., Finding], changes: dict[str, object], told: str) -> None:
    """What is new or waived ends with saying so."""
    assert row_sentences(a_finding(**{"why": "w"} | changes), RULES).endswith(told)


def test_without_doubt(a_finding: Callable[..., Finding]) -> None:
    """A doubt that nobody measured is not told."""
    finding = a_finding(doubt=None, suggested_label=None, why="", rule="x", lines=(2, 2))

    assert row_sentences(finding, {}) == 'T0017: label "refund" is doubted.'


def test_failed(a_check: Callable[..., Check]) -> None:
    """A limit that was not met is told with its figures and what they rest on."""
    check = a_check(value=0.0431, bound=0.03, outcome=FAILED)

    assert check_sentences(check) == "max-doubted failed: 4.3%, at most 3%. Doubted rows: 4 of 100 rows."


def test_not_a_number(a_check: Callable[..., Check]) -> None:
    """A limit that is no number has no figures."""
    check = a_check(limit="require-reason", of="outlier", value=None, bound=None, outcome=FAILED, measured="")

    assert check_sentences(check) == "require-reason outlier failed. 4 of 100 rows."


def test_not_assessable(a_check: Callable[..., Check]) -> None:
    """A limit that nobody can tell of is not said to be over its bound."""
    check = a_check(outcome=UNKNOWN, measured="", why="")

    assert check_sentences(check) == "max-doubted is not assessable."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, False),
        ({"outcome": FAILED, "rows": ("a",)}, False),
        ({"outcome": FAILED}, True),
        ({"outcome": FAILED, "rows": ("a",), "limit": "max-noise"}, True),
        ({"outcome": UNKNOWN, "rows": ("a",)}, True),
        ({"outcome": UNKNOWN, "rows": ("a",), "allowed": True}, False),
    ],
)
def test_of_the_file(a_check: Callable[..., Check], changes: dict[str, object], told: bool) -> None:
    """A limit that was not met is the file's where no single rows stand for it."""
    assert is_of_the_file(a_check(**changes)) is told


def test_cut() -> None:
    """A long text is cut, and shows that it is."""
    assert on_a_line("a" * 10_000, 5) == "aaaa…"
    assert on_a_line("aaaaa", 5) == "aaaaa"


def test_blank_id(a_finding: Callable[..., Finding]) -> None:
    """A row whose id nobody can see is told by its place; blanks of a label are kept."""
    finding = a_finding(row_id=" ", given_label=" a\n", why=" ", lines=(2, 2))

    assert row_sentences(finding, {}) == r'row 17: label " a\n" is doubted (0.97), "billing" is suggested.'


def test_one_line(nasty: str) -> None:
    """Whatever stands in the data, only what can be seen is in the line."""
    assert all(c.isprintable() or c in "\u200c\u200d" for c in on_a_line(nasty))
