from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from doubtcli.cli import main
from doubtcli.pipelines.gate import Gate

if TYPE_CHECKING:
    from tests.cli.conftest import Doubt
    from tests.conftest import Sentences

TICKETS = Path(__file__).parents[2] / "fixtures" / "tickets.csv"
CONFIG = """
label = "intent"
id = "ticket_id"
ignore = ["annotator_ana", "annotator_ben", "annotator_chi"]
fast = true
folds = 3
"""
"""Settings with which a scan of the sample tickets takes a second."""
NOTE = "note,annotator_ana,annotator_ben,annotator_chi"


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8") -> None:
    """Write rows as a CSV file."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Command:
    """Runs `doubt` in one folder, within this process: so that libraries are imported once."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end; gives its code and what it printed, as a process would."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        environment = mock.patch.dict(os.environ, self.environment, clear=True)
        with environment, chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = main.run(arguments)
        printed = (_read_back(stream) for stream in (out, err))
        return subprocess.CompletedProcess(arguments, code, *printed)


def _read_back(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def command(work: Path, cache: Path) -> Command:
    """The command in a folder with the sample tickets and their settings."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "DOUBT_CACHE": str(cache)}
    environment.pop("GITHUB_STEP_SUMMARY", None)
    work.mkdir()
    (work / "doubt.toml").write_text(CONFIG)
    write(work / "data.csv", read(TICKETS))
    return Command(work, environment)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that tests share, so that the sample tickets are scanned once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def gate(tmp_path: Path, cache: Path) -> Command:
    """The command in a folder with the sample tickets and their settings."""
    return command(tmp_path / "work", cache)


@pytest.fixture
def fresh(tmp_path: Path) -> Command:
    """The same, with an empty cache of its own."""
    return command(tmp_path / "work", tmp_path / "cache")


def report(done: subprocess.CompletedProcess[str]) -> Any:
    """What a gate printed as JSON."""
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


class TestExitCodes:
    """The exit code of the command."""

    def test_passed(self, gate: Command) -> None:
        """A gate whose limits are met ends with 0."""
        done = gate("gate", "data.csv", "--max-noise", "50%")

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("data.csv\n")

    def test_failed(self, gate: Command, doubt_in: type[Doubt]) -> None:
        """A limit that is not met ends the process with 1."""
        done = doubt_in(gate.folder, gate.environment)("gate", "data.csv", "--max-doubted", "0")

        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith("data.csv\n")

    def test_nothing_was_measured(self, gate: Command) -> None:
        """Where nobody checked a sample, a gate that requires 30 checked rows ends with 1."""
        done = gate("gate", "data.csv", "--require-measured", "30")

        assert (done.returncode, done.stderr) == (1, "")

    def test_not_assessable(self, gate: Command) -> None:
        """Where models can't predict the labels, the gate fails, and passes if that is allowed."""
        chance = random.Random(0)
        write(
            gate.folder / "data.csv",
            [row | {"intent": chance.choice(["a", "b"])} for row in read(TICKETS)[::3]],
        )

        closed = gate("gate", "data.csv", "--max-noise", "5%")
        allowed = gate("gate", "data.csv", "--max-noise", "5%", "--allow-unassessable")
        conflicts = gate("gate", "data.csv", "--max-conflicts", "999")

        assert (closed.returncode, allowed.returncode, conflicts.returncode) == (1, 0, 0)
        assert "not assessable" in closed.stdout
        assert "not assessable" in allowed.stdout

    @pytest.mark.parametrize(
        ("arguments", "fact"),
        [
            (["data.csv"], "doubt gate: "),
            ([], "DATA: "),
            (["data.csv", "--max-noise", "3"], "--max-noise: '3' "),
            (["data.csv", "--require-measured", "0"], "--require-measured: '0' "),
            (["data.csv", "--max-new", "0"], "--max-new: "),
            (["dat.csv", "--max-new", "0", "--baseline", "b.json"], "b.json: "),
            (["dat.csv", "--max-noise", "5%"], "did you mean 'data.csv'?"),
            (["data.csv", "--max-noise", "5%", "--waivers", "w.toml"], "w.toml: "),
            (["data.csv", "--max-per-class", "refnd=3%"], "did you mean 'refund'?"),
            (["data.csv", "--max-noise", "5%", "-f", "sraif"], "'sraif'"),
        ],
    )
    def test_trouble(self, gate: Command, arguments: list[str], fact: str) -> None:
        """Anything that can't be judged ends with 2, and one message shows why."""
        done = gate("gate", *arguments)

        assert (done.returncode, done.stdout) == (2, "")
        assert fact in done.stderr

    def test_a_crash_is_no_outcome(self, gate: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """A crash ends with 2: the gate has neither failed nor passed."""
        monkeypatch.setattr(Gate, "run", mock.Mock(side_effect=RuntimeError("boom")))

        done = gate("gate", "data.csv", "--max-noise", "50%")

        assert done.returncode == 2
        assert "RuntimeError: boom" in done.stderr

    @pytest.mark.usefixtures("hears_interrupts")
    @pytest.mark.skipif(os.name != "posix", reason="sends a signal")
    def test_interrupted(self, gate: Command) -> None:
        """Ctrl-C ends it with 130, or with what a shell calls 130, and leaves nothing in the folder."""
        process = subprocess.Popen(
            [sys.executable, "-m", "doubtcli", "gate", "data.csv", "--max-noise", "5%", "--repeats", "400"],
            cwd=gate.folder,
            env=gate.environment,
            stderr=subprocess.DEVNULL,
        )
        while not _is_busy(process):
            time.sleep(0.05)

        process.send_signal(signal.SIGINT)

        # Python itself ends by the signal if it comes during an import that runs code from C.
        assert process.wait() in (130, -signal.SIGINT)
        assert sorted(path.name for path in gate.folder.iterdir()) == ["data.csv", "doubt.toml"]


def _is_busy(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has imported scikit-learn, so that it is fitting, or about to."""
    assert process.poll() is None
    maps = Path(f"/proc/{process.pid}/maps")
    return not maps.exists() or "sklearn" in maps.read_text(encoding="utf-8")


class TestStory:
    """A repository in which label noise is limited."""

    def check(self, gate: Command, *arguments: str) -> tuple[int, dict[str, list[str]]]:
        """The gate's exit code, and the ids of the new, known and waived rows."""
        flags = ["--max-new", "0", "--baseline", "known.json", "-f", "json"]
        done = gate("gate", "data.csv", *flags, *arguments)
        found: dict[str, list[str]] = {"new": [], "known": [], "waived": []}
        for one in report(done)["files"][0]["findings"]:
            found["waived" if one["waiver"] else one["change"]].append(one["row_id"])
        return done.returncode, found

    def test_ten_wrong_labels(self, gate: Command) -> None:
        """Ten wrong labels make the gate fail; at least eight of them are named, and no other row.

        The gate passes if the file is reordered or re-encoded, or has a column that is ignored, and once the
        labels are right again or waived; no step leaves more in the folder than it was asked to write.
        """
        data = gate.folder / "data.csv"
        rows = read(data)
        assert gate("baseline", "data.csv", "-o", "known.json").returncode == 0
        known = (gate.folder / "known.json").read_bytes()
        assert self.check(gate)[0] == 0

        chance = random.Random(0)
        write(data, chance.sample(rows, len(rows)))
        assert self.check(gate)[0] == 0
        write(data, rows, encoding="utf-16")
        assert self.check(gate)[0] == 0
        write(data, [row | {"note": str(number)} for number, row in enumerate(rows)])
        assert self.check(gate, "--ignore", NOTE)[0] == 0

        doubted = set(self.check(gate, "--ignore", NOTE)[1]["known"])
        sound = [row for row in rows if row["intent"] and row["ticket_id"] not in doubted]
        wrong = {row["ticket_id"]: _another(row["intent"]) for row in chance.sample(sound, 10)}
        spoilt = [row | {"intent": wrong.get(row["ticket_id"], row["intent"])} for row in rows]
        write(data, spoilt)
        code, found = self.check(gate)
        assert code == 1
        assert set(found["new"]) <= set(wrong)
        assert len(found["new"]) >= 8

        waived = found["new"][0]
        (gate.folder / "doubt-waivers.toml").write_text(f'[[waive]]\nid = "{waived}"\nwhy = "looked at"\n')
        code, after = self.check(gate)
        assert (code, after["waived"]) == (1, [waived])
        assert set(after["new"]) == set(found["new"]) - {waived}

        (gate.folder / "doubt-waivers.toml").unlink()
        write(data, rows)
        assert self.check(gate)[0] == 0
        gate("baseline", "data.csv", "-o", "known.json")
        assert (gate.folder / "known.json").read_bytes() == known
        assert {path.name for path in gate.folder.iterdir()} == {"data.csv", "doubt.toml", "known.json"}

    def test_a_renamed_file(self, gate: Command) -> None:
        """The baseline of a file applies when it is renamed and compressed, with a note on that."""
        gate("baseline", "data.csv", "-o", "known.json")
        (gate.folder / "labels.csv.gz").write_bytes(gzip.compress((gate.folder / "data.csv").read_bytes()))

        done = gate("gate", "labels.csv.gz", *["--max-new", "0", "--baseline", "known.json"])

        assert done.returncode == 0
        assert "data.csv" in done.stdout

    def test_a_baseline_of_another_data_set(self, gate: Command) -> None:
        """A baseline that was written for other data ends with 2, and the message shows what to do."""
        gate("baseline", "data.csv", "-o", "known.json")
        write(gate.folder / "data.csv", [{"text": f"t {n % 7}", "intent": "ab"[n % 2]} for n in range(60)])

        done = gate(
            "gate", "data.csv", "--isolated", "--fast", *["--max-new", "0", "--baseline", "known.json"]
        )

        assert done.returncode == 2
        assert "doubt baseline data.csv" in done.stderr

    def test_a_label_that_is_misspelt(self, gate: Command) -> None:
        """A new label that one row has, which no model can judge, is new, and reported as that."""
        gate("baseline", "data.csv", "-o", "known.json")
        rows = read(gate.folder / "data.csv")
        rows[7]["intent"] += " "
        write(gate.folder / "data.csv", rows)

        done = gate("gate", "data.csv", *["--max-new", "0", "--baseline", "known.json", "-f", "json"])

        assert done.returncode == 1
        failing = [one for one in report(done)["files"][0]["findings"] if one["failed"]]
        assert [(one["row_id"], one["rule"], one["change"]) for one in failing] == [
            (rows[7]["ticket_id"], "unjudged", "new")
        ]


def _another(label: str) -> str:
    labels = ["billing", "delivery", "refund"]
    return next(one for one in labels if one != label)


class TestAudits:
    """Given an audit, a gate checks that audit."""

    def test_judged_without_a_scan(self, gate: Command) -> None:
        """An audit is checked as it is; a note has the settings that it was scanned with."""
        gate("scan", "data.csv", "-q")

        done = gate("gate", "data.doubt", "--isolated", "--max-doubted", "0", "-f", "json")

        assert done.returncode == 1
        (file,) = report(done)["files"]
        assert file["audit"]["path"] == "data.doubt"
        assert "fast" in " ".join(file["notes"])

    def test_stale(self, gate: Command) -> None:
        """An audit of data that have changed since ends with 2."""
        gate("scan", "data.csv", "-q")
        write(gate.folder / "data.csv", read(TICKETS)[1:])

        done = gate("gate", "data.doubt", "--max-doubted", "0")

        assert done.returncode == 2
        assert done.stderr.startswith("doubt: data.doubt: ")

    def test_stale_with_a_backup(self, gate: Command) -> None:
        """A backup of the old data does not help: the data are gated as they are now."""
        gate("scan", "data.csv", "-q")
        (gate.folder / "data.csv").rename(gate.folder / "data.csv.bak")
        write(gate.folder / "data.csv", read(TICKETS)[1:])

        done = gate("gate", "data.doubt", "--max-doubted", "1000")

        assert done.returncode == 2
        assert done.stderr.startswith("doubt: data.doubt: ")

    def test_other_settings(self, gate: Command) -> None:
        """An audit that was made with other settings than the flags ends with 2."""
        gate("scan", "data.csv", "-q")

        done = gate("gate", "data.doubt", "--max-doubted", "0", "--seed", "5")

        assert done.returncode == 2
        assert "seed = 0" in done.stderr

    def test_a_gate_leaves_nothing(self, fresh: Command, tmp_path: Path) -> None:
        """A gate's own scan is kept in the cache, unless `--no-cache` is set; its report is the same."""
        none = fresh("gate", "data.csv", "--max-doubted", "0", "--no-cache", "-f", "sarif")
        assert not (tmp_path / "cache").exists()

        first = fresh("gate", "data.csv", "--max-doubted", "0", "-f", "json")
        second = fresh("gate", "data.csv", "--max-doubted", "0", "-f", "json")
        again = fresh("gate", "data.csv", "--max-doubted", "0", "-f", "sarif")

        origins = [report(done)["files"][0]["audit"]["origin"] for done in (first, second)]
        assert "now" in origins[0]
        assert "cache" in origins[1]
        assert {path.name for path in fresh.folder.iterdir()} == {"data.csv", "doubt.toml"}
        assert none.stdout == again.stdout

    def test_its_own_limits(self, gate: Command) -> None:
        """An audit is checked against the limits of its data file, even if it is in another folder."""
        (gate.folder / "x").mkdir()
        (gate.folder / "y").mkdir()
        write(gate.folder / "x" / "data.csv", read(TICKETS))
        write(gate.folder / "y" / "data.csv", read(TICKETS)[:9])
        (gate.folder / "doubt.toml").write_text(
            f'{CONFIG}[gate.files."x/data.csv"]\nmax-doubted = 0\n'
            '[gate.files."y/data.csv"]\nmax-doubted = "100%"\n'
        )
        gate("scan", "x/data.csv", "-o", "y/audit", "-q")

        done = gate("gate", "y/audit", "-f", "json")

        assert done.returncode == 1
        (file,) = report(done)["files"]
        assert (file["input"]["path"], file["passed"]) == ("x/data.csv", False)


class TestFiles:
    """Several files, each with limits of its own."""

    def test_of_the_settings_file(self, gate: Command) -> None:
        """If no file is named, those in the settings file are gated, each by its own limits."""
        write(gate.folder / "other.csv", read(TICKETS)[::2])
        (gate.folder / "doubt.toml").write_text(
            f'{CONFIG}[gate]\nmax-unlabelled = 5\n[gate.files."data.csv"]\nmax-unlabelled = 0\n'
            '[gate.files."other.csv"]\nmax-noise = "60%"\n'
        )

        found = report(gate("gate", "-f", "json"))["files"]

        assert [(one["input"]["path"], one["passed"]) for one in found] == [
            ("data.csv", False),
            ("other.csv", True),
        ]
        assert [len(one["checks"]) for one in found] == [1, 2]

    def test_one_baseline_for_two(self, gate: Command) -> None:
        """A baseline has the doubts of each file; written for one, it keeps those of the others."""
        write(gate.folder / "other.csv", read(TICKETS)[::2])
        gate("baseline", "data.csv", "other.csv", "-o", "known.json")
        both = json.loads((gate.folder / "known.json").read_text())["files"]

        gate("baseline", "other.csv", "-o", "known.json")
        done = gate("gate", "data.csv", "other.csv", *["--max-new", "0", "--baseline", "known.json"])

        assert list(both) == ["data.csv", "other.csv"]
        assert json.loads((gate.folder / "known.json").read_text())["files"] == both
        assert done.returncode == 0


class TestOutput:
    """Where reports go."""

    FORMATS = ("full", "concise", "json", "jsonl", "github", "markdown", "gitlab", "junit", "sarif")

    @pytest.mark.parametrize("name", FORMATS)
    def test_formats(self, gate: Command, name: str) -> None:
        """Each format is the same when printed and when written to a file, with a short report printed."""
        concise = gate("gate", "data.csv", "--max-doubted", "0", "-f", "concise")

        printed = gate("gate", "data.csv", "--max-doubted", "0", "-f", name)
        written = gate("gate", "data.csv", "--max-doubted", "0", "-f", name, "-o", "out")

        assert (printed.returncode, written.returncode) == (1, 1)
        assert printed.stdout == (gate.folder / "out").read_text(encoding="utf-8")
        assert len(written.stdout.splitlines()) == len(concise.stdout.splitlines())
        assert "T0480" in printed.stdout

    def test_step_summary(self, gate: Command) -> None:
        """In a GitHub workflow the summary of the step is added to."""
        summary = gate.folder / "summary.md"
        summary.write_text("before\n")
        gate.environment["GITHUB_STEP_SUMMARY"] = str(summary)

        done = gate("gate", "data.csv", "--max-unlabelled", "0", "-f", "github")

        assert done.stdout.startswith("::error ")
        assert summary.read_text(encoding="utf-8").startswith("before\n")
        assert "max-unlabelled" in summary.read_text(encoding="utf-8")

    def test_lines(self, gate: Command) -> None:
        """Rows have the physical lines that they are on, even after quoted newlines."""
        rows = read(TICKETS)
        write(gate.folder / "data.csv", [row | {"body": row["body"] + "\nmore"} for row in rows])

        found = report(gate("gate", "data.csv", "--max-unlabelled", "0", "-f", "json"))["files"][0][
            "findings"
        ]

        unlabelled = [one for one in found if one["rule"] == "unlabelled"]
        newlines = [sum(value.count("\n") for value in row.values()) + 1 for row in rows]
        for one in unlabelled:
            before = sum(newlines[: one["row"] - 1]) + one["row"] - 1
            assert one["lines"] == [before + 2, before + 2 + newlines[one["row"] - 1]]

    @pytest.mark.parametrize("path", ["data.csv", "./data.csv", "doubt.toml", "doubt-waivers.toml"])
    def test_nothing_read_is_written_over(self, gate: Command, path: str) -> None:
        """A report does not overwrite a file that was read."""
        (gate.folder / "doubt-waivers.toml").write_text("")
        before = (gate.folder / path).read_bytes()

        done = gate("gate", "data.csv", "--max-doubted", "0", "-f", "json", "-o", path)

        assert done.returncode == 2
        assert Path(path).name in done.stderr
        assert (gate.folder / path).read_bytes() == before

    def test_however_it_is_typed(self, gate: Command) -> None:
        """One file is gated once, with the same fingerprints, for every way to write its path."""
        flags = ["--max-doubted", "0", "-f", "gitlab"]

        plain = gate("gate", "data.csv", *flags).stdout

        for typed in (["./data.csv"], [str(gate.folder / "data.csv")], ["data.csv", "./data.csv"]):
            assert gate("gate", *typed, *flags).stdout == plain

    def test_quiet(self, gate: Command) -> None:
        """With `-q` it prints nothing."""
        done = gate("gate", "data.csv", "--max-doubted", "0", "-q")

        assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_two_baselines_at_once(gate: Command) -> None:
    """If two files are added at once, both are in the baseline."""
    write(gate.folder / "other.csv", read(TICKETS)[::2])
    gate("baseline", "data.csv", "other.csv", "-o", "first.json")  # from here on the audits are in the cache
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "doubtcli", "baseline", name, "-o", "known.json", "-q"],
            cwd=gate.folder,
            env=gate.environment,
        )
        for name in ("data.csv", "other.csv")
    ]

    assert [process.wait() for process in both] == [0, 0]
    assert list(json.loads((gate.folder / "known.json").read_text())["files"]) == ["data.csv", "other.csv"]


