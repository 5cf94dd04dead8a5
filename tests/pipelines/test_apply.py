from __future__ import annotations

import datetime as dt
import errno
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.apply import commit
from doubtcli.apply.target import OutputOptions
from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.pipelines import apply as pipeline
from doubtcli.pipelines.apply import ApplyRequest, correct_labels
from doubtcli.progress import Silence
from doubtcli.records import OnConflict, UnappliedKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records.relabelling import ApplyResult
    from tests.apply.conftest import Desk, Reviews

NOW = dt.datetime(2026, 11, 21, 14, 5, tzinfo=dt.UTC)


def verdict(row_id: str, label: str = "", **told: str) -> dict[str, str]:
    """What one person said of one row."""
    return {"doubt_id": row_id, "verdict": label} | told


# --------------------------------------------------------------------- it writes


def test_new_file(reviews: Reviews) -> None:
    """A new file stands beside the old one, with its ledger, and nothing else; the old one is as it was."""
    before = reviews.held()

    found = reviews.apply("data.csv", "fixed.csv")

    after = reviews.held()
    assert after.keys() - before.keys() == {"fixed.csv", "fixed.csv.ledger.jsonl"}
    assert after | before == after
    assert after["fixed.csv"] == reviews.fixed
    assert (found.output, found.backup, found.is_dry_run) == (reviews.path("fixed.csv"), None, False)


def test_ledger(reviews: Reviews) -> None:
    """The ledger tells who changed what, when, where and why, and what stood there."""
    reviews.apply("data.csv", "fixed.csv")

    (line,) = reviews.ledger("fixed.csv")
    told = {
        "action": "relabel",
        "row_id": "r4",
        "row": 4,
        "old": "pos",
        "new": "neg",
        "old_cell": "pos",
        "who": ["ann"],
        "when": "2026-11-20T09:00:00Z",
        "tool": "doubt",
        "why": "sounds angry",
        "applied": "2026-11-21T14:05:00Z",
        "from": reviews.path("data.csv"),
    }
    assert {key: line[key] for key in told} == told
    assert len(line["audit"]) == 64


def test_same_time_same_bytes(reviews: Reviews) -> None:
    """The same verdicts on the same file at the same time give the same ledger."""
    reviews.apply("data.csv", "fixed.csv")
    first = reviews.held()
    for name in ("fixed.csv", "fixed.csv.ledger.jsonl"):
        (reviews.folder / name).unlink()

    reviews.apply("data.csv", "fixed.csv")

    assert reviews.held() == first


def test_missing_folder(reviews: Reviews) -> None:
    """The folder of the new file is made."""
    reviews.apply("data.csv", "out/fixed.csv")

    assert (reviews.folder / "out" / "fixed.csv").read_bytes() == reviews.fixed


def test_in_place(reviews: Reviews) -> None:
    """In place, what the file held is kept beside it."""
    found = reviews.apply("data.csv", in_place=True)

    held = reviews.held()
    assert (held["data.csv"], held["data.csv.bak"]) == (reviews.fixed, reviews.rows)
    assert found.backup == reviews.path("data.csv.bak")
    assert reviews.ledger("data.csv")[0]["from"] is None


def test_in_place_twice(reviews: Reviews) -> None:
    """A second batch in place keeps what the first one made under the next free name, and says which."""
    reviews.apply("data.csv", in_place=True)
    reviews.decide(verdict("r3", "neg"))

    found = reviews.apply("data.csv", in_place=True)

    held = reviews.held()
    assert held["data.csv"] == reviews.fixed.replace(b"fine,pos", b"fine,neg")
    assert (held["data.csv.bak"], held["data.csv.bak2"]) == (reviews.rows, reviews.fixed)
    assert found.backup == reviews.path("data.csv.bak2")


