from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError
from doubtcli.pipelines import scan as pipeline
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store.folder import is_audit, write_audit
from doubtcli.store.open import check_settings, open_judged_audit

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


def refusal(path: str, given: dict[str, Any] | None = None, *, or_backup: bool = True) -> InputError:
    """The error for a given audit."""
    with pytest.raises(InputError) as caught:
        check_settings(open_judged_audit(path, or_backup=or_backup), given or {})
    return caught.value


class TestOpenAudit:
    """An audit that the user names."""

    def test_found(self) -> None:
        """It has the path of its data file from here, and a note on its settings."""
        scan()

        found = open_judged_audit("data.doubt")

        assert found.data_path == "data.csv"
        assert found.doubts.n_rows == 30
        assert found.origin == "the audit data.doubt"
        assert found.notes == ("scanned with fast = true, folds = 2",)

    def test_from_another_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The data are looked for beside the audit, too; their path is relative if the audit's path is."""
        scan()
        (tmp_path / "work" / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "work" / "sub")

        assert open_judged_audit("../data.doubt").data_path == "../data.csv"
        assert open_judged_audit(str(tmp_path / "work" / "data.doubt")).data_path == str(
            tmp_path / "work" / "data.csv"
        )

    def test_moved_away(self) -> None:
        """For an audit in another folder the data are found at their path."""
        Path("audits").mkdir()
        shutil.move(scan(), "audits/first")

        assert open_judged_audit("audits/first").data_path == "data.csv"

    def test_changed_data(self, sentences: Sentences) -> None:
        """An audit is refused if its data have changed, and the error says what to do."""
        scan()
        write_data(Path("data.csv"), "pear,fruit")

        error = refusal("data.doubt")
        assert error.where == "data.doubt"
        assert "data.csv" in error.found
        sentences.check(error)

    def test_data_gone(self, sentences: Sentences) -> None:
        """It is refused if its data are gone; a caller that needs no backup may name the data instead."""
        scan()
        Path("data.csv").unlink()

        assert "'data.csv'" in refusal("data.doubt").found
        sentences.check(refusal("data.doubt"))
        sentences.check(refusal("data.doubt", or_backup=False))

    def test_of_standard_input(self, sentences: Sentences) -> None:
        """An audit of standard input is refused, since there are no data to compare it with."""
        scan()
        document = json.loads(Path("data.doubt/audit.json").read_text(encoding="utf-8"))
        Path("data.doubt/audit.json").write_text(
            json.dumps(document | {"input": document["input"] | {"path": "-"}}), encoding="utf-8"
        )

        sentences.check(refusal("data.doubt"))

    def test_no_audit(self) -> None:
        """A folder without `audit.json` is not an audit."""
        Path("empty").mkdir()

        assert not is_audit("empty")
        assert not is_audit("data.csv")
        assert refusal("empty").where == str(Path("empty/audit.json"))

    def test_other_settings(self, sentences: Sentences) -> None:
        """Settings in flags or a settings file must be those of the audit; others need not."""
        scan(seed=7, label="label")

        check_settings(
            open_judged_audit("data.doubt"),
            {"seed": 7, "threads": 1, "config": "x", "queue_size": 3, "stop_below": 0.2},
        )
        error = refusal("data.doubt", {"seed": 8})
        assert "seed = 7" in error.found
        assert "seed = 8" in str(error.expected)
        sentences.check(error)
        check_settings(open_judged_audit("data.doubt"), {"label": "label"})
        assert "text = []" in refusal("data.doubt", {"text": ("text",)}).found

    def test_changed_side_file(self, sentences: Sentences) -> None:
        """An audit is refused if its verdicts, vectors or probabilities have changed."""
        ids = pq.read_table(scan() / "doubts.parquet")["row_id"].to_pylist()
        Path("checked.csv").write_text(f"doubt_id,verdict\n{ids[0]},tool\n", encoding="utf-8")
        scan(verdicts="checked.csv")
        assert open_judged_audit("data.doubt")

        Path("checked.csv").write_text(f"doubt_id,verdict\n{ids[1]},tool\n", encoding="utf-8")

        assert "checked.csv (--verdicts)" in refusal("data.doubt").found
        sentences.check(refusal("data.doubt"))

    def test_side_files_that_are_named(self) -> None:
        """Verdicts that are named must be those that the audit was made with."""
        ids = pq.read_table(scan() / "doubts.parquet")["row_id"].to_pylist()
        Path("one.csv").write_text(f"doubt_id,verdict\n{ids[0]},tool\n", encoding="utf-8")
        Path("two.csv").write_text(f"doubt_id,verdict\n{ids[1]},tool\n", encoding="utf-8")

        assert "no verdicts" in refusal("data.doubt", {"verdicts": "one.csv"}).found
        scan(verdicts="one.csv")
        check_settings(open_judged_audit("data.doubt"), {"verdicts": "one.csv"})
        assert "verdicts = 'one.csv'" in refusal("data.doubt", {"verdicts": "two.csv"}).found
        assert refusal("data.doubt", {"verdicts": "none.csv"}).where == "none.csv"

    def test_the_data_that_were_judged(self) -> None:
        """Of two files with the name of the data, the one with the bytes that were scanned is used."""
        Path("x").mkdir()
        Path("y").mkdir()
        write_data(Path("x/data.csv"))
        write_data(Path("y/data.csv"), "pear,fruit")
        shutil.move(scan("x/data.csv"), "y/audit")

        assert open_judged_audit("y/audit").data_path == "x/data.csv"

    def test_its_data(self) -> None:
        """The data are read as for the audit, and not if they have changed."""
        scan(text=("text",))
        found = open_judged_audit("data.doubt")

        assert found.read_data().data.num_rows == 30
        assert found.settings == ScanSettings(path="data.csv", text=("text",), **QUICK)
        write_data(Path("data.csv"), "pear,fruit")
        with pytest.raises(InputError) as error:
            found.read_data()
        assert error.value.where == "data.doubt"

    @pytest.mark.parametrize("backup", ["data.csv.bak", "data.csv.bak2", "data.csv.bak.old"])
    def test_a_backup(self, backup: str) -> None:
        """If the data have changed, the backup with the bytes that were scanned is read."""
        scan()
        shutil.copy("data.csv", backup)
        write_data(Path("data.csv"), "pear,fruit")
        write_data(Path("data.csv.bak1"), "plum,fruit")

        found = open_judged_audit("data.doubt")

        assert (found.data_path, found.backup_of) == (backup, "data.csv")
        assert found.read_data().data.num_rows == 30

    def test_data_before_a_backup(self) -> None:
        """Data that have not changed are read, and no backup."""
        scan()
        shutil.copy("data.csv", "data.csv.bak")

        found = open_judged_audit("data.doubt")

        assert (found.data_path, found.backup_of) == ("data.csv", None)

    def test_a_backup_of_data_that_are_gone(self) -> None:
        """If the data are gone, the backup is read, too."""
        scan()
        Path("data.csv").rename("data.csv.bak")

        found = open_judged_audit("data.doubt")

        assert (found.data_path, found.backup_of) == ("data.csv.bak", "data.csv")

    def test_the_first_backup(self) -> None:
        """Of several backups with these bytes the one with the lowest number is read."""
        scan()
        for name in ("data.csv.bak10", "data.csv.bak9", "data.csv.bak2"):
            shutil.copy("data.csv", name)
        write_data(Path("data.csv"), "pear,fruit")

        assert open_judged_audit("data.doubt").data_path == "data.csv.bak2"

    def test_a_backup_beside_the_target_of_a_link(self) -> None:
        """For a link, the backup beside its target is read."""
        Path("store").mkdir()
        Path("data.csv").rename("store/v1.csv")
        Path("data.csv").symlink_to("store/v1.csv")
        scan()
        shutil.copy("store/v1.csv", "store/v1.csv.bak")
        write_data(Path("store/v1.csv"), "pear,fruit")

        found = open_judged_audit("data.doubt")

        assert (found.data_path, found.backup_of) == ("store/v1.csv.bak", "data.csv")

    def test_backups_of_other_bytes(self) -> None:
        """Other bytes of the same size, a folder, and backups of other files are not used."""
        scan()
        content = Path("data.csv").read_bytes()
        Path("data.csv").write_bytes(content + b"pear,fruit\n")
        Path("data.csv.bak").write_bytes(content.replace(b"saw", b"axe"))
        Path("data.csv.bak2").mkdir()
        Path("data.csv.old.bak").write_bytes(content)
        Path("dataXcsv.bak").write_bytes(content)

        assert "data.csv " in refusal("data.doubt").found
        Path("data.csv").unlink()
        assert "'data.csv'" in refusal("data.doubt").found

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")
    def test_an_odd_name(self) -> None:
        """A name with the characters of a pattern is not a pattern."""
        Path("data.csv").rename("[a]*.csv")
        scan("[a]*.csv")
        shutil.copy("[a]*.csv", "[a]*.csv.bak")
        write_data(Path("[a]*.csv"), "pear,fruit")

        assert open_judged_audit("[a]*.doubt").data_path == "[a]*.csv.bak"

    def test_without_backups(self) -> None:
        """A caller that needs the data as they are now gets no backup."""
        scan()
        shutil.copy("data.csv", "data.csv.bak")
        write_data(Path("data.csv"), "pear,fruit")

        error = refusal("data.doubt", or_backup=False)

        assert str(error.hint).endswith(" doubt scan data.csv")

    @pytest.mark.parametrize("name", ["data.tsv", "data.jsonl"])
    def test_a_backup_is_read_as_the_data_were(self, name: str) -> None:
        """A backup, whose ending does not give its format, is read with the format of the data."""
        rows = [line.split(",") for line in ROWS]
        if name == "data.tsv":
            text = "".join(f"{a}, so\t{b}\n" for a, b in [("text", "label"), *rows])
        else:
            text = "\n" + "".join(json.dumps({"text": a, "label": b}) + "\n" for a, b in rows)
        Path(name).write_text(text, encoding="utf-8")
        audit = scan(name)
        Path(name).rename(f"{name}.bak")

        found = open_judged_audit(str(audit))

        assert found.settings.input_format == name.removeprefix("data.")
        assert found.read_data().data.num_rows == 30

    @pytest.mark.parametrize("name", ["data.tsv", "data.jsonl", "data.txt"])
    def test_its_data_of_other_formats(self, name: str) -> None:
        """Data of any format are read again in the same way."""
        rows = [line.split(",") for line in ROWS]
        if name.endswith("jsonl"):
            text = "".join(json.dumps({"text": a, "label": b}) + "\n" for a, b in rows)
        else:
            text = "".join(f"{a}\t{b}\n" for a, b in [("text", "label"), *rows])
        Path(name).write_text(text, encoding="utf-8")
        folder = scan(name)

        assert open_judged_audit(str(folder)).read_data().data.column_names == ["text", "label"]


def test_unknown_settings_are_left_out() -> None:
    """A setting of a later version is left out."""
    scan()
    document = json.loads(Path("data.doubt/audit.json").read_text(encoding="utf-8"))
    document["settings"]["later"] = 3
    Path("data.doubt/audit.json").write_text(json.dumps(document), encoding="utf-8")

    assert open_judged_audit("data.doubt").settings == replace(ScanSettings(path="data.csv"), **QUICK)
