"""The golden record: what ten commands print and write, on two files."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
RECORD = Path(__file__).parent / "record"


@dataclass(frozen=True)
class Sample:
    """A fixture and the flags that say what its columns are."""

    name: str
    roles: tuple[str, ...]
    decided: int
    """Rows at the head of the queue whose suggestion is taken for right."""


SAMPLES = (
    Sample("tickets", ("--id", "ticket_id", "--label", "intent", "--annotators", "annotator_*"), 12),
    Sample("penguins", ("--label", "species"), 10),
)
TOOLS = ("csv", "jsonl", "parquet", "label-studio", "argilla", "prodigy", "doccano")
GATES = ("full", "concise", "json", "jsonl", "github", "gitlab", "junit", "sarif", "markdown")


class Recorder:
    """Runs commands in a folder of their own; keeps what each printed, and its exit code, in `printed/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = folder / "printed"
        self.printed.mkdir()

    def run(self, name: str, *arguments: str) -> None:
        """Run `doubt` with arguments and keep what it says as `printed/NAME.txt`."""
        environment = {
            **os.environ,
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "DOUBT_CACHE": str(self.folder / "cache"),
            "DOUBT_PLUGINS": "off",
        }
        done = subprocess.run(
            [sys.executable, "-m", "doubtcli", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            check=False,
        )
        heading = f"exit {done.returncode}\n--- stderr\n".encode()
        told = heading + done.stderr + b"--- stdout\n" + done.stdout
        (self.printed / f"{name}.txt").write_bytes(told.replace(str(self.folder).encode(), b"FOLDER"))


def record(sample: Sample, folder: Path) -> None:
    """Run the ten commands on a sample, each as the README has it."""
    data = f"{sample.name}.csv"
    shutil.copy(REPOSITORY / "fixtures" / data, folder / data)
    recorder = Recorder(folder)
    recorder.run("init", "init", data, *sample.roles, "--output", "doubt.toml")
    recorder.run("scan", "scan", data, *sample.roles, "--isolated", "--audit-sample", "20", "-o", "audit")
    for tool in TOOLS:
        recorder.run(f"queue-{tool}", "queue", "audit", "--to", tool, "--size", "40", "-o", f"queue-{tool}")
    recorder.run(
        "queue-balanced", "queue", "audit", "--strategy", "balanced", "--size", "25", "-o", "balanced"
    )
    _decide(folder / "queue-csv" / "queue.csv", folder / "done.csv", sample.decided)
    fixed = ("--verdicts", "done.csv", "--audit", "audit")
    recorder.run("apply", "apply", data, *fixed, "-o", "fixed.csv")
    recorder.run(
        "apply-again", "apply", data, *fixed, "--output-format", "json", "--dry-run", "-o", "other.csv"
    )
    recorder.run("log", "log", "fixed.csv")
    recorder.run("log-json", "log", "fixed.csv", "--output-format", "json")
    recorder.run("rescan", "scan", "fixed.csv", *sample.roles, "--isolated", "-o", "fixed-audit")
    recorder.run(
        "verdicts", "scan", data, *sample.roles, "--isolated", "--verdicts", "done.csv", "-o", "decided"
    )
    recorder.run("compare", "compare", "audit", "fixed-audit")
    recorder.run("compare-json", "compare", "audit", "fixed-audit", "--output-format", "json")
    limits = ("--max-doubted", "3%", "--max-noise", "1%", "--max-new", "0", "--max-per-class", "2")
    limits = (*limits, "--isolated", "--baseline", "baseline.json")
    recorder.run("baseline", "baseline", "fixed-audit", "-o", "baseline.json")
    for name in GATES:
        recorder.run(
            f"gate-{name}",
            "gate",
            "audit",
            "--isolated",
            "--output-format",
            name,
            *limits,
            "--baseline",
            "baseline.json",
        )
    plantings = ("--plantings", "2", "--output-format", "json")
    recorder.run("bench", "bench", data, *sample.roles, "--isolated", *plantings)
    recorder.run("undo", "undo", "fixed.csv", "-o", "before.csv")
    recorder.run("reasons", "reasons")
    recorder.run("explain", "explain", "low-self-confidence")
    shutil.rmtree(folder / "cache", ignore_errors=True)


def _decide(queue: Path, done: Path, decided: int) -> None:
    """Fill in a queue: the first suggestions are right, the next five labels are kept, the rest undecided."""
    with queue.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[:decided]:
        row["verdict"] = row["doubt_suggested"]
    for row in rows[decided : decided + 5]:
        row["verdict"] = row["given_label"]
    with done.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session", params=SAMPLES, ids=lambda sample: sample.name)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of the golden record of a sample, and the one that the commands wrote now."""
    sample = request.param
    folder = tmp_path_factory.mktemp(sample.name)
    record(sample, folder)
    return RECORD / sample.name, folder
