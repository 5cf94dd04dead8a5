from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.gate.baseline import compare, make_section
from doubtcli.gate.result import GoneDoubt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.records import AuditDocument, DoubtTable

    Make = Callable[..., DoubtTable]
    Describe = Callable[..., AuditDocument]

DOUBTED = {"row_hash": "h", "doubt": 0.9}
GONE = "the row is gone or was changed"
NO_LONGER = "it is no longer doubted"


@pytest.fixture
def gone(table: Make, document: Describe) -> Callable[..., list[tuple[str, str]]]:
    """The id of each doubt that is gone, and why."""

    def compared(
        before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], waived: Sequence[int] = ()
    ) -> list[tuple[str, str]]:
        section = make_section("data.csv", "known.json", document(), table(*before))
        comparison, _ = compare(section, table(*now), path="known.json", waived=waived)
        return [(doubt.row_id, doubt.why) for doubt in comparison.gone]

    return compared


Told = "Callable[..., list[tuple[str, str]]]"


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ([{}], GONE),
        ([{"row_hash": "h", "doubt": 0.4}], NO_LONGER),
        ([{"row_hash": "h", "given_label": "ham"}], "its label is now 'ham'"),
        ([{"row_hash": "h", "given_label": "ham", "doubt": 0.9}], "its label is now 'ham'"),
        ([{"row_hash": "h", "given_label": "x" * 61}], f"its label is now '{'x' * 59}…'"),
        ([{"row_hash": "h", "given_label": None, "doubt": None}], "it has no label now"),
    ],
    ids=["gone", "not doubted", "relabelled", "relabelled and doubted", "long label", "unlabelled"],
)
def test_why(gone: Told, now: list[dict[str, Any]], why: str) -> None:
    """Each doubt that is gone says what became of it."""
    assert gone([DOUBTED], now) == [("r1", why)]


def test_waived(gone: Told) -> None:
    """A known doubt whose row is waived by now is gone, and says so."""
    assert gone([DOUBTED], [DOUBTED], waived=[1]) == [("r1", "it is waived by now")]


def test_new_and_waived(gone: Told) -> None:
    """A waived row that was not known leaves no trace."""
    assert gone([DOUBTED], [DOUBTED, {"doubt": 0.9}], waived=[2]) == []


def test_the_equal_row_of_another_label(gone: Told) -> None:
    """An equal row that bore another label all the time is not what became of it."""
    other = {"row_hash": "h", "given_label": "ham"}

    assert gone([DOUBTED, other], [other]) == [("r1", GONE)]
    assert gone([DOUBTED, other], [other, other]) == [("r1", "its label is now 'ham'")]


def test_one_of_two_equal_rows(gone: Told) -> None:
    """Of two equal doubts the one whose id is not there any more is gone."""
    before = [DOUBTED | {"row_id": "a"}, DOUBTED | {"row_id": "b"}]

    assert gone(before, before[1:]) == [("a", GONE)]
    assert gone(before, [before[0], before[1] | {"doubt": 0.1}]) == [("b", NO_LONGER)]
    assert gone(before, [before[1] | {"doubt": 0.1}]) == [("b", NO_LONGER), ("a", GONE)][::-1]


def test_order(gone: Told) -> None:
    """They stand most doubted first, ties by row id."""
    doubts = (("c", 0.6), ("b", 0.9), ("a", 0.6))
    before = [{"row_id": name, "doubt": doubt} for name, doubt in doubts]

    assert [row_id for row_id, _ in gone(before, [{"row_hash": "h"}])] == ["b", "a", "c"]


def test_given_label(table: Make, document: Describe) -> None:
    """It bears the label that was doubted."""
    section = make_section("data.csv", "known.json", document(), table(DOUBTED))

    assert compare(section, table({}), path="known.json")[0].gone == (GoneDoubt("r1", "spam", GONE),)