@pytest.mark.parametrize("put_back", [shutil.move, shutil.copy])
def test_in_place_after_the_backup_was_put_back(reviews: Reviews, put_back: Callable[..., object]) -> None:
    """Where somebody put the backup back, the same verdicts are applied anew, as a batch of its own."""
    reviews.apply("data.csv", in_place=True)
    put_back(reviews.path("data.csv.bak"), reviews.path("data.csv"))

    found = reviews.apply("data.csv", in_place=True)

    held = reviews.held()
    assert (held["data.csv"], held["data.csv.bak"]) == (reviews.fixed, reviews.rows)
    assert (found.done_before, len(reviews.ledger("data.csv"))) == ((), 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_rights(reviews: Reviews) -> None:
    """Private data stay private: the new file, its ledger with whole rows in it, and the backup."""
    (reviews.folder / "data.csv").chmod(0o600)
    before = {*reviews.folder.iterdir()}
    reviews.decide(verdict("r2", verdict_status="unusable"), verdict("r4", "neg"))

    reviews.apply("data.csv", "fixed.csv", drop=True)
    reviews.apply("data.csv", in_place=True, drop=True)

    made = {path.name: path.stat().st_mode & 0o777 for path in {*reviews.folder.iterdir()} - before}
    assert made == dict.fromkeys(
        ("fixed.csv", "fixed.csv.ledger.jsonl", "data.csv.bak", "data.csv.ledger.jsonl"), 0o600
    )


def test_link(reviews: Reviews) -> None:
    """In place, a link stays a link: what it leads to is replaced."""
    (reviews.folder / "link.csv").symlink_to("data.csv")

    reviews.apply("link.csv", in_place=True)

    assert (reviews.folder / "link.csv").is_symlink()
    assert reviews.held()["data.csv"] == reviews.fixed


def test_link_is_told_as_the_file_itself(reviews: Reviews) -> None:
    """What is told of a link is where the file, its ledger and its backup really stand."""
    (reviews.folder / "real").mkdir()
    (reviews.folder / "data.csv").rename(reviews.folder / "real" / "rows.csv")
    (reviews.folder / "link.csv").symlink_to("real/rows.csv")

    found = reviews.apply("link.csv", in_place=True)

    assert found.output == str((reviews.folder / "real" / "rows.csv").resolve())
    assert found.backup == f"{found.output}.bak"
    assert Path(found.backup).read_bytes() == reviews.rows
    undone = reviews.undo("link.csv", in_place=True)
    assert (undone.output, undone.backup) == (found.output, None)
    with pytest.raises(InputError, match="nothing is in effect") as caught:
        reviews.undo("link.csv", in_place=True)
    assert caught.value.where == f"{found.output}.ledger.jsonl"


def test_nothing_decided(reviews: Reviews) -> None:
    """Where nothing changes, the new file is the old one's copy, and there is no ledger."""
    reviews.decide(verdict("r4", "pos"))

    found = reviews.apply("data.csv", "fixed.csv", waive=False)

    assert reviews.held()["fixed.csv"] == reviews.rows
    assert "fixed.csv.ledger.jsonl" not in reviews.held()
    assert (found.batch, len(found.kept)) == (None, 1)


def test_dry_run(reviews: Reviews) -> None:
    """A dry run tells all that would be done, and writes nothing."""
    before = reviews.held()

    found = reviews.apply("data.csv", dry_run=True)

    assert reviews.held() == before
    assert (found.is_dry_run, found.output) == (True, None)
    assert [(line.row, line.new) for line in found.batch.lines] == [(4, "neg")]


def test_dry_run_in_place(reviews: Reviews) -> None:
    """A dry run of what was done in place tells that nothing is left."""
    reviews.apply("data.csv", in_place=True)

    assert reviews.apply("data.csv", dry_run=True, in_place=True).batch is None


def test_drop(reviews: Reviews) -> None:
    """Rows judged unusable stay and are told; asked for, they go."""
    reviews.decide(verdict("r2", verdict_status="unusable"), verdict("r4", "neg"))

    stays = reviews.apply("data.csv", "all.csv")
    goes = reviews.apply("data.csv", "some.csv", drop=True)

    assert [one.row_id for one in stays.unusable] == ["r2"]
    assert goes.unusable == ()
    held = reviews.held()
    assert held["all.csv"] == reviews.fixed
    assert held["some.csv"] == reviews.fixed.replace(b'r2,"bad, really","neg"\r\n', b"")
    assert reviews.ledger("some.csv")[0]["record"] == 'r2,"bad, really","neg"\r\n'


def test_quoted_cell(reviews: Reviews) -> None:
    """A cell that was quoted stays quoted."""
    reviews.decide(verdict("r2", "pos"))

    reviews.apply("data.csv", "fixed.csv")

    assert reviews.held()["fixed.csv"] == reviews.rows.replace(b'"neg"', b'"pos"')


# ------------------------------------------------------------------ it does nothing twice


def test_again_with_force(reviews: Reviews) -> None:
    """Applied again over its own result, nothing changes, and there is no second batch."""
    reviews.apply("data.csv", "fixed.csv")
    before = reviews.held()

    found = reviews.apply("data.csv", "fixed.csv", force=True)

    assert reviews.held() == before
    assert (found.batch, found.output) == (None, None)


def test_again_in_place(reviews: Reviews) -> None:
    """Applied again in place, nothing changes, and the backup is no trouble."""
    reviews.apply("data.csv", in_place=True)
    before = reviews.held()

    found = reviews.apply("data.csv", in_place=True)

    assert reviews.held() == before
    assert found.batch is None
    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.ALREADY]


