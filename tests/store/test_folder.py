from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError, OutputError
from doubtcli.store import check_folder, default_folder, describe_audit, read_audit, render_document
from doubtcli.store.folder import add_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Writer

    from doubtcli.records import ScanResult
    from tests.conftest import Sentences


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("data.csv", "data.doubt"),
        ("a.csv.gz", "a.doubt"),
        ("rows/a.b.JSONL.zst", "rows/a.b.doubt"),
        ("parts", "parts.doubt"),
        ("parts/", "parts.doubt"),
        ("data.parquet/", "data.doubt"),
        ("v1.2", "v1.2.doubt"),
        (".csv", ".csv.doubt"),
        ("-", "stdin.doubt"),
    ],
)
def test_default_folder(source: str, folder: str) -> None:
    """The audit of a file is beside it, with its name but without the endings of its format."""
    assert default_folder(source) == Path(folder)


def test_default_folder_of_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit of the working directory is beside it, not in it."""
    monkeypatch.chdir(tmp_path)

    assert default_folder(".") == tmp_path.with_name(f"{tmp_path.name}.doubt")


# ------------------------------------------------------------------ accepted folders


def test_free_folders(write: Writer) -> None:
    """No folder, an empty one and one that a killed run had just begun are accepted."""
    free = [write.folder / "none", write.folder / "empty", write.folder / "begun"]
    free[1].mkdir(parents=True)
    (free[2] / ".doubt-unfinished").mkdir(parents=True)

    for folder in free:
        check_folder(folder, "data/tickets.csv")


@pytest.mark.parametrize("path", ["data/tickets.csv", "./data/../data/tickets.csv", "-"])
def test_same_file(write: Writer, path: str) -> None:
    """An audit of the same file may be replaced, however its path is written."""
    write(path="data/tickets.csv" if path != "-" else path)

    check_folder(write.folder, path)


def test_same_file_from_elsewhere(write: Writer) -> None:
    """An audit at its default place is of the file beside it, scanned from any folder."""
    write(path="data/tickets.csv")

    check_folder(write.folder, str(write.folder.parent / "tickets.csv"))


# ------------------------------------------------------------------- in the way


@pytest.mark.parametrize("force", [False, True])
def test_verdicts_in_the_way(write: Writer, sentences: Sentences, force: bool) -> None:
    """A queue from which verdicts are read is never replaced, not even with force; another one may be."""
    write()

    with pytest.raises(OutputError) as error:
        check_folder(write.folder, "data/tickets.csv", force=force, verdicts=str(write.folder / "queue.csv"))
    assert error.value.where == str(write.folder)
    sentences.check(error.value)
    check_folder(write.folder, "data/tickets.csv", force=force, verdicts="queue.csv")


def refusal(folder: Path, source: str = "data/tickets.csv", *, force: bool = False) -> OutputError:
    """The error for a folder."""
    with pytest.raises(OutputError) as refused:
        check_folder(folder, source, force=force)
    assert refused.value.where == str(folder)
    assert refused.value.hint is not None
    return refused.value


@pytest.mark.parametrize("force", [False, True])
def test_file_in_the_way(tmp_path: Path, force: bool) -> None:
    """A file is never replaced."""
    (tmp_path / "x").touch()

    refusal(tmp_path / "x", force=force)


@pytest.mark.parametrize("name", ["queue.csv", "doubts.parquet", "audit.json"])
def test_no_regular_file(write: Writer, name: str) -> None:
    """A folder or a pipe in the place of one of our files is refused: a pipe would be read for ever."""
    write()
    (write.folder / name).unlink()
    (write.folder / name).mkdir()

    with pytest.raises(OutputError) as caught:
        check_folder(write.folder, "data/tickets.csv", force=True)

    assert caught.value.where == str(write.folder / name)


def test_audit_of_another_file(write: Writer, sentences: Sentences) -> None:
    """An audit of another file is in the way, unless forced."""
    write(path="data/tickets.csv")

    sentences.check(refusal(write.folder, "mails.csv"))
    check_folder(write.folder, "mails.csv", force=True)


@pytest.mark.parametrize(
    "document",
    [None, "", "[]", "{}", '{"tool": {"name": "other"}}', '{"tool": {"name": "doubt"}, "input": 7}'],
)
def test_no_audit(tmp_path: Path, sentences: Sentences, document: str | None) -> None:
    """A folder that is not empty and not an audit is in the way, unless forced."""
    (tmp_path / "notes.txt").touch()
    if document is not None:
        (tmp_path / "audit.json").write_text(document)

    sentences.check(refusal(tmp_path))
    check_folder(tmp_path, "tickets.csv", force=True)


@pytest.mark.parametrize(
    "work",
    [
        lambda text: text.replace(",,", ",billing,", 1),
        lambda text: text.replace(",", ";"),
        lambda text: text + "one field too few\n",
        lambda _: "",
    ],
    ids=["a verdict", "another delimiter", "a broken line", "emptied"],
)
def test_queue_worked_on(write: Writer, sentences: Sentences, work: Callable[[str], str]) -> None:
    """An audit whose queue a person has worked on is in the way, unless forced."""
    write()
    queue = write.folder / "queue.csv"
    queue.write_text(work(queue.read_text()))

    sentences.check(refusal(write.folder))
    check_folder(write.folder, "data/tickets.csv", force=True)


@pytest.mark.parametrize(
    "changes", [{}, {"doubt": [0.0] * 8}, {"why": ["é\n,"] * 8}, {"texts": ["x" * 10**6] * 8}]
)
def test_queue_untouched(write: Writer, changes: dict[str, object]) -> None:
    """A queue as we wrote it, or no queue, is not in the way."""
    write(**changes)

    check_folder(write.folder, "data/tickets.csv")
    (write.folder / "queue.csv").unlink()
    check_folder(write.folder, "data/tickets.csv")


def test_killed_at_the_last_step(write: Writer) -> None:
    """The work of a run that was killed in its last step is finished before its folder is checked."""
    write()
    document = json.loads((write.folder / "audit.json").read_text())
    document["input"]["path"] = "newer.csv"
    (write.folder / ".doubt-complete").mkdir()
    (write.folder / ".doubt-complete" / "audit.json").write_text(json.dumps(document))

    check_folder(write.folder, "newer.csv")

    assert {path.name for path in write.folder.iterdir()} == {
        "audit.json",
        "doubts.parquet",
        "queue.csv",
        "report.html",
    }


# ------------------------------------------------------------------------- write

FILES = {"audit.json", "doubts.parquet", "queue.csv", "report.html"}


def held(folder: Path) -> dict[str, bytes]:
    """The files in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_four_files(write: Writer, make_audit: Callable[..., ScanResult]) -> None:
    """An audit is four files: the document, every row, the queue and the page."""
    write(report_html="<p>ö</p>")

    files = held(write.folder)
    assert set(files) == FILES
    whole = add_hash(describe_audit(make_audit()), files["doubts.parquet"])
    assert files["audit.json"].decode() == render_document(whole)
    assert pq.read_table(write.folder / "doubts.parquet").num_rows == 10
    assert files["queue.csv"].count(b"\n") == 4
    assert files["report.html"] == "<p>ö</p>".encode()


