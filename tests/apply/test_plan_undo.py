from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.apply.plan_undo import (
    check_untouched,
    choose_batch,
    list_undone_lines,
    note_lost_changes,
    plan_undo,
)
from doubtcli.errors import InputError
from doubtcli.records import Decision
from doubtcli.records.file_format import Drop, FileLayout, Restore, Rewritten, Touched
from doubtcli.records.relabelling import (
    Batch,
    LedgerAction,
    LedgerLine,
    list_batches_in_effect,
    list_current_batches,
)

ACTIONS = {"=": LedgerAction.RELABEL, "-": LedgerAction.DROP, "+": LedgerAction.RESTORE}


def line(told: str) -> LedgerLine:
    """Row 3 was relabelled ("=3"), dropped ("-3") or put back ("+3")."""
    action, row = ACTIONS[told[0]], int(told[1:])
    old, new = (
        (None if action is LedgerAction.RESTORE else "x"),
        (None if action is LedgerAction.DROP else "y"),
    )
    cell = b"y" if action is LedgerAction.RELABEL else None
    record = b"" if action is LedgerAction.RELABEL else b"t,x\n"
    return LedgerLine(
        action, f"id-{row}", row, old, new, b"x", cell, record, "rest", ("ann",), "now", "prodigy", "why"
    )


def batch(
    name: str, *lines: str, rows: int = 9, undoes: str | None = None, source: str | None = None
) -> Batch:
    """A batch of lines as `line` tells them."""
    told = tuple(map(line, lines))
    return Batch(name, "2026-11-21T14:05:00Z", told, FileLayout("csv", "label"), rows, "", "", source, undoes)


def ids(batches: Any) -> list[str]:
    """The ids of some batches."""
    return [one.id for one in batches]


# ------------------------------------------------------------------ which batch


def test_standing() -> None:
    """What came before the file was made from another one is no longer in it."""
    old, new, last = batch("a"), batch("b", source="data.csv"), batch("c")

    assert ids(list_current_batches([old, new, last])) == ["b", "c"]
    assert ids(list_current_batches([old, last])) == ["a", "c"]


@pytest.mark.parametrize(
    ("undoes", "left"),
    [
        ({}, "abc"),
        ({"b": "a"}, "bc"),
        ({"b": "a", "c": "b"}, "ac"),
        ({"c": "a"}, "bc"),
    ],
    ids=["all", "taken back", "taken back and forth", "taken back later"],
)
def test_in_effect(undoes: dict[str, str], left: str) -> None:
    """A batch that a later one takes back is out of effect, unless that one is taken back itself."""
    assert ids(list_batches_in_effect([batch(name, undoes=undoes.get(name)) for name in "abc"])) == list(left)


@pytest.mark.parametrize(
    ("undoes", "wanted", "chosen"),
    [({}, None, "c"), ({}, "a", "a"), ({"c": "b"}, None, "a"), ({"c": "b"}, "c", "c")],
    ids=["last", "by its id", "last that is no undo", "an undo by its id"],
)
def test_choose(undoes: dict[str, str], wanted: str | None, chosen: str) -> None:
    """The last batch in effect is taken back that is no undo; an undo has to be named."""
    batches = [batch(name, undoes=undoes.get(name)) for name in "abc"]

    assert choose_batch(batches, wanted, "ledger").id == chosen


@pytest.mark.parametrize(
    ("batches", "wanted", "message"),
    [
        ([], None, "nothing is in effect"),
        ([batch("a"), batch("b", undoes="a")], None, "nothing is in effect"),
        ([batch("a"), batch("b", undoes="a")], "a", "taken back already"),
        ([batch("a"), batch("b", source="data.csv")], "a", "made anew since"),
        ([batch("a")], "z", "there is no batch 'z'"),
    ],
    ids=["none", "all taken back", "taken back", "made anew", "unknown"],
)
def test_nothing_to_choose(batches: list[Batch], wanted: str | None, message: str) -> None:
    """A batch that isn't in effect can't be taken back; it is said why."""
    with pytest.raises(InputError, match=message) as caught:
        choose_batch(batches, wanted, "ledger")

    assert (caught.value.where, caught.value.hint) == ("ledger", "`doubt log FILE` lists the batches")


