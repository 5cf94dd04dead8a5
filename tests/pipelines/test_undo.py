from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
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


@pytest.fixture(scope="module")
def applied_twice(desk_in: type[Desk], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file to which verdicts were applied twice: first to rows 2 and 4, then to row 5."""
    desk = desk_in(tmp_path_factory.mktemp("twice"))
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"}, {"doubt_id": "r2", "verdict_status": "unusable"})
    desk.apply("data.csv", "fixed.csv", drop=True)
    desk.decide({"doubt_id": "r5", "verdict": "pos"})
    desk.apply("fixed.csv", in_place=True)
    (desk.folder / "fixed.csv.bak").unlink()
    return desk.folder


@pytest.fixture
def twice(desk_in: type[Desk], applied_twice: Path, tmp_path: Path) -> Desk:
    """A copy of that folder to work in."""
    return desk_in(Path(shutil.copytree(applied_twice, tmp_path / "twice")))


def batches(desk: Desk, name: str = "fixed.csv") -> list[str]:
    """The ids of the batches of a file, oldest first."""
    return [batch.id for batch in read_log(desk.path(name))]


# --------------------------------------------------------------------- it is undone


def test_last_batch(twice: Desk) -> None:
    """The last batch is undone, and a backup is kept."""
    found = twice.undo("fixed.csv", in_place=True)

    assert twice.list_files()["fixed.csv"] == FIRST
    assert twice.list_files()["fixed.csv.bak"] == SECOND
    assert (found.undone.id, found.backup) == (batches(twice)[1], twice.path("fixed.csv.bak"))


def test_all_batches(twice: Desk) -> None:
    """All batches can be undone one after the other, byte for byte; then there is nothing to undo."""
    twice.undo("fixed.csv", in_place=True)
    (twice.folder / "fixed.csv.bak").unlink()
    twice.undo("fixed.csv", in_place=True)

    assert twice.list_files()["fixed.csv"] == ROWS
    with pytest.raises(InputError) as caught:
        twice.undo("fixed.csv", in_place=True)
    assert caught.value.where == twice.path("fixed.csv.ledger.jsonl")


def test_earlier_batch(twice: Desk) -> None:
    """An earlier batch is undone by its id, and the later one stays."""
    twice.undo("fixed.csv", in_place=True, batch=batches(twice)[0])

    assert twice.list_files()["fixed.csv"] == ROWS.replace(b"nice,neg", b"nice,pos")


def test_undo_of_an_undo(twice: Desk) -> None:
    """Undoing an undo applies the batch again, including dropped rows."""
    first = batches(twice)[0]
    made = twice.undo("fixed.csv", in_place=True, batch=first)
    (twice.folder / "fixed.csv.bak").unlink()

    twice.undo("fixed.csv", in_place=True, batch=made.batch.id)

    assert twice.list_files()["fixed.csv"] == SECOND
    assert batches(twice)[:3] == [*batches(twice)[:2], made.batch.id]


def test_new_file(twice: Desk) -> None:
    """With a new file, the old one and its ledger are unchanged; the new one has another ledger."""
    before = twice.list_files()

    twice.undo("fixed.csv", "back.csv", batch=batches(twice)[0])
    again = twice.undo("back.csv", "again.csv", batch=batches(twice, "back.csv")[0])

    held = twice.list_files()
    assert held | before == held
    assert held["back.csv"] == ROWS.replace(b"nice,neg", b"nice,pos")
    assert held["again.csv"] == SECOND
    assert again.output == twice.path("again.csv")
    assert twice.ledger("back.csv")[0]["from"] == twice.path("fixed.csv")


def test_dry_run(twice: Desk) -> None:
    """A dry run reports all changes, and writes nothing."""
    before = twice.list_files()

    found = twice.undo("fixed.csv", dry_run=True)

    assert twice.list_files() == before
    assert [(line.row, line.old, line.new) for line in found.batch.lines] == [(4, "pos", "neg")]
    assert found.output is None


def test_backup_with_the_restored_content(desk: Desk) -> None:
    """If a backup has the restored content, no second backup is kept."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"})
    desk.apply("data.csv", in_place=True)

    found = desk.undo("data.csv", in_place=True)

    assert (desk.list_files()["data.csv"], desk.list_files()["data.csv.bak"]) == (ROWS, ROWS)
    assert found.backup is None