def test_waivers_next_to_the_settings(gate: Command) -> None:
    """Waivers are found next to the settings file, also from a folder below it."""
    (gate.folder / "sub").mkdir()
    (gate.folder / "doubt-waivers.toml").write_text('[[waive]]\nid = "nobody"\n')
    below = Command(gate.folder / "sub", gate.environment)

    done = below("gate", "../data.csv", "--max-noise", "60%", "-f", "json")

    assert [one["waiver"]["row_id"] for one in report(done)["waivers"]["lapsed"]] == ["nobody"]


@pytest.mark.parametrize("named", ["", '[gate]\nwaivers = "conf/keep.toml"\n'], ids=["usual", "named"])
@pytest.mark.parametrize("place", ["", "sub"])
def test_waived_by_apply(gate: Command, named: str, place: str) -> None:
    """A doubted row whose label people kept is waived in the next gate, in any folder."""
    (gate.folder / "doubt.toml").write_text(CONFIG + named)
    (gate.folder / "sub").mkdir()
    there = Command(gate.folder / place, gate.environment)
    assert gate("scan", "data.csv", "-q").returncode == 0
    first = read(gate.folder / "data.doubt" / "queue.csv")[0]
    write(gate.folder / "verdicts.csv", [{"doubt_id": first["doubt_id"], "verdict": first["given_label"]}])
    up = "../" if place else ""

    done = there("apply", f"{up}data.csv", "--verdicts", f"{up}verdicts.csv", "-o", f"{up}fixed.csv", "-q")

    assert (done.returncode, done.stderr) == (0, "")
    for name in ("data.csv", "fixed.csv"):
        findings = report(gate("gate", name, "--max-doubted", "0", "-f", "json"))["files"][0]["findings"]
        assert [one["row_id"] for one in findings if one["waiver"]] == [first["doubt_id"]]


def test_baseline_over_something_else(gate: Command) -> None:
    """A file that is not a baseline is not overwritten, unless `--force` is set."""
    (gate.folder / "known.json").write_text("{}")

    refused = gate("baseline", "data.csv", "-o", "known.json")
    forced = gate("baseline", "data.csv", "-o", "known.json", "--force", "-q")

    assert (refused.returncode, forced.returncode, forced.stdout) == (2, 0, "")
    assert refused.stderr.startswith("doubt: known.json: ")
    assert json.loads((gate.folder / "known.json").read_text())["schema_version"] == 2


def test_where_the_baseline_goes(gate: Command, sentences: Sentences) -> None:
    """It is written to the file in the settings, else to `.doubt-baseline.json`."""
    gate("baseline", "data.csv")
    (gate.folder / "doubt.toml").write_text(f'{CONFIG}[gate]\nbaseline = "known.json"\n')
    printed = gate("baseline", "data.csv").stdout

    assert (gate.folder / ".doubt-baseline.json").read_bytes() == (gate.folder / "known.json").read_bytes()
    sentences.check(printed.splitlines()[-1])
