from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.pipelines import scan as pipeline
from doubtcli.pipelines.find_audit import find_or_make_audit
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store import read_audit, write_audit
from doubtcli.store.cache import cache_folder

if TYPE_CHECKING:
    from tests.conftest import Sentences

ROWS = [
    f"{kind} number {n},{label}" for n in range(15) for kind, label in (("apple", "fruit"), ("saw", "tool"))
]
QUICK: dict[str, Any] = {"fast": True, "folds": 2}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a labelled file, and a cache folder beside it."""
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
        """A file without an audit is scanned; the audit is kept in the cache, and not beside the file."""
        first, second = self.find(), self.find()

        assert (first.origin, second.origin) == ("scanned now", "an audit kept in the cache")
        assert first.document == second.document
        assert first.doubts == second.doubts
        assert [path.name for path in folder.iterdir()] == ["data.csv"]

    def test_other_data_settings_or_side_files(self) -> None:
        """If data, settings or side files are different, the audit in the cache is not used."""
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

    def test_a_stale_one_beside_the_file(self, sentences: Sentences) -> None:
        """An audit of other data is not used, and a note says so."""
        scan()
        write_data(Path("data.csv"), "pear,fruit")

        found = self.find()

        assert found.origin == "scanned now"
        sentences.check("\n".join(found.notes))
        assert self.find().notes == found.notes

    def test_without_the_cache(self) -> None:
        """Without the cache no audit is kept or read."""
        self.find()

        found = self.find(cache=False)

        assert (found.origin, found.folder) == ("scanned now", None)

    @pytest.mark.parametrize("cache", ["file/cache", "x" * 300], ids=["not written", "not even looked at"])
    def test_a_cache_that_can_not_be_used(self, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the cache can't be used, the file is scanned all the same, with a note."""
        Path("file").write_text("", encoding="utf-8")
        monkeypatch.setenv("DOUBT_CACHE", cache)

        found = self.find()

        assert found.folder is None
        assert len(found.notes) == 1

    def test_no_home_folder(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Without a home folder nothing is kept, and nothing is written to the working directory."""
        pwd = pytest.importorskip("pwd")
        monkeypatch.delenv("DOUBT_CACHE")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", "no/absolute/path")
        monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)

        found = self.find()

        assert found.folder is None
        assert len(found.notes) == 1
        assert [path.name for path in folder.iterdir()] == ["data.csv"]

    def test_kept_as_a_scan_would_write_it(self) -> None:
        """The audit that is used after a scan is equal to the one in the cache."""
        first = self.find()

        kept = read_audit(first.folder)

        assert kept.document == first.document

    def test_two_at_once(self, folder: Path) -> None:
        """Two processes that scan one file at once leave one whole audit in the cache."""
        script = (
            "import sys; from doubtcli.pipelines.find_audit import find_or_make_audit\n"
            "from doubtcli.progress import Silence; from doubtcli.settings import ScanSettings\n"
            "settings = ScanSettings(path='data.csv', fast=True, folds=2)\n"
            "find_or_make_audit(settings, progress=Silence(), cache=False)  # loads all modules\n"
            "print('ready', flush=True); sys.stdin.readline()\n"
            "find_or_make_audit(settings, progress=Silence())"
        )
        other = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"

        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.flush()
        here = self.find()
        other.communicate()

        assert other.returncode == 0
        assert here.doubts == read_audit(cache_folder(here.document.audit_key)).doubts
        assert self.find().origin == "an audit kept in the cache"
