from __future__ import annotations

import csv
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Doubt

TICKETS = Path(__file__).parents[2] / "fixtures" / "tickets.csv"
CONFIG = """
label = "intent"
id = "ticket_id"
ignore = ["annotator_ana", "annotator_ben", "annotator_chi"]
fast = true
folds = 3
"""
"""Settings under which a scan of the sample tickets takes a second."""
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


def command(doubt_in: type[Doubt], work: Path, cache: Path) -> Doubt:
    """The command in a folder with the sample tickets and their settings."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "DOUBT_CACHE": str(cache)}
    environment.pop("GITHUB_STEP_SUMMARY", None)
    work.mkdir()
    (work / "doubt.toml").write_text(CONFIG)
    write(work / "data.csv", read(TICKETS))
    return doubt_in(work, environment)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder that tests share, so that the sample tickets are scanned once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def gate(doubt_in: type[Doubt], tmp_path: Path, cache: Path) -> Doubt:
    """The command in a folder with the sample tickets and their settings."""
    return command(doubt_in, tmp_path / "work", cache)


@pytest.fixture
def fresh(doubt_in: type[Doubt], tmp_path: Path) -> Doubt:
    """The same, with an empty cache of its own."""
    return command(doubt_in, tmp_path / "work", tmp_path / "cache")


def report(done: subprocess.CompletedProcess[str]) -> Any:
    """What a gate printed as JSON."""
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


class TestExitCodes:
    """What the process ends with."""

    def test_passed(self, gate: Doubt) -> None:
        """A gate whose limits are met ends with 0."""
        done = gate("gate", "data.csv", "--max-noise", "50%")

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.rstrip().endswith("gate passed: 1 limit, data.csv")

    def test_failed(self, gate: Doubt) -> None:
        """One that is not met ends it with 1."""
        done = gate("gate", "data.csv", "--max-doubted", "0")

        assert (done.returncode, done.stderr) == (1, "")
        assert "gate failed: 1 of 1 limit, data.csv" in done.stdout

    def test_not_assessable(self, gate: Doubt) -> None:
        """Where models know nothing of the labels, the gate fails closed, and passes if that is allowed."""
        chance = random.Random(0)
        write(
            gate.folder / "data.csv",
            [row | {"intent": chance.choice(["a", "b"])} for row in read(TICKETS)],
        )

        closed = gate("gate", "data.csv", "--max-noise", "5%")
        allowed = gate("gate", "data.csv", "--max-noise", "5%", "--allow-unassessable")
        conflicts = gate("gate", "data.csv", "--max-conflicts", "999")

        assert (closed.returncode, allowed.returncode, conflicts.returncode) == (1, 0, 0)
        assert "not assessable" in closed.stdout
        assert "not assessable" in allowed.stdout

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["data.csv"], "no limit is set for data.csv"),
            ([], "no file is named"),
            (["data.csv", "--max-noise", "3"], "--max-noise: '3' won't do"),
            (["data.csv", "--max-new", "0"], "it needs a baseline to tell what is new"),
            (["dat.csv", "--max-new", "0", "--baseline", "b.json"], "b.json: can't be read"),
            (["dat.csv", "--max-noise", "5%"], "did you mean 'data.csv'?"),
            (["data.csv", "--max-noise", "5%", "--waivers", "w.toml"], "w.toml: can't be read"),
            (["data.csv", "--max-per-class", "refnd=3%"], "did you mean 'refund'?"),
            (["data.csv", "--max-noise", "5%", "-f", "sraif"], "sraif"),
        ],
    )
    def test_trouble(self, gate: Doubt, arguments: list[str], said: str) -> None:
        """What can't be judged ends with 2, and one message says why."""
        done = gate("gate", *arguments)

        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr

    def test_a_crash_is_no_verdict(self, gate: Doubt, tmp_path: Path) -> None:
        """A crash within ends with 2: it is no failed gate, and no passed one."""
        (tmp_path / "sitecustomize.py").write_text(
            "import sys\n"
            "class Finder:\n"
            "    def find_spec(self, name, *_):\n"
            "        if name == 'doubtcli.gate.limits': raise RuntimeError('boom')\n"
            "sys.meta_path.insert(0, Finder())\n"
        )
        gate.environment["PYTHONPATH"] = str(tmp_path)

        done = gate("gate", "data.csv", "--max-noise", "50%")

        assert done.returncode == 2
        assert "RuntimeError: boom" in done.stderr

    @pytest.mark.usefixtures("hears_interrupts")
    @pytest.mark.skipif(os.name != "posix", reason="sends a signal")
    def test_interrupted(self, gate: Doubt) -> None:
        """Ctrl-C ends it with 130, or as what a shell calls 130, and leaves nothing in the folder."""
        process = subprocess.Popen(
            [sys.executable, "-m", "doubtcli", "gate", "data.csv", "--max-noise", "5%", "--repeats", "400"],
            cwd=gate.folder,
            env=gate.environment,
            stderr=subprocess.DEVNULL,
        )
        while not _is_busy(process):
            time.sleep(0.05)

        process.send_signal(signal.SIGINT)

        # Python itself ends by the signal where it came amid the import of a library that runs code from C.
        assert process.wait() in (130, -signal.SIGINT)
        assert sorted(path.name for path in gate.folder.iterdir()) == ["data.csv", "doubt.toml"]


