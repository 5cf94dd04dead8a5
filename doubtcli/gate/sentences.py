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

from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.gate.limit_words import held_words, is_open
from doubtcli.gate.result import LABEL_CONFLICT, UNLABELLED, Change, Outcome
from doubtcli.wording.numbers import score
from doubtcli.wording.quoting import path_bytes, printable_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.gate.result import Check, FileResult, Finding

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
    if path == STANDARD_INPUT:
        return path
    seen = Path(os.path.relpath(path or "."))
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