def test_compressed_backup_with_the_restored_content(desk: Desk) -> None:
    """A compressed backup counts by its decompressed content."""
    (desk.folder / "data.csv.gz").write_bytes(gzip.compress(ROWS, 1))
    desk.audit("data.csv.gz", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"})
    desk.apply("data.csv.gz", in_place=True)

    found = desk.undo("data.csv.gz", in_place=True)

    assert gzip.decompress(desk.list_files()["data.csv.gz"]) == ROWS
    assert found.backup is None
    assert "data.csv.gz.bak2" not in desk.list_files()


def test_other_backup(twice: Desk) -> None:
    """If another file has the backup's name, the next free one is used and reported."""
    (twice.folder / "fixed.csv.bak").write_bytes(b"mine")

    found = twice.undo("fixed.csv", in_place=True)

    assert twice.list_files()["fixed.csv.bak"] == b"mine"
    assert twice.list_files()["fixed.csv.bak2"] == SECOND
    assert found.backup == twice.path("fixed.csv.bak2")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_permissions(twice: Desk) -> None:
    """A new file and its ledger have the permissions of the old file."""
    (twice.folder / "fixed.csv").chmod(0o600)

    twice.undo("fixed.csv", "back.csv")

    made = [(twice.folder / name).stat().st_mode & 0o777 for name in ("back.csv", "back.csv.ledger.jsonl")]
    assert made == [0o600, 0o600]


def test_read_only_folder(twice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a file in a read-only folder can be listed, and undone into another folder."""
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
    """Edits of other rows stay."""
    path = twice.folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(b"fine,pos", b"finest,neg"))

    twice.undo("fixed.csv", in_place=True)

    assert path.read_bytes() == FIRST.replace(b"fine,pos", b"finest,neg")


def test_compressed(desk: Desk) -> None:
    """A compressed file is compressed again."""
    (desk.folder / "data.csv.gz").write_bytes(gzip.compress(ROWS))
    desk.audit("data.csv.gz", id="id")
    desk.decide({"doubt_id": "r4", "verdict": "neg"})
    desk.apply("data.csv.gz", "fixed.csv.gz")

    desk.undo("fixed.csv.gz", "back.csv.gz")

    assert gzip.decompress(desk.list_files()["back.csv.gz"]) == ROWS


def test_parquet(desk: Desk) -> None:
    """A Parquet file gets its old values and categories."""
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


# ----------------------------------------------------------------- it is not undone


def check_refused(desk: Desk, error: type[Exception] = InputError, **options: Any) -> Any:
    """Make sure that nothing is undone; gives the error."""
    before = desk.list_files()

    with pytest.raises(error) as caught:
        desk.undo("fixed.csv", **{"in_place": True} | options)

    assert desk.list_files() == before
    return caught.value


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"nice,pos", b"nice,neg"),
        (b"nice,pos", b"nicer,pos"),
        (b"r5,nice,pos\n", b""),
        (b"label", b"class"),
        (b"id,text,label", b"label,text,id"),
        (b"\n", b",z\n"),
        (b"\n", b",\n"),
    ],
    ids=["label", "text", "row", "column", "order of columns", "one more column", "no name"],
)
def test_edited_since(twice: Desk, old: bytes, new: bytes, request: Any, sentences: Any) -> None:
    """If a row was edited since, or its row or column can't be found, nothing is undone."""
    path = twice.folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(old, new))

    error = check_refused(twice)

    assert error.where == twice.path("fixed.csv")
    if request.node.callspec.id != "no name":
        sentences.check("\n".join([error.found.replace(batches(twice)[-1], "ID"), error.hint]))


def test_saved_in_another_encoding(twice: Desk, sentences: Any) -> None:
    """If the file was saved in another encoding, the hint names no option, since there is none."""
    path = twice.folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(b"good", "göod".encode("latin-1")))

    error = check_refused(twice)

    assert error.where == twice.path("fixed.csv")
    sentences.check(error.hint)


def test_later_batch_on_the_same_row(twice: Desk) -> None:
    """If a later batch has changed a row again, nothing is undone, and the error names that batch."""
    twice.decide({"doubt_id": "r4", "verdict": "pos"})
    twice.audit("fixed.csv", id="id")
    twice.apply("fixed.csv", in_place=True)
    (twice.folder / "fixed.csv.bak").unlink()

    first, _, third = batches(twice)
    error = check_refused(twice, batch=first)

    assert error.hint.endswith(f"--batch {third}")
    twice.undo("fixed.csv", in_place=True, batch=third)
    twice.undo("fixed.csv", in_place=True, batch=first)


def test_rows_moved_by_a_later_batch(twice: Desk) -> None:
    """If a later batch has dropped rows, it must be undone first."""
    twice.decide({"doubt_id": "r1", "verdict_status": "unusable"})
    twice.apply("fixed.csv", in_place=True, drop=True)
    (twice.folder / "fixed.csv.bak").unlink()

    error = check_refused(twice, batch=batches(twice)[0])

    assert error.hint.endswith(f"--batch {batches(twice)[2]}")


