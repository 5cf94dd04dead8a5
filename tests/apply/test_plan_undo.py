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


def line(change: str) -> LedgerLine:
    """Row 3 was relabelled ("=3"), dropped ("-3") or restored ("+3")."""
    action, row = ACTIONS[change[0]], int(change[1:])
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
    """A batch of lines, as `line` makes them."""
    made = tuple(map(line, lines))
    return Batch(name, "2026-11-21T14:05:00Z", made, FileLayout("csv", "label"), rows, "", "", source, undoes)


def ids(batches: Any) -> list[str]:
    """The ids of some batches."""
    return [one.id for one in batches]


# ------------------------------------------------------------------ which batch


def test_current() -> None:
    """Batches before the file was written again from another one are not in it any more."""
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
    ids=["all", "undone", "undone and redone", "undone later"],
)
def test_in_effect(undoes: dict[str, str], left: str) -> None:
    """A batch that was undone is not in effect, unless the undo was undone."""
    assert ids(list_batches_in_effect([batch(name, undoes=undoes.get(name)) for name in "abc"])) == list(left)


@pytest.mark.parametrize(
    ("undoes", "wanted", "chosen"),
    [({}, None, "c"), ({}, "a", "a"), ({"c": "b"}, None, "a"), ({"c": "b"}, "c", "c")],
    ids=["last", "by its id", "last that is not an undo", "an undo by its id"],
)
def test_choose(undoes: dict[str, str], wanted: str | None, chosen: str) -> None:
    """The last batch in effect that is not an undo is chosen; an undo must be named."""
    batches = [batch(name, undoes=undoes.get(name)) for name in "abc"]

    assert choose_batch(batches, wanted, "ledger").id == chosen


@pytest.mark.parametrize(
    ("batches", "wanted"),
    [
        ([], None),
        ([batch("a"), batch("b", undoes="a")], None),
        ([batch("a"), batch("b", undoes="a")], "a"),
        ([batch("a"), batch("b", source="data.csv")], "a"),
        ([batch("a")], "z"),
    ],
    ids=["none", "all undone", "undone", "written again", "unknown"],
)
def test_nothing_to_choose(batches: list[Batch], wanted: str | None, sentences: Any) -> None:
    """A batch that is not in effect can't be undone; the error says why."""
    with pytest.raises(InputError) as caught:
        choose_batch(batches, wanted, "ledger")

    assert caught.value.where == "ledger"
    sentences.check(caught.value)


# ------------------------------------------------------------------- which rows


@pytest.mark.parametrize(
    ("lines", "n_rows", "there", "gone"),
    [
        (["=1", "=9"], 9, {0: "id-1", 8: "id-9"}, {}),
        (["=1", "-2", "=3", "-5", "=9"], 7, {0: "id-1", 1: "id-3", 6: "id-9"}, {1: "id-2", 4: "id-5"}),
        (["+1", "=1", "+3", "=2"], 11, {0: "id-1", 1: "id-1", 2: "id-3", 3: "id-2"}, {}),
    ],
    ids=["relabelled", "dropped", "restored"],
)
def test_places(lines: list[str], n_rows: int, there: dict[int, str], gone: dict[int, str]) -> None:
    """Rows are where the batch left them; dropped rows get their old places."""
    one = batch("a", *lines)

    plan = plan_undo([one], one, n_rows, "data.csv")

    assert {row: found.row_id for row, found in plan.rows.items()} == there
    assert {row: found.row_id for row, found in plan.added.items()} == gone


@given(data=st.data())
def test_places_of_any_batch(data: st.DataObject) -> None:
    """After rows were dropped and restored anywhere, relabelled rows are found in the file."""
    before = list(range(data.draw(st.integers(1, 12))))
    dropped = data.draw(st.sets(st.sampled_from(before)))
    stay = [row for row in before if row not in dropped]
    after: list[int | None] = list(stay)
    for place in sorted(data.draw(st.sets(st.integers(0, 12)))):
        if place <= len(after):
            after.insert(place, None)
    restored = [place for place, row in enumerate(after) if row is None]
    lines = [f"={row + 1}" for row in stay] + [f"-{row + 1}" for row in dropped]
    lines += [f"+{row + 1}" for row in restored]
    one = batch("a", *lines, rows=len(before))

    plan = plan_undo([one], one, len(after), "data.csv")

    found = {
        place: found.row - 1 for place, found in plan.rows.items() if found.action is LedgerAction.RELABEL
    }
    assert found == {place: row for place, row in enumerate(after) if row is not None}


