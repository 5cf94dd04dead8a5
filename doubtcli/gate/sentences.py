"""A finding or a limit -> plain sentences on one line, for systems that show one line per finding.

No matter what the data contain, the line has only visible characters (and joiners): no new line, no control
character, none that changes the direction of text, no half of a character. JSON, XML and UTF-8 can hold it.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from doubtcli.disk.paths import names_a_file, relative_path
from doubtcli.gate.limit_words import format_value_and_bound, is_unassessable
from doubtcli.gate.result import LABEL_CONFLICT, UNLABELLED, Change, Outcome, Waiver
from doubtcli.gate.waivers.write import add_waivers
from doubtcli.records import DOUBTED
from doubtcli.settings import WAIVERS_FILE
from doubtcli.tools.verdict_lines import is_verdict_file, is_verdict_folder
from doubtcli.wording.numbers import format_score
from doubtcli.wording.quoting import path_bytes, printable_path, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from doubtcli.wording.sheet import Sheet

    Found = tuple[FileResult, Finding]

LONGEST_NAME = 100
"""Characters of an id or a label: a person does not compare longer ones."""
LONGEST_WHY = 1000
_DIGEST_BYTES = 8
_ABOUT_NO_ROW = ("min-skill", "require-measured", "require-reason")
"""Limits that no row meets or misses."""


def fit_on_line(text: str, most: int = LONGEST_NAME) -> str:
    r"""The text cut to so many characters, with invisible ones shown as escapes: `\n`."""
    shown = printable_path(text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def describe_finding(finding: Finding, rules: Mapping[str, str]) -> str:
    """What is wrong with a row, why, whether it is new or waived: `T0017: label "a" is doubted (0.9). …`."""
    more = [explain_finding(finding, rules)]
    if finding.change is Change.NEW:
        more.append(_join_with_colon("new", finding.change_why))
    if finding.waiver:
        more.append(_join_with_colon("waived", finding.waiver.why))
    return _join_sentences(f"{name_row(finding)}: {_describe_label(finding)}", more)


def name_row(finding: Finding) -> str:
    """Its id; also its number in the file where its line is not known."""
    name, place = fit_on_line(finding.row_id).strip(), f"row {finding.row}"
    if not name:
        return place
    return name if finding.lines else f"{name} ({place})"


def explain_finding(finding: Finding, rules: Mapping[str, str]) -> str:
    """Its reasons in plain words, or what its rule means; "" where the label's sentence says all."""
    if finding.rule == UNLABELLED:
        return ""
    return finding.why or rules.get(finding.rule, "")


def describe_check(check: Check) -> str:
    """Whether a limit was met, and why: `max-noise failed: 4.3%, at most 3%. Wrong labels …`."""
    figures = "" if is_unassessable(check) else format_value_and_bound(check)
    outcome = f"{fit_on_line(check.name)} {'is ' if is_unassessable(check) else ''}{check.outcome}"
    why = _join_with_colon(check.measured, check.why)
    return _join_sentences(f"{outcome}{f': {figures}' if figures else ''}", [why])


def is_failed_without_rows(check: Check) -> bool:
    """Whether a limit was not met and there are no rows to show for it."""
    rowless = check.limit in {"max-noise", "max-contradicted", *_ABOUT_NO_ROW} or not check.rows
    return not check.passed and (rowless or check.outcome is Outcome.NOT_ASSESSABLE)


def make_check_fingerprint(file: FileResult, check: Check) -> str:
    """16 hexadecimal digits that identify a limit of a file; they don't depend on its outcome."""
    identity = f"{file.path}\0{check.name}".encode(errors="backslashreplace")
    return blake2b(identity, digest_size=_DIGEST_BYTES).hexdigest()


