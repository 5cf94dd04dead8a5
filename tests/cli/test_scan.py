from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Doubt

    Scanned = tuple[Path, subprocess.CompletedProcess[str]]

TEXTS = {
    "fruit": [
        "ripe apple pie",
        "sweet pear tart",
        "juicy apple and pear",
        "a pear from the tree",
        "apple juice",
    ],
    "tool": [
        "steel hammer handle",
        "a saw and a hammer",
        "sharp saw blade",
        "hammer the nail",
        "rusty saw tooth",
    ],
}
"""Two kinds of text that every model can separate."""


def write_rows(path: Path) -> None:
    """Write 60 rows as CSV; row 1 is about fruit and labelled as a tool."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "label"])
        for number in range(60):
            kind = "fruit" if number % 2 == 0 else "tool"
            text = f"{TEXTS[kind][number // 2 % 5]} no {number // 10}"
            rows.writerow([f"row-{number:02}", text, "tool" if number == 0 else kind])


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory, doubt_in: type[Doubt]) -> Scanned:
    """A folder in which `doubt scan rows.csv` has run, and what it printed."""
    folder = tmp_path_factory.mktemp("scanned")
    write_rows(folder / "rows.csv")
    return folder, doubt_in(folder)("scan", "rows.csv", "--id", "id")


class TestScan:
    """`doubt scan` on a valid file."""

    def test_done(self, scanned: Scanned) -> None:
        """A scan ends with 0, and prints nothing on stderr if that is not a terminal."""
        _, done = scanned

        assert (done.returncode, done.stderr) == (0, "")

    def test_files(self, scanned: Scanned) -> None:
        """The audit is a folder of four files beside the file."""
        folder, _ = scanned

        assert {path.name for path in folder.iterdir()} == {"rows.csv", "rows.doubt"}
        assert {path.name for path in (folder / "rows.doubt").iterdir()} == {
            "audit.json",
            "doubts.parquet",
            "queue.csv",
            "report.html",
        }

    def test_report(self, scanned: Scanned) -> None:
        """The report is plain text of at most 80 columns that names the doubted row and the files."""
        _, done = scanned

        assert "row-00" in done.stdout
        assert "rows.doubt" in done.stdout
        assert "\x1b" not in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80

    def test_queue(self, scanned: Scanned) -> None:
        """The queue starts with the row whose label is wrong, and suggests the right one."""
        folder, _ = scanned

        with (folder / "rows.doubt" / "queue.csv").open(encoding="utf-8", newline="") as file:
            first = next(csv.DictReader(file))

        assert (first["doubt_id"], first["given_label"], first["doubt_suggested"]) == (
            "row-00",
            "tool",
            "fruit",
        )

    def test_json(self, scanned: Scanned, doubt: Doubt) -> None:
        """`--output-format json` prints `audit.json` and nothing else; the same scan prints the same."""
        folder, _ = scanned
        write_rows(doubt.folder / "rows.csv")

        done = doubt("scan", "rows.csv", "--id", "id", "--output-format", "json")

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (doubt.folder / "rows.doubt" / "audit.json").read_text(encoding="utf-8")
        first, second = (
            json.loads((folder / "rows.doubt" / "audit.json").read_text()),
            json.loads(done.stdout),
        )
        assert first | {"timings": None} == second | {"timings": None}

    def test_quiet_from_stdin(self, doubt: Doubt) -> None:
        """With `-q` a scan of standard input prints nothing; the settings file names the audit's folder."""
        write_rows(doubt.folder / "rows.csv")
        (doubt.folder / "doubt.toml").write_text(
            'output = "out"\ninput-format = "csv"\nrepeats = 1\nid = "id"'
        )

        done = doubt("scan", "-", "-q", stdin=(doubt.folder / "rows.csv").read_text(encoding="utf-8"))

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        audit = json.loads((doubt.folder / "out" / "audit.json").read_text(encoding="utf-8"))
        assert audit["settings"]["repeats"] == 1


class TestOpen:
    """`doubt scan --open`."""

    QUICK = ("--fast", "--folds", "2", "--open")

    @pytest.mark.skipif(os.name != "posix", reason="the browser is a shell script")
    def test_browser(self, doubt_process: Doubt) -> None:
        """The page is opened in the user's browser."""
        folder = doubt_process.folder
        write_rows(folder / "rows.csv")
        (folder / "browser").write_text(f'#!/bin/sh\necho "$1" >> "{folder}/opened"\n', encoding="utf-8")
        (folder / "browser").chmod(0o755)
        doubt_process.environment.update(BROWSER=str(folder / "browser"), CI="")

        done = doubt_process("scan", "rows.csv", *self.QUICK)

        (address,) = (folder / "opened").read_text(encoding="utf-8").splitlines()
        assert address == (folder / "rows.doubt" / "report.html").as_uri()
        assert (done.returncode, done.stderr) == (0, f"Opened {address}\n")

    def test_no_browser(self, doubt: Doubt) -> None:
        """In CI no browser is opened, and the page's address is printed."""
        write_rows(doubt.folder / "rows.csv")
        doubt.environment["CI"] = "true"

        done = doubt("scan", "rows.csv", "-q", *self.QUICK)

        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.endswith(f" {(doubt.folder / 'rows.doubt' / 'report.html').as_uri()}\n")


