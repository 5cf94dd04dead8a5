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
import xlsxwriter

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


def verdict(row_id: str, label: str = "", **fields: str) -> dict[str, str]:
    """One person's verdict on one row."""
    return {"doubt_id": row_id, "verdict": label} | fields


# ------------------------------------------------------------------- it is applied


def test_new_file(reviews: Reviews) -> None:
    """A new file and its ledger are written, and nothing else; the old file is unchanged."""
    before = reviews.list_files()

    found = reviews.apply("data.csv", "fixed.csv")

    after = reviews.list_files()
    assert after.keys() - before.keys() == {"fixed.csv", "fixed.csv.ledger.jsonl"}
    assert after | before == after
    assert after["fixed.csv"] == reviews.fixed
    assert (found.output, found.backup, found.is_dry_run) == (reviews.path("fixed.csv"), None, False)


def test_ledger(reviews: Reviews) -> None:
    """The ledger has who changed what, when, where and why, and the old value."""
    reviews.apply("data.csv", "fixed.csv")

    (line,) = reviews.ledger("fixed.csv")
    expected = {
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
    assert {key: line[key] for key in expected} == expected
    assert len(line["audit"]) == 64


def test_same_time_same_bytes(reviews: Reviews) -> None:
    """The same verdicts on the same file at the same time give the same ledger."""
    reviews.apply("data.csv", "fixed.csv")
    first = reviews.list_files()
    for name in ("fixed.csv", "fixed.csv.ledger.jsonl"):
        (reviews.folder / name).unlink()

    reviews.apply("data.csv", "fixed.csv")

    assert reviews.list_files() == first


def test_missing_folder(reviews: Reviews) -> None:
    """The folder of the new file is created."""
    reviews.apply("data.csv", "out/fixed.csv")

    assert (reviews.folder / "out" / "fixed.csv").read_bytes() == reviews.fixed


def test_in_place(reviews: Reviews) -> None:
    """In place, a backup of the file is kept."""
    found = reviews.apply("data.csv", in_place=True)

    held = reviews.list_files()
    assert (held["data.csv"], held["data.csv.bak"]) == (reviews.fixed, reviews.rows)
    assert found.backup == reviews.path("data.csv.bak")
    assert reviews.ledger("data.csv")[0]["from"] is None


def test_in_place_twice(reviews: Reviews) -> None:
    """A second batch in place keeps a second backup, and reports its name."""
    reviews.apply("data.csv", in_place=True)
    reviews.decide(verdict("r3", "neg"))

    found = reviews.apply("data.csv", in_place=True)

    held = reviews.list_files()
    assert held["data.csv"] == reviews.fixed.replace(b"fine,pos", b"fine,neg")
    assert (held["data.csv.bak"], held["data.csv.bak2"]) == (reviews.rows, reviews.fixed)
    assert found.backup == reviews.path("data.csv.bak2")


@pytest.mark.parametrize("restore", [shutil.move, shutil.copy])
def test_in_place_after_the_backup_was_restored(reviews: Reviews, restore: Callable[..., object]) -> None:
    """If somebody has restored the backup, the same verdicts are applied again, as a new batch."""
    reviews.apply("data.csv", in_place=True)
    restore(reviews.path("data.csv.bak"), reviews.path("data.csv"))

    found = reviews.apply("data.csv", in_place=True)

    held = reviews.list_files()
    assert (held["data.csv"], held["data.csv.bak"]) == (reviews.fixed, reviews.rows)
    assert (found.done_before, len(reviews.ledger("data.csv"))) == ((), 2)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_permissions(reviews: Reviews) -> None:
    """Private data stay private: the new file, its ledger, which has whole rows, and the backup."""
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
    """In place, a link stays a link, and its target is replaced."""
    (reviews.folder / "link.csv").symlink_to("data.csv")

    reviews.apply("link.csv", in_place=True)

    assert (reviews.folder / "link.csv").is_symlink()
    assert reviews.list_files()["data.csv"] == reviews.fixed


def test_hard_link(reviews: Reviews) -> None:
    """In place, the other name of a file keeps its old content, and a note says so."""
    (reviews.folder / "other.csv").hardlink_to(reviews.folder / "data.csv")

    found = reviews.apply("data.csv", in_place=True)

    assert reviews.list_files()["data.csv"] == reviews.fixed
    assert reviews.list_files()["other.csv"] == reviews.rows
    assert len(found.notes) == 1


def test_link_is_reported_as_its_target(reviews: Reviews) -> None:
    """For a link, the paths of the target, its ledger and its backup are reported."""
    (reviews.folder / "real").mkdir()
    (reviews.folder / "data.csv").rename(reviews.folder / "real" / "rows.csv")
    (reviews.folder / "link.csv").symlink_to("real/rows.csv")

    found = reviews.apply("link.csv", in_place=True)

    assert found.output == str((reviews.folder / "real" / "rows.csv").resolve())
    assert found.backup == f"{found.output}.bak"
    assert Path(found.backup).read_bytes() == reviews.rows
    undone = reviews.undo("link.csv", in_place=True)
    assert (undone.output, undone.backup) == (found.output, None)
    with pytest.raises(InputError) as caught:
        reviews.undo("link.csv", in_place=True)
    assert caught.value.where == f"{found.output}.ledger.jsonl"


def test_nothing_decided(reviews: Reviews) -> None:
    """Without changes, the new file is a copy of the old one, and there is no ledger."""
    reviews.decide(verdict("r4", "pos"))

    found = reviews.apply("data.csv", "fixed.csv", waive=False)

    assert reviews.list_files()["fixed.csv"] == reviews.rows
    assert "fixed.csv.ledger.jsonl" not in reviews.list_files()
    assert (found.batch, len(found.kept)) == (None, 1)


def test_dry_run(reviews: Reviews) -> None:
    """A dry run reports all changes, and writes nothing."""
    before = reviews.list_files()

    found = reviews.apply("data.csv", dry_run=True)

    assert reviews.list_files() == before
    assert (found.is_dry_run, found.output) == (True, None)
    assert [(line.row, line.new) for line in found.batch.lines] == [(4, "neg")]


def test_dry_run_in_place(reviews: Reviews) -> None:
    """A dry run after a correction in place reports no changes."""
    reviews.apply("data.csv", in_place=True)

    assert reviews.apply("data.csv", dry_run=True, in_place=True).batch is None


def test_drop(reviews: Reviews) -> None:
    """Unusable rows stay and are reported; with --drop, they are dropped."""
    reviews.decide(verdict("r2", verdict_status="unusable"), verdict("r4", "neg"))

    kept = reviews.apply("data.csv", "all.csv")
    dropped = reviews.apply("data.csv", "some.csv", drop=True)

    assert [one.row_id for one in kept.unusable] == ["r2"]
    assert dropped.unusable == ()
    held = reviews.list_files()
    assert held["all.csv"] == reviews.fixed
    assert held["some.csv"] == reviews.fixed.replace(b'r2,"bad, really","neg"\r\n', b"")
    assert reviews.ledger("some.csv")[0]["record"] == 'r2,"bad, really","neg"\r\n'


def test_quoted_cell(reviews: Reviews) -> None:
    """A cell that was quoted stays quoted."""
    reviews.decide(verdict("r2", "pos"))

    reviews.apply("data.csv", "fixed.csv")

    assert reviews.list_files()["fixed.csv"] == reviews.rows.replace(b'"neg"', b'"pos"')


# ----------------------------------------------------------------- it is applied again


def test_again_with_force(reviews: Reviews) -> None:
    """Applying again to the same new file changes nothing, and makes no second batch."""
    reviews.apply("data.csv", "fixed.csv")
    before = reviews.list_files()

    found = reviews.apply("data.csv", "fixed.csv", force=True)

    assert reviews.list_files() == before
    assert (found.batch, found.output) == (None, None)


def test_again_in_place(reviews: Reviews) -> None:
    """Applying again in place changes nothing, even with a backup."""
    reviews.apply("data.csv", in_place=True)
    before = reviews.list_files()

    found = reviews.apply("data.csv", in_place=True)

    assert reviews.list_files() == before
    assert found.batch is None
    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.ALREADY]