def _describe_label(finding: Finding) -> str:
    if finding.given_label is None:
        return "it has no label"
    label = f'label "{fit_on_line(finding.given_label)}"'
    if finding.rule == LABEL_CONFLICT:
        return f"{label} is in conflict"
    tier = finding.tier or DOUBTED
    doubted = f"{label} is {tier}" + ("" if finding.doubt is None else f" ({format_score(finding.doubt)})")
    if finding.suggested_label in {None, finding.given_label}:
        return doubted
    return f'{doubted}, "{fit_on_line(finding.suggested_label or "")}" is suggested'


def _join_with_colon(what: str, why: str) -> str:
    """The two with a colon between them; if one is empty, the other one."""
    return ": ".join(words for words in (what.strip(), why.strip()) if words)


def _join_sentences(first: str, others: Iterable[str]) -> str:
    """Each with a full stop, and with a capital except the first, which begins with a name."""
    shown = [fit_on_line(words.strip(), LONGEST_WHY) for words in others]
    sentences = [first, *(f"{words[0].upper()}{words[1:]}" for words in shown if words)]
    return " ".join(f"{words.removesuffix('.')}." for words in sentences)


# --------------------------------------------------------------------------- order


def sort_new_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that the baseline does not know, then the others, each in the given order."""
    return sorted(findings, key=lambda finding: finding.change is not Change.NEW)


def sort_worst_first(files: Iterable[FileResult]) -> list[Found]:
    """Those because of which a limit failed first, waived ones last, most doubted first in each kind.

    Ties keep their order.
    """
    found = [(file, finding) for file in files for finding in file.findings]
    return sorted(
        found, key=lambda one: (not one[1].failed, one[1].waiver is not None, -(one[1].doubt or 0.0))
    )


def list_failing_new_first(files: Iterable[FileResult]) -> list[Found]:
    """Only those because of which a limit failed: new ones first, then most doubted first."""
    failing = [one for one in sort_worst_first(files) if one[1].failed]
    return sorted(failing, key=lambda one: one[1].change is not Change.NEW)


# -------------------------------------------------------------------------- paths


def make_repository_path(path: str) -> str:
    """The path relative to the working directory, with "/" as separator; absolute if it is outside."""
    if not names_a_file(path):
        return path
    relative = Path(relative_path(path or "."))
    is_outside = relative.parts[:1] == ("..",)
    return (Path(os.path.abspath(path)) if is_outside else relative).as_posix()  # noqa: PTH100  # keep links


def make_shown_path(path: str) -> str:
    """As `make_repository_path`, with invisible characters shown as escapes."""
    return printable_path(make_repository_path(path))


def make_uri(path: str) -> tuple[str, bool]:
    """Percent-encoded, and whether it is relative to the working directory; else it is a `file:` URI."""
    shown = make_repository_path(path)
    is_relative = not os.path.isabs(shown)  # noqa: PTH117  # a text, not a path
    encoded = quote(path_bytes(shown))
    return (encoded, True) if is_relative else (f"file:///{encoded.lstrip('/')}", False)


MOST_COMMANDS = 3
"""Files for which a command is written out; three are enough of an example."""
_COMMAND, _WORDS = "bold", ""
_UNWAIVABLE = frozenset({"max-noise", "max-unlabelled", *_ABOUT_NO_ROW})
"""Limits on which a waiver has no effect, or for which it is not the right answer."""
_LEAD_CELLS = len("Relabel:  ")
_HALF_CHARACTERS = range(0xD800, 0xE000)


def print_next(sheet: Sheet, result: GateResult) -> None:
    """Print what to do about a gate that failed: commands to copy, and a waiver to paste."""
    failed = [file for file in result.files if not file.passed]
    waived = next(_find_waivable(failed), None)
    steps = {
        "Look:": [*_list_pages(failed)],
        "Relabel:": [*_list_relabel_commands(failed)],
        "Accept:": [*_list_accept_commands(failed)],
        "Allow:": [*_list_allow_hint(failed)],
        "Waive:": _make_waiver_lines(result, *waived) if waived else [],
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


def _list_pages(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    """The page of each audit that was kept."""
    pages = [str(Path(file.audit) / "report.html") for file in failed if file.audit is not None]
    yield from ((page, _COMMAND) for page in pages[:MOST_COMMANDS])


def _list_relabel_commands(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    """The commands that scan each file again, and what to do with the rows in its queue."""
    doubted = [
        file for file in failed if any(_is_queued(one, _find_failed_checks(file)) for one in file.failing)
    ]
    commands = [f"doubt scan {shell_word(file.path)}" for file in doubted if names_a_file(file.path)]
    yield from ((command, _COMMAND) for command in commands[:MOST_COMMANDS])
    if commands:
        yield "with the flags of this gate; then write the right labels under verdict in queue.csv", _WORDS


def _list_accept_commands(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    """The commands that add new doubts to the baseline, where a limit failed because of them."""
    commands = [
        f"doubt baseline {shell_word(file.path)} -o {shell_word(file.comparison.path)}"
        for file in failed
        if "max-new" in _find_failed_checks(file) and file.comparison and names_a_file(file.path)
    ]
    yield from ((command, _COMMAND) for command in commands[:MOST_COMMANDS])
    if commands:
        yield "with the flags of this gate, to record the doubts of today as known", _WORDS


def _list_allow_hint(failed: Sequence[FileResult]) -> Iterator[tuple[str, str]]:
    if any(is_unassessable(check) and not check.allowed for file in failed for check in file.checks):
        yield "add --allow-unassessable to pass in spite of limits that can't be assessed", _WORDS


def _find_failed_checks(file: FileResult) -> dict[str, Check]:
    """The limits that did fail, by name; without those that can't be assessed, which are no row's fault."""
    return {check.name: check for check in file.checks if check.outcome is Outcome.FAILED}


def _is_queued(finding: Finding, missed: Mapping[str, Check]) -> bool:
    """Whether a scan puts it into its queue, and a limit failed because of it."""
    return finding.tier is not None and any(name in missed for name in finding.failed)


# ------------------------------------------------------------------------ waive


def _find_waivable(failed: Sequence[FileResult]) -> Iterator[tuple[FileResult, Finding]]:
    """The findings for which a waiver would help, in the order in which they are listed."""
    for file in failed:
        limits = {name for name, check in _find_failed_checks(file).items() if check.limit not in _UNWAIVABLE}
        for finding in sort_new_first(file.failing):
            if limits.intersection(finding.failed) and _is_writable(finding):
                yield file, finding


def _is_writable(finding: Finding) -> bool:
    """Whether its id and its label can be written in TOML."""
    return not any(ord(c) in _HALF_CHARACTERS for c in finding.row_id + (finding.given_label or ""))


def _make_waiver_lines(result: GateResult, file: FileResult, finding: Finding) -> list[tuple[str, str]]:
    """The lines of the first row's waiver, ready to be pasted."""
    waivers = result.waivers_path or WAIVERS_FILE
    if is_verdict_folder(waivers):
        words = "if the label of a row is right, keep it in the review of these verdicts:"
        return [
            (words, _WORDS),
            (f"doubt review {shell_word(file.path)} --folder {shell_word(waivers)}", _COMMAND),
        ]
    if is_verdict_file(waivers):
        words = "if the label of a row is right, keep it in a review, and give the gate its folder:"
        return [(words, _WORDS), (f"doubt review {shell_word(file.path)}", _COMMAND)]
    names_file = len(result.files) > 1 and names_a_file(file.path)
    waiver = Waiver(
        finding.row_id,
        number=1,
        label=finding.given_label,
        why="checked by NAME: the label is right",
        files=(relative_path(file.path, Path(waivers).parent),) if names_file else (),
    )
    words = f"if the label of a row is right, add to {waivers}:"
    return [(words, _WORDS), *((line, _COMMAND) for line in add_waivers("", [waiver]).splitlines())]
