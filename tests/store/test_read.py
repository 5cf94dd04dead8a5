from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError
from doubtcli.store import read_audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Writer


def test_read_back(write: Writer) -> None:
    """An audit is read back as it was written."""
    write()

    audit = read_audit(write.folder)

    assert audit.folder == write.folder
    assert audit.document.counts.n_doubted == 3
    assert audit.doubts.row_id.to_pylist()[:3] == ["t0007", "t0004", "t0005"]


def test_killed_at_the_last_step(write: Writer) -> None:
    """An audit whose writer was killed at its last step is read whole."""
    write(doubt=[0.0] * 8)
    newer = type(write)(write.folder.with_name("newer"))
    newer()
    newer.folder.rename(write.folder / ".doubt-complete")

    assert read_audit(write.folder).document.counts.n_doubted == 3


def test_without_pandas(write: Writer) -> None:
    """An audit is read without pandas, which takes longer to load than most audits to read."""
    write()
    script = (
        "import sys; from pathlib import Path; from doubtcli.store import read_audit; "
        "read_audit(Path(sys.argv[1])); print('pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(write.folder)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def refusal(folder: Path) -> InputError:
    """How an audit is refused."""
    with pytest.raises(InputError) as refused:
        read_audit(folder)
    assert refused.value.hint is not None
    return refused.value


def test_no_audit(tmp_path: Path) -> None:
    """A folder without an audit says so."""
    assert str(refusal(tmp_path / "none")).endswith(
        "audit.json: can't be read: No such file or directory\nto do: `doubt scan` writes one"
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda _: "{", "is damaged: "),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "has schema version 2"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": "x"'), "has schema version x"),
        (lambda _: "[]", "has schema version None"),
    ],
)
def test_bad_document(write: Writer, change: Callable[[str], str], found: str) -> None:
    """A document that is damaged or of an unknown version is refused."""
    write()
    document = write.folder / "audit.json"
    document.write_text(change(document.read_text()))

    assert refusal(write.folder).found.startswith(found)


def test_newer(write: Writer) -> None:
    """An audit by a newer doubt says to update."""
    write()
    document: dict[str, Any] = json.loads((write.folder / "audit.json").read_text())
    (write.folder / "audit.json").write_text(json.dumps(document | {"schema_version": 2}))

    assert refusal(write.folder).hint == "update doubt: a newer one wrote this audit"


def test_bad_doubts(write: Writer) -> None:
    """Doubts that are missing, damaged, or not those of the document are refused."""
    write()
    doubts = write.folder / "doubts.parquet"
    table = pq.read_table(doubts)

    pq.write_table(table.drop_columns(["rank"]), doubts)
    assert refusal(write.folder).column == "rank"
    pq.write_table(table.slice(1), doubts)
    assert refusal(write.folder).found == "has 9 rows"
    doubts.write_bytes(b"PAR1")
    assert refusal(write.folder).found.startswith("can't be read: ")
    doubts.unlink()
    assert str(refusal(write.folder)) == (
        f"{doubts}: is missing\nexpected: a file beside audit.json\nto do: scan the file again"
    )


def test_earlier_columns(write: Writer) -> None:
    """Verdicts and hashes, which earlier versions did not write, are null where a table has none."""
    write()
    doubts = write.folder / "doubts.parquet"
    pq.write_table(pq.read_table(doubts).drop_columns(["verdict", "row_hash"]), doubts)

    audit = read_audit(write.folder)

    assert [row.row_hash for row in audit.doubts.to_rows()] == [None] * 10
    assert audit.doubts.verdict.null_count == 10


@pytest.mark.parametrize("path", ["input", "input sha256", "skill assessable", "settings", "classes"])
def test_missing_key(write: Writer, path: str) -> None:
    """A document from which a key was taken out is refused as damaged, and the key is named."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    *folders, key = path.split()
    within = document
    for one in folders:
        within = within[one]
    del within[key]
    file.write_text(json.dumps(document), encoding="utf-8")

    assert str(refusal(write.folder)) == f"{file}: is damaged: {key!r} is missing\nto do: scan the file again"


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


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("input", None, "an object"),
        ("counts", [1], "an object"),
        ("columns", {}, "a list"),
        ("classes", ["spam"], "a list of objects"),
        ("side_files", {"verdicts": "v.csv"}, "an object"),
    ],
)
def test_key_of_another_kind(write: Writer, name: str, value: object, what: str) -> None:
    """A part of a document that is no such thing as it should be is told."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(document | {name: value}), encoding="utf-8")

    named = "verdicts" if name == "side_files" else name
    assert refusal(write.folder).found == f"is damaged: {named!r} is not {what}"


def test_unknown_role(write: Writer) -> None:
    """A column with a role that there is none of is told."""
    write()
    file = write.folder / "audit.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"role": "text"', '"role": "smell"'))

    assert refusal(write.folder).found == "is damaged: 'smell' is no role of a column"