class TestVerdicts:
    """`doubt scan --audit-sample`, a person's answers, `doubt scan --verdicts`."""

    def test_a_filled_in_queue_comes_back(self, doubt: Doubt) -> None:
        """Verdicts on the sample measure the rate and correct the label; decided rows leave the queue."""
        write_rows(doubt.folder / "rows.csv")
        assert doubt("scan", "rows.csv", "--id", "id", "--audit-sample", "59", "-q").returncode == 0
        with (doubt.folder / "rows.doubt" / "queue.csv").open(newline="", encoding="utf-8") as file:
            queue = list(csv.DictReader(file))
        for row in queue:
            row["verdict"] = "fruit" if row["doubt_id"] == "row-00" else row["given_label"]
        with (doubt.folder / "verdicts.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(queue[0]))
            writer.writeheader()
            writer.writerows(queue)

        done = doubt("scan", "rows.csv", "--id", "id", "--verdicts", "verdicts.csv")

        assert (done.returncode, done.stderr) == (0, "")
        n_decided = len(queue)
        assert f" {n_decided} rows" in done.stdout
        assert f" {n_decided - 1} kept, 1 corrected" in done.stdout
        assert " 1.7% of rows" in done.stdout
        with (doubt.folder / "rows.doubt" / "queue.csv").open(newline="", encoding="utf-8") as file:
            left = {row["doubt_id"] for row in csv.DictReader(file)}
        assert not left & {row["doubt_id"] for row in queue}

    def test_verdicts_that_do_not_fit_are_refused(self, doubt: Doubt) -> None:
        """One message names the file, the row, the column and the right label; the exit code is 2."""
        write_rows(doubt.folder / "rows.csv")
        (doubt.folder / "verdicts.csv").write_text("doubt_id,verdict\nrow-00,fruity\n")

        done = doubt("scan", "rows.csv", "--id", "id", "--verdicts", "verdicts.csv")

        assert done.returncode == 2
        assert done.stdout.startswith("rows.csv\n")
        assert done.stderr.startswith("doubt: verdicts.csv, row 1, column 'verdict': 'fruity' ")
        assert "'fruit'" in done.stderr
        assert not (doubt.folder / "rows.doubt").exists()


class TestTrouble:
    """A scan that fails leaves nothing behind."""

    def test_real_process(self, doubt_process: Doubt) -> None:
        """The process ends with 2 and one message, and leaves no audit."""
        done = doubt_process("scan", "no-such.csv")

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("doubt: no-such.csv: ")
        assert list(doubt_process.folder.iterdir()) == []

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "empty"),
            ("text,label\n", "bad.csv"),
            ("text,label\nab,x\ncd,x\n", "bad.csv"),
            ("text,label\nab,x\n", "bad.csv"),
            ("text,colour\nab,x\ncd,y\n", "--label"),
            ("text,label\nab,x\ncd,y,z\n", "row 2"),
            ("text,label,label\nab,x,y\ncd,y,x\n", "label"),
            ("text,label\nab,\ncd,\n", "label"),
        ],
        ids=["empty", "header", "one class", "one row", "no label", "ragged", "twice", "unlabelled"],
    )
    def test_bad_input(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        content: str,
        message: str,
    ) -> None:
        """A file that can't be scanned ends with 2, its name, one message and no audit."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "bad.csv").write_text(content)

        assert main.run(["scan", "bad.csv"]) == 2

        out, err = capsys.readouterr()
        assert out == "bad.csv\n"
        assert err.startswith("doubt: ")
        assert message in err
        assert "bug" not in err
        assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]

    def test_output_in_the_way(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A folder that is not an audit of the file is an error before anything is read, and is kept."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "notes.txt").write_text("mine")

        assert main.run(["scan", "no-such.csv", "-o", "out"]) == 2

        err = capsys.readouterr().err
        assert err.startswith("doubt: out: ")
        assert "--force" in err
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]

    @pytest.mark.usefixtures("hears_interrupts")
    @pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
    def test_interrupted(self, tmp_path: Path) -> None:
        """Ctrl-C ends a scan with 130 and one line, and no audit is left."""
        command = [sys.executable, "-m", "doubtcli", "scan", "-", "--input-format", "csv", "--label", "label"]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        # More than the buffer of a pipe: once it is written, the scan is reading.
        process.stdin.write("text,label\n" + "some text,x\n" * 20_000)
        process.stdin.flush()

        process.send_signal(signal.SIGINT)
        _, err = process.communicate()

        assert process.returncode == 130
        assert (err.startswith("doubt: interrupted"), err.count("\n")) == (True, 1)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.usefixtures("hears_interrupts")
    @pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
    def test_interrupted_while_models_are_fitted(self, tmp_path: Path) -> None:
        """There is no audit then, no half of one, and nothing unfinished in the cache."""
        write_rows(tmp_path / "rows.csv")
        script = (
            "import os, signal, time\n"
            "from doubtcli.cli.main import run\n"
            "from doubtcli.predict.crossfit import FitModel\n"
            "def interrupt(job):\n"
            "    os.kill(os.getpid(), signal.SIGINT)\n"
            "    time.sleep(60)\n"
            "FitModel.run = interrupt\n"
            "raise SystemExit(run(['scan', 'rows.csv', '--folds', '2', '--threads', '1']))"
        )
        environment = {**os.environ, "DOUBT_CACHE": str(tmp_path / "cache")}

        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        kept = {path.suffix for path in (tmp_path / "cache").rglob("*") if path.is_file()}
        assert done.returncode == 130
        assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "rows.csv"]
        assert kept == {".part"}


@pytest.mark.skipif(os.name != "posix", reason="needs a closed pipe")
def test_nobody_reads_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed pipe while the report is printed ends with 2, never the gate's 1, and the audit is written."""
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.csv")
    reader, writer = os.pipe()
    os.close(reader)

    with os.fdopen(writer, "w", encoding="utf-8") as nobody, redirect_stdout(nobody):
        code = main.run(["scan", "rows.csv", "--fast"])

    assert (code, capsys.readouterr().err) == (2, "")
    assert (tmp_path / "rows.doubt" / "audit.json").exists()
