from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doubtcli.pipelines import scan as pipeline
from doubtcli.pipelines.find_audit import find_or_make_audit
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store import read_audit, write_audit
from doubtcli.store.cache import cache_folder

ROWS = [
    f"{kind} number {n},{label}" for n in range(15) for kind, label in (("apple", "fruit"), ("saw", "tool"))
]
QUICK: dict[str, Any] = {"fast": True, "folds": 2}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a labelled file in it, and a cache folder beside."""
    monkeypatch.setenv("DOUBT_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    write_data(work / "data.csv")
    return work


def write_data(path: Path, *more: str) -> None:
    """Write a small labelled file."""
    path.write_text("\n".join(["text,label", *ROWS, *more]) + "\n", encoding="utf-8")


def scan(path: str = "data.csv", **settings: Any) -> Path:
    """The directory of an audit, as `doubt scan` writes it beside the file."""
    found, table = pipeline.make_audit(ScanSettings(path=path, **QUICK | settings), progress=Silence())
    where = Path(path).with_suffix(".doubt")
    queue = write_scan_queue(found, table)
    write_audit(found, where, queue_csv=queue, report_html=render_html(found), force=True)
    return where


class TestFindOrMakeAudit:
    """The audit of a file that the user names."""

    def find(self, *, cache: bool = True, **settings: Any) -> Any:
        """The audit of the file, and whether it was made now."""
        return find_or_make_audit(
            ScanSettings(path="data.csv", **QUICK | settings), progress=Silence(), cache=cache
        )

    def test_scanned_and_kept(self, folder: Path) -> None:
        """A file without an audit is scanned; the audit is kept in the cache, and nothing beside the file."""
        first, second = self.find(), self.find()

        assert (first.origin, second.origin) == ("scanned now", "an audit kept in the cache")
        assert first.document == second.document
        assert first.doubts == second.doubts
        assert [path.name for path in folder.iterdir()] == ["data.csv"]

    def test_what_it_is_made_of(self) -> None:
        """Once data, settings or the files beside them differ, the audit in the cache is not used."""
        first = self.find()
        Path("v.csv").write_text(
            f"doubt_id,verdict\n{first.doubts.row_id[0].as_py()},tool\n", encoding="utf-8"
        )

        assert self.find(seed=1).origin == "scanned now"
        assert self.find(verdicts="v.csv").origin == "scanned now"
        Path("v.csv").write_text(
            f"doubt_id,verdict\n{first.doubts.row_id[1].as_py()},tool\n", encoding="utf-8"
        )
        assert self.find(verdicts="v.csv").origin == "scanned now"
        write_data(Path("data.csv"), "pear,fruit")
        assert self.find().origin == "scanned now"

    def test_beside_the_file(self) -> None:
        """An audit beside the file is used if it is the one that a scan would make."""
        scan()

        found = self.find()

        assert (found.origin, found.folder, found.notes) == ("the audit data.doubt", Path("data.doubt"), ())
        assert not cache_folder(found.document.audit_key).exists()

    def test_a_stale_one_beside_the_file(self) -> None:
        """One of other data is not used, and that is said."""
        scan()
        write_data(Path("data.csv"), "pear,fruit")

        found = self.find()

        assert found.origin == "scanned now"
        assert found.notes == ("data.doubt is of other data, settings or versions, and was not used",)
        assert self.find().notes == found.notes

    def test_without_the_cache(self) -> None:
        """Without the cache nothing is kept or taken."""
        self.find()

        found = self.find(cache=False)

        assert (found.origin, found.folder) == ("scanned now", None)

    def test_a_cache_that_can_not_be_written(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the cache can't be written the file is judged all the same, and that is said."""
        Path("file").write_text("", encoding="utf-8")
        monkeypatch.setenv("DOUBT_CACHE", "file/cache")

        found = self.find()

        assert found.folder is None
        assert found.notes[0].startswith("the audit is not kept for the next gate: ")

    def test_kept_as_a_scan_would_write_it(self) -> None:
        """What is judged after a scan is what the audit in the cache says."""
        first = self.find()

        kept = read_audit(first.folder)

        assert kept.document == first.document

    def test_two_at_once(self, folder: Path) -> None:
        """Two gates that scan one file at once leave one whole audit in the cache."""
        script = (
            "from doubtcli.pipelines.find_audit import find_or_make_audit\n"
            "from doubtcli.progress import Silence; from doubtcli.settings import ScanSettings\n"
            "find_or_make_audit(ScanSettings(path='data.csv', fast=True, folds=2), progress=Silence())"
        )
        both = [subprocess.Popen([sys.executable, "-c", script], cwd=folder) for _ in range(2)]

        codes = [process.wait() for process in both]

        assert codes == [0, 0]
        assert self.find().origin == "an audit kept in the cache"