def test_same_bytes(write: Writer) -> None:
    """Writing the same audit twice gives the same bytes."""
    write()
    before = held(write.folder)

    write()

    assert held(write.folder) == before


def test_may_be_read(write: Writer) -> None:
    """An audit has the permissions of any other folder of its user."""
    umask = os.umask(0o022)
    write()
    os.umask(umask)

    assert stat.S_IMODE(write.folder.stat().st_mode) == 0o755


def test_in_the_way(write: Writer) -> None:
    """Files in the way are not changed, unless forced; then other files stay in the audit's folder."""
    write.folder.mkdir()
    (write.folder / "notes.txt").write_text("mine")

    with pytest.raises(OutputError):
        write()
    assert held(write.folder) == {"notes.txt": b"mine"}

    write(force=True)
    assert set(held(write.folder)) == FILES | {"notes.txt"}


def test_too_long_a_name(write: Writer) -> None:
    """A name that is too long is an error that says what to do."""
    longer = type(write)(write.folder / ("x" * 300))

    with pytest.raises(OutputError) as refused:
        longer()

    assert "--output" in str(refused.value.hint)
    assert not write.folder.exists()


UNPRIVILEGED = """
    import os, sys
    from pathlib import Path
    from doubtcli.disk.folder import replace_folder
    from doubtcli.errors import OutputError
    if os.geteuid() == 0:
        os.seteuid(65534)  # nobody
    folder = Path(sys.argv[1])
    try:
        replace_folder(folder, {"audit.json": b""})
    except OutputError as error:
        print(error.found, error.hint, sep="|")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_no_permission() -> None:
    """A folder without write permission is an error that says so."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(UNPRIVILEGED), f"{place}/a/b"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert list(Path(place).iterdir()) == []
        Path(place).chmod(0o755)

    found, hint = done.stdout.split("|")
    assert "Permission denied" in found
    assert "--output" in hint


