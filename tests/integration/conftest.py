"""Tests that take minutes and the network: our package, installed and used by other tools."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
WORDS = {
    "billing": ["invoice", "payment", "card", "refund", "charge", "price", "receipt", "amount"],
    "delivery": ["parcel", "courier", "address", "tracking", "late", "box", "doorstep", "shipment"],
    "login": ["password", "account", "email", "code", "locked", "reset", "sign", "username"],
}
COMMON = ["please", "hello", "the", "my", "is", "since", "yesterday", "again", "help", "thanks", "order"]


@dataclass(frozen=True)
class Shell:
    """Runs commands in one folder, without the user's settings."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command; gives its exit code and its output."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def must(self, *command: str | Path) -> None:
        """Run a command that must succeed."""
        done = self(*command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def shell_in() -> type[Shell]:
    """Makes a shell in any folder."""
    return Shell


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with a name for git, and with separate caches."""
    home = tmp_path_factory.mktemp("home")
    (home / "git").write_text(
        "[user]\nname = Ann\nemail = ann@example.org\n[init]\ndefaultBranch = main\n", encoding="utf-8"
    )
    return {
        **{
            key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "COV_", "PYTEST_"))
        },
        "GIT_CONFIG_GLOBAL": str(home / "git"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "DOUBT_CACHE": str(home / "doubt"),
    }


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Shell:
    """The files of this repository as they are now, committed to a new repository."""
    if shutil.which("git") is None or not (REPOSITORY / ".git").exists():
        pytest.skip("needs git, and the repository")
    here = Shell(REPOSITORY, environment)
    there = Shell(tmp_path_factory.mktemp("ours"), environment)
    listed = here("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").stdout
    for name in listed.split("\0"):
        if name and (REPOSITORY / name).is_file():
            (there.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, there.folder / name)
    there.must("git", "init", "--quiet")
    there.must("git", "add", "--all")
    there.must("git", "commit", "--quiet", "--message", "All")
    return there


@pytest.fixture(scope="module")
def clean_rows() -> list[list[str]]:
    """240 texts of three classes with different words."""
    chance = random.Random(0)
    rows = []
    for number in range(240):
        label = sorted(WORDS)[number % 3]
        words = chance.sample(WORDS[label], 4) + chance.sample(COMMON, 4)
        chance.shuffle(words)
        rows.append([f"t{number:03}", " ".join(words), label])
    return rows


@pytest.fixture(scope="module")
def wrong_rows(clean_rows: list[list[str]]) -> list[list[str]]:
    """The same rows, a tenth of them with the label of another class."""
    other = {"billing": "delivery", "delivery": "login", "login": "billing"}
    return [[*row[:2], other[row[2]]] if number % 10 == 0 else row for number, row in enumerate(clean_rows)]


@pytest.fixture
def theirs(tmp_path: Path, environment: dict[str, str]) -> Shell:
    """A user's repository, still empty."""
    shell = Shell(tmp_path, environment)
    shell.must("git", "init", "--quiet")
    return shell
