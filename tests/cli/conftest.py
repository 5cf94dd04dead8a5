"""The command as its user has it: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Doubt:
    """Runs `doubt` in one folder."""

    folder: Path
    environment: dict[str, str] = field(
        default_factory=lambda: {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    )

    def __call__(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command to its end; gives its code and what it printed."""
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


@pytest.fixture
def hears_interrupts() -> Iterator[None]:
    """Processes that are started hear Ctrl-C, even where the tests run in a shell's background and don't."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def doubt(tmp_path: Path) -> Doubt:
    """The command, in an empty folder."""
    return Doubt(tmp_path)


@pytest.fixture(scope="session")
def doubt_in() -> type[Doubt]:
    """The command in a folder of one's choice."""
    return Doubt
