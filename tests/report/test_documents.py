from __future__ import annotations

import json
from dataclasses import replace

from doubtcli.plugins import LoadedReason
from doubtcli.records import Decision, Gain, Power, RelabelScore, Settled, Unapplied, UnappliedKind
from doubtcli.records.file_format import FileLayout
from doubtcli.records.relabelling import ApplyResult, Batch, LedgerAction, LedgerLine, UndoResult
from doubtcli.report.documents import (
    render_applied,
    render_comparison,
    render_log,
    render_power,
    render_reasons,
    render_undone,
)

LINE = LedgerLine(LedgerAction.RELABEL, "r\udc80", 1, "x", "né", b"x", b"n\xc3\xa9", b"", "rest")
BATCH = Batch("b1", "2026-11-21T14:05:00Z", (LINE,), FileLayout("csv", "label"), 9, "", "", "data.csv")
DECISION = Decision("r2", 2, "x", "x", False, ("ann",), "", "doubt", "")


def test_applied() -> None:
    """The document has what was done with each verdict, for ids of any bytes."""
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

    found = json.loads(render_applied(applied))

    assert (found["batch"], found["waived"], found["dry_run"]) == ("b1", 1, False)
    assert (found["changed"][0]["row_id"], found["changed"][0]["new"]) == ("r\udc80", "né")
    assert found["kept"] == found["offered"]
    assert found["kept"][0]["annotators"] == ["ann"]
    assert found["not_applied"][0]["kind"] == "new label"


def test_nothing_applied() -> None:
    """If nothing was changed, there is no batch and no line."""
    found = json.loads(render_applied(ApplyResult("data.csv", None, None, (), (), (), Settled((), ()))))

    assert (found["batch"], found["changed"], found["output"]) == (None, [], None)


def test_undone() -> None:
    """The document has the batch that was undone, and the new one."""
    found = json.loads(
        render_undone(UndoResult("a.csv", "b.csv", BATCH, replace(BATCH, id="b2"), "a.csv.bak"))
    )

    assert (found["undone"], found["batch"], found["backup"]) == ("b1", "b2", "a.csv.bak")
    assert len(found["changed"]) == 1


def test_log() -> None:
    """The lines of all batches are in one list, those of the newest batch first."""
    found = json.loads(render_log([BATCH, replace(BATCH, id="b2")]))

    assert [line["batch"] for line in found] == ["b2", "b1"]


def document(comparison):
    """The rendered document, read back."""
    return json.loads(render_comparison(comparison))


def test_counts(make_comparison):
    """Rows, changes and outcomes are numbers; a missing label is null."""
    found = document(make_comparison())

    assert found["rows"] == {
        "matched": 1_200,
        "edited": 0,
        "gone": 3,
        "gone_doubted": 3,
        "added": 2,
        "added_doubted": 1,
    }
    assert found["label_changes"] == [
        {"from": "billing", "to": "bug", "rows": 40},
        {"from": "bug", "to": "delivery", "rows": 29},
        {"from": None, "to": "bug", "rows": 1},
    ]
    assert found["fates"] == {
        "rows": 1_200,
        "doubted": 57,
        "changed": 70,
        "fixed": 30,
        "cleared": 10,
        "kept": 15,
        "kept_changed": 5,
        "set_aside": 2,
        "new": 4,
    }
    assert [one["name"] for one in found["by_class"]] == ["billing", "bug", None]
    assert found["by_annotator"][0]["name"] == "ada"
    assert found["by_annotator"][0]["fixed"] == 12
    assert found["nothing_changed"] is False


def test_audits(make_comparison):
    """Each audit with its file, its counts, its noise rate and its skill, as `audit.json` has them."""
    before = document(make_comparison())["before"]

    assert {name: before[name] for name in ("audit", "path", "rows", "judged", "doubted")} == {
        "audit": "tickets.doubt",
        "path": "data/tickets.csv",
        "rows": 1_203,
        "judged": 1_201,
        "doubted": 60,
    }
    noise = before["noise_rate"]
    assert (noise["at_least"], noise["contradicted"], noise["rate"]) == (0.022, 0.24, None)
    assert (before["skill"]["accuracy"], before["skill"]["assessable"]) == (0.875, True)


def test_score(make_comparison):
    """The score has its intervals, with six digits at most."""
    usual = make_comparison().score
    third = replace(usual, accuracy=Gain(before=1 / 3, after=2 / 3, low=0.1, high=0.2))

    score = document(make_comparison(score=third))["score"]

    assert score == {
        "assessable": True,
        "why": "measured on the rows whose label stayed",
        "model": "logistic regression",
        "folds": 5,
        "repeats": 2,
        "trained_on": 1_200,
        "judged_on": 1_130,
        "level": 0.9,
        "accuracy": {"before": 0.333333, "after": 0.666667, "difference": 0.333333, "low": 0.1, "high": 0.2},
        "balanced_accuracy": {"before": 0.75, "after": 0.78, "difference": 0.03, "low": -0.01, "high": 0.07},
    }


def test_not_assessable(make_comparison):
    """Figures that were not measured are null."""
    score = document(make_comparison(score=RelabelScore(assessable=False, why="no label changed")))["score"]

    assert (score["assessable"], score["why"]) == (False, "no label changed")
    assert (score["model"], score["accuracy"], score["balanced_accuracy"]) == (None, None, None)


def test_odd_names(make_comparison):
    """Labels and paths of any characters are read back unchanged; the text itself is UTF-8."""
    usual = make_comparison()
    odd = 'a"b\n\x1b[31m\u202e😀'
    comparison = make_comparison(
        by_class={odd: usual.outcomes}, before=replace(usual.before, path="data/\udcff.csv")
    )

    text = render_comparison(comparison)

    assert text.encode()
    assert json.loads(text)["by_class"][0]["name"] == odd
    assert json.loads(text)["before"]["path"] == "data/\udcff.csv"


def test_power() -> None:
    """The document has what a bench found in all, by class and by reason."""
    power = Power(
        assessable=True,
        why="planted",
        n_planted=6,
        found_in_first={0.05: 0.5},
        by_class={1: 1.0},
        by_reason={"outlier": 0.25},
    )

    assert json.loads(render_power(power, ["bug", "né"])) == {
        "assessable": True,
        "why": "planted",
        "planted": 6,
        "found_in_first": [{"share": 0.05, "found": 0.5}],
        "by_class": {"né": 1.0},
        "by_reason": {"outlier": 0.25},
    }


def test_reasons() -> None:
    """The document has each reason with its package and its needs."""
    reason = LoadedReason("outlier", "doubtcli 0.1.0", "context", "it is alone", ("distances",), None)

    assert json.loads(render_reasons([reason])) == [
        {
            "name": "outlier",
            "family": "context",
            "package": "doubtcli 0.1.0",
            "because": "it is alone",
            "needs": ["distances"],
        }
    ]
