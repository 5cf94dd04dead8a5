from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.gate.result import Finding, Waiver
from doubtcli.gate.waivers.idle import why_idle
from doubtcli.records import DoubtTable

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = {"a": "spam", "b": "ham", "none": None, "Row-017": "ham", "00112233445566ff": "ham", "7": "ham"}


def finding(row_id: str) -> Finding:
    """A doubted row."""
    return Finding(row_id, 1, "f", "spam", "ham", 0.9, ("outlier",), "because", "outlier")


def why(row_id: str, *, found: Sequence[str] = (), **changes: Any) -> str:
    """Why a waiver on a row does not hold."""
    rows = DoubtTable(pa.table({"row_id": list(ROWS), "given_label": list(ROWS.values())}))
    return why_idle([Waiver(row_id, 7, **changes)], [finding(one) for one in found], rows)[7].why


def test_none() -> None:
    """Without idle waivers there is nothing to say."""
    assert why_idle([], [], DoubtTable(pa.table({"row_id": [], "given_label": []}))) == {}


def test_other_label() -> None:
    """A row that bears another label by now says which."""
    assert why("b", label="spam") == "the row's label is now 'ham'"


def test_no_label() -> None:
    """A row that has no label by now says so."""
    assert why("none", label="spam") == "the row has no label now"


@pytest.mark.parametrize("label", [None, "ham"])
def test_not_doubted(label: str | None) -> None:
    """A row that is not doubted needs no waiver."""
    assert why("b", label=label) == "not needed: the row is not doubted any more"


def test_reasons_that_fell_silent() -> None:
    """A doubted row on which none of the waiver's reasons speaks needs no such waiver."""
    assert why("a", found=["a"], reasons=("ambiguous",)) == (
        "not needed: none of its reasons speaks on the row any more"
    )


def test_reasons_on_a_row_that_is_not_doubted() -> None:
    """A waiver with reasons is not needed either on a row that is not doubted."""
    assert why("a", reasons=("ambiguous",)) == "not needed: the row is not doubted any more"


@pytest.mark.parametrize(
    ("row_id", "near"),
    [
        ("row-017", "Row-017"),
        ("Row-17", "Row-017"),
        ("Row-071", "Row-017"),
        ("00112233445566ff.2", "00112233445566ff"),
        ("00112233445566fe", "00112233445566ff"),
    ],
    ids=["case", "missing digit", "swapped digits", "number among equals", "last digit"],
)
def test_near_id(row_id: str, near: str) -> None:
    """An id that no row bears is told with the nearest one that begins or ends like it."""
    assert why(row_id) == f"no row bears this id; did you mean '{near}'?"


@pytest.mark.parametrize("row_id", ["zzzzzz", "q", "x" * 300])
def test_no_near_id(row_id: str) -> None:
    """Where none is near, none is suggested."""
    assert why(row_id) == "no row bears this id"


def test_few_are_suggested() -> None:
    """For the first twenty strangers a near id is looked for: each takes time."""
    rows = DoubtTable(pa.table({"row_id": ["row-100"], "given_label": ["ham"]}))

    idle = why_idle([Waiver(f"row-1{n:02}", n) for n in range(1, 31)], [], rows)

    assert [n for n, one in idle.items() if "did you mean" in one.why] == list(range(1, 21))


def test_two_rows_of_one_id() -> None:
    """Where several rows bear the id, a label that one of them bears fits."""
    rows = DoubtTable(pa.table({"row_id": ["a", "a"], "given_label": ["ham", "spam"]}))

    assert why_idle([Waiver("a", 1, label="spam")], [], rows)[1].why.startswith("not needed")
