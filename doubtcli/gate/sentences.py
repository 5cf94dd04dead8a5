"""A finding or a limit -> plain sentences on one line, for systems that show a line a finding.

Whatever stands in the data, the line has only characters that can be seen (and joiners): no new line, no
control character, none that turns text around, no half of a character. JSON, XML and UTF-8 can all hold it.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from doubtcli.disk.paths import names_a_file, relative_path
from doubtcli.gate.limit_words import held_words, is_open
from doubtcli.gate.result import LABEL_CONFLICT, UNJUDGED, UNLABELLED, Change, Outcome, Waiver
from doubtcli.gate.waivers.write import add_waivers
from doubtcli.settings import WAIVERS_FILE
from doubtcli.wording.numbers import score
from doubtcli.wording.quoting import path_bytes, printable_path, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from doubtcli.wording.sheet import Sheet

    Found = tuple[FileResult, Finding]

LONGEST_NAME = 100
"""Characters of an id or a label: more of it tells no two apart that a person could."""
LONGEST_WHY = 1000
_DIGEST_BYTES = 8


def on_a_line(text: str, most: int = LONGEST_NAME) -> str:
    r"""The text cut to so many characters, what nobody could see of it shown as an escape: `\n`."""
    shown = printable_path(text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def row_sentences(finding: Finding, rules: Mapping[str, str]) -> str:
    """What is the matter with a row, why, and what is known of it: `T0017: label "a" is doubted (0.9). …`."""
    told = [why_words(finding, rules)]
    if finding.change is Change.NEW:
        told.append(_because("new", finding.change_why))
    if finding.waiver:
        told.append(_because("waived", finding.waiver.why))
    return _sentences(f"{row_name(finding)}: {_claim(finding)}", told)


def row_name(finding: Finding) -> str:
    """Its id; where no line leads to the row, its place in the file, too."""
    name, place = on_a_line(finding.row_id).strip(), f"row {finding.row}"
    if not name:
        return place
    return name if finding.lines else f"{name} ({place})"


def why_words(finding: Finding, rules: Mapping[str, str]) -> str:
    """Its reasons in plain words, or what it is reported as; "" where that is already said."""
    if finding.rule == UNLABELLED:
        return ""
    return finding.why or rules.get(finding.rule, "")


def check_sentences(check: Check) -> str:
    """How a limit was met, and what that rests on: `max-noise failed: 4.3%, at most 3%. Suspected …`."""
    held = "" if is_open(check) else held_words(check)
    outcome = f"{on_a_line(check.name)} {'is ' if is_open(check) else ''}{check.outcome}"
    rests_on = _because(check.measured, check.why)
    return _sentences(f"{outcome}{f': {held}' if held else ''}", [rests_on])


def is_of_the_file(check: Check) -> bool:
    """Whether a limit was not met, and no rows can be shown for it."""
    rowless = check.limit in {"max-noise", "min-skill", "require-reason"} or not check.rows
    return not check.passed and (rowless or check.outcome is Outcome.NOT_ASSESSABLE)


def check_fingerprint(file: FileResult, check: Check) -> str:
    """16 hexadecimal digits that tell a file's limit from all others, whatever came of it."""
    told = f"{file.path}\0{check.name}".encode(errors="backslashreplace")
    return blake2b(told, digest_size=_DIGEST_BYTES).hexdigest()


def _claim(finding: Finding) -> str:
    if finding.given_label is None:
        return "it has no label"
    label = f'label "{on_a_line(finding.given_label)}"'
    if finding.rule == LABEL_CONFLICT:
        return f"{label} is in conflict"
    doubted = f"{label} is doubted" + ("" if finding.doubt is None else f" ({score(finding.doubt)})")
    if finding.suggested_label in {None, finding.given_label}:
        return doubted
    return f'{doubted}, "{on_a_line(finding.suggested_label or "")}" is suggested'


def _because(what: str, why: str) -> str:
    """The two with a colon between them, where there are two."""
    return ": ".join(words for words in (what.strip(), why.strip()) if words)


def _sentences(first: str, others: Iterable[str]) -> str:
    """Each with a full stop and all but the first, which begins with a name, with a capital."""
    shown = [on_a_line(words.strip(), LONGEST_WHY) for words in others]
    told = [first, *(f"{words[0].upper()}{words[1:]}" for words in shown if words)]
    return " ".join(f"{words.removesuffix('.')}." for words in told)


# --------------------------------------------------------------------------- order


def new_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the baseline does not know, then the others, each in the order given."""
    return sorted(findings, key=lambda finding: finding.change is not Change.NEW)


def worst_first(files: Iterable[FileResult]) -> list[Found]:
    """Those that fail a limit first, waived ones last, each kind most doubted first; ties as they stood."""
    found = [(file, finding) for file in files for finding in file.findings]
    return sorted(
        found, key=lambda one: (not one[1].failed, one[1].waiver is not None, -(one[1].doubt or 0.0))
    )


def failing_first_new(files: Iterable[FileResult]) -> list[Found]:
    """Those alone that fail a limit: what the baseline does not know first, most doubted first."""
    failing = [one for one in worst_first(files) if one[1].failed]
    return sorted(failing, key=lambda one: one[1].change is not Change.NEW)


# -------------------------------------------------------------------------- places


def repository_path(path: str) -> str:
    """The path as seen from the working directory, "/" between its parts; whole where it lies elsewhere."""
    if not names_a_file(path):
        return path
    seen = Path(relative_path(path or "."))
    return (Path(os.path.abspath(path)) if seen.parts[:1] == ("..",) else seen).as_posix()  # noqa: PTH100  # links are kept


def shown_path(path: str) -> str:
    """As `repository_path`, what nobody could see of it shown as an escape."""
    return printable_path(repository_path(path))


def uri(path: str) -> tuple[str, bool]:
    """Percent-encoded, and whether it is relative to the working directory; else it is a `file:` URI."""
    told = repository_path(path)
    is_relative = not os.path.isabs(told)  # noqa: PTH117  # a text, not a path
    encoded = quote(path_bytes(told))
    return (encoded, True) if is_relative else (f"file:///{encoded.lstrip('/')}", False)


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
    commands = [f"doubt scan {shell_word(file.path)}" for file in doubted if names_a_file(file.path)]
    yield from ((command, _COMMAND) for command in commands[:MOST_COMMANDS])
    if commands:
        yield "with this gate's flags; then write the right label under verdict in its queue.csv", _WORDS


def _accept(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    """Take the new doubts for known, where they made a limit fail."""
    commands = [
        f"doubt baseline {shell_word(file.path)} -o {shell_word(file.comparison.path)}"
        for file in failed
        if "max-new" in _missed(file) and file.comparison and names_a_file(file.path)
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
    beside = len(result.files) > 1 and names_a_file(file.path)
    waiver = Waiver(
        finding.row_id,
        number=1,
        label=finding.given_label,
        why="looked at by NAME: the label is right",
        files=(relative_path(file.path, Path(waivers).parent),) if beside else (),
    )
    words = f"a row whose label is right after all, in {waivers}"
    return [(words, _WORDS), *((line, _COMMAND) for line in add_waivers("", [waiver]).splitlines())]
