from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.apply import Request, Where, apply, correct
from doubtcli.errors import InputError, OutputError
from doubtcli.progress import Silence
from doubtcli.records import OnConflict, UnappliedKind

if TYPE_CHECKING:
    from tests.apply.conftest import Desk

ROWS = (
    b"id,text,label\r\n"
    b'r1,good,pos\r\nr2,"bad, really","neg"\r\nr3,fine,pos\r\nr4,awful,pos\r\nr5,nice,neg\r\n'
)
FIXED = ROWS.replace(b"awful,pos", b"awful,neg")


@pytest.fixture
def reviews(desk: Desk) -> Desk:
    """Five rows with ids, the third and the fourth doubted, and a verdict that corrects the fourth."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv", id="id", doubted=["r3", "r4"])
    desk.decide(verdict("r4", "neg", annotator="ann", time="2026-11-20T09:00:00Z", why="sounds angry"))
    return desk


def verdict(row_id: str, label: str = "", **told: str) -> dict[str, str]:
    """What one person said of one row."""
    return {"doubt_id": row_id, "verdict": label} | told


# --------------------------------------------------------------------- it writes


def test_new_file(reviews: Desk) -> None:
    """A new file stands beside the old one, with its ledger, and nothing else; the old one is as it was."""
    before = reviews.held()

    found = reviews.apply("data.csv", "fixed.csv")

    after = reviews.held()
    assert after.keys() - before.keys() == {"fixed.csv", "fixed.csv.ledger.jsonl"}
    assert after | before == after
    assert after["fixed.csv"] == FIXED
    assert (found.output, found.backup, found.is_dry_run) == (reviews.path("fixed.csv"), None, False)


def test_ledger(reviews: Desk) -> None:
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


def test_same_time_same_bytes(reviews: Desk) -> None:
    """The same verdicts on the same file at the same time give the same ledger."""
    reviews.apply("data.csv", "fixed.csv")
    first = reviews.held()
    for name in ("fixed.csv", "fixed.csv.ledger.jsonl"):
        (reviews.folder / name).unlink()

    reviews.apply("data.csv", "fixed.csv")

    assert reviews.held() == first


def test_missing_folder(reviews: Desk) -> None:
    """The folder of the new file is made."""
    reviews.apply("data.csv", "out/fixed.csv")

    assert (reviews.folder / "out" / "fixed.csv").read_bytes() == FIXED


def test_in_place(reviews: Desk) -> None:
    """In place, what the file held is kept beside it."""
    found = reviews.apply("data.csv", in_place=True)

    held = reviews.held()
    assert (held["data.csv"], held["data.csv.bak"]) == (FIXED, ROWS)
    assert found.backup == reviews.path("data.csv.bak")
    assert reviews.ledger("data.csv")[0]["from"] is None


def test_link(reviews: Desk) -> None:
    """In place, a link stays a link: what it leads to is replaced."""
    (reviews.folder / "link.csv").symlink_to("data.csv")

    reviews.apply("link.csv", in_place=True)

    assert (reviews.folder / "link.csv").is_symlink()
    assert reviews.held()["data.csv"] == FIXED


def test_nothing_decided(reviews: Desk) -> None:
    """Where nothing changes, the new file is the old one's copy, and there is no ledger."""
    reviews.decide(verdict("r4", "pos"))

    found = reviews.apply("data.csv", "fixed.csv", waive=False)

    assert reviews.held()["fixed.csv"] == ROWS
    assert "fixed.csv.ledger.jsonl" not in reviews.held()
    assert (found.batch, len(found.kept)) == (None, 1)


def test_dry_run(reviews: Desk) -> None:
    """A dry run tells all that would be done, and writes nothing."""
    before = reviews.held()

    found = reviews.apply("data.csv", dry_run=True)

    assert reviews.held() == before
    assert (found.is_dry_run, found.output) == (True, None)
    assert [(line.row, line.new) for line in found.batch.lines] == [(4, "neg")]


def test_dry_run_in_place(reviews: Desk) -> None:
    """A dry run of what was done in place tells that nothing is left."""
    reviews.apply("data.csv", in_place=True)

    assert reviews.apply("data.csv", dry_run=True, in_place=True).batch is None


