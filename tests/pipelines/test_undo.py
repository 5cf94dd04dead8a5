from __future__ import annotations

import errno
import gzip
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.pipelines import undo as undo_module
from doubtcli.pipelines.undo import read_log, undo_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import Desk

ROWS = b"id,text,label\nr1,good,pos\n\nr2,bad,neg\nr3,fine,pos\nr4,awful,pos\nr5,nice,neg\n"
FIRST = ROWS.replace(b"awful,pos", b"awful,neg").replace(b"\nr2,bad,neg\n", b"")
SECOND = FIRST.replace(b"nice,neg", b"nice,pos")


@pytest.fixture
def twice(desk: Desk) -> Desk:
    """A file to which verdicts were applied twice: rows 2 and 4 first, then row 5."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"}, {"doubt_id": "r2", "verdict_status": "unusable"})
    desk.apply("data.csv", "fixed.csv", drop=True)
    desk.decide({"doubt_id": "r5", "verdict": "pos"})
    desk.apply("fixed.csv", in_place=True)
    (desk.folder / "fixed.csv.bak").unlink()
    return desk


def batches(desk: Desk, name: str = "fixed.csv") -> list[str]:
    """The ids of the batches of a file, oldest first."""
    return [batch.id for batch in read_log(desk.path(name))]


# ------------------------------------------------------------------- it takes back


def test_last_batch(twice: Desk) -> None:
    """The last batch is taken back; what the file held is kept beside it."""
    found = twice.undo("fixed.csv", in_place=True)

    assert twice.held()["fixed.csv"] == FIRST
    assert twice.held()["fixed.csv.bak"] == SECOND
    assert (found.undone.id, found.backup) == (batches(twice)[1], twice.path("fixed.csv.bak"))


def test_all_of_them(twice: Desk) -> None:
    """One after the other, all batches are taken back, to the byte; then nothing is left."""
    twice.undo("fixed.csv", in_place=True)
    (twice.folder / "fixed.csv.bak").unlink()
    twice.undo("fixed.csv", in_place=True)

    assert twice.held()["fixed.csv"] == ROWS
    with pytest.raises(InputError, match="nothing is in effect"):
        twice.undo("fixed.csv", in_place=True)


def test_earlier_batch(twice: Desk) -> None:
    """An earlier batch is taken back by its id, and the later one stays."""
    twice.undo("fixed.csv", in_place=True, batch=batches(twice)[0])

    assert twice.held()["fixed.csv"] == ROWS.replace(b"nice,neg", b"nice,pos")


def test_undo_of_an_undo(twice: Desk) -> None:
    """Taking an undo back applies the batch again, dropped rows and all."""
    first = batches(twice)[0]
    made = twice.undo("fixed.csv", in_place=True, batch=first)
    (twice.folder / "fixed.csv.bak").unlink()

    twice.undo("fixed.csv", in_place=True, batch=made.batch.id)

    assert twice.held()["fixed.csv"] == SECOND
    assert batches(twice)[:3] == [*batches(twice)[:2], made.batch.id]


def test_new_file(twice: Desk) -> None:
    """Into a new file, the old one and its ledger stay; the new one has a ledger of its own."""
    before = twice.held()

    twice.undo("fixed.csv", "back.csv", batch=batches(twice)[0])
    again = twice.undo("back.csv", "again.csv", batch=batches(twice, "back.csv")[0])

    held = twice.held()
    assert held | before == held
    assert held["back.csv"] == ROWS.replace(b"nice,neg", b"nice,pos")
    assert held["again.csv"] == SECOND
    assert again.output == twice.path("again.csv")
    assert twice.ledger("back.csv")[0]["from"] == twice.path("fixed.csv")


def test_dry_run(twice: Desk) -> None:
    """A dry run tells what would be taken back, and writes nothing."""
    before = twice.held()

    found = twice.undo("fixed.csv", dry_run=True)

    assert twice.held() == before
    assert [(line.row, line.old, line.new) for line in found.batch.lines] == [(4, "pos", "neg")]
    assert found.output is None


def test_backup_that_it_becomes(desk: Desk) -> None:
    """A backup that holds what the file becomes again is no trouble: nothing is lost."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"})
    desk.apply("data.csv", in_place=True)

    found = desk.undo("data.csv", in_place=True)

    assert (desk.held()["data.csv"], desk.held()["data.csv.bak"]) == (ROWS, ROWS)
    assert found.backup is None