def test_file_that_was_written_again(twice: Desk) -> None:
    """A batch before the file was written again can't be undone."""
    first = batches(twice)[0]
    twice.decide({"doubt_id": "r3", "verdict": "neg"})
    twice.apply("data.csv", "fixed.csv", force=True)

    error = check_refused(twice, batch=first)

    assert error.where == twice.path("fixed.csv.ledger.jsonl")
    assert first in error.found


def test_no_ledger(desk: Desk, sentences: Any) -> None:
    """Without a ledger, there is nothing to undo or to list."""
    (desk.folder / "fixed.csv").write_bytes(ROWS)

    error = check_refused(desk)

    assert error.where == desk.path("fixed.csv.ledger.jsonl")
    sentences.check(error)
    with pytest.raises(InputError) as caught:
        read_log(desk.path("fixed.csv"))
    assert caught.value.where == error.where


def test_ledger_that_was_edited(twice: Desk, sentences: Any) -> None:
    """If the ledger was edited, so that the file would not become what it was, nothing is undone."""
    path = twice.folder / "fixed.csv.ledger.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[-1]["old_cell"] = "pos,x" if lines[-1]["old_cell"] == "pos" else "pox"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    error = check_refused(twice, OutputError)

    assert batches(twice)[-1] in error.found
    sentences.check(error.hint)


def test_no_file(twice: Desk) -> None:
    """A missing file is reported, with a similar name; its ledger can still be listed."""
    with pytest.raises(InputError) as listed:
        read_log(twice.path("fixd.csv"))
    with pytest.raises(InputError) as undone:
        twice.undo("fixd.csv", in_place=True)
    (twice.folder / "fixed.csv").unlink()

    assert listed.value.where == undone.value.where == twice.path("fixd.csv")
    assert twice.path("fixed.csv") in str(listed.value.hint)
    assert len(read_log(twice.path("fixed.csv"))) == 2
    with pytest.raises(InputError) as missing:
        twice.undo("fixed.csv", "back.csv")
    assert missing.value.where == twice.path("fixed.csv")


@pytest.mark.parametrize("n_lost", [1, 9], ids=["a whole line", "the end of a line"])
def test_ledger_that_lost_lines(desk: Desk, n_lost: int) -> None:
    """A batch without its last line can't be undone, and is listed as incomplete."""
    (desk.folder / "fixed.csv").write_bytes(ROWS)
    desk.audit("fixed.csv", id="id")
    desk.decide(*({"doubt_id": row_id, "verdict": "neg"} for row_id in ("r1", "r3", "r4")))
    desk.apply("fixed.csv", in_place=True)
    (desk.folder / "fixed.csv.bak").unlink()
    path = desk.folder / "fixed.csv.ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) if n_lost == 1 else b"".join(lines)[:-n_lost])

    error = check_refused(desk)

    assert error.where == str(path)
    [found] = read_log(desk.path("fixed.csv"))
    assert found.missing_lines
    assert found.missing_lines in error.found
    assert (len(found.lines), found.n_written) == (2, 3)


def test_no_output(twice: Desk) -> None:
    """The output must be named."""
    assert check_refused(twice, SettingsError, in_place=False).where == "-o"


def test_other_ending(twice: Desk) -> None:
    """A name with the ending of another format is refused."""
    with pytest.raises(SettingsError) as caught:
        twice.undo("fixed.csv", "fixed.parquet")

    assert caught.value.where == twice.path("fixed.parquet")


def test_public_names(twice: Desk) -> None:
    """The module has what the commands need."""
    assert callable(undo_batch)
    assert len(read_log(twice.path("fixed.csv"))) == 2


# -------------------------------------------------------------------- other runs


def test_faster_program(twice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program has written meanwhile is not replaced."""
    honest = undo_module.rewrite_content

    def slow(*arguments: Any) -> Any:
        (twice.folder / "back.csv").write_bytes(b"theirs")
        return honest(*arguments)

    monkeypatch.setattr(undo_module, "rewrite_content", slow)

    with pytest.raises(OutputError) as caught:
        twice.undo("fixed.csv", "back.csv")

    assert caught.value.where == twice.path("back.csv")
    assert twice.list_files()["back.csv"] == b"theirs"
    assert "back.csv.ledger.jsonl" not in twice.list_files()


def test_batches_of_another_run(twice: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the choice of the batch to the end, the file and its ledger are locked."""
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
