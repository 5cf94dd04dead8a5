from __future__ import annotations

import pytest

from doubtcli import errors
from doubtcli.errors import DoubtError, ExitCode, InputError

FAMILY = [
    thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, DoubtError)
]


def test_exit_codes() -> None:
    """There are four exit codes, as diff, grep, ruff and mypy have them."""
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0,
        "GATE_FAILED": 1,
        "TROUBLE": 2,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_the_tree_is_drawn(error: type[DoubtError]) -> None:
    """Every error is in the tree at the top of the module."""
    assert f"{error.__name__} " in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({}, ""),
        ({"where": "data.csv"}, "data.csv"),
        ({"where": "data.csv", "row": 7}, "data.csv, row 7"),
        ({"where": "data.csv", "line": 9}, "data.csv, line 9"),
        ({"where": "data.csv", "row": 7, "line": 9}, "data.csv, row 7 (line 9)"),
        ({"where": "data.csv", "row": 7, "column": "it's"}, 'data.csv, row 7, column "it\'s"'),
        ({"row": 0}, "row 0"),
    ],
)
def test_place(place: dict[str, str | int], shown: str) -> None:
    """A place goes from the file to the column; what is not known is left out."""
    assert DoubtError("odd", **place).place == shown  # type: ignore[arg-type]


def test_message() -> None:
    """A message says where it happened, what was found, what was expected and what to do."""
    error = InputError("has 5 fields", where="a.csv", row=2, expected="4 fields", hint="quote the comma")

    assert str(error) == "a.csv, row 2: has 5 fields\nexpected: 4 fields\nto do: quote the comma"


def test_short_message() -> None:
    """What is not known is left out of the message."""
    assert str(InputError("the file is empty")) == "the file is empty"