def test_packed_backup_that_it_becomes(desk: Desk) -> None:
    """What was applied in place to a packed file is taken back at once, though it is packed otherwise now."""
    (desk.folder / "data.csv.gz").write_bytes(gzip.compress(ROWS, 1))
    desk.audit("data.csv.gz", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"})
    desk.apply("data.csv.gz", in_place=True)

    found = desk.undo("data.csv.gz", in_place=True)

    assert gzip.decompress(desk.held()["data.csv.gz"]) == ROWS
    assert found.backup is None
    assert "data.csv.gz.bak2" not in desk.held()


def test_other_backup(twice: Desk) -> None:
    """Where something else has the backup's name, the next free one is taken, and told."""
    (twice.folder / "fixed.csv.bak").write_bytes(b"mine")

    found = twice.undo("fixed.csv", in_place=True)

    assert twice.held()["fixed.csv.bak"] == b"mine"
    assert twice.held()["fixed.csv.bak2"] == SECOND
    assert found.backup == twice.path("fixed.csv.bak2")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_rights(twice: Desk) -> None:
    """A new file and its ledger may be read by whoever may read the old file."""
    (twice.folder / "fixed.csv").chmod(0o600)

    twice.undo("fixed.csv", "back.csv")

    made = [(twice.folder / name).stat().st_mode & 0o777 for name in ("back.csv", "back.csv.ledger.jsonl")]
    assert made == [0o600, 0o600]


def test_folder_that_cannot_be_written(twice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder that can't be written to, batches are listed, looked at, and taken back elsewhere."""
    source = twice.folder / "fixed.csv"
    (twice.folder / "out").mkdir()

    def refused(step: str) -> Callable[..., Any]:
        honest = getattr(Path, step)

        def step_elsewhere(path: Path, *arguments: Any, **options: Any) -> Any:
            if path.parent == source.parent:
                raise OSError(errno.EROFS, "Read-only file system")
            return honest(path, *arguments, **options)

        return step_elsewhere

    for step in ("unlink", "rename", "replace", "touch", "chmod"):
        monkeypatch.setattr(Path, step, refused(step))

    assert len(read_log(str(source))) == 2
    assert twice.undo("fixed.csv", dry_run=True).output is None
    twice.undo("fixed.csv", "out/back.csv")
    assert (twice.folder / "out" / "back.csv").read_bytes() == FIRST


def test_other_rows_were_edited(twice: Desk) -> None:
    """What was edited on other rows stays."""
    path = twice.folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(b"fine,pos", b"finest,neg"))

    twice.undo("fixed.csv", in_place=True)

    assert path.read_bytes() == FIRST.replace(b"fine,pos", b"finest,neg")


def test_packed(desk: Desk) -> None:
    """A packed file is packed again."""
    (desk.folder / "data.csv.gz").write_bytes(gzip.compress(ROWS))
    desk.audit("data.csv.gz", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"})
    desk.apply("data.csv.gz", "fixed.csv.gz")

    desk.undo("fixed.csv.gz", "back.csv.gz")

    assert gzip.decompress(desk.held()["back.csv.gz"]) == ROWS


def test_parquet(desk: Desk) -> None:
    """A Parquet file gets its values back, categories and all."""
    labels = pa.array(["pos", "neg", "pos", "neg"]).dictionary_encode()
    table = pa.table({"text": ["good", "bad", "fine", None], "label": labels}, metadata={"mine": "kept"})
    pq.write_table(table, desk.path("data.parquet"))
    rows = desk.audit("data.parquet")
    desk.decide(
        {"doubt_id": rows[0].row_id, "verdict": "mixed"},
        {"doubt_id": rows[3].row_id, "verdict_status": "unusable"},
    )
    desk.apply("data.parquet", "fixed.parquet", new_labels=True, drop=True)

    desk.undo("fixed.parquet", "back.parquet")

    back = pq.read_table(desk.path("back.parquet"))
    assert back.to_pylist() == table.to_pylist()
    assert back.schema.equals(pq.read_schema(desk.path("data.parquet")), check_metadata=True)


# -------------------------------------------------------------------- it does not


def check_refused(desk: Desk, message: str, error: type[Exception] = InputError, **options: Any) -> Any:
    """Make sure that nothing is taken back."""
    before = desk.held()

    with pytest.raises(error, match=message) as caught:
        desk.undo("fixed.csv", **{"in_place": True} | options)

    assert desk.held() == before
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"nice,pos", b"nice,neg", r"edited since batch \w+: row 4 \('r5'\): its label"),
        (b"nice,pos", b"nicer,pos", r"edited since batch \w+: row 4 \('r5'\): what stands beside its label"),
        (b"r5,nice,pos\n", b"", "edited since batch .*: it has 3 rows"),
        (b"label", b"class", "the column of the labels is gone"),
        (b"id,text,label", b"label,text,id", "the column of the labels is gone, or stands elsewhere"),
        (b"\n", b",z\n", "columns came or went since: it has 4 of them"),
        (b"\n", b",\n", "these have no name: 4"),
    ],
    ids=["label", "text", "row", "column", "order of columns", "one more column", "no name"],
)
def test_edited_since(twice: Desk, old: bytes, new: bytes, message: str) -> None:
    """A row that was edited since, or a file in which it can't be found, is a conflict: nothing is done."""
    path = twice.folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(old, new))

    error = check_refused(twice, message)

    assert error.where == twice.path("fixed.csv")