def test_after_undo(reviews: Reviews) -> None:
    """What was taken back can be applied again, as a batch of its own."""
    reviews.apply("data.csv", "fixed.csv")
    reviews.undo("fixed.csv", in_place=True)
    (reviews.folder / "fixed.csv.bak").unlink()

    reviews.apply("fixed.csv", in_place=True, audit=reviews.path("data.doubt"))

    assert reviews.held()["fixed.csv"] == reviews.fixed
    assert len({line["batch"] for line in reviews.ledger("fixed.csv")}) == 3


def test_made_anew_with_nothing_changed(reviews: Reviews) -> None:
    """Where a file with a ledger is made anew and nothing is changed in it, its ledger is set aside."""
    reviews.apply("data.csv", "fixed.csv")
    ledger = reviews.held()["fixed.csv.ledger.jsonl"]
    reviews.decide(verdict("r4", "pos"))

    found = reviews.apply("data.csv", "fixed.csv", force=True, waive=False)

    held = reviews.held()
    assert held["fixed.csv"] == reviews.rows
    assert held["fixed.csv.ledger.jsonl.old"] == ledger
    assert "fixed.csv.ledger.jsonl" not in held
    assert found.notes == (
        "nothing is changed in the new file: the ledger of the old one is now "
        + reviews.path("fixed.csv.ledger.jsonl.old"),
    )
    with pytest.raises(InputError, match="there is no ledger"):
        reviews.undo("fixed.csv", in_place=True)


def test_ledger_that_is_gone(reviews: Reviews) -> None:
    """A result whose ledger is gone gets one again."""
    reviews.apply("data.csv", "fixed.csv")
    before = reviews.held()
    (reviews.folder / "fixed.csv.ledger.jsonl").unlink()

    found = reviews.apply("data.csv", "fixed.csv", force=True)

    assert reviews.held() == before
    assert found.batch is not None


def test_made_anew_over_an_earlier_result(reviews: Reviews) -> None:
    """It is said which labels are lost that were applied to the file before, also in a dry run."""
    first = reviews.apply("data.csv", "fixed.csv")
    reviews.decide(verdict("r3", "neg"))

    would = reviews.apply("data.csv", "fixed.csv", dry_run=True)
    found = reviews.apply("data.csv", "fixed.csv", force=True)

    assert reviews.held()["fixed.csv"] == reviews.rows.replace(b"fine,pos", b"fine,neg")
    (note,) = found.notes
    assert note == (
        f"1 label of batch {first.batch.id} is not in it any more: it was made anew from "
        f"{reviews.path('data.csv')}; to build on them, apply to {reviews.path('fixed.csv')} itself"
    )
    assert "would not be in it any more" in would.notes[0]


