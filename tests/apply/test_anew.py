from __future__ import annotations

from dataclasses import replace

import pytest

from doubtcli.apply.ledger import Action, Batch, Line
from doubtcli.apply.plan_undo import note_lost_changes
from doubtcli.records import Decision
from doubtcli.records.edits import FileLayout

LINE = Line(Action.RELABEL, "r1", 1, "x", "y", b"x", b"y", b"", "rest")
FIRST = Batch("first", "2026-11-21T14:05:00Z", (), FileLayout("csv", "label"), 9, "", "", "data.csv")


def lines(*rows: str, action: Action = Action.RELABEL) -> tuple[Line, ...]:
    """Lines on these rows."""
    return tuple(replace(LINE, row_id=row, action=action) for row in rows)


def batch(name: str, *told: Line, undoes: str | None = None) -> Batch:
    """A batch that changed a file in place."""
    return replace(FIRST, id=name, lines=told, source=None, undoes=undoes)


def lost(*earlier: Batch, decided: str = "", is_dry_run: bool = False) -> tuple[str, ...]:
    """What is told where these rows are decided now."""
    decisions = [Decision(row, 1, "x", "x", False, (), "", "doubt", "") for row in decided.split()]
    return note_lost_changes(earlier, decisions, "data.csv", "fixed.csv", is_dry_run=is_dry_run)


def test_lost() -> None:
    """It is said how much of which batch is lost, why, and what to do instead."""
    (note,) = lost(replace(FIRST, lines=lines("r1", "r2")))

    assert note == (
        "2 labels of batch first are not in it any more: it was made anew from data.csv; "
        "to build on them, apply to fixed.csv itself"
    )


def test_dry_run() -> None:
    """In a dry run it is told as what would be."""
    (note,) = lost(replace(FIRST, lines=lines("r1")), is_dry_run=True)

    assert note.startswith("1 label of batch first would not be in it any more: it would be made anew from")


def test_decided_anew() -> None:
    """A row that is decided now is not lost; if all are, nothing is told."""
    first = replace(FIRST, lines=lines("r1", "r2", "r3"))

    assert lost(first, decided="r1 r2")[0].startswith("1 label of batch first is not in it")
    assert lost(first, decided="r1 r2 r3") == ()
    assert lost() == ()


def test_rows_that_went() -> None:
    """Rows that were dropped, and are back, are told, too; so are rows that were put back, and are gone."""
    goes, comes = lines("r2", action=Action.DROP), lines("r3", "r4", action=Action.RESTORE)

    (note,) = lost(replace(FIRST, lines=(*lines("r1"), *goes)))
    (other,) = lost(batch("back", *comes, undoes="of another file"))

    assert note.startswith("1 label and 1 dropped row of batch first are not in it")
    assert other.startswith("2 restored rows of batch back are not in it")


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ([batch("b", *lines("r2"))], ["1 label of batch first", "1 label of batch b"]),
        ([batch("b", *lines("r1"))], ["1 label of batch b"]),
        ([batch("b", *lines("r1"), undoes="first")], []),
        (
            [batch("b", *lines("r1"), undoes="first"), batch("c", *lines("r1"), undoes="b")],
            ["1 label of batch first"],
        ),
        ([replace(FIRST, id="b", lines=lines("r2"))], ["1 label of batch b"]),
    ],
    ids=["both", "the same row", "taken back", "taken back and forth", "made anew before"],
)
def test_what_is_in_effect(later: list[Batch], told: list[str]) -> None:
    """Only what the file bore last is lost: each row counts for the last batch that changed it."""
    notes = lost(replace(FIRST, lines=lines("r1")), *later)

    assert [note.partition(" is not")[0] for note in notes] == told