def _is_busy(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has imported scikit-learn, so that it is fitting or about to."""
    assert process.poll() is None
    maps = Path(f"/proc/{process.pid}/maps")
    return not maps.exists() or "sklearn" in maps.read_text(encoding="utf-8")


class TestStory:
    """A repository whose labels are kept under a limit."""

    def check(self, gate: Doubt, *arguments: str) -> tuple[int, dict[str, list[str]]]:
        """The gate's code, and the ids of the doubted rows by what they are to the baseline."""
        flags = ["--max-new", "0", "--baseline", "known.json", "-f", "json"]
        done = gate("gate", "data.csv", *flags, *arguments)
        found: dict[str, list[str]] = {"new": [], "known": [], "waived": []}
        for one in report(done)["files"][0]["findings"]:
            found["waived" if one["waiver"] else one["change"]].append(one["row_id"])
        return done.returncode, found

    def test_ten_wrong_labels(self, gate: Doubt) -> None:
        """Ten wrong labels make it red, and nine of them at least are named, and no other row.

        Reordered, re-encoded, packed, or with a column that is ignored it passes; so it does once the labels
        are right again, or waived; every step leaves nothing in the folder but what it was asked to write.
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
        assert len(found["new"]) >= 9

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

    def test_a_renamed_file(self, gate: Doubt) -> None:
        """The baseline of a file holds for it when it is renamed and packed, and that is said."""
        gate("baseline", "data.csv", "-o", "known.json")
        (gate.folder / "labels.csv.gz").write_bytes(gzip.compress((gate.folder / "data.csv").read_bytes()))

        done = gate("gate", "labels.csv.gz", *["--max-new", "0", "--baseline", "known.json"])

        assert done.returncode == 0
        assert "data.csv" in done.stdout

    def test_a_baseline_of_another_data_set(self, gate: Doubt) -> None:
        """A baseline that was written for other data ends with 2 and says what to do."""
        gate("baseline", "data.csv", "-o", "known.json")
        write(gate.folder / "data.csv", [{"text": f"t {n % 7}", "intent": "ab"[n % 2]} for n in range(60)])

        done = gate("gate", "data.csv", "--isolated", *["--max-new", "0", "--baseline", "known.json"])

        assert done.returncode == 2
        assert "doubt baseline data.csv" in done.stderr

    def test_a_label_that_is_misspelt(self, gate: Doubt) -> None:
        """A new label that one row bears, which no model can judge, is new, and named as such."""
        gate("baseline", "data.csv", "-o", "known.json")
        rows = read(gate.folder / "data.csv")
        rows[7]["intent"] += " "
        write(gate.folder / "data.csv", rows)

        code, found = self.check(gate)
        said = gate("gate", "data.csv", *["--max-new", "0", "--baseline", "known.json"]).stdout

        assert (code, found["new"]) == (1, [rows[7]["ticket_id"]])
        assert "Labels that nobody can judge" in said
        assert "Most doubted" not in said


def _another(label: str) -> str:
    labels = ["billing", "delivery", "refund"]
    return next(one for one in labels if one != label)


class TestAudits:
    """Given an audit, a gate judges that."""

    def test_judged_without_a_scan(self, gate: Doubt) -> None:
        """An audit is judged as it is; what it was scanned with is told."""
        gate("scan", "data.csv", "-q")

        done = gate("gate", "data.doubt", "--isolated", "--max-doubted", "0")

        assert done.returncode == 1
        assert "the audit data.doubt" in done.stdout
        assert "scanned with" in done.stdout

    def test_stale(self, gate: Doubt) -> None:
        """An audit of data that were changed since ends with 2."""
        gate("scan", "data.csv", "-q")
        write(gate.folder / "data.csv", read(TICKETS)[1:])

        done = gate("gate", "data.doubt", "--max-doubted", "0")

        assert done.returncode == 2
        assert "data.csv was changed since it was judged" in done.stderr

    def test_stale_with_a_backup(self, gate: Doubt) -> None:
        """A backup of what was judged passes nothing: what is gated are the data as they are now."""
        gate("scan", "data.csv", "-q")
        (gate.folder / "data.csv").rename(gate.folder / "data.csv.bak")
        write(gate.folder / "data.csv", read(TICKETS)[1:])

        done = gate("gate", "data.doubt", "--max-doubted", "1000")

        assert done.returncode == 2
        assert "data.csv was changed since it was judged" in done.stderr

    def test_other_settings(self, gate: Doubt) -> None:
        """One that was made with other settings than are asked for ends with 2."""
        gate("scan", "data.csv", "-q")

        done = gate("gate", "data.doubt", "--max-doubted", "0", "--seed", "5")

        assert done.returncode == 2
        assert "it was made with seed = 0" in done.stderr

    def test_a_gate_leaves_nothing(self, fresh: Doubt, tmp_path: Path) -> None:
        """A gate's own scan is kept in the cache, unless it is told not to; its report is the same."""
        none = fresh("gate", "data.csv", "--max-doubted", "0", "--no-cache", "-f", "sarif")
        assert not (tmp_path / "cache").exists()

        first = fresh("gate", "data.csv", "--max-doubted", "0")
        second = fresh("gate", "data.csv", "--max-doubted", "0")
        again = fresh("gate", "data.csv", "--max-doubted", "0", "-f", "sarif")

        assert "scanned now" in first.stdout
        assert "an audit kept in the cache" in second.stdout
        assert {path.name for path in fresh.folder.iterdir()} == {"data.csv", "doubt.toml"}
        assert none.stdout == again.stdout

    def test_its_own_limits(self, gate: Doubt) -> None:
        """An audit is held against the limits of the file that it judged, wherever it lies."""
        (gate.folder / "x").mkdir()
        (gate.folder / "y").mkdir()
        write(gate.folder / "x" / "data.csv", read(TICKETS))
        write(gate.folder / "y" / "data.csv", read(TICKETS)[:99])
        (gate.folder / "doubt.toml").write_text(
            f'{CONFIG}[gate.files."x/data.csv"]\nmax-doubted = 0\n'
            '[gate.files."y/data.csv"]\nmax-doubted = "100%"\n'
        )
        gate("scan", "x/data.csv", "-o", "y/audit", "-q")

        done = gate("gate", "y/audit")

        assert done.returncode == 1
        assert done.stdout.endswith("gate failed: 1 of 1 limit, x/data.csv\n")


class TestFiles:
    """Several files, each with limits of its own."""

    def test_of_the_settings_file(self, gate: Doubt) -> None:
        """Without a file named, those of the settings file are gated, each by its own limits."""
        write(gate.folder / "other.csv", read(TICKETS)[::2])
        (gate.folder / "doubt.toml").write_text(
            f'{CONFIG}[gate]\nmax-unlabelled = 5\n[gate.files."data.csv"]\nmax-unlabelled = 0\n'
            '[gate.files."other.csv"]\nmax-noise = "60%"\n'
        )

        told = report(gate("gate", "-f", "json"))["files"]

        assert [(one["input"]["path"], one["passed"]) for one in told] == [
            ("data.csv", False),
            ("other.csv", True),
        ]
        assert [len(one["checks"]) for one in told] == [1, 2]

    def test_one_baseline_for_two(self, gate: Doubt) -> None:
        """A baseline holds what is known of each file; written for one, it keeps what it says of others."""
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
    def test_formats(self, gate: Doubt, name: str) -> None:
        """Each format is printed, and written to a file with a short report printed; both are the same."""
        gate("gate", "data.csv", "--max-doubted", "0", "-q")  # from here on its audit is in the cache

        printed = gate("gate", "data.csv", "--max-doubted", "0", "-f", name)
        written = gate("gate", "data.csv", "--max-doubted", "0", "-f", name, "-o", "out")

        assert (printed.returncode, written.returncode) == (1, 1)
        assert printed.stdout == (gate.folder / "out").read_text(encoding="utf-8")
        assert written.stdout.endswith("gate failed: 1 of 1 limit, data.csv\n")
        assert "T0480" in printed.stdout

    def test_step_summary(self, gate: Doubt) -> None:
        """In a GitHub workflow the summary of the step is added to."""
        summary = gate.folder / "summary.md"
        summary.write_text("before\n")
        gate.environment["GITHUB_STEP_SUMMARY"] = str(summary)

        done = gate("gate", "data.csv", "--max-unlabelled", "0", "-f", "github")

        assert done.stdout.startswith("::error ")
        assert summary.read_text(encoding="utf-8").startswith("before\n")
        assert "max-unlabelled" in summary.read_text(encoding="utf-8")

    def test_lines(self, gate: Doubt) -> None:
        """Rows are named by the physical line that they begin on, below quoted newlines."""
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
    def test_nothing_read_is_written_over(self, gate: Doubt, path: str) -> None:
        """A file that was read is not written over by a report."""
        (gate.folder / "doubt-waivers.toml").write_text("")
        before = (gate.folder / path).read_bytes()

        done = gate("gate", "data.csv", "--max-doubted", "0", "-f", "json", "-o", path)

        assert done.returncode == 2
        assert "this file is read, so it is not overwritten" in done.stderr
        assert (gate.folder / path).read_bytes() == before

    def test_however_it_is_typed(self, gate: Doubt) -> None:
        """One file is gated once, and its findings have the same fingerprints, however its path is typed."""
        flags = ["--max-doubted", "0", "-f", "gitlab"]

        plain = gate("gate", "data.csv", *flags).stdout

        for typed in (["./data.csv"], [str(gate.folder / "data.csv")], ["data.csv", "./data.csv"]):
            assert gate("gate", *typed, *flags).stdout == plain

    def test_quiet(self, gate: Doubt) -> None:
        """Quiet, it only ends with its code."""
        done = gate("gate", "data.csv", "--max-doubted", "0", "-q")

        assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_two_baselines_at_once(gate: Doubt) -> None:
    """Two files that are written down at once both stand in the baseline."""
    write(gate.folder / "other.csv", read(TICKETS))
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


def test_waivers_beside_the_settings(gate: Doubt, doubt_in: type[Doubt]) -> None:
    """Waivers are found beside the settings file, from a folder below it, too."""
    (gate.folder / "sub").mkdir()
    (gate.folder / "doubt-waivers.toml").write_text('[[waive]]\nid = "nobody"\n')
    below = doubt_in(gate.folder / "sub", gate.environment)

    done = below("gate", "../data.csv", "--max-noise", "60%")

    assert "no row bears this id" in " ".join(done.stdout.split())


@pytest.mark.parametrize("named", ["", '[gate]\nwaivers = "conf/keep.toml"\n'], ids=["usual", "named"])
@pytest.mark.parametrize("place", ["", "sub"])
def test_waived_by_apply(gate: Doubt, doubt_in: type[Doubt], named: str, place: str) -> None:
    """A doubted row whose label people kept is waived by the next gate, wherever its verdict was applied."""
    (gate.folder / "doubt.toml").write_text(CONFIG + named)
    (gate.folder / "sub").mkdir()
    there = doubt_in(gate.folder / place, gate.environment)
    assert gate("scan", "data.csv", "-q").returncode == 0
    first = read(gate.folder / "data.doubt" / "queue.csv")[0]
    write(gate.folder / "verdicts.csv", [{"doubt_id": first["doubt_id"], "verdict": first["given_label"]}])
    up = "../" if place else ""

    done = there("apply", f"{up}data.csv", "--verdicts", f"{up}verdicts.csv", "-o", f"{up}fixed.csv", "-q")

    assert (done.returncode, done.stderr) == (0, "")
    for name in ("data.csv", "fixed.csv"):
        findings = report(gate("gate", name, "--max-doubted", "0", "-f", "json"))["files"][0]["findings"]
        assert [one["row_id"] for one in findings if one["waiver"]] == [first["doubt_id"]]


def test_baseline_over_something_else(gate: Doubt) -> None:
    """A file that is no baseline is not written over, unless that is asked for."""
    (gate.folder / "known.json").write_text("{}")

    refused = gate("baseline", "data.csv", "-o", "known.json")
    forced = gate("baseline", "data.csv", "-o", "known.json", "--force", "-q")

    assert (refused.returncode, forced.returncode, forced.stdout) == (2, 0, "")
    assert "is no baseline of doubt" in refused.stderr
    assert json.loads((gate.folder / "known.json").read_text())["schema_version"] == 1


def test_where_the_baseline_goes(gate: Doubt) -> None:
    """Without a file named it goes where the settings file has it, else to `.doubt-baseline.json`."""
    gate("baseline", "data.csv")
    (gate.folder / "doubt.toml").write_text(f'{CONFIG}[gate]\nbaseline = "known.json"\n')
    said = gate("baseline", "data.csv").stdout

    assert (gate.folder / ".doubt-baseline.json").read_bytes() == (gate.folder / "known.json").read_bytes()
    assert said.splitlines()[-1] == (
        "Written to known.json; commit it, and gate with --max-new 0 --baseline known.json"
    )