def test_drop(reviews: Desk) -> None:
    """Rows judged unusable stay and are told; asked for, they go."""
    reviews.decide(verdict("r2", verdict_status="unusable"), verdict("r4", "neg"))

    stays = reviews.apply("data.csv", "all.csv")
    goes = reviews.apply("data.csv", "some.csv", drop=True)

    assert [one.row_id for one in stays.unusable] == ["r2"]
    assert goes.unusable == ()
    held = reviews.held()
    assert held["all.csv"] == FIXED
    assert held["some.csv"] == FIXED.replace(b'r2,"bad, really","neg"\r\n', b"")
    assert reviews.ledger("some.csv")[0]["record"] == 'r2,"bad, really","neg"\r\n'


def test_quoted_cell(reviews: Desk) -> None:
    """A cell that was quoted stays quoted."""
    reviews.decide(verdict("r2", "pos"))

    reviews.apply("data.csv", "fixed.csv")

    assert reviews.held()["fixed.csv"] == ROWS.replace(b'"neg"', b'"pos"')


def test_several_files_of_verdicts(reviews: Desk) -> None:
    """Files of verdicts count together."""
    more = reviews.folder / "more.jsonl"
    more.write_text(json.dumps({"doubt_id": "r1", "verdict": "neg"}) + "\n")

    request = Request(
        reviews.path("data.csv"),
        (str(reviews.verdicts), str(more)),
        Where(dry_run=True),
        audit=reviews.path("data.doubt"),
    )
    found = apply(request, now=dt.datetime.now(dt.UTC), progress=Silence())

    assert [line.row_id for line in found.batch.lines] == ["r1", "r4"]


# ------------------------------------------------------------------ it does nothing twice


def test_again_with_force(reviews: Desk) -> None:
    """Applied again over its own result, nothing changes, and there is no second batch."""
    reviews.apply("data.csv", "fixed.csv")
    before = reviews.held()

    found = reviews.apply("data.csv", "fixed.csv", force=True)

    assert reviews.held() == before
    assert (found.batch, found.output) == (None, None)


def test_again_in_place(reviews: Desk) -> None:
    """Applied again in place, nothing changes, and the backup is no trouble."""
    reviews.apply("data.csv", in_place=True)
    before = reviews.held()

    found = reviews.apply("data.csv", in_place=True)

    assert reviews.held() == before
    assert found.batch is None
    assert [one.kind for one in found.settled.unapplied] == [UnappliedKind.ALREADY]


def test_after_undo(reviews: Desk) -> None:
    """What was taken back can be applied again, as a batch of its own."""
    reviews.apply("data.csv", "fixed.csv")
    reviews.undo("fixed.csv", in_place=True)
    (reviews.folder / "fixed.csv.bak").unlink()

    reviews.apply("fixed.csv", in_place=True, audit=reviews.path("data.doubt"))

    assert reviews.held()["fixed.csv"] == FIXED
    assert len({line["batch"] for line in reviews.ledger("fixed.csv")}) == 3


def test_edited_back_by_hand(reviews: Desk) -> None:
    """A label that the ledger says was changed, and that isn't any more, is told and left as it is."""
    reviews.apply("data.csv", in_place=True)
    (reviews.folder / "data.csv").write_bytes(ROWS)

    found = reviews.apply("data.csv", in_place=True)

    assert [one.row_id for one in found.done_before] == ["r4"]
    assert reviews.held()["data.csv"] == ROWS


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


def test_dropped_row_of_equal_ones(desk: Desk) -> None:
    """Of rows with equal input only the one that was judged is dropped, however often it is applied."""
    rows = b"text,label\nsame,pos\nsame,pos\nbad,neg\nfine,pos\n"
    (desk.folder / "data.csv").write_bytes(rows)
    one, *_ = desk.audit("data.csv")
    desk.decide(verdict(one.row_id, verdict_status="unusable"))
    desk.apply("data.csv", in_place=True, drop=True)
    dropped = desk.held()

    desk.apply("data.csv", in_place=True, drop=True)

    assert dropped["data.csv"] == b"text,label\nsame,pos\nbad,neg\nfine,pos\n"
    assert desk.held() == dropped


# -------------------------------------------------------------------- what is not applied


def test_told_and_not_applied(reviews: Desk) -> None:
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
    assert reviews.held()["fixed.csv"] == FIXED


def test_changed_since_the_audit(reviews: Desk) -> None:
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