def test_written_in_another_encoding(twice: Desk) -> None:
    """Where it is written in another encoding by now, no option is advised that there is not."""
    path = twice.folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(b"good", "göod".encode("latin-1")))

    error = check_refused(twice, "is not utf-8")

    assert error.hint == (
        "nothing was taken back: write it again as it was, in utf-8, or edit the labels by hand"
    )


def test_later_batch_on_the_same_row(twice: Desk) -> None:
    """A row that a later batch changed again is a conflict, too: that batch is named."""
    twice.decide({"doubt_id": "r4", "verdict": "pos"})
    twice.audit("fixed.csv", id="id")
    twice.apply("fixed.csv", in_place=True)
    (twice.folder / "fixed.csv.bak").unlink()

    first, _, third = batches(twice)
    error = check_refused(twice, f"batch {third} came after batch {first}, and changed rows", batch=first)

    assert error.hint == f"take that one back first: --batch {third}"
    twice.undo("fixed.csv", in_place=True, batch=third)
    twice.undo("fixed.csv", in_place=True, batch=first)


def test_rows_moved_by_a_later_batch(twice: Desk) -> None:
    """Before a batch after which rows moved, none is taken back."""
    twice.decide({"doubt_id": "r1", "verdict_status": "unusable"})
    twice.apply("fixed.csv", in_place=True, drop=True)
    (twice.folder / "fixed.csv.bak").unlink()

    error = check_refused(twice, "dropped rows", batch=batches(twice)[0])

    assert error.hint == f"take that one back first: --batch {batches(twice)[2]}"


def test_file_made_anew(twice: Desk) -> None:
    """What was applied before the file was made anew is no longer in it."""
    first = batches(twice)[0]
    twice.decide({"doubt_id": "r3", "verdict": "neg"})
    twice.apply("data.csv", "fixed.csv", force=True)

    check_refused(twice, "made anew", batch=first)


def test_no_ledger(desk: Desk) -> None:
    """Where nothing was applied there is nothing to take back, or to list."""
    (desk.folder / "fixed.csv").write_bytes(ROWS)

    error = check_refused(desk, "there is no ledger")

    assert error.where == desk.path("fixed.csv.ledger.jsonl")
    with pytest.raises(InputError, match="there is no ledger"):
        read_log(desk.path("fixed.csv"))


