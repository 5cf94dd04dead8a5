from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError
from doubtcli.pipelines import scan as pipeline
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store.folder import is_audit, write_audit
from doubtcli.store.open import check_settings, open_audit

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


def trouble(path: str, said: dict[str, Any] | None = None) -> str:
    """Why a given audit is refused."""
    with pytest.raises(InputError) as caught:
        check_settings(open_audit(path), said or {})
    return str(caught.value)


class TestOpenAudit:
    """An audit that the user names."""

    def test_found(self) -> None:
        """It comes with its data file as seen from here, and tells how it was scanned."""
        scan()

        found = open_audit("data.doubt")

        assert found.data_path == "data.csv"
        assert found.doubts.n_rows == 30
        assert found.origin == "the audit data.doubt"
        assert found.notes == ("scanned with fast = true, folds = 2",)

    def test_from_another_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The data are looked for beside the audit, too, and told as the audit was: from here, or in full."""
        scan()
        (tmp_path / "work" / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "work" / "sub")

        assert open_audit("../data.doubt").data_path == "../data.csv"
        assert open_audit(str(tmp_path / "work" / "data.doubt")).data_path == str(
            tmp_path / "work" / "data.csv"
        )

    def test_moved_away(self) -> None:
        """An audit that was written elsewhere finds the data where they were."""
        Path("audits").mkdir()
        shutil.move(scan(), "audits/first")

        assert open_audit("audits/first").data_path == "data.csv"

    def test_changed_data(self) -> None:
        """An audit of data that are others by now is refused, and what to do is said."""
        scan()
        write_data(Path("data.csv"), "pear,fruit")

        assert trouble("data.doubt") == (
            "data.doubt: data.csv was changed since it was judged\n"
            "expected: an audit of the data as they are now\n"
            "to do: scan it again: doubt scan data.csv; or put what was judged beside it, as data.csv.bak"
        )

    def test_data_gone(self) -> None:
        """So is one whose data are gone; who can do with another audit may name the data instead."""
        scan()
        Path("data.csv").unlink()

        told = trouble("data.doubt")
        assert "its data file 'data.csv' is not there" in told
        assert told.endswith(
            "run from the folder that the scan was run from, or put it back beside the audit"
        )
        with pytest.raises(InputError, match="or name the data file itself"):
            open_audit("data.doubt", or_backup=False)

    def test_of_standard_input(self) -> None:
        """So is one of standard input, which nobody can hold it against."""
        scan()
        told = json.loads(Path("data.doubt/audit.json").read_text(encoding="utf-8"))
        Path("data.doubt/audit.json").write_text(
            json.dumps(told | {"input": told["input"] | {"path": "-"}}), encoding="utf-8"
        )

        assert "the audit is of standard input" in trouble("data.doubt")

    def test_no_audit(self) -> None:
        """A folder without `audit.json` is no audit."""
        Path("empty").mkdir()

        assert not is_audit("empty")
        assert not is_audit("data.csv")
        assert "can't be read" in trouble("empty")

    def test_other_settings(self) -> None:
        """What flags or a settings file say must be what it was made with; what they don't say need not."""
        scan(seed=7, label="label")

        check_settings(open_audit("data.doubt"), {"seed": 7, "threads": 1, "config": "x", "queue_size": 3})
        assert trouble("data.doubt", {"seed": 8}) == (
            "data.doubt: it was made with seed = 7\n"
            "expected: seed = 8, as the flags or the settings file say\n"
            "to do: scan the file again, or name it in place of the audit"
        )
        check_settings(open_audit("data.doubt"), {"label": "label"})
        assert "it was made with text = []" in trouble("data.doubt", {"text": ("text",)})

    def test_changed_side_file(self) -> None:
        """Verdicts, vectors or probabilities that were changed since make an audit stale, too."""
        ids = pq.read_table(scan() / "doubts.parquet")["row_id"].to_pylist()
        Path("checked.csv").write_text(f"doubt_id,verdict\n{ids[0]},tool\n", encoding="utf-8")
        scan(verdicts="checked.csv")
        assert open_audit("data.doubt")

        Path("checked.csv").write_text(f"doubt_id,verdict\n{ids[1]},tool\n", encoding="utf-8")

        assert "checked.csv (--verdicts) was changed since it was read" in trouble("data.doubt")

    def test_side_files_that_are_said(self) -> None:
        """Verdicts that are named now must be those that the audit was made with."""
        ids = pq.read_table(scan() / "doubts.parquet")["row_id"].to_pylist()
        Path("one.csv").write_text(f"doubt_id,verdict\n{ids[0]},tool\n", encoding="utf-8")
        Path("two.csv").write_text(f"doubt_id,verdict\n{ids[1]},tool\n", encoding="utf-8")

        assert "it was made with no verdicts" in trouble("data.doubt", {"verdicts": "one.csv"})
        scan(verdicts="one.csv")
        check_settings(open_audit("data.doubt"), {"verdicts": "one.csv"})
        assert "it was made with verdicts = 'one.csv'" in trouble("data.doubt", {"verdicts": "two.csv"})
        assert "can't be read" in trouble("data.doubt", {"verdicts": "none.csv"})

    def test_the_data_that_were_judged(self) -> None:
        """Of two files that may be meant, the one whose bytes were judged is."""
        Path("x").mkdir()
        Path("y").mkdir()
        write_data(Path("x/data.csv"))
        write_data(Path("y/data.csv"), "pear,fruit")
        shutil.move(scan("x/data.csv"), "y/audit")

        assert open_audit("y/audit").data_path == "x/data.csv"

    def test_its_data(self) -> None:
        """The data are read as the audit read them, and not if they were changed meanwhile."""
        scan(text=("text",))
        found = open_audit("data.doubt")

        assert found.read_data().data.num_rows == 30
        assert found.settings == ScanSettings(path="data.csv", text=("text",), **QUICK)
        write_data(Path("data.csv"), "pear,fruit")
        with pytest.raises(InputError, match="was changed since"):
            found.read_data()

    @pytest.mark.parametrize("backup", ["data.csv.bak", "data.csv.bak2", "data.csv.bak.old"])
    def test_a_backup(self, backup: str) -> None:
        """Where the data were changed since, the backup that holds the bytes that were judged is read."""
        scan()
        shutil.copy("data.csv", backup)
        write_data(Path("data.csv"), "pear,fruit")
        write_data(Path("data.csv.bak1"), "plum,fruit")

        found = open_audit("data.doubt")

        assert (found.data_path, found.backup_of) == (backup, "data.csv")
        assert found.read_data().data.num_rows == 30

    def test_data_before_a_backup(self) -> None:
        """Data that were not changed need no backup."""
        scan()
        shutil.copy("data.csv", "data.csv.bak")

        found = open_audit("data.doubt")

        assert (found.data_path, found.backup_of) == ("data.csv", None)

    def test_a_backup_of_data_that_are_gone(self) -> None:
        """Of data that are gone the backup is read, too."""
        scan()
        Path("data.csv").rename("data.csv.bak")

        found = open_audit("data.doubt")

        assert (found.data_path, found.backup_of) == ("data.csv.bak", "data.csv")

    def test_the_first_backup(self) -> None:
        """Of several that hold the very bytes the one with the lowest number is read."""
        scan()
        for name in ("data.csv.bak10", "data.csv.bak9", "data.csv.bak2"):
            shutil.copy("data.csv", name)
        write_data(Path("data.csv"), "pear,fruit")

        assert open_audit("data.doubt").data_path == "data.csv.bak2"

    def test_a_backup_beside_what_a_link_leads_to(self) -> None:
        """Of a link the backup stands beside what it leads to, for there it was changed."""
        Path("store").mkdir()
        Path("data.csv").rename("store/v1.csv")
        Path("data.csv").symlink_to("store/v1.csv")
        scan()
        shutil.copy("store/v1.csv", "store/v1.csv.bak")
        write_data(Path("store/v1.csv"), "pear,fruit")

        found = open_audit("data.doubt")

        assert (found.data_path, found.backup_of) == ("store/v1.csv.bak", "data.csv")

    def test_backups_of_other_bytes(self) -> None:
        """A backup of other bytes is none, be it as long as the data, a folder, or another file's."""
        scan()
        content = Path("data.csv").read_bytes()
        Path("data.csv").write_bytes(content + b"pear,fruit\n")
        Path("data.csv.bak").write_bytes(content.replace(b"saw", b"axe"))
        Path("data.csv.bak2").mkdir()
        Path("data.csv.old.bak").write_bytes(content)
        Path("dataXcsv.bak").write_bytes(content)

        assert "data.csv was changed since it was judged" in trouble("data.doubt")
        Path("data.csv").unlink()
        assert "its data file 'data.csv' is not there" in trouble("data.doubt")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")
    def test_an_odd_name(self) -> None:
        """A name that would be a pattern stands for itself."""
        Path("data.csv").rename("[a]*.csv")
        scan("[a]*.csv")
        shutil.copy("[a]*.csv", "[a]*.csv.bak")
        write_data(Path("[a]*.csv"), "pear,fruit")

        assert open_audit("[a]*.doubt").data_path == "[a]*.csv.bak"

    def test_without_backups(self) -> None:
        """Whoever judges data as they are now may refuse backups."""
        scan()
        shutil.copy("data.csv", "data.csv.bak")
        write_data(Path("data.csv"), "pear,fruit")

        with pytest.raises(InputError, match=r"data\.csv was changed since it was judged") as error:
            open_audit("data.doubt", or_backup=False)

        assert error.value.hint == "scan it again: doubt scan data.csv"

    @pytest.mark.parametrize("name", ["data.tsv", "data.jsonl"])
    def test_a_backup_is_read_as_the_data_were(self, name: str) -> None:
        """A backup's ending hides the data's own: the settings say how it is stored."""
        rows = [line.split(",") for line in ROWS]
        if name == "data.tsv":
            text = "".join(f"{a}, so\t{b}\n" for a, b in [("text", "label"), *rows])
        else:
            text = "\n" + "".join(json.dumps({"text": a, "label": b}) + "\n" for a, b in rows)
        Path(name).write_text(text, encoding="utf-8")
        told = scan(name)
        Path(name).rename(f"{name}.bak")

        found = open_audit(str(told))

        assert found.settings.input_format == name.removeprefix("data.")
        assert found.read_data().data.num_rows == 30

    @pytest.mark.parametrize("name", ["data.tsv", "data.jsonl", "data.txt"])
    def test_its_data_of_other_formats(self, name: str) -> None:
        """However the data are stored, they are read again in the same way."""
        rows = [line.split(",") for line in ROWS]
        if name.endswith("jsonl"):
            text = "".join(json.dumps({"text": a, "label": b}) + "\n" for a, b in rows)
        else:
            text = "".join(f"{a}\t{b}\n" for a, b in [("text", "label"), *rows])
        Path(name).write_text(text, encoding="utf-8")
        folder = scan(name)

        assert open_audit(str(folder)).read_data().data.column_names == ["text", "label"]


def test_renamed_settings_are_passed_over() -> None:
    """A setting that a later doubt wrote, and this one does not know, is passed over."""
    scan()
    told = json.loads(Path("data.doubt/audit.json").read_text(encoding="utf-8"))
    told["settings"]["later"] = 3
    Path("data.doubt/audit.json").write_text(json.dumps(told), encoding="utf-8")

    assert open_audit("data.doubt").settings == replace(ScanSettings(path="data.csv"), **QUICK)
