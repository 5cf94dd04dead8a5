"""doccano (1.8.4, in a separate environment) imports a queue that was made for it, and exports it."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Shell
    from tests.integration.relabel.conftest import Data

pytestmark = pytest.mark.integration

WANTED = ["doccano==1.8.4", "marshmallow<4", "numpy<2", "setuptools<81"]
"""Packages that doccano needs: it doesn't limit their versions, and fails with newer ones."""
DRIVER = Path(__file__).with_name("drive_doccano.py")
KINDS = ["JSONL", "JSON", "CSV"]


@dataclass(frozen=True)
class Decided:
    """A queue in doccano, with some rows decided and approved."""

    data: Data
    chosen: dict[str, str]
    """The label of each approved row."""
    kept: set[str]
    """The approved rows whose given label was chosen."""
    drawn: set[str]
    """The rows of the queue that were drawn at random."""

    @property
    def changed(self) -> dict[str, str]:
        """The new labels of the rows that must change."""
        return {row_id: label for row_id, label in self.chosen.items() if row_id not in self.kept}

    def export(self, kind: str) -> str:
        """Unzip an export into the folder of the data; gives the name of the file."""
        folder = self.data.shell.folder
        with zipfile.ZipFile(folder / "doccano-home" / f"{kind}.zip") as packed:
            [name] = packed.namelist()
            (folder / kind).write_bytes(packed.read(name))
        return kind


@pytest.fixture(scope="module")
def python(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], shell_in: type[Shell]
) -> Path:
    """A Python with doccano: the one that DOCCANO_PYTHON names, or else a new environment."""
    if named := os.environ.get("DOCCANO_PYTHON"):
        return Path(named)
    shell = shell_in(tmp_path_factory.mktemp("doccano"), environment)
    shell.must(sys.executable, "-m", "venv", "own")
    made = shell.folder / "own" / "bin" / "python"
    shell.must(made, "-m", "pip", "install", "--quiet", *WANTED)
    return made


@pytest.fixture(scope="module")
def decided(tickets: Data, python: Path) -> Decided:
    """Of twenty rows, half of them drawn at random, people change two and keep two of each half."""
    queue = tickets.queue("doccano", "--size", "20", "--strategy", "top=50%,random=50%")
    rows = [json.loads(line) for line in (queue / "queue.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen, kept, drawn = {}, set(), {row["doubt_id"] for row in rows if row["doubt_stratum"]}
    for half in [drawn, {row["doubt_id"] for row in rows} - drawn]:
        for place, row in enumerate([row for row in rows if row["doubt_id"] in half][:4]):
            given, row_id = row["given_label"], row["doubt_id"]
            chosen[row_id] = given if place % 2 else "refund" if given != "refund" else "billing"
            kept |= {row_id} if place % 2 else set()
    folder = tickets.shell.folder
    (folder / "decided.json").write_text(json.dumps(chosen), encoding="utf-8")
    (folder / "doccano-home").mkdir()
    tickets.shell.must(python, DRIVER, folder / "doccano-home", queue, folder / "decided.json")
    return Decided(tickets, chosen, kept, drawn)


def test_import(decided: Decided) -> None:
    """All rows are imported, and exported with all their values."""
    queue = (decided.data.shell.folder / "doccano" / "queue.jsonl").read_text(encoding="utf-8")
    export = (decided.data.shell.folder / decided.export("JSONL")).read_text(encoding="utf-8")

    sent, back = ([json.loads(line) for line in text.splitlines()] for text in (queue, export))

    assert len(sent) == 20
    labels = {row["doubt_id"]: row["label"] for row in sent}
    labels |= {row_id: [label] for row_id, label in decided.chosen.items()}
    assert back == [row | {"label": labels[row["doubt_id"]], "Comments": []} for row in sent]


@pytest.mark.parametrize("kind", KINDS)
def test_approved(decided: Decided, kind: str) -> None:
    """Approved rows with another label are changed, all other approved rows are kept."""
    export = decided.export(f"{kind}-approved")

    printed = decided.data.doubt(
        "apply",
        decided.data.name,
        *("--verdicts", export, "--confirmed", "--output", f"{kind}.csv", "--output-format", "json"),
    )

    assert decided.data.rows(f"{kind}.csv") == decided.data.relabelled(decided.changed)
    assert {one["row_id"] for one in json.loads(printed)["kept"]} == decided.kept


def test_all_rows(decided: Decided) -> None:
    """If it is not known which rows were looked at, only those drawn at random count as kept."""
    printed = decided.data.doubt(
        *("apply", decided.data.name, "--verdicts", decided.export("JSONL"), "--output", "all.csv"),
        *("--output-format", "json"),
    )

    assert decided.data.rows("all.csv") == decided.data.relabelled(decided.changed)
    assert {one["row_id"] for one in json.loads(printed)["kept"]} == decided.kept & decided.drawn


def test_undo(decided: Decided) -> None:
    """The changes can be undone, byte for byte."""
    name, folder = decided.data.name, decided.data.shell.folder
    decided.data.doubt("apply", name, "--verdicts", decided.export("CSV-approved"), "--output", "done.csv")

    decided.data.doubt("undo", "done.csv", "--output", "back.csv")

    assert (folder / "done.csv").read_bytes() != (folder / name).read_bytes()
    assert (folder / "back.csv").read_bytes() == (folder / name).read_bytes()