# ------------------------------------------------------------------- which rows


@pytest.mark.parametrize(
    ("lines", "n_rows", "there", "gone"),
    [
        (["=1", "=9"], 9, {0: "id-1", 8: "id-9"}, {}),
        (["=1", "-2", "=3", "-5", "=9"], 7, {0: "id-1", 1: "id-3", 6: "id-9"}, {1: "id-2", 4: "id-5"}),
        (["+1", "=1", "+3", "=2"], 11, {0: "id-1", 1: "id-1", 2: "id-3", 3: "id-2"}, {}),
    ],
    ids=["relabelled", "dropped", "put back"],
)
def test_places(lines: list[str], n_rows: int, there: dict[int, str], gone: dict[int, str]) -> None:
    """Rows stand where the batch left them; rows that it dropped go back to where they were."""
    one = batch("a", *lines)

    plan = plan_undo([one], one, n_rows, "data.csv")

    assert {row: found.row_id for row, found in plan.rows.items()} == there
    assert {row: found.row_id for row, found in plan.added.items()} == gone


@given(data=st.data())
def test_places_of_any_batch(data: st.DataObject) -> None:
    """Wherever rows went and came, a row that was relabelled is found where the file has it."""
    before = list(range(data.draw(st.integers(1, 12))))
    went = data.draw(st.sets(st.sampled_from(before)))
    stay = [row for row in before if row not in went]
    after: list[int | None] = list(stay)
    for place in sorted(data.draw(st.sets(st.integers(0, 12)))):
        if place <= len(after):
            after.insert(place, None)
    came = [place for place, row in enumerate(after) if row is None]
    told = [f"={row + 1}" for row in stay] + [f"-{row + 1}" for row in went] + [f"+{row + 1}" for row in came]
    one = batch("a", *told, rows=len(before))

    plan = plan_undo([one], one, len(after), "data.csv")

    found = {
        place: found.row - 1 for place, found in plan.rows.items() if found.action is LedgerAction.RELABEL
    }
    assert found == {place: row for place, row in enumerate(after) if row is not None}


def test_edits() -> None:
    """Relabelled rows get their cell back, rows that were put back go, dropped ones come back whole."""
    one = batch("a", "=1", "+2")
    other = batch("b", "-4")

    plan = plan_undo([one], one, 10, "data.csv")

    assert (plan.edits, plan.records) == ({0: Restore(b"x"), 1: Drop()}, {})
    assert plan_undo([other], other, 8, "data.csv").records == {3: b"t,x\n"}


@pytest.mark.parametrize("n_rows", [8, 10])
def test_other_number_of_rows(n_rows: int) -> None:
    """In a file with other rows than the batch left nobody can tell which is which."""
    one = batch("a", "=1")

    with pytest.raises(InputError, match=f"edited since batch a: it has {n_rows} rows") as caught:
        plan_undo([one], one, n_rows, "data.csv")

    assert caught.value.expected == "9 rows, as the batch left it"


@pytest.mark.parametrize(
    ("later", "mover"),
    [
        ([batch("b", "=2")], None),
        ([batch("b", "-2")], "b"),
        ([batch("b", "-2"), batch("c", "=1", rows=8)], "b"),
        ([batch("b", "-2"), batch("c", "+2", rows=8, undoes="b")], None),
        ([batch("b", "-2"), batch("c", "+2", undoes="b"), batch("d", "-2", undoes="c")], "b"),
        ([batch("b", "+2", undoes="earlier")], "b"),
    ],
    ids=["relabelled", "dropped", "dropped before", "put back", "dropped again", "put back what went before"],
)
def test_rows_that_moved(later: list[Batch], mover: str | None) -> None:
    """Where a later batch moved rows, it is to be taken back first; one that was taken back did not."""
    one = batch("a", "=1")

    if mover is None:
        assert plan_undo([one, *later], one, 9, "data.csv").edits == {0: Restore(b"x")}
    else:
        with pytest.raises(InputError, match=f"batch {mover} came after batch a") as caught:
            plan_undo([one, *later], one, 9, "data.csv")
        assert caught.value.hint == f"take that one back first: --batch {mover}"


