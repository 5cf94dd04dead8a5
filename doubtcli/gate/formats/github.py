"""What a gate found -> annotations, as GitHub Actions reads them from a step's output."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.paths import names_a_file
from doubtcli.gate.formats.markdown import render_markdown
from doubtcli.gate.limit_words import describe_outcome
from doubtcli.gate.sentences import (
    LONGEST_WHY,
    describe_check,
    describe_finding,
    fit_on_line,
    list_failing_new_first,
    make_shown_path,
)
from doubtcli.records import CONTRADICTED
from doubtcli.wording.quoting import ANYWHERE_COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.gate.result import FileResult, GateResult

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The environment variable in which GitHub Actions names the file that a step's summary is added to."""
MOST = 10
"""GitHub shows so many errors and so many warnings of a step."""
_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})


def render_github(result: GateResult) -> str:
    """An error per limit that was not met, a warning or notice for the worst rows, and a summary."""
    missed = [(file, check) for file in result.files for check in file.checks if not check.passed]
    failing = list_failing_new_first(result.files)
    lines = [
        *(
            _make_annotation("error", describe_check(check), check.name, file)
            for file, check in missed[:MOST]
        ),
        *(
            _make_annotation(
                "notice" if finding.tier == CONTRADICTED else "warning",
                describe_finding(finding, result.rules),
                finding.rule,
                file,
                finding.lines,
            )
            for file, finding in failing[:MOST]
        ),
        _make_annotation("notice", " ".join(_list_summary(result, len(missed), len(failing)))),
    ]
    return "".join(f"{line}\n" for line in lines)


def finish_github(result: GateResult) -> None:
    """Add to the summary of the step, where GitHub Actions names a file for it."""
    summary = os.environ.get(STEP_SUMMARY)
    if summary:
        with Path(summary).open("ab") as file:
            file.write(render_markdown(result).encode(errors="backslashreplace"))


def _list_summary(result: GateResult, n_missed: int, n_failing: int) -> Iterator[str]:
    """The outcome, and how much is not shown because there is no room for it."""
    yield f"{fit_on_line(describe_outcome(result), LONGEST_WHY)}."
    if n_missed > MOST:
        yield f"{n_missed - MOST:,} more failed limits are not shown."
    if n_failing > MOST:
        yield f"The {MOST} worst of {n_failing:,} rows over a limit are shown."
    if result.lapsed:
        yield f"Waivers that applied to no row: {len(result.lapsed):,}."


def _make_annotation(
    kind: str,
    message: str,
    about: str = "",
    file: FileResult | None = None,
    lines: tuple[int, int] | None = None,
) -> str:
    properties = {"title": f"doubt: {fit_on_line(about)}" if about.strip() else "doubt"}
    if file is not None and names_a_file(file.path):
        properties["file"] = make_shown_path(file.path)
        properties |= {} if lines is None else {"line": str(lines[0]), "endLine": str(lines[1])}
    listed = ",".join(f"{name}={value.translate(_PROPERTY)}" for name, value in properties.items())
    annotation = f"::{kind} {listed}::{message.translate(_MESSAGE)}"
    return annotation.replace(ANYWHERE_COMMAND, "# #[")