def test_edits() -> None:
    """Relabelled rows get their old cell, restored rows are dropped, dropped rows are restored."""
    one = batch("a", "=1", "+2")
    other = batch("b", "-4")

    plan = plan_undo([one], one, 10, "data.csv")

    assert (plan.edits, plan.records) == ({0: Restore(b"x"), 1: Drop()}, {})
    assert plan_undo([other], other, 8, "data.csv").records == {3: b"t,x\n"}


@pytest.mark.parametrize("n_rows", [8, 10])
def test_other_number_of_rows(n_rows: int, sentences: Any) -> None:
    """If the number of rows has changed since, the batch's rows can't be found."""
    one = batch("a", "=1")

    with pytest.raises(InputError) as caught:
        plan_undo([one], one, n_rows, "data.csv")

    assert caught.value.where == "data.csv"
    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("later", "row_mover"),
    [
        ([batch("b", "=2")], None),
        ([batch("b", "-2")], "b"),
        ([batch("b", "-2"), batch("c", "=1", rows=8)], "b"),
        ([batch("b", "-2"), batch("c", "+2", rows=8, undoes="b")], None),
        ([batch("b", "-2"), batch("c", "+2", undoes="b"), batch("d", "-2", undoes="c")], "b"),
        ([batch("b", "+2", undoes="earlier")], "b"),
    ],
    ids=["relabelled", "dropped", "dropped before", "restored", "dropped again", "restored from before"],
)
def test_rows_that_moved(later: list[Batch], row_mover: str | None, sentences: Any) -> None:
    """If a later batch in effect moved rows, it must be undone first; the error names it."""
    one = batch("a", "=1")

    if row_mover is None:
        assert plan_undo([one, *later], one, 9, "data.csv").edits == {0: Restore(b"x")}
    else:
        with pytest.raises(InputError) as caught:
            plan_undo([one, *later], one, 9, "data.csv")
        assert str(caught.value.hint).endswith(f"--batch {row_mover}")
        sentences.check(caught.value)


# ------------------------------------------------------------ what the undo did


def rewritten_file(**touched: tuple[bytes, str]) -> Rewritten:
    """A file in which rows have these cells, and these hashes of the rest."""
    return Rewritten(
        b"", 9, {int(row[1:]): Touched(raw, b"x", rest, b"") for row, (raw, rest) in touched.items()}
    )


def test_untouched() -> None:
    """A batch whose rows are as it left them can be undone."""
    one = batch("a", "=1", "+2")
    plan = plan_undo([one], one, 10, "data.csv")

    check_untouched(plan, rewritten_file(_0=(b"y", "rest"), _1=(b"x", "rest")), "data.csv")


@pytest.mark.parametrize("found", [(b"z", "rest"), (b"y", "other")], ids=["label", "rest"])
def test_edited_since(found: tuple[bytes, str], sentences: Any) -> None:
    """The error names a row that was edited since, and what was edited."""
    one = batch("a", "=1")
    plan = plan_undo([one], one, 9, "data.csv")

    with pytest.raises(InputError) as caught:
        check_untouched(plan, rewritten_file(_0=found), "data.csv")

    assert caught.value.where == "data.csv"
    sentences.check(caught.value)


def test_many_edited_since(sentences: Any) -> None:
    """The error names the first of many such rows."""
    one = batch("a", *(f"={row}" for row in range(1, 8)))
    plan = plan_undo([one], one, 9, "data.csv")

    with pytest.raises(InputError) as caught:
        check_untouched(plan, rewritten_file(**{f"_{row}": (b"z", "rest") for row in range(7)}), "data.csv")

    sentences.check(caught.value.found)


