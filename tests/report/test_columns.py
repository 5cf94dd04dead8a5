from __future__ import annotations

from doubtcli.records import Column, Role
from doubtcli.report.columns import column_lines


def column(name: str, role: Role, why: str = "--x", *, used: bool = True) -> Column:
    """A column."""
    return Column(name, role, used=used, why=why)


def test_order() -> None:
    """The label stands first, then the inputs; what is left out stands last, with its role."""
    lines = column_lines(
        [
            column("when", Role.DATETIME, "a constant: left out (--use when keeps it)", used=False),
            column("old", Role.IGNORED, "--ignore"),
            column("size", Role.NUMERIC),
            column("y", Role.LABEL),
        ]
    )

    assert lines == [
        (("y",), "label", "--x"),
        (("size",), "numeric", "--x"),
        (("when",), "left out", "datetime: a constant (--use when keeps it)"),
        (("old",), "left out", "--ignore"),
    ]


def test_few_columns_stand_alone() -> None:
    """Twelve columns stand on a line each, alike or not."""
    lines = column_lines([column(f"f{i}", Role.NUMERIC) for i in range(12)])

    assert [line.names for line in lines] == [(f"f{i}",) for i in range(12)]


def test_many_are_folded() -> None:
    """Of more columns those with one role for one reason share a line."""
    numeric = [column(f"f{i}", Role.NUMERIC) for i in range(12)]

    lines = column_lines([*numeric, column("y", Role.LABEL), column("g", Role.NUMERIC, "named")])

    assert lines == [
        (("y",), "label", "--x"),
        (tuple(f"f{i}" for i in range(12)), "numeric", "--x"),
        (("g",), "numeric", "named"),
    ]


def test_many_reasons_are_folded() -> None:
    """Where reasons are too many, one of them is told for all columns of a role."""
    lines = column_lines([column(f"f{i}", Role.NUMERIC, f"{i} numbers") for i in range(13)])

    assert lines == [
        (tuple(f"f{i}" for i in range(13)), "numeric", "0 numbers; for the others see audit.json")
    ]
