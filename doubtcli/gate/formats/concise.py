"""What a gate found -> one line a row that fails it, one a limit, and the verdict: for `grep` and editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.gate.limit_words import held_words, verdict
from doubtcli.wording.numbers import score
from doubtcli.wording.quoting import printable_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

_LONGEST_LABEL = 100
"""Characters: a label is not the place for a text, and a line should stay one that can be read."""


def render_concise(result: GateResult) -> str:
    r"""The lines; new lines and control characters of the data are shown as `\n` and `\x1b`."""
    told = [line for file in result.files for line in _file_lines(file)]
    return "".join(f"{printable_path(line)}\n" for line in (*told, verdict(result)))


def _file_lines(file: FileResult) -> Iterator[str]:
    yield from (_row_line(file.path, finding) for finding in file.failing)
    yield from (f"{file.path}: {_check_line(check)}" for check in file.checks if not check.passed)


def _row_line(path: str, finding: Finding) -> str:
    """`data.csv:18: refund -> billing, doubt 0.99, new [low-self-confidence] id T0480`."""
    place = f"{path}:{finding.lines[0]}" if finding.lines else f"{path}: row {finding.row}"
    doubt = None if finding.doubt is None else f"doubt {score(finding.doubt)}"
    told = ", ".join(words for words in (_labels(finding), doubt, finding.change) if words)
    return f"{place}: {told} [{finding.rule}] id {finding.row_id}"


def _labels(finding: Finding) -> str:
    """The given label and, where there is a better one, that."""
    if finding.given_label is None:
        return "no label"
    given, suggested = finding.given_label, finding.suggested_label
    return _short(given) if suggested in (None, given) else f"{_short(given)} -> {_short(suggested)}"


def _short(label: str | None) -> str:
    text = label or ""
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 3] + "..."


def _check_line(check: Check) -> str:
    """`max-noise failed: 4.3%, at most 3%: suspected label noise, lower bound: 5.2% of the labels`."""
    return ": ".join(
        words
        for words in (f"{_short(check.name)} {check.outcome}", held_words(check), check.measured, check.why)
        if words
    )