def test_changed_again(sentences: Any) -> None:
    """If later batches in effect changed rows again, the error names the last of these batches."""
    one, two, three = batch("a", "=1", "=2"), batch("b", "=2"), batch("c", "=1")
    again = [
        replace(later, lines=tuple(replace(row, new_cell=b"z") for row in later.lines))
        for later in (two, three)
    ]
    found = rewritten_file(_0=(b"z", "rest"), _1=(b"z", "rest"))

    def check(*later: Batch) -> InputError:
        with pytest.raises(InputError) as caught:
            check_untouched(plan_undo([one, *later], one, 9, "data.csv"), found, "data.csv")
        return caught.value

    assert str(check(*again).hint).endswith("--batch c")
    assert str(check(again[0]).hint).endswith("--batch b")
    assert str(check(*again, batch("d", "=1", undoes="c")).hint).endswith("--batch b")
    assert "--batch" not in str(check(two, three).hint)
    sentences.check(check(*again))


def test_lines() -> None:
    """The lines of an undo can be undone themselves, and name the batch."""
    one = batch("a", "=3", "-1", "-2")
    plan = plan_undo([one], one, 7, "data.csv")

    lines = list_undone_lines(plan, rewritten_file(_0=(b"y", "rest")))

    changes = [
        (found.action, found.row, found.old, found.new, found.old_cell, found.new_cell) for found in lines
    ]
    assert changes == [
        (LedgerAction.RELABEL, 1, "y", "x", b"y", b"x"),
        (LedgerAction.RESTORE, 1, None, "x", b"x", None),
        (LedgerAction.RESTORE, 2, None, "x", b"x", None),
    ]
    assert {(found.who, found.when, found.tool) for found in lines} == {((), "", "doubt undo")}
    assert {found.why.endswith("batch a") for found in lines} == {True}
    assert lines[1].record == b"t,x\n"


def test_lines_of_a_restored_row() -> None:
    """A restored row is dropped by an undo, and its line has all that is needed to restore it again."""
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


# ------------------------------------------------------------------- lost changes


def lines_on(*rows: str, action: LedgerAction = LedgerAction.RELABEL) -> tuple[LedgerLine, ...]:
    """Lines on these rows."""
    return tuple(replace(RELABELLED, row_id=row, action=action) for row in rows)


def batch_in_place(name: str, *lines: LedgerLine, undoes: str | None = None) -> Batch:
    """A batch that changed a file in place."""
    return replace(MADE, id=name, lines=lines, source=None, undoes=undoes)


def note_lost(*earlier: Batch, decided: str = "", is_dry_run: bool = False) -> tuple[str, ...]:
    """The notes on lost changes, where these rows are decided now."""
    decisions = [Decision(row, 1, "x", "x", False, (), "", "doubt", "") for row in decided.split()]
    return note_lost_changes(earlier, decisions, "data.csv", "fixed.csv", is_dry_run=is_dry_run)


def test_lost(sentences: Any) -> None:
    """The note says how much of which batch is lost, why, and what to do instead."""
    (note,) = note_lost(replace(MADE, lines=lines_on("r1", "r2")))

    sentences.check(note)


def test_dry_run(sentences: Any) -> None:
    """The note of a dry run says what would be lost."""
    (note,) = note_lost(replace(MADE, lines=lines_on("r1")), is_dry_run=True)

    sentences.check(note)


def test_decided_again() -> None:
    """A row that is decided again is not lost; if all are, there is no note."""
    first = replace(MADE, lines=lines_on("r1", "r2", "r3"))

    assert note_lost(first, decided="r1 r2")[0].startswith("1 label of batch first ")
    assert note_lost(first, decided="r1 r2 r3") == ()
    assert note_lost() == ()


def test_dropped_and_restored_rows() -> None:
    """Rows that were dropped or restored before are counted, too."""
    dropped = lines_on("r2", action=LedgerAction.DROP)
    restored = lines_on("r3", "r4", action=LedgerAction.RESTORE)

    (note,) = note_lost(replace(MADE, lines=(*lines_on("r1"), *dropped)))
    (other,) = note_lost(batch_in_place("back", *restored, undoes="of another file"))

    assert note.startswith("1 label and 1 dropped row of batch first ")
    assert other.startswith("2 restored rows of batch back ")


@pytest.mark.parametrize(
    ("later", "counts"),
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
    ids=["both", "the same row", "undone", "undone and redone", "written again before"],
)
def test_what_is_in_effect(later: list[Batch], counts: list[str]) -> None:
    """Only changes that are still in the file are lost; each row counts for its last batch."""
    notes = note_lost(replace(MADE, lines=lines_on("r1")), *later)

    assert [note.partition(" is lost")[0] for note in notes] == counts
