"""What a gate found -> one line per failing row and limit, and the outcome: for `grep` and editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.gate.limit_words import describe_outcome, format_value_and_bound
from doubtcli.wording.numbers import format_score
from doubtcli.wording.quoting import printable_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

_LONGEST_LABEL = 100
"""Characters: a line should stay readable even if labels are whole texts."""


def render_concise(result: GateResult) -> str:
    r"""The lines; new lines and control characters of the data are shown as `\n` and `\x1b`."""
    lines = [line for file in result.files for line in _list_file_lines(file)]
    return "".join(f"{printable_path(line)}\n" for line in (*lines, describe_outcome(result)))


def _list_file_lines(file: FileResult) -> Iterator[str]:
    yield from (_describe_row(file.path, finding) for finding in file.failing)
    yield from (f"{file.path}: {_describe_limit(check)}" for check in file.checks if not check.passed)


def _describe_row(path: str, finding: Finding) -> str:
    """`data.csv:18: refund -> billing, doubt 0.99, new [low-self-confidence] id T0480`."""
    place = f"{path}:{finding.lines[0]}" if finding.lines else f"{path}: row {finding.row}"
    doubt = None if finding.doubt is None else f"doubt {format_score(finding.doubt)}"
    parts = ", ".join(words for words in (_describe_labels(finding), doubt, finding.change) if words)
    return f"{place}: {parts} [{finding.rule}] id {finding.row_id}"


def _describe_labels(finding: Finding) -> str:
    """The given label and, where another one is suggested, that one."""
    if finding.given_label is None:
        return "no label"
    given, suggested = finding.given_label, finding.suggested_label
    return (
        _shorten_label(given)
        if suggested in (None, given)
        else f"{_shorten_label(given)} -> {_shorten_label(suggested)}"
    )


def _shorten_label(label: str | None) -> str:
    text = label or ""
    return text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 3] + "..."


def _describe_limit(check: Check) -> str:
    """`max-doubted failed: 4.3%, at most 3%: doubted rows: 52 of 1,200 rows`."""
    return ": ".join(
        words
        for words in (
            f"{_shorten_label(check.name)} {check.outcome}",
            format_value_and_bound(check),
            check.measured,
            check.why,
        )
        if words
    )