def test_built_on_an_earlier_result(reviews: Reviews) -> None:
    """Where nothing is lost, nothing is told: in place, and where the earlier verdicts come along."""
    reviews.apply("data.csv", "fixed.csv")
    reviews.decide(verdict("r3", "neg"), verdict("r4", "neg"))

    anew = reviews.apply("data.csv", "fixed.csv", force=True)
    reviews.decide(verdict("r5", "pos"))
    on_top = reviews.apply("fixed.csv", in_place=True)

    assert anew.notes == ()
    assert all("any more" not in note for note in on_top.notes)


# ---------------------------------------------------------------------- what is refused


def test_no_file(reviews: Reviews) -> None:
    """A data file that isn't there is told before its audit is looked for, with what is called nearly so."""
    error = reviews.refused(InputError, "no such file", "dat.csv", "fixed.csv", audit=None)

    assert error.where == reviews.path("dat.csv")
    assert reviews.path("data.csv") in error.hint


def test_standard_input(reviews: Reviews) -> None:
    """Standard input is told to be no file that could be rewritten."""
    request = ApplyRequest(
        "-", (str(reviews.verdicts),), OutputOptions(reviews.path("o.csv")), reviews.path("data.doubt")
    )

    with pytest.raises(InputError, match="into a single file only") as caught:
        correct_labels(request, now=NOW, progress=Silence())

    assert caught.value.where == "standard input"