def test_conflicts(reviews: Desk) -> None:
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


def test_new_label(reviews: Desk) -> None:
    """A label that the file doesn't have is written where that is allowed."""
    reviews.decide(verdict("r4", "mixed"))

    found = reviews.apply("data.csv", "fixed.csv", new_labels=True)

    assert reviews.held()["fixed.csv"] == ROWS.replace(b"awful,pos", b"awful,mixed")
    assert found.settled.new_labels == ("mixed",)


# ---------------------------------------------------------------------- what is refused


def check_refused(desk: Desk, error: type[Exception], message: str, *arguments: str, **options: Any) -> Any:
    """Make sure that it is refused, and that nothing is written."""
    before = desk.held()

    with pytest.raises(error, match=message) as caught:
        desk.apply(*arguments, **options)

    assert desk.held() == before
    return caught.value


def test_label_that_the_encoding_lacks(desk: Desk) -> None:
    """A label that the file's encoding can't hold is named, and nothing is written."""
    (desk.folder / "data.csv").write_bytes("text,label\ncafé,pos\nbad,neg\nx,pos\n".encode("latin-1"))
    rows = desk.audit("data.csv")
    desk.decide(verdict(rows[0].row_id, "снег"))

    error = check_refused(
        desk, OutputError, "'снег' can't be written: latin-1 lacks", "data.csv", "fixed.csv", new_labels=True
    )

    assert (error.where, error.row, error.column) == (desk.path("data.csv"), 1, "label")


def test_no_audit(reviews: Desk) -> None:
    """Without an audit beside the file it is said how to name one."""
    (reviews.folder / "other.csv").write_bytes(ROWS)

    error = check_refused(
        reviews, InputError, "no audit beside the file", "other.csv", "fixed.csv", audit=None
    )

    assert error.hint == "name it: --audit FOLDER"


def test_audit_beside_the_file(reviews: Desk) -> None:
    """The audit is found beside the file."""
    reviews.apply("data.csv", "fixed.csv", audit=None)

    assert reviews.held()["fixed.csv"] == FIXED


def test_every_row_dropped(desk: Desk) -> None:
    """A file without rows is none: dropping all of them is refused."""
    (desk.folder / "data.csv").write_bytes(b"text,label\ngood,pos\nbad,neg\n")
    rows = desk.audit("data.csv")
    desk.decide(*(verdict(row.row_id, verdict_status="unusable") for row in rows))

    check_refused(desk, InputError, "every row was judged unusable", "data.csv", "fixed.csv", drop=True)


def test_other_backup(reviews: Desk) -> None:
    """A backup of something else stays, and the file is not written over."""
    (reviews.folder / "data.csv.bak").write_bytes(b"mine")

    check_refused(reviews, OutputError, "a backup of something else", "data.csv", in_place=True)


def test_slip_in_rewriting(reviews: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should rewriting ever change more than labels, nothing is written."""
    honest = correct.rewrite

    def careless(*arguments: Any) -> Any:
        made = honest(*arguments)
        return type(made)(made.content.replace(b"fine", b"wine"), made.n_rows, made.touched)

    monkeypatch.setattr(correct, "rewrite", careless)

    check_refused(
        reviews, OutputError, "without changing more than labels: column 'text'", "data.csv", "fixed.csv"
    )


def test_class_label(desk: Desk) -> None:
    """A ClassLabel's codes stay codes: a class that it lists may be chosen, no other may."""
    names = ["neg", "pos", "mixed"]
    feature = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    table = pa.table(
        {"text": ["good", "bad", "so so"], "label": [1, 0, 1]}, metadata={"huggingface": json.dumps(feature)}
    )
    pq.write_table(table, desk.path("data.parquet"))
    rows = desk.audit("data.parquet")

    desk.decide(verdict(rows[2].row_id, "mixed"))
    desk.apply("data.parquet", "fixed.parquet", new_labels=True)
    desk.decide(verdict(rows[2].row_id, "other"))
    error = check_refused(
        desk, OutputError, "'other' can't be written", "data.parquet", "more.parquet", new_labels=True
    )

    assert pq.read_table(desk.path("fixed.parquet")).column("label").to_pylist() == [1, 0, 2]
    assert desk.ledger("fixed.parquet")[0]["new"] == "mixed"
    assert error.expected == "one of 'neg', 'pos', 'mixed'"