def test_after_undo(reviews: Reviews) -> None:
    """After an undo, verdicts can be applied again, as a new batch."""
    reviews.apply("data.csv", "fixed.csv")
    reviews.undo("fixed.csv", in_place=True)
    (reviews.folder / "fixed.csv.bak").unlink()

    reviews.apply("fixed.csv", in_place=True, audit=reviews.path("data.doubt"))

    assert reviews.list_files()["fixed.csv"] == reviews.fixed
    assert len({line["batch"] for line in reviews.ledger("fixed.csv")}) == 3


def test_written_again_without_changes(reviews: Reviews, sentences: Any) -> None:
    """If a file with a ledger is written again without changes, its ledger is set aside."""
    reviews.apply("data.csv", "fixed.csv")
    ledger = reviews.list_files()["fixed.csv.ledger.jsonl"]
    reviews.decide(verdict("r4", "pos"))

    found = reviews.apply("data.csv", "fixed.csv", force=True, waive=False)

    held = reviews.list_files()
    assert held["fixed.csv"] == reviews.rows
    assert held["fixed.csv.ledger.jsonl.old"] == ledger
    assert "fixed.csv.ledger.jsonl" not in held
    (note,) = found.notes
    sentences.check(note.replace(str(reviews.folder), "folder"))
    with pytest.raises(InputError) as caught:
        reviews.undo("fixed.csv", in_place=True)
    assert caught.value.where == reviews.path("fixed.csv.ledger.jsonl")