def test_faster_run(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another run has written meanwhile is in the way."""
    honest = pipeline.read_labelled

    def slow(*arguments: Any) -> Any:
        (reviews.folder / "fixed.csv").write_bytes(b"theirs")
        return honest(*arguments)

    monkeypatch.setattr(pipeline, "read_labelled", slow)

    with pytest.raises(OutputError, match="a file is in the way"):
        reviews.apply("data.csv", "fixed.csv")

    assert reviews.held()["fixed.csv"] == b"theirs"


@pytest.mark.parametrize("options", [{"in_place": True}, {}])
def test_ledger_without_room(
    reviews: Reviews, monkeypatch: pytest.MonkeyPatch, options: dict[str, bool]
) -> None:
    """Where the ledger takes no more lines, nothing is changed, and it is the ledger that is named."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    names = ("data.csv",) if options else ("data.csv", "fixed.csv")
    (reviews.folder / "data.csv.bak").write_bytes(reviews.rows)
    monkeypatch.setattr(commit, "append_lines", refuse)

    error = reviews.refused(OutputError, "can't be written: No space left", *names, **options)

    assert error.where == reviews.path(f"{names[-1]}.ledger.jsonl")


def test_folder_of_nothing(reviews: Reviews) -> None:
    """Where nothing comes of it, no folder is made for it."""
    reviews.refused(SettingsError, "its ending promises parquet", "data.csv", "out/fixed.parquet")

    assert not (reviews.folder / "out").exists()


# ---------------------------------------------------------------------------- other runs


def is_free(folder: Path) -> bool:
    """Whether no run holds a folder."""
    fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_waivers_elsewhere(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other run writes the waivers between their reading and their writing, wherever they are."""
    elsewhere = reviews.folder / "shared"
    elsewhere.mkdir()
    reviews.decide(verdict("r3", "pos"))
    free = []
    for step in ("plan_waivers", "write_waivers"):
        honest = getattr(pipeline, step)

        def watched(*arguments: Any, honest: Any = honest, **named: Any) -> Any:
            free.append([is_free(elsewhere), is_free(reviews.folder)])
            return honest(*arguments, **named)

        monkeypatch.setattr(pipeline, step, watched)

    reviews.apply("data.csv", "fixed.csv", waivers=str(elsewhere / "waivers.toml"))

    assert free == [[False, False]] * 2
    assert is_free(elsewhere)
    assert (elsewhere / "waivers.toml").exists()


def test_faster_than_the_rewriting(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that comes into the way at the very last is not replaced either."""
    honest = pipeline.rewrite_file

    def slow(*arguments: Any, **options: Any) -> Any:
        (reviews.folder / "fixed.csv").write_bytes(b"theirs")
        return honest(*arguments, **options)

    monkeypatch.setattr(pipeline, "rewrite_file", slow)

    with pytest.raises(OutputError, match="a file is in the way"):
        reviews.apply("data.csv", "fixed.csv")

    assert reviews.held()["fixed.csv"] == b"theirs"


# ------------------------------------------------------------------- what is found


def test_no_audit(reviews: Reviews) -> None:
    """Without an audit beside the file it is said how to name one."""
    (reviews.folder / "other.csv").write_bytes(reviews.rows)

    error = reviews.refused(InputError, "no audit beside the file", "other.csv", "fixed.csv", audit=None)

    assert error.hint == "name it: --audit FOLDER"


def test_audit_beside_the_file(reviews: Reviews) -> None:
    """The audit is found beside the file."""
    reviews.apply("data.csv", "fixed.csv", audit=None)

    assert reviews.held()["fixed.csv"] == reviews.fixed


def test_several_files_of_verdicts(reviews: Reviews) -> None:
    """Files of verdicts count together."""
    more = reviews.folder / "more.jsonl"
    more.write_text(json.dumps({"doubt_id": "r1", "verdict": "neg"}) + "\n")

    request = ApplyRequest(
        reviews.path("data.csv"),
        (str(reviews.verdicts), str(more)),
        OutputOptions(dry_run=True),
        audit=reviews.path("data.doubt"),
    )
    found = correct_labels(request, now=dt.datetime.now(dt.UTC), progress=Silence())

    assert [line.row_id for line in found.batch.lines] == ["r1", "r4"]


def apply_files(reviews: Reviews, *names: str, **asked: Any) -> ApplyResult:
    """What files of verdicts would change."""
    paths = tuple(reviews.path(name) for name in names)
    where = OutputOptions(dry_run=True)
    request = ApplyRequest(reviews.path("data.csv"), paths, where, audit=reviews.path("data.doubt"), **asked)
    return correct_labels(request, now=dt.datetime.now(dt.UTC), progress=Silence())


def test_one_file_a_person(reviews: Reviews) -> None:
    """Three who keep a label outvote two who correct it, though doccano names nobody."""
    said = {
        "ann": ("pos", []),
        "bob": ("pos", []),
        "cy": ("pos", []),
        "di": ("neg", ["!"]),
        "eve": ("neg", ["?"]),
    }
    for name, (label, comments) in said.items():
        row = {"doubt_id": "r4", "given_label": "pos", "label": [label], "Comments": comments}
        own = {"doubt_id": f"{name}'s", "label": [], "Comments": []}
        (reviews.folder / name).write_text(f"{json.dumps(row)}\n{json.dumps(own)}\n", encoding="utf-8")

    found = apply_files(reviews, *said, confirmed=True)

    assert (found.batch, [one.row_id for one in found.kept]) == (None, ["r4"])


def test_files_that_are_the_same(reviews: Reviews) -> None:
    """Nothing is changed where it hangs on whether they are copies; a file that is named twice is none."""
    for name, label in (("ann", "pos"), ("bob", "pos"), ("cy", "neg"), ("di", "neg")):
        row = {"doubt_id": "r4", "label": [label], "Comments": [] if label == "pos" else [name]}
        (reviews.folder / name).write_text(json.dumps(row) + "\n", encoding="utf-8")

    undecided = apply_files(reviews, "ann", "bob", "cy", confirmed=True)
    decided = apply_files(reviews, "ann", "ann", "cy", "di", confirmed=True)

    assert [one.kind for one in undecided.settled.unapplied] == [UnappliedKind.CONFLICT]
    assert any("the same as another" in note for note in undecided.notes)
    assert [line.row_id for line in decided.batch.lines] == ["r4"]


@pytest.mark.parametrize("on_conflict", [OnConflict.MAJORITY, OnConflict.UNANIMOUS])
def test_first_users_of_two_servers(reviews: Reviews, on_conflict: OnConflict) -> None:
    """Whom two servers call 1 are two people: the newer answer overrides nothing."""
    for name, label, hour in (("one", "pos", 10), ("two", "neg", 11)):
        row = f"r4,{label},1,2026-11-20T{hour}:00:00Z"
        (reviews.folder / name).write_text(f"doubt_id,verdict,annotator,time\n{row}\n", encoding="utf-8")

    found = apply_files(reviews, "one", "two", on_conflict=on_conflict)

    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.CONFLICT]
    with pytest.raises(InputError, match="can't be settled"):
        apply_files(reviews, "one", "two", on_conflict=OnConflict.FAIL)


def test_answers_that_another_file_overrides(reviews: Reviews) -> None:
    """It is told how many."""
    for name, label, hour in (("one", "pos", 10), ("two", "neg", 11)):
        row = f"r4,{label},ann,2026-11-20T{hour}:00:00Z"
        (reviews.folder / name).write_text(f"doubt_id,verdict,annotator,time\n{row}\n", encoding="utf-8")

    found = apply_files(reviews, "one", "two")

    assert [line.new for line in found.batch.lines] == ["neg"]
    assert found.notes == (
        "answers of people who answered again, passed over: 1 (1 of them in another file)",
    )


# ---------------------------------------------------------------- what is not applied


def test_told_and_not_applied(reviews: Reviews) -> None:
    """An unknown id, a label that the file doesn't have, a skipped row: told, and the rest is applied."""
    reviews.decide(
        verdict("r9", "neg"),
        verdict("r1", "mixed"),
        verdict("r3", verdict_status="skip"),
        verdict("r4", "neg"),
    )

    found = reviews.apply("data.csv", "fixed.csv")

    assert {one.row_id: one.kind for one in found.settled.unapplied} == {
        "r9": UnappliedKind.UNKNOWN,
        "r1": UnappliedKind.NEW_LABEL,
        "r3": UnappliedKind.UNDECIDED,
    }
    assert reviews.held()["fixed.csv"] == reviews.fixed


def test_changed_since_the_audit(reviews: Reviews) -> None:
    """In a file that was changed since, rows with other content or labels are told; all others are found."""
    reviews.decide(verdict("r4", "neg"), verdict("r2", "pos"), verdict("r5", "pos"))
    changed = (
        b"id,text,label\nr5,nice,pos\nnew,x,pos\nr4,awful,pos\nr2,other text,neg\nr1,good,pos\nr3,fine,pos\n"
    )
    (reviews.folder / "data.csv").write_bytes(changed)

    found = reviews.apply("data.csv", "fixed.csv")

    assert reviews.held()["fixed.csv"] == changed.replace(b"awful,pos", b"awful,neg")
    assert {one.row_id: one.kind for one in found.settled.unapplied} == {
        "r2": UnappliedKind.CHANGED,
        "r5": UnappliedKind.ALREADY,
    }
    assert any("changed since it was audited" in note for note in found.notes)


def test_conflicts(reviews: Reviews) -> None:
    """Answers that differ leave the row as it is, or are an error where that is asked for."""
    reviews.decide(verdict("r4", "neg", annotator="ann"), verdict("r4", "pos", annotator="bob"))

    found = reviews.apply("data.csv", "fixed.csv")

    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.CONFLICT]
    with pytest.raises(InputError, match="can't be settled"):
        reviews.apply("data.csv", "other.csv", on_conflict=OnConflict.FAIL)
    assert "other.csv" not in reviews.held()


