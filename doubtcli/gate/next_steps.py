"""What made a gate fail -> what a person may do next: relabel, accept, allow, or waive."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.gate.limit_words import is_open
from doubtcli.gate.result import LABEL_CONFLICT, UNJUDGED, UNLABELLED, Outcome, Waiver
from doubtcli.gate.sentences import new_first
from doubtcli.gate.waivers.write import add_waivers
from doubtcli.settings import WAIVERS_FILE
from doubtcli.wording.quoting import printable_path, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from doubtcli.wording.sheet import Sheet

MOST_COMMANDS = 3
"""Written out, one a file; whoever reads three knows the others."""
_COMMAND, _WORDS = "bold", ""
_UNWAIVABLE = frozenset({"max-noise", "min-skill", "require-reason", "max-unlabelled"})
"""Limits that a waiver does not touch, or that is no answer to."""
_LEAD_CELLS = len("Relabel:  ")
_HALF_CHARACTERS = range(0xD800, 0xE000)


def print_next(sheet: Sheet, result: GateResult) -> None:
    """Print what may be done about a gate that failed: commands to copy, and a waiver to write."""
    failed = [file for file in result.files if not file.passed]
    waived = next(_waivable(failed), None)
    steps = {
        "Look:": [*_look(failed)],
        "Relabel:": [*_relabel(failed)],
        "Accept:": [*_accept(failed)],
        "Allow:": [*_allow(failed)],
        "Waive:": _waiver_to_paste(result, *waived) if waived else [],
    }
    if any(steps.values()):
        sheet.title("Next")
    for name, lines in steps.items():
        for number, (text, style) in enumerate(lines):
            before = " " * _LEAD_CELLS if number else name.ljust(_LEAD_CELLS)
            lead, shown = sheet.indent(before), printable_path(text)
            if style == _COMMAND:
                sheet.print(lead, (shown, style))  # in one piece, so that it can be copied
            else:
                sheet.hang(lead, shown)


def _look(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    """The page of each audit that is kept."""
    pages = [str(Path(file.audit) / "report.html") for file in failed if file.audit is not None]
    yield from ((page, _COMMAND) for page in pages[:MOST_COMMANDS])


def _relabel(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    """Scan each file, and decide on the rows in its queue."""
    doubted = [file for file in failed if any(_is_queued(one, _missed(file)) for one in file.failing)]
    commands = [f"doubt scan {shell_word(file.path)}" for file in doubted if file.path != STANDARD_INPUT]
    yield from ((command, _COMMAND) for command in commands[:MOST_COMMANDS])
    if commands:
        yield "with this gate's flags; then write the right label under verdict in its queue.csv", _WORDS


def _accept(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    """Take the new doubts for known, where they made a limit fail."""
    commands = [
        f"doubt baseline {shell_word(file.path)} -o {shell_word(file.comparison.path)}"
        for file in failed
        if "max-new" in _missed(file) and file.comparison and file.path != STANDARD_INPUT
    ]
    yield from ((command, _COMMAND) for command in commands[:MOST_COMMANDS])


def _allow(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    if any(is_open(check) and not check.allowed for file in failed for check in file.checks):
        yield "--allow-unassessable passes limits that nobody can tell of", _WORDS


def _missed(file: FileResult) -> dict[str, Check]:
    """The limits that failed for sure, by name: where nobody can tell, no row is to blame."""
    return {check.name: check for check in file.checks if check.outcome is Outcome.FAILED}


def _is_queued(finding: Finding, missed: Mapping[str, Check]) -> bool:
    """Whether it stands in a scan's queue, and a limit failed by it."""
    is_doubted = finding.rule not in (LABEL_CONFLICT, UNLABELLED, UNJUDGED)
    return is_doubted and any(name in missed for name in finding.failed)


# ------------------------------------------------------------------------ waive


def _waivable(failed: Sequence[FileResult]) -> Iterator[tuple[FileResult, Finding]]:
    """The findings that a waiver would help with, as they are listed."""
    for file in failed:
        limits = {name for name, check in _missed(file).items() if check.limit not in _UNWAIVABLE}
        for finding in new_first(file.failing):
            if limits.intersection(finding.failed) and _is_writable(finding):
                yield file, finding


def _is_writable(finding: Finding) -> bool:
    """Whether TOML has a way to write its id and its label."""
    return not any(ord(c) in _HALF_CHARACTERS for c in finding.row_id + (finding.given_label or ""))


def _waiver_to_paste(result: GateResult, file: FileResult, finding: Finding) -> list[tuple[str, str]]:
    """The first row's waiver, ready to be pasted."""
    waivers = result.waivers_path or WAIVERS_FILE
    beside = len(result.files) > 1 and file.path != STANDARD_INPUT
    waiver = Waiver(
        finding.row_id,
        number=1,
        label=finding.given_label,
        why="looked at by NAME: the label is right",
        files=(Path(os.path.relpath(file.path, Path(waivers).parent)).as_posix(),) if beside else (),
    )
    words = f"a row whose label is right after all, in {waivers}"
    return [(words, _WORDS), *((line, _COMMAND) for line in add_waivers("", [waiver]).splitlines())]