def test_missing_ledger(reviews: Reviews) -> None:
    """A corrected file without a ledger gets one again."""
    reviews.apply("data.csv", "fixed.csv")
    before = reviews.list_files()
    (reviews.folder / "fixed.csv.ledger.jsonl").unlink()

    found = reviews.apply("data.csv", "fixed.csv", force=True)

    assert reviews.list_files() == before
    assert found.batch is not None


def test_written_again_over_an_earlier_result(reviews: Reviews) -> None:
    """A note says which earlier changes are lost, also in a dry run."""
    first = reviews.apply("data.csv", "fixed.csv")
    reviews.decide(verdict("r3", "neg"))

    would = reviews.apply("data.csv", "fixed.csv", dry_run=True)
    found = reviews.apply("data.csv", "fixed.csv", force=True)

    assert reviews.list_files()["fixed.csv"] == reviews.rows.replace(b"fine,pos", b"fine,neg")
    for one in (found, would):
        (note,) = one.notes
        assert note.startswith(f"1 label of batch {first.batch.id} ")
        assert reviews.path("data.csv") in note


def test_built_on_an_earlier_result(reviews: Reviews) -> None:
    """There is no such note in place, or if the earlier verdicts are applied again."""
    reviews.apply("data.csv", "fixed.csv")
    reviews.decide(verdict("r3", "neg"), verdict("r4", "neg"))

    again = reviews.apply("data.csv", "fixed.csv", force=True)
    reviews.decide(verdict("r5", "pos"))
    on_top = reviews.apply("fixed.csv", in_place=True)

    assert again.notes == ()
    assert all("batch" not in note for note in on_top.notes)


# ---------------------------------------------------------------------- what is refused


def test_no_file(reviews: Reviews) -> None:
    """A missing data file is reported, with a similar name, before its audit is searched for."""
    error = reviews.check_refused(InputError, "dat.csv", "fixed.csv", audit=None)

    assert error.where == reviews.path("dat.csv")
    assert reviews.path("data.csv") in error.hint


def test_standard_input(reviews: Reviews) -> None:
    """Standard input can't be rewritten."""
    request = ApplyRequest(
        "-", (str(reviews.verdicts),), OutputOptions(reviews.path("o.csv")), reviews.path("data.doubt")
    )

    with pytest.raises(InputError) as caught:
        correct_labels(request, now=NOW, progress=Silence())

    assert caught.value.where == "standard input"