def test_spread(desk: Desk) -> None:
    """A decision holds for rows of the very same input and label where that is asked for."""
    rows = b"text,label\nsame,pos\nsame,pos\nbad,neg\nfine,neg\n"
    (desk.folder / "data.csv").write_bytes(rows)
    one, other, *_ = desk.audit("data.csv")
    desk.verdicts.write_text(f"doubt_id,verdict,doubt_duplicates\n{one.row_id},neg,{other.row_id}\n")

    offered = desk.apply("data.csv", "one.csv")
    desk.apply("data.csv", "both.csv", spread=True)

    assert [decision.row for decision in offered.settled.offered] == [2]
    assert desk.held()["one.csv"] == rows.replace(b"same,pos", b"same,neg", 1)
    assert desk.held()["both.csv"] == rows.replace(b"same,pos", b"same,neg")
    assert desk.ledger("both.csv")[1]["seen_as"] == one.row_id


def test_new_label(reviews: Reviews) -> None:
    """A label that the file doesn't have is written where that is allowed."""
    reviews.decide(verdict("r4", "mixed"))

    found = reviews.apply("data.csv", "fixed.csv", new_labels=True)

    assert reviews.held()["fixed.csv"] == reviews.rows.replace(b"awful,pos", b"awful,mixed")
    assert found.settled.new_labels == ("mixed",)


