"""The generated parts of README.md and docs/: cog calls these, and pastes what they give."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import fields

from doubtcli.settings import FILE_KEYS, ScanSettings

FENCE = "```"


def output_of(command: str) -> str:
    """What a `doubt` command prints, as a block."""
    arguments = shlex.split(command)[1:]
    done = subprocess.run(
        [sys.executable, "-m", "doubtcli", *arguments], capture_output=True, text=True, check=True
    )
    return f"{FENCE}text\n{_trimmed(done.stdout)}\n{FENCE}"


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def settings_table() -> str:
    """Every key that a settings file may hold."""
    defaults = {item.name.replace("_", "-"): item.default for item in fields(ScanSettings)}
    rows = [
        f"| `{key}` | {kind.expected} | {_default(defaults[key])} | {kind.about} |"
        for key, kind in FILE_KEYS.items()
    ]
    return "\n".join(["| key | takes | default | what it is |", "|---|---|---|---|", *rows])


def _default(value: object) -> str:
    return "" if value in (None, ()) else f"`{value}`"
