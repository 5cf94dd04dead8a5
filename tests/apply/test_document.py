from __future__ import annotations

import json
from dataclasses import replace

from doubtcli.apply.document import render_applied, render_log, render_undone
from doubtcli.records import Decision, Settled, Unapplied, UnappliedKind
from doubtcli.records.edits import FileLayout
from doubtcli.records.ledger import ApplyResult, Batch, LedgerAction, LedgerLine, UndoResult

LINE = LedgerLine(LedgerAction.RELABEL, "r\udc80", 1, "x", "né", b"x", b"n\xc3\xa9", b"", "rest")
BATCH = Batch("b1", "2026-11-21T14:05:00Z", (LINE,), FileLayout("csv", "label"), 9, "", "", "data.csv")
DECISION = Decision("r2", 2, "x", "x", False, ("ann",), "", "doubt", "")


def test_applied() -> None:
    """All that became of the verdicts is told, whatever the ids are made of."""
    unapplied = Unapplied(UnappliedKind.NEW_LABEL, "r9", "x", ("y",), (), (3,), "none of the labels")
    applied = ApplyResult(
        "data.csv",
        "fixed.csv",
        BATCH,
        (DECISION,),
        (),
        (),
        Settled((), (unapplied,), (DECISION,)),
        n_waived=1,
    )

    told = json.loads(render_applied(applied))

    assert (told["batch"], told["waived"], told["dry_run"]) == ("b1", 1, False)
    assert (told["changed"][0]["row_id"], told["changed"][0]["new"]) == ("r\udc80", "né")
    assert told["kept"] == told["offered"]
    assert told["kept"][0]["annotators"] == ["ann"]
    assert told["not_applied"][0]["kind"] == "new label"


def test_nothing_applied() -> None:
    """Where nothing was changed there is no batch, and no line."""
    told = json.loads(render_applied(ApplyResult("data.csv", None, None, (), (), (), Settled((), ()))))

    assert (told["batch"], told["changed"], told["output"]) == (None, [], None)


def test_undone() -> None:
    """What was taken back is told with both batches."""
    told = json.loads(
        render_undone(UndoResult("a.csv", "b.csv", BATCH, replace(BATCH, id="b2"), "a.csv.bak"))
    )

    assert (told["undone"], told["batch"], told["backup"]) == ("b1", "b2", "a.csv.bak")
    assert len(told["changed"]) == 1


def test_log() -> None:
    """The lines of all batches stand in one list, those of the newest batch first."""
    told = json.loads(render_log([BATCH, replace(BATCH, id="b2")]))

    assert [line["batch"] for line in told] == ["b2", "b1"]