# -------------------------------------------------------------- what came of it


def rewritten(**touched: tuple[bytes, str]) -> Rewritten:
    """A file in which rows were found with these cells and these hashes of the rest."""
    return Rewritten(
        b"", 9, {int(row[1:]): Touched(raw, b"x", rest, b"") for row, (raw, rest) in touched.items()}
    )


def test_untouched() -> None:
    """Rows as the batch left them may be taken back."""
    one = batch("a", "=1", "+2")
    plan = plan_undo([one], one, 10, "data.csv")

    check_untouched(plan, rewritten(_0=(b"y", "rest"), _1=(b"x", "rest")), "data.csv")


@pytest.mark.parametrize(
    ("found", "what"),
    [((b"z", "rest"), "its label"), ((b"y", "other"), "what stands beside its label")],
)
def test_edited_since(found: tuple[bytes, str], what: str) -> None:
    """A row that was edited since is named, and what of it, and nothing is taken back."""
    one = batch("a", "=1")
    plan = plan_undo([one], one, 9, "data.csv")

    with pytest.raises(InputError, match=f"rows were edited since batch a: row 1 \\('id-1'\\): {what}"):
        check_untouched(plan, rewritten(_0=found), "data.csv")


def test_many_edited_since() -> None:
    """Of many such rows the first are named."""
    one = batch("a", *(f"={row}" for row in range(1, 8)))
    plan = plan_undo([one], one, 9, "data.csv")

    with pytest.raises(InputError, match="and 2 more"):
        check_untouched(plan, rewritten(**{f"_{row}": (b"z", "rest") for row in range(7)}), "data.csv")


def test_changed_again() -> None:
    """Rows that later batches left as they are are told with the last of these, unless that is taken back."""
    one, two, three = batch("a", "=1", "=2"), batch("b", "=2"), batch("c", "=1")
    again = [
        replace(later, lines=tuple(replace(row, new_cell=b"z") for row in later.lines))
        for later in (two, three)
    ]
    found = rewritten(_0=(b"z", "rest"), _1=(b"z", "rest"))

    def message(*later: Batch) -> str:
        with pytest.raises(InputError) as caught:
            check_untouched(plan_undo([one, *later], one, 9, "data.csv"), found, "data.csv")
        return caught.value.found

    assert message(*again) == "batch c came after batch a, and changed rows of it again"
    assert message(again[0]) == "batch b came after batch a, and changed rows of it again"
    assert message(*again, batch("d", "=1", undoes="c")).startswith("batch b came after")
    assert message(two, three).startswith("rows were edited since batch a: row 1 ('id-1')")


def test_lines() -> None:
    """What an undo did is told in lines that can be taken back themselves, and names the batch."""
    one = batch("a", "=3", "-1", "-2")
    plan = plan_undo([one], one, 7, "data.csv")

    lines = list_undone_lines(plan, rewritten(_0=(b"y", "rest")))

    told = [
        (found.action, found.row, found.old, found.new, found.old_cell, found.new_cell) for found in lines
    ]
    assert told == [
        (LedgerAction.RELABEL, 1, "y", "x", b"y", b"x"),
        (LedgerAction.RESTORE, 1, None, "x", b"x", None),
        (LedgerAction.RESTORE, 2, None, "x", b"x", None),
    ]
    assert {(found.who, found.when, found.tool, found.why) for found in lines} == {
        ((), "", "doubt undo", "takes back batch a")
    }
    assert lines[1].record == b"t,x\n"