# -------------------------------------------------------------------------- read


def test_read_back(write: Writer) -> None:
    """An audit that was written is read back unchanged."""
    write()

    audit = read_audit(write.folder)

    assert audit.folder == write.folder
    assert audit.document.counts.n_doubted == 3
    assert audit.doubts.row_id.to_pylist()[:3] == ["t0007", "t0004", "t0005"]


def test_read_after_a_kill(write: Writer) -> None:
    """An audit whose writer was killed in its last step is read whole."""
    write(doubt=[0.0] * 8)
    newer = type(write)(write.folder.with_name("newer"))
    newer()
    newer.folder.rename(write.folder / ".doubt-complete")

    assert read_audit(write.folder).document.counts.n_doubted == 3


def test_without_pandas(write: Writer) -> None:
    """An audit is read without pandas, which takes longer to import than most audits take to read."""
    write()
    script = (
        "import sys; from pathlib import Path; from doubtcli.store import read_audit; "
        "read_audit(Path(sys.argv[1])); print('pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(write.folder)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def why_unread(folder: Path) -> InputError:
    """The error for an audit that can't be read."""
    with pytest.raises(InputError) as refused:
        read_audit(folder)
    assert refused.value.hint is not None
    return refused.value


def test_nothing_to_read(tmp_path: Path) -> None:
    """The error for a folder without an audit names the missing file, and the command that makes one."""
    error = why_unread(tmp_path / "none")

    assert error.where == str(tmp_path / "none" / "audit.json")
    assert "`doubt scan`" in str(error.hint)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "{",
        lambda text: text.replace('"schema_version": 2', '"schema_version": 3'),
        lambda text: text.replace('"schema_version": 2', '"schema_version": "x"'),
        lambda _: "[]",
    ],
    ids=["damaged", "newer", "other", "list"],
)
def test_bad_document(write: Writer, sentences: Sentences, change: Callable[[str], str]) -> None:
    """A document that is damaged or has an unknown version is refused."""
    write()
    document = write.folder / "audit.json"
    document.write_text(change(document.read_text()))

    assert why_unread(write.folder).where == str(document)
    sentences.check(why_unread(write.folder))


def test_newer(write: Writer) -> None:
    """For an audit of a newer version the hint is to update."""
    write()
    document: dict[str, Any] = json.loads((write.folder / "audit.json").read_text())
    (write.folder / "audit.json").write_text(json.dumps(document | {"schema_version": 3}))

    assert "update doubt" in str(why_unread(write.folder).hint)


def forget_hash(folder: Path) -> None:
    """Make the document that of an earlier version, which did not write the hash of the doubts."""
    document = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    del document["doubts_sha256"]
    (folder / "audit.json").write_text(json.dumps(document), encoding="utf-8")


