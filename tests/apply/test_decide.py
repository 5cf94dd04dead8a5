from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.apply.target import OutputOptions
from doubtcli.errors import InputError
from doubtcli.pipelines.apply import ApplyRequest, apply_verdicts
from doubtcli.progress import Silence
from doubtcli.records import OnConflict, UnappliedKind

if TYPE_CHECKING:
    from doubtcli.apply.ledger import ApplyResult
    from tests.apply.conftest import Desk, Reviews


def verdict(row_id: str, label: str = "", **told: str) -> dict[str, str]:
    """What one person said of one row."""
    return {"doubt_id": row_id, "verdict": label} | told


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
    found = apply_verdicts(request, now=dt.datetime.now(dt.UTC), progress=Silence())

    assert [line.row_id for line in found.batch.lines] == ["r1", "r4"]


def apply_files(reviews: Reviews, *names: str, **asked: Any) -> ApplyResult:
    """What files of verdicts would change."""
    paths = tuple(reviews.path(name) for name in names)
    where = OutputOptions(dry_run=True)
    request = ApplyRequest(reviews.path("data.csv"), paths, where, audit=reviews.path("data.doubt"), **asked)
    return apply_verdicts(request, now=dt.datetime.now(dt.UTC), progress=Silence())


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
