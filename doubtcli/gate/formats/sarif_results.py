"""A finding, or a limit that no rows can be shown for -> a result of SARIF."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from doubtcli.gate.formats.places import uri
from doubtcli.gate.formats.sentences import (
    LONGEST_WHY,
    check_fingerprint,
    check_sentences,
    on_a_line,
    row_sentences,
)
from doubtcli.gate.result import DOUBTED, Change
from doubtcli.wording.numbers import round_figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.gate.result import Check, FileResult, Finding

    Json = dict[str, Any]

_LINK = re.compile(r"\[(?=[^]]*\]\()")
"""The start of what SARIF takes for a link: `[text](target)`."""


def finding_result(file: FileResult, finding: Finding, rules: Mapping[str, str]) -> Json:
    """A row, where it stands, with what keeps it apart from all others."""
    result: Json = {
        "ruleId": on_a_line(finding.rule.strip()) or DOUBTED,
        "level": _level(finding),
        "message": _message(row_sentences(finding, rules)),
        "locations": [_location(file, finding.lines or (1, 1), finding.row_id)],
        "partialFingerprints": _fingerprints("doubtRow/v1", finding.fingerprint),
        "properties": {"doubt": _properties(finding)},
    }
    if finding.doubt is not None:
        result["rank"] = round_figure(100 * finding.doubt)
    if finding.change:
        result["baselineState"] = "new" if finding.change is Change.NEW else "unchanged"
    if finding.waiver:
        why = on_a_line(finding.waiver.why.strip(), LONGEST_WHY)
        result["suppressions"] = [{"kind": "external", "justification": why or "waived"}]
    return result


def _level(finding: Finding) -> str:
    """An error where it fails a limit, a note where a person or the baseline knows it, else a warning."""
    if finding.failed:
        return "error"
    return "note" if finding.waiver or finding.change is Change.KNOWN else "warning"


def check_result(file: FileResult, check: Check) -> Json:
    """A limit of the whole file, shown at its first line."""
    fingerprint = check_fingerprint(file, check)
    return {
        "ruleId": on_a_line(check.limit),
        "level": "error",
        "message": _message(check_sentences(check)),
        "locations": [_location(file, (1, 1))],
        "partialFingerprints": _fingerprints("doubtLimit/v1", fingerprint),
    }


def _message(text: str) -> Json:
    return {"text": _LINK.sub(r"\\[", text)}


def _location(file: FileResult, lines: tuple[int, int], row_id: str = "") -> Json:
    """The lines, as a region with all its four ends, and the row's id."""
    address, is_relative = uri(file.path)
    first, last = lines
    location: Json = {
        "physicalLocation": {
            "artifactLocation": {"uri": address} | ({"uriBaseId": "%SRCROOT%"} if is_relative else {}),
            "region": {"startLine": first, "startColumn": 1, "endLine": last, "endColumn": 2},
        }
    }
    if row_id.strip():
        location["logicalLocations"] = [{"name": on_a_line(row_id), "kind": "element"}]
    return location


def _fingerprints(kind: str, fingerprint: str) -> Json:
    """The same wherever the row stands; GitHub counts equal ones of a file after the colon."""
    return {"primaryLocationLineHash": f"{fingerprint}:1", kind: fingerprint}


def _properties(finding: Finding) -> Json:
    """For who reads the results with a program; ids and labels cut as in the message."""
    return {
        "id": on_a_line(finding.row_id),
        "row": finding.row,
        "given": None if finding.given_label is None else on_a_line(finding.given_label),
        "suggested": None if finding.suggested_label is None else on_a_line(finding.suggested_label),
        "score": None if finding.doubt is None else round_figure(finding.doubt),
        "reasons": [on_a_line(name) for name in finding.reasons],
        "failed": [on_a_line(name) for name in finding.failed],
    }
