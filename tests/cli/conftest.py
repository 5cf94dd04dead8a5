"""The command `doubt`: in the tests' process, or in a new one, as users run it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from doubtcli.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Doubt:
    """Runs `doubt` in one folder, in a new process."""

    folder: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    )

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command to its end; returns its exit code and what it printed."""
        return subprocess.run(
            [sys.executable, "-m", "doubtcli", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )


@dataclass(frozen=True)
class DoubtHere(Doubt):
    """Runs `doubt` in one folder, in this process: libraries are imported once for many tests."""

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command to its end; returns its exit code and what it printed, as a process would."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        piped = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        with ExitStack() as process:
            process.enter_context(mock.patch.dict(os.environ, self.environment, clear=True))
            process.enter_context(mock.patch.object(sys, "argv", ["doubt", *arguments]))
            process.enter_context(mock.patch.object(sys, "stdin", piped))
            for context in (chdir(self.folder), redirect_stdout(out), redirect_stderr(err)):
                process.enter_context(context)
            ended = process.enter_context(pytest.raises(SystemExit))
            main.main()
        printed = (_read_back(stream) for stream in (out, err))
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *printed)


def _read_back(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@pytest.fixture
def hears_interrupts() -> Iterator[None]:
    """New processes react to Ctrl-C, also if the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def doubt(tmp_path: Path) -> Doubt:
    """The command in this process, in an empty folder."""
    return DoubtHere(tmp_path)


@pytest.fixture
def doubt_process(tmp_path: Path) -> Doubt:
    """The command in a new process, in an empty folder."""
    return Doubt(tmp_path)


@pytest.fixture(scope="session")
def doubt_in() -> type[Doubt]:
    """The command in a new process, in any folder."""
    return Doubt