def test_lines_of_a_row_that_goes_again() -> None:
    """A row that had been put back is dropped, with all that it takes to put it back."""
    one = batch("a", "+4")
    plan = plan_undo([one], one, 10, "data.csv")
    found = Rewritten(b"", 10, {3: Touched(b"x", None, "rest", b"t,x\n")})

    (line,) = list_undone_lines(plan, found)

    assert (line.action, line.row, line.old, line.new, line.record) == (
        LedgerAction.DROP,
        4,
        "y",
        None,
        b"t,x\n",
    )
    again = replace(one, lines=(line,), rows=10)
    assert plan_undo([again], again, 9, "data.csv").records == {3: b"t,x\n"}


RELABELLED = LedgerLine(LedgerAction.RELABEL, "r1", 1, "x", "y", b"x", b"y", b"", "rest")
MADE = Batch("first", "2026-11-21T14:05:00Z", (), FileLayout("csv", "label"), 9, "", "", "data.csv")


# ------------------------------------------------------------- what a new file lacks


def lines_on(*rows: str, action: LedgerAction = LedgerAction.RELABEL) -> tuple[LedgerLine, ...]:
    """Lines on these rows."""
    return tuple(replace(RELABELLED, row_id=row, action=action) for row in rows)


def batch_in_place(name: str, *told: LedgerLine, undoes: str | None = None) -> Batch:
    """A batch that changed a file in place."""
    return replace(MADE, id=name, lines=told, source=None, undoes=undoes)


def lost(*earlier: Batch, decided: str = "", is_dry_run: bool = False) -> tuple[str, ...]:
    """What is told where these rows are decided now."""
    decisions = [Decision(row, 1, "x", "x", False, (), "", "doubt", "") for row in decided.split()]
    return note_lost_changes(earlier, decisions, "data.csv", "fixed.csv", is_dry_run=is_dry_run)


def test_lost() -> None:
    """It is said how much of which batch is lost, why, and what to do instead."""
    (note,) = lost(replace(MADE, lines=lines_on("r1", "r2")))

    assert note == (
        "2 labels of batch first are not in it any more: it was made anew from data.csv; "
        "to build on them, apply to fixed.csv itself"
    )


def test_dry_run() -> None:
    """In a dry run it is told as what would be."""
    (note,) = lost(replace(MADE, lines=lines_on("r1")), is_dry_run=True)

    assert note.startswith("1 label of batch first would not be in it any more: it would be made anew from")


def test_decided_anew() -> None:
    """A row that is decided now is not lost; if all are, nothing is told."""
    first = replace(MADE, lines=lines_on("r1", "r2", "r3"))

    assert lost(first, decided="r1 r2")[0].startswith("1 label of batch first is not in it")
    assert lost(first, decided="r1 r2 r3") == ()
    assert lost() == ()


def test_rows_that_went() -> None:
    """Rows that were dropped, and are back, are told, too; so are rows that were put back, and are gone."""
    goes, comes = lines_on("r2", action=LedgerAction.DROP), lines_on("r3", "r4", action=LedgerAction.RESTORE)

    (note,) = lost(replace(MADE, lines=(*lines_on("r1"), *goes)))
    (other,) = lost(batch_in_place("back", *comes, undoes="of another file"))

    assert note.startswith("1 label and 1 dropped row of batch first are not in it")
    assert other.startswith("2 restored rows of batch back are not in it")


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (
            [batch_in_place("b", *lines_on("r2"))],
            ["1 label of batch first", "1 label of batch b"],
        ),
        ([batch_in_place("b", *lines_on("r1"))], ["1 label of batch b"]),
        ([batch_in_place("b", *lines_on("r1"), undoes="first")], []),
        (
            [
                batch_in_place("b", *lines_on("r1"), undoes="first"),
                batch_in_place("c", *lines_on("r1"), undoes="b"),
            ],
            ["1 label of batch first"],
        ),
        ([replace(MADE, id="b", lines=lines_on("r2"))], ["1 label of batch b"]),
    ],
    ids=["both", "the same row", "taken back", "taken back and forth", "made anew before"],
)
def test_what_is_in_effect(later: list[Batch], told: list[str]) -> None:
    """Only what the file bore last is lost: each row counts for the last batch that changed it."""
    notes = lost(replace(MADE, lines=lines_on("r1")), *later)

    assert [note.partition(" is not")[0] for note in notes] == told
