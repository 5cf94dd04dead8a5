"""A folder with a labelled file, its audit and people's verdicts, made without models."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.apply.target import OutputOptions
from doubtcli.pipelines.apply import ApplyRequest, correct_labels
from doubtcli.pipelines.undo import undo_batch
from doubtcli.progress import Silence
from doubtcli.read.examples import read_examples
from doubtcli.records import AuditDocument, NoiseRate, RowCounts, Skill
from doubtcli.settings import ScanSettings
from doubtcli.store import render_document
from doubtcli.store.describe import DOUBT_COLUMNS
from doubtcli.tasks.registry import find_task
from doubtcli.verdicts.rows import list_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from doubtcli.records import RowSnapshot
    from doubtcli.records.relabelling import ApplyResult, UndoResult

NOW = dt.datetime(2026, 11, 21, 15, 5, tzinfo=dt.timezone(dt.timedelta(hours=1)))
COLUMNS = (
    *("doubt_id", "given_label", "verdict", "verdict_status", "annotator", "time", "why"),
    *("doubt_equal_rows", "doubt_stratum", "doubt_inclusion"),
)


@dataclass(frozen=True)
class Desk:
    """A folder in which verdicts are applied."""

    folder: Path

    @property
    def verdicts(self) -> Path:
        """The file of verdicts."""
        return self.folder / "verdicts.csv"

    def path(self, name: str) -> str:
        """A file in the folder."""
        return str(self.folder / name)

    def audit(
        self,
        name: str,
        *,
        doubted: Iterable[str] = (),
        suggested: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> list[RowSnapshot]:
        """Write the audit of a file next to it; gives its rows in file order."""
        scan_settings = ScanSettings(path=self.path(name), **settings)
        table, roles, _, examples = read_examples(scan_settings, find_task(), Silence())
        rows = sorted(list_rows(examples), key=lambda row: row.row)
        suggestions = suggested or {}
        doubts = [
            asdict(row) | {"doubted": row.row_id in doubted, "suggested_label": suggestions.get(row.row_id)}
            for row in rows
        ]
        schema = pa.schema(DOUBT_COLUMNS)
        folder = self.folder / "data.doubt"
        folder.mkdir(exist_ok=True)
        full = [{name: one.get(name) for name in DOUBT_COLUMNS} for one in doubts]
        pq.write_table(pa.Table.from_pylist(full, schema), folder / "doubts.parquet")
        document = AuditDocument(
            tool_name="doubt",
            tool_version="0.1.0",
            source=replace(table.source, path=name),
            roles=roles,
            settings=asdict(scan_settings),
            seed=scan_settings.seed,
            versions={},
            skill=Skill(
                assessable=True,
                why="",
                accuracy=None,
                balanced_accuracy=None,
                majority_accuracy=0.5,
                permuted_accuracy=None,
            ),
            noise_rate=NoiseRate(assessable=True, why="", at_least=0.0),
            counts=RowCounts(len(rows), len(rows), 0, 0),
            classes=(),
            reasons=(),
            skipped=(),
            audit_key="f1a65" * 8,
        )
        (folder / "audit.json").write_text(render_document(document), encoding="utf-8")
        return rows

    def decide(self, *answers: dict[str, str]) -> None:
        """Write people's verdicts."""
        with self.verdicts.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(answers)

    def apply(self, name: str, output: str | None = None, **options: Any) -> ApplyResult:
        """Apply the verdicts; options are those of `ApplyRequest` and of `OutputOptions`."""
        where = {key: options.pop(key) for key in ("in_place", "force", "dry_run") if key in options}
        now = options.pop("now", NOW)
        options = {"audit": self.path("data.doubt"), "waivers": self.path("waivers.toml")} | options
        target = OutputOptions(None if output is None else self.path(output), **where)
        return correct_labels(
            ApplyRequest(self.path(name), (str(self.verdicts),), target, **options),
            now=now,
            progress=Silence(),
        )

    def undo(
        self, name: str, output: str | None = None, *, batch: str | None = None, **where: Any
    ) -> UndoResult:
        """Undo a batch."""
        target = OutputOptions(None if output is None else self.path(output), **where)
        return undo_batch(self.path(name), target, batch=batch, now=NOW)

    def check_refused(self, error: type[Exception], *names: str, **options: Any) -> Any:
        """Make sure that applying is refused and nothing is written; gives the error."""
        before = self.list_files()
        with pytest.raises(error) as caught:
            self.apply(*names, **options)
        assert self.list_files() == before
        return caught.value

    def list_files(self) -> dict[str, bytes]:
        """The files in the folder, including hidden ones."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def ledger(self, name: str) -> list[dict[str, Any]]:
        """The lines of a file's ledger."""
        content = (self.folder / f"{name}.ledger.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in content.split("\n")[:-1]]


ROWS = (
    b"id,text,label\r\n"
    b'r1,good,pos\r\nr2,"bad, really","neg"\r\nr3,fine,pos\r\nr4,awful,pos\r\nr5,nice,neg\r\n'
)


@dataclass(frozen=True)
class Reviews(Desk):
    """A folder with five rows, and a verdict that corrects the fourth."""

    rows: bytes = ROWS
    fixed: bytes = ROWS.replace(b"awful,pos", b"awful,neg")


def verdict(row_id: str, label: str = "", **fields: str) -> dict[str, str]:
    """One person's verdict on one row."""
    return {"doubt_id": row_id, "verdict": label} | fields


@pytest.fixture(scope="session")
def reviews_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five rows with ids, the third and the fourth doubted, and a verdict that corrects the fourth."""
    made = Reviews(tmp_path_factory.mktemp("reviews"))
    (made.folder / "data.csv").write_bytes(ROWS)
    made.audit("data.csv", id="id", doubted=["r3", "r4"])
    made.decide(verdict("r4", "neg", annotator="ann", time="2026-11-20T09:00:00Z", why="sounds angry"))
    return made.folder


@pytest.fixture
def reviews(reviews_folder: Path, tmp_path: Path) -> Reviews:
    """A copy of that folder to work in."""
    return Reviews(Path(shutil.copytree(reviews_folder, tmp_path / "reviews")))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty folder."""
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def desk_in() -> type[Desk]:
    """Makes a desk in any folder."""
    return Desk


@pytest.fixture(scope="session")
def files() -> ModuleType:
    """The hypothesis strategies for files, from the tests of `files`."""
    path = Path(__file__).parents[1] / "files" / "conftest.py"
    spec = spec_from_file_location("rewrite_conftest", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