def test_faster_run(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another run has written meanwhile is not replaced."""
    honest = pipeline.read_labelled

    def slow(*arguments: Any) -> Any:
        (reviews.folder / "fixed.csv").write_bytes(b"theirs")
        return honest(*arguments)

    monkeypatch.setattr(pipeline, "read_labelled", slow)

    with pytest.raises(OutputError) as caught:
        reviews.apply("data.csv", "fixed.csv")

    assert caught.value.where == reviews.path("fixed.csv")
    assert reviews.list_files()["fixed.csv"] == b"theirs"


@pytest.mark.parametrize("options", [{"in_place": True}, {}])
def test_ledger_without_room(
    reviews: Reviews, monkeypatch: pytest.MonkeyPatch, options: dict[str, bool]
) -> None:
    """If there is no space for the ledger, nothing is changed, and the error names the ledger."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    names = ("data.csv",) if options else ("data.csv", "fixed.csv")
    (reviews.folder / "data.csv.bak").write_bytes(reviews.rows)
    monkeypatch.setattr(commit, "append_lines", refuse)

    error = reviews.check_refused(OutputError, *names, **options)

    assert error.where == reviews.path(f"{names[-1]}.ledger.jsonl")


def test_no_folder_after_an_error(reviews: Reviews) -> None:
    """After an error, no folder is left."""
    reviews.check_refused(SettingsError, "data.csv", "out/fixed.parquet")

    assert not (reviews.folder / "out").exists()


# ---------------------------------------------------------------------------- other runs


def is_free(folder: Path) -> bool:
    """Whether no run has locked a folder."""
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
    """The folder of the waivers is locked while they are read and written, wherever it is."""
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


def test_faster_run_at_the_end(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is written by another program at the last moment is not replaced either."""
    honest = pipeline.rewrite_file

    def slow(*arguments: Any, **options: Any) -> Any:
        (reviews.folder / "fixed.csv").write_bytes(b"theirs")
        return honest(*arguments, **options)

    monkeypatch.setattr(pipeline, "rewrite_file", slow)

    with pytest.raises(OutputError) as caught:
        reviews.apply("data.csv", "fixed.csv")

    assert caught.value.where == reviews.path("fixed.csv")
    assert reviews.list_files()["fixed.csv"] == b"theirs"


# ------------------------------------------------------------------------- its input


def test_no_audit(reviews: Reviews, sentences: Any) -> None:
    """Without an audit next to the file, the error says how to name one."""
    (reviews.folder / "other.csv").write_bytes(reviews.rows)

    error = reviews.check_refused(InputError, "other.csv", "fixed.csv", audit=None)

    assert error.where == reviews.path("other.doubt")
    sentences.check(error)


def test_audit_next_to_the_file(reviews: Reviews) -> None:
    """The audit next to the file is found."""
    reviews.apply("data.csv", "fixed.csv", audit=None)

    assert reviews.list_files()["fixed.csv"] == reviews.fixed


def test_several_files_of_verdicts(reviews: Reviews) -> None:
    """Several files of verdicts count together."""
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


def apply_files(reviews: Reviews, *names: str, **options: Any) -> ApplyResult:
    """What files of verdicts would change."""
    paths = tuple(reviews.path(name) for name in names)
    where = OutputOptions(dry_run=True)
    request = ApplyRequest(
        reviews.path("data.csv"), paths, where, audit=reviews.path("data.doubt"), **options
    )
    return correct_labels(request, now=dt.datetime.now(dt.UTC), progress=Silence())


def test_one_file_for_each_person(reviews: Reviews) -> None:
    """Three people who keep a label outvote two who correct it, although doccano names nobody."""
    answers = {
        "ann": ("pos", []),
        "bob": ("pos", []),
        "cy": ("pos", []),
        "di": ("neg", ["!"]),
        "eve": ("neg", ["?"]),
    }
    for name, (label, comments) in answers.items():
        row = {"doubt_id": "r4", "given_label": "pos", "label": [label], "Comments": comments}
        own = {"doubt_id": f"{name}'s", "label": [], "Comments": []}
        (reviews.folder / name).write_text(f"{json.dumps(row)}\n{json.dumps(own)}\n", encoding="utf-8")

    found = apply_files(reviews, *answers, confirmed=True)

    assert (found.batch, [one.row_id for one in found.kept]) == (None, ["r4"])


def test_equal_files(reviews: Reviews) -> None:
    """If the majority depends on whether they are copies, nothing changes; a file named twice counts once."""
    for name, label in (("ann", "pos"), ("bob", "pos"), ("cy", "neg"), ("di", "neg")):
        row = {"doubt_id": "r4", "label": [label], "Comments": [] if label == "pos" else [name]}
        (reviews.folder / name).write_text(json.dumps(row) + "\n", encoding="utf-8")

    undecided = apply_files(reviews, "ann", "bob", "cy", confirmed=True)
    decided = apply_files(reviews, "ann", "ann", "cy", "di", confirmed=True)

    assert [one.kind for one in undecided.settled.unapplied] == [UnappliedKind.CONFLICT]
    assert any(repr(reviews.path("bob")) in note for note in undecided.notes)
    assert [line.row_id for line in decided.batch.lines] == ["r4"]


@pytest.mark.parametrize("on_conflict", [OnConflict.MAJORITY, OnConflict.UNANIMOUS])
def test_first_users_of_two_servers(reviews: Reviews, on_conflict: OnConflict) -> None:
    """User 1 of two servers are two people: the newer answer does not override the other."""
    for name, label, hour in (("one", "pos", 10), ("two", "neg", 11)):
        row = f"r4,{label},1,2026-11-20T{hour}:00:00Z"
        (reviews.folder / name).write_text(f"doubt_id,verdict,annotator,time\n{row}\n", encoding="utf-8")

    found = apply_files(reviews, "one", "two", on_conflict=on_conflict)

    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.CONFLICT]
    with pytest.raises(InputError):
        apply_files(reviews, "one", "two", on_conflict=OnConflict.FAIL)


def test_answers_that_another_file_overrides(reviews: Reviews) -> None:
    """A note counts them."""
    for name, label, hour in (("one", "pos", 10), ("two", "neg", 11)):
        row = f"r4,{label},ann,2026-11-20T{hour}:00:00Z"
        (reviews.folder / name).write_text(f"doubt_id,verdict,annotator,time\n{row}\n", encoding="utf-8")

    found = apply_files(reviews, "one", "two")

    assert [line.new for line in found.batch.lines] == ["neg"]
    (note,) = found.notes
    assert ": 1 (1 " in note


# ---------------------------------------------------------------- what is not applied


def test_reported_and_not_applied(reviews: Reviews) -> None:
    """An unknown id, an unknown label and a skipped row are reported, and the rest is applied."""
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
    assert reviews.list_files()["fixed.csv"] == reviews.fixed


def test_changed_since_the_audit(reviews: Reviews, sentences: Any) -> None:
    """In a file that has changed since, changed rows are reported, and all others are corrected."""
    reviews.decide(verdict("r4", "neg"), verdict("r2", "pos"), verdict("r5", "pos"))
    changed = (
        b"id,text,label\nr5,nice,pos\nnew,x,pos\nr4,awful,pos\nr2,other text,neg\nr1,good,pos\nr3,fine,pos\n"
    )
    (reviews.folder / "data.csv").write_bytes(changed)

    found = reviews.apply("data.csv", "fixed.csv")

    assert reviews.list_files()["fixed.csv"] == changed.replace(b"awful,pos", b"awful,neg")
    assert {one.row_id: one.kind for one in found.settled.unapplied} == {
        "r2": UnappliedKind.CHANGED,
        "r5": UnappliedKind.ALREADY,
    }
    (note,) = found.notes
    sentences.check(note)


def test_conflicts(reviews: Reviews) -> None:
    """A row on which people disagree is unchanged; with --on-conflict fail, it is an error."""
    reviews.decide(verdict("r4", "neg", annotator="ann"), verdict("r4", "pos", annotator="bob"))

    found = reviews.apply("data.csv", "fixed.csv")

    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.CONFLICT]
    with pytest.raises(InputError):
        reviews.apply("data.csv", "other.csv", on_conflict=OnConflict.FAIL)
    assert "other.csv" not in reviews.list_files()


def test_spread(desk: Desk) -> None:
    """With --spread, a decision also holds for rows of the same input and label."""
    rows = b"text,label\nsame,pos\nsame,pos\nbad,neg\nfine,neg\n"
    (desk.folder / "data.csv").write_bytes(rows)
    one, other, *_ = desk.audit("data.csv")
    desk.verdicts.write_text(f"doubt_id,verdict,doubt_duplicates\n{one.row_id},neg,{other.row_id}\n")

    offered = desk.apply("data.csv", "one.csv")
    desk.apply("data.csv", "both.csv", spread=True)

    assert [decision.row for decision in offered.settled.offered] == [2]
    assert desk.list_files()["one.csv"] == rows.replace(b"same,pos", b"same,neg", 1)
    assert desk.list_files()["both.csv"] == rows.replace(b"same,pos", b"same,neg")
    assert desk.ledger("both.csv")[1]["seen_as"] == one.row_id


def test_new_label(reviews: Reviews) -> None:
    """With --new-labels, a label that the file does not have is written."""
    reviews.decide(verdict("r4", "mixed"))

    found = reviews.apply("data.csv", "fixed.csv", new_labels=True)

    assert reviews.list_files()["fixed.csv"] == reviews.rows.replace(b"awful,pos", b"awful,mixed")
    assert found.settled.new_labels == ("mixed",)


# ------------------------------------------------------------ what was done before


def test_edited_back_by_hand(reviews: Reviews) -> None:
    """A label that was changed, and then edited back, is reported and left as it is."""
    reviews.apply("data.csv", in_place=True)
    edited = reviews.rows + b"r9,new,pos\n"
    (reviews.folder / "data.csv").write_bytes(edited)

    found = reviews.apply("data.csv", in_place=True)

    assert [one.row_id for one in found.done_before] == ["r4"]
    assert reviews.list_files()["data.csv"] == edited


def test_equal_rows_that_swap_labels(desk: Desk) -> None:
    """Rows of equal input that swapped labels don't swap them back when verdicts are applied again."""
    rows = b"text,other,label\nsame,1,pos\nsame,1,neg\nbad,2,neg\nfine,3,pos\n"
    (desk.folder / "data.csv").write_bytes(rows)
    one, other, *_ = desk.audit("data.csv", text=("text",), ignore=("other",))
    desk.decide(
        verdict(one.row_id, "neg", given_label="pos"), verdict(other.row_id, "pos", given_label="neg")
    )
    desk.apply("data.csv", in_place=True)
    swapped = desk.list_files()

    desk.apply("data.csv", in_place=True)

    assert swapped["data.csv"] == rows.replace(b"1,pos\nsame,1,neg", b"1,neg\nsame,1,pos")
    assert desk.list_files() == swapped


def test_dropped_row(reviews: Reviews) -> None:
    """A row that was dropped in place is reported as done, not as unknown."""
    reviews.decide(verdict("r4", verdict_status="unusable"), verdict("r9", verdict_status="unusable"))
    reviews.apply("data.csv", in_place=True, drop=True)
    dropped = reviews.list_files()

    found = reviews.apply("data.csv", in_place=True, drop=True)

    assert {one.row_id: one.kind for one in found.settled.unapplied} == {
        "r4": UnappliedKind.ALREADY,
        "r9": UnappliedKind.UNKNOWN,
    }
    assert reviews.list_files() == dropped


def test_row_that_was_removed_otherwise(reviews: Reviews) -> None:
    """A row that was removed by hand, or for another verdict, is not reported as done."""
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
    """Of several equal rows, only the judged one is dropped, also when verdicts are applied again."""
    rows = b"text,label\nsame,pos\nsame,pos\nbad,neg\nfine,pos\n"
    (desk.folder / "data.csv").write_bytes(rows)
    one, *_ = desk.audit("data.csv")
    desk.decide(verdict(one.row_id, verdict_status="unusable"))
    desk.apply("data.csv", in_place=True, drop=True)
    dropped = desk.list_files()

    found = desk.apply("data.csv", in_place=True, drop=True)

    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.ALREADY]
    assert dropped["data.csv"] == b"text,label\nsame,pos\nbad,neg\nfine,pos\n"
    assert desk.list_files() == dropped


@pytest.fixture
def book(desk: Desk) -> Desk:
    """A folder with a workbook of three rows below a title, and a verdict that corrects the second."""
    with xlsxwriter.Workbook(desk.path("data.xlsx")) as made:
        sheet = made.add_worksheet("May")
        sheet.write(0, 0, "Reviews of May")
        for number, row in enumerate(
            (["id", "text", "label"], ["007", 'so "so"', "pos"], ["008", "bad, bad", "pos"])
        ):
            sheet.write_row(number + 1, 0, row)
        sheet.write_row(4, 0, ["009", 3.5, "neg"])
    desk.audit("data.xlsx", id="id")
    desk.decide(verdict("008", "neg"))
    return desk


BOOK_ROWS = 'id,text,label\n007,"so ""so""",pos\n008,"bad, bad",pos\n009,3.5,neg\n'


def test_workbook_is_corrected_as_csv(book: Desk, sentences: Any) -> None:
    """The corrected file of a workbook is CSV with every value of its table; an undo gives that back."""
    before = book.list_files()["data.xlsx"]

    applied = book.apply("data.xlsx", "fixed.csv")
    book.undo("fixed.csv", "undone.csv")

    assert book.list_files()["fixed.csv"].decode() == BOOK_ROWS.replace('"bad, bad",pos', '"bad, bad",neg')
    assert book.list_files()["undone.csv"].decode() == BOOK_ROWS
    assert book.list_files()["data.xlsx"] == before
    (line,) = (line for line in book.ledger("fixed.csv") if line.get("row_id"))
    assert (line["row"], line["old"], line["new"]) == (2, "pos", "neg")
    sentences.check(applied.notes[0].replace(f"{book.folder}/", ""))


def test_workbook_without_changes(book: Desk) -> None:
    """If no label changes, the new file has the table as it is."""
    book.decide(verdict("008", "pos"))

    book.apply("data.xlsx", "fixed.csv")

    assert book.list_files()["fixed.csv"].decode() == BOOK_ROWS


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("data.xlsx",), {"in_place": True}),
        (("data.xlsx", "fixed.xlsx"), {}),
        (("data.xlsx", "fixed.parquet"), {}),
    ],
    ids=["in place", "as a workbook", "as another format"],
)
def test_workbook_is_not_rewritten(
    book: Desk, names: tuple[str, ...], options: dict[str, bool], sentences: Any
) -> None:
    """A workbook is never written; the error has a name for a CSV file."""
    error = book.check_refused(SettingsError, *names, **options)

    for name in ("found", "hint"):
        setattr(error, name, getattr(error, name).replace(f"{book.folder}/", ""))
    sentences.check(error)


def test_corrected_file_of_a_workbook_takes_verdicts(book: Desk) -> None:
    """Rows of the new file are those that were audited: further verdicts can be applied to it."""
    book.apply("data.xlsx", "fixed.csv")
    book.decide(verdict("009", "pos"))

    applied = book.apply("fixed.csv", "again.csv")

    assert [one.row_id for one in applied.settled.decisions] == ["009"]
    assert book.list_files()["again.csv"].decode().count("neg") == 1