# ----------------------------------------------------------- what is not done again


def test_edited_back_by_hand(reviews: Reviews) -> None:
    """A label that the ledger says was changed, and that isn't any more, is told and left as it is."""
    reviews.apply("data.csv", in_place=True)
    edited = reviews.rows + b"r9,new,pos\n"
    (reviews.folder / "data.csv").write_bytes(edited)

    found = reviews.apply("data.csv", in_place=True)

    assert [one.row_id for one in found.done_before] == ["r4"]
    assert reviews.held()["data.csv"] == edited


def test_equal_rows_that_change_labels(desk: Desk) -> None:
    """Rows of equal input that swapped their labels don't swap them back when it is applied again."""
    rows = b"text,other,label\nsame,1,pos\nsame,1,neg\nbad,2,neg\nfine,3,pos\n"
    (desk.folder / "data.csv").write_bytes(rows)
    one, other, *_ = desk.audit("data.csv", text=("text",), ignore=("other",))
    desk.decide(
        verdict(one.row_id, "neg", given_label="pos"), verdict(other.row_id, "pos", given_label="neg")
    )
    desk.apply("data.csv", in_place=True)
    swapped = desk.held()

    desk.apply("data.csv", in_place=True)

    assert swapped["data.csv"] == rows.replace(b"1,pos\nsame,1,neg", b"1,neg\nsame,1,pos")
    assert desk.held() == swapped


def test_dropped_row(reviews: Reviews) -> None:
    """A row that was dropped in place is told as done when it is applied again, not as unknown."""
    reviews.decide(verdict("r4", verdict_status="unusable"), verdict("r9", verdict_status="unusable"))
    reviews.apply("data.csv", in_place=True, drop=True)
    dropped = reviews.held()

    found = reviews.apply("data.csv", in_place=True, drop=True)

    assert {one.row_id: one.kind for one in found.settled.unapplied} == {
        "r4": UnappliedKind.ALREADY,
        "r9": UnappliedKind.UNKNOWN,
    }
    assert reviews.held() == dropped


def test_row_that_went_otherwise(reviews: Reviews) -> None:
    """A row that another audit's verdict dropped, or somebody's hand, is not told as done."""
    reviews.decide(verdict("r4", verdict_status="unusable"), verdict("r2", "pos"))
    reviews.apply("data.csv", in_place=True, drop=True)
    reviews.decide(verdict("r4", "neg"), verdict("r5", verdict_status="unusable"))
    (reviews.folder / "data.csv").write_bytes(reviews.rows.replace(b"r4,awful,pos\r\nr5,nice,neg\r\n", b""))

    found = reviews.apply("data.csv", in_place=True, drop=True)

    assert {one.row_id: one.kind for one in found.settled.unapplied} == {
        "r4": UnappliedKind.UNKNOWN,
        "r5": UnappliedKind.UNKNOWN,
    }


def test_dropped_row_of_equal_ones(desk: Desk) -> None:
    """Of rows with equal input only the one that was judged is dropped, however often it is applied."""
    rows = b"text,label\nsame,pos\nsame,pos\nbad,neg\nfine,pos\n"
    (desk.folder / "data.csv").write_bytes(rows)
    one, *_ = desk.audit("data.csv")
    desk.decide(verdict(one.row_id, verdict_status="unusable"))
    desk.apply("data.csv", in_place=True, drop=True)
    dropped = desk.held()

    found = desk.apply("data.csv", in_place=True, drop=True)

    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.ALREADY]
    assert dropped["data.csv"] == b"text,label\nsame,pos\nbad,neg\nfine,pos\n"
    assert desk.held() == dropped
