from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
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
    assert audit.summary["counts"]["doubted"] == 3
    assert audit.doubts["row_id"].to_pylist()[:3] == ["t0007", "t0004", "t0005"]


def test_killed_at_the_last_step(write: Writer) -> None:
    """An audit whose writer was killed at its last step is read whole."""
    write(doubt=[0.0] * 8)
    newer = type(write)(write.folder.with_name("newer"))
    newer()
    newer.folder.rename(write.folder / ".doubt-complete")

    assert read_audit(write.folder).summary["counts"]["doubted"] == 3


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


@pytest.mark.parametrize("path", ["input", "input sha256", "skill assessable", "settings"])
def test_missing_key(write: Writer, path: str) -> None:
    """Whoever asks a document for a key that was taken out of it is told that it is damaged, and where."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    *folders, key = path.split()
    within = document
    for one in folders:
        within = within[one]
    del within[key]
    file.write_text(json.dumps(document), encoding="utf-8")
    part: Any = read_audit(write.folder).summary
    for one in folders:
        part = part[one]

    with pytest.raises(InputError) as caught:
        part[key]

    assert str(caught.value) == f"{file}: is damaged: {key!r} is missing\nto do: scan the file again"


def test_copied(write: Writer) -> None:
    """What is read is copied as any dict is; nothing in a copy is missed as a bug of ours either."""
    write()
    summary: Any = read_audit(write.folder).summary

    for copy in (type(summary["skill"])(summary["skill"].items()), deepcopy(summary["skill"])):
        assert copy == summary["skill"]
        with pytest.raises(InputError, match="is damaged: 'none' is missing"):
            copy["none"]


def test_missing_counts(write: Writer) -> None:
    """What is asked while it is read is told at once; what may be missing is not asked."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(document | {"counts": {}}), encoding="utf-8")

    assert refusal(write.folder).found == "is damaged: 'rows' is missing"
    file.write_text(
        json.dumps({name: document[name] for name in ("schema_version", "counts")}), encoding="utf-8"
    )
    assert read_audit(write.folder).summary.get("side_files", {}) == {}


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [("input", None, "an object"), ("counts", [1], "an object"), ("columns", {}, "a list")],
)
def test_key_of_another_kind(write: Writer, name: str, value: object, what: str) -> None:
    """A part of a document that is no such thing as it should be is told."""
    write()
    file = write.folder / "audit.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(document | {name: value}), encoding="utf-8")

    assert refusal(write.folder).found == f"is damaged: {name!r} is not {what}"