def test_ledger_that_was_changed(twice: Desk) -> None:
    """A ledger by which the file would not become what it was is told, not followed."""
    path = twice.folder / "fixed.csv.ledger.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[-1]["old_cell"] = "pos,x" if lines[-1]["old_cell"] == "pos" else "pox"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    check_refused(twice, "would not give the file as it was", OutputError)


def test_no_file(twice: Desk) -> None:
    """A file that isn't there is told so, with what is called nearly so; its ledger may still be listed."""
    with pytest.raises(InputError, match="no such file") as listed:
        read_log(twice.path("fixd.csv"))
    with pytest.raises(InputError, match="no such file"):
        twice.undo("fixd.csv", in_place=True)
    (twice.folder / "fixed.csv").unlink()

    assert listed.value.where == twice.path("fixd.csv")
    assert twice.path("fixed.csv") in str(listed.value.hint)
    assert len(read_log(twice.path("fixed.csv"))) == 2
    with pytest.raises(InputError, match="no such file"):
        twice.undo("fixed.csv", "back.csv")


@pytest.mark.parametrize("n_lost", [1, 9], ids=["a whole line", "the end of a line"])
def test_ledger_that_lost_lines(desk: Desk, n_lost: int) -> None:
    """Of a batch whose last line is lost nothing is taken back, and the list says that it is not whole."""
    (desk.folder / "fixed.csv").write_bytes(ROWS)
    desk.audit("fixed.csv", id="id")
    desk.decide(*({"doubt_id": row_id, "verdict": "neg"} for row_id in ("r1", "r3", "r4")))
    desk.apply("fixed.csv", in_place=True)
    (desk.folder / "fixed.csv.bak").unlink()
    path = desk.folder / "fixed.csv.ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) if n_lost == 1 else b"".join(lines)[:-n_lost])

    error = check_refused(desk, r"batch \w+ is incomplete: 2 of 3 lines")

    assert error.where == str(path)
    assert [batch.missing_lines for batch in read_log(desk.path("fixed.csv"))] == ["incomplete: 2 of 3 lines"]


def test_nowhere_named(twice: Desk) -> None:
    """Where the result goes has to be said."""
    check_refused(twice, "it is not said where", SettingsError, in_place=False)


def test_other_ending(twice: Desk) -> None:
    """A name that promises something else is refused."""
    with pytest.raises(SettingsError, match="promises parquet"):
        twice.undo("fixed.csv", "fixed.parquet")


def test_public_names(twice: Desk) -> None:
    """The package gives what commands need."""
    assert callable(undo_batch)
    assert len(read_log(twice.path("fixed.csv"))) == 2


# -------------------------------------------------------------------- other runs


def test_file_that_was_made_meanwhile(twice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program has made meanwhile is in the way."""
    honest = undo_module.rewrite_content

    def slow(*arguments: Any) -> Any:
        (twice.folder / "back.csv").write_bytes(b"theirs")
        return honest(*arguments)

    monkeypatch.setattr(undo_module, "rewrite_content", slow)

    with pytest.raises(OutputError, match="a file is in the way"):
        twice.undo("fixed.csv", "back.csv")

    assert twice.held()["back.csv"] == b"theirs"
    assert "back.csv.ledger.jsonl" not in twice.held()


def test_batches_of_another_run(twice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the choice of the batch to the writing no other run may change the file or its ledger."""
    fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")
    (twice.folder / "out").mkdir()
    held = []

    def watched(step: str) -> Callable[..., Any]:
        honest = getattr(undo_module, step)

        def run(*arguments: Any, **options: Any) -> Any:
            for folder in (twice.folder, twice.folder / "out"):
                descriptor = os.open(folder, os.O_RDONLY)
                with pytest.raises(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.close(descriptor)
            held.append(step)
            return honest(*arguments, **options)

        return run

    for step in ("read_ledger", "choose_batch", "read_data_file", "commit_file"):
        monkeypatch.setattr(undo_module, step, watched(step))

    twice.undo("fixed.csv", "out/back.csv")

    assert held == ["read_ledger", "choose_batch", "read_data_file", "read_ledger", "commit_file"]