def test_changed_doubts(write: Writer, sentences: Sentences) -> None:
    """Doubts in which one bit was flipped are refused, with what to do."""
    write()
    doubts = write.folder / "doubts.parquet"
    content = bytearray(doubts.read_bytes())
    content[len(content) // 2] ^= 1
    doubts.write_bytes(content)

    assert why_unread(write.folder).where == str(doubts)
    sentences.check(why_unread(write.folder))


def test_bad_doubts(write: Writer, sentences: Sentences) -> None:
    """Doubts that are missing, damaged, or don't fit the document are refused."""
    write()
    forget_hash(write.folder)
    doubts = write.folder / "doubts.parquet"
    table = pq.read_table(doubts)

    pq.write_table(table.drop_columns(["rank"]), doubts)
    assert why_unread(write.folder).column == "rank"
    pq.write_table(table.slice(1), doubts)
    sentences.check(why_unread(write.folder))
    doubts.write_bytes(b"PAR1")
    assert why_unread(write.folder).where == str(doubts)
    doubts.unlink()
    assert why_unread(write.folder).where == str(doubts)
    sentences.check(why_unread(write.folder))


def test_earlier_columns(write: Writer) -> None:
    """Verdicts and hashes, which earlier versions did not write, are null if they are missing."""
    write()
    forget_hash(write.folder)
    doubts = write.folder / "doubts.parquet"
    pq.write_table(pq.read_table(doubts).drop_columns(["verdict", "row_hash", "earlier_hashes"]), doubts)

    audit = read_audit(write.folder)

    assert [row.row_hash for row in audit.doubts.to_rows()] == [None] * 10
    assert audit.doubts.verdict.null_count == 10


@pytest.mark.parametrize("path", ["input", "input sha256", "skill assessable", "settings", "classes"])
def test_missing_key(write: Writer, path: str) -> None:
    """A document without one of its keys is refused as damaged, and the error names the key."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    *folders, key = path.split()
    within = document
    for one in folders:
        within = within[one]
    del within[key]
    file.write_text(json.dumps(document), encoding="utf-8")

    assert why_unread(write.folder).where == str(file)
    assert repr(key) in why_unread(write.folder).found


def test_what_may_be_missing(write: Writer) -> None:
    """What an earlier version did not write, or nobody asks for, may be missing."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    kept = ("schema_version", "tool", "input", "columns", "settings", "seed", "versions", "skill")
    earlier = {name: document[name] for name in (*kept, "noise_rate", "counts", "classes", "reasons")}
    del earlier["noise_rate"]["rests_on"], earlier["noise_rate"]["n_checked"], earlier["counts"]["unusable"]
    file.write_text(json.dumps(earlier), encoding="utf-8")

    found = read_audit(write.folder).document

    assert (found.audit_key, found.side_files, found.power, found.notes) == ("", {}, None, ())
    assert (found.noise_rate.rests_on, found.counts.n_unusable) == ("models", 0)


def test_first_schema(write: Writer) -> None:
    """Of an interval by models alone, as the first schema has it, the lower bound is kept; a rate is not."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    figures = {"assessable": True, "why": "", "rate": 0.04, "low": 0.02, "high": 0.07, "level": 0.9}
    noise = {**figures, "rests_on": "models", "n_checked": 0}
    file.write_text(json.dumps(document | {"schema_version": 1, "noise_rate": noise}), encoding="utf-8")

    found = read_audit(write.folder).document

    assert (found.noise_rate.at_least, found.noise_rate.contradicted) == (0.02, None)
    assert not found.noise_rate.is_measured
    assert found.schema_version == 1


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("row_id", pa.nulls(10, pa.string())),
        ("row_id", pa.array(range(10))),
        ("row", pa.array([1] * 10)),
        ("row", pa.array(range(10))),
        ("doubt", pa.array([1.5] * 10)),
        ("doubt", pa.array([float("nan")] * 10)),
        ("doubted", pa.array(["yes"] * 10)),
        ("reasons", pa.array(["outlier"] * 10)),
        ("reasons", pa.array([[1]] * 10)),
    ],
    ids=str,
)
def test_column_of_another_kind(write: Writer, column: str, values: pa.Array) -> None:
    """A column of doubts.parquet that no scan writes is refused by its name, also where there is no hash."""
    write()
    document = json.loads((write.folder / "audit.json").read_text(encoding="utf-8"))
    text = json.dumps(document | {"doubts_sha256": ""})
    (write.folder / "audit.json").write_text(text, encoding="utf-8")
    path = write.folder / "doubts.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(table.column_names.index(column), column, values), path)

    with pytest.raises(InputError) as caught:
        read_audit(write.folder)

    assert (caught.value.where, caught.value.column) == (str(path), column)


def test_nested_too_deeply(write: Writer) -> None:
    """A document that is nested more deeply than any that doubt writes is refused."""
    write()
    (write.folder / "audit.json").write_text("[" * 100_000, encoding="utf-8")

    assert why_unread(write.folder).hint is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input", None),
        ("counts", [1]),
        ("columns", {}),
        ("classes", ["spam"]),
        ("side_files", {"verdicts": "v.csv"}),
        ("columns", [{"name": "text", "role": "text", "used": True, "why": ""}]),
        ("noise_rate", {"assessable": True, "why": "", "rate": None, "low": 0, "high": 1, "level": 0.9}),
        ("noise_rate", {"assessable": True, "why": "", "at_least": 2}),
        ("settings", {"folds": "many"}),
        ("settings", {"text": [["a"]]}),
    ],
    ids=str,
)
def test_key_of_another_kind(write: Writer, sentences: Sentences, name: str, value: object) -> None:
    """The error for a value of the wrong type names its key."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(document | {name: value}), encoding="utf-8")

    assert name in why_unread(write.folder).found
    sentences.check(why_unread(write.folder))
