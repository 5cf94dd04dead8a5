"""What a gate found -> annotations, as GitHub Actions reads them from a step's output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.paths import names_a_file
from doubtcli.gate.formats.markdown import render_markdown
from doubtcli.gate.limit_words import verdict
from doubtcli.gate.sentences import (
    LONGEST_WHY,
    check_sentences,
    failing_first_new,
    on_a_line,
    row_sentences,
    shown_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.gate.result import FileResult, GateResult

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable by which GitHub Actions names the file that a step's summary is added to."""
MOST = 10
"""Errors, and warnings, of a step that GitHub shows."""
_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})


def render_github(result: GateResult) -> str:
    """An error a limit that was not met, a warning a row of the worst, and one notice that sums up."""
    missed = [(file, check) for file in result.files for check in file.checks if not check.passed]
    failing = failing_first_new(result.files)
    lines = [
        *(_annotation("error", check_sentences(check), check.name, file) for file, check in missed[:MOST]),
        *(
            _annotation("warning", row_sentences(finding, result.rules), finding.rule, file, finding.lines)
            for file, finding in failing[:MOST]
        ),
        _annotation("notice", " ".join(_summary(result, len(missed), len(failing)))),
    ]
    return "".join(f"{line}\n" for line in lines)


def finish_github(result: GateResult) -> None:
    """Add to the summary of the step, where GitHub Actions names a file for it."""
    summary = os.environ.get(STEP_SUMMARY)
    if summary:
        with Path(summary).open("ab") as file:
            file.write(render_markdown(result).encode(errors="backslashreplace"))


def _summary(result: GateResult, n_missed: int, n_failing: int) -> Iterator[str]:
    """The verdict, and what is not shown for want of room."""
    yield f"{on_a_line(verdict(result), LONGEST_WHY)}."
    if n_missed > MOST:
        yield f"{n_missed - MOST:,} more limits failed than are shown."
    if n_failing > MOST:
        yield f"The {MOST} worst of {n_failing:,} rows over a limit are shown."
    if result.lapsed:
        yield f"Waivers that did not hold: {len(result.lapsed):,}."


def _annotation(
    kind: str,
    message: str,
    about: str = "",
    file: FileResult | None = None,
    lines: tuple[int, int] | None = None,
) -> str:
    properties = {"title": f"doubt: {on_a_line(about)}" if about.strip() else "doubt"}
    if file is not None and names_a_file(file.path):
        properties["file"] = shown_path(file.path)
        properties |= {} if lines is None else {"line": str(lines[0]), "endLine": str(lines[1])}
    told = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{kind} {told}::{message.translate(_MESSAGE)}"
