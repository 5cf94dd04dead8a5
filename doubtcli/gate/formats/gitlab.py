"""What a gate found -> a Code Quality report, as GitLab takes it: an issue a finding or limit of a file."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from doubtcli.gate.result import DOUBTED, Change
from doubtcli.gate.sentences import (
    check_fingerprint,
    check_sentences,
    is_of_the_file,
    on_a_line,
    row_sentences,
    shown_path,
    worst_first,
)
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

    Json = dict[str, Any]

_ISSUE_DIGEST_BYTES = 16
"""GitLab's own fingerprints have 32 digits, too."""


def render_gitlab(result: GateResult) -> str:
    """The report, equal to the byte for equal results; waived rows are left out."""
    issues = [
        *(
            _limit_issue(file, check)
            for file in result.files
            for check in file.checks
            if is_of_the_file(check)
        ),
        *(
            _row_issue(file, one, result.rules)
            for file, one in worst_first(result.files)
            if one.waiver is None
        ),
    ]
    return json_document(issues)


def _limit_issue(file: FileResult, check: Check) -> Json:
    fingerprint = check_fingerprint(file, check)
    return _issue(file, check_sentences(check), on_a_line(check.limit), f"limit {fingerprint}", "major")


def _row_issue(file: FileResult, finding: Finding, rules: Mapping[str, str]) -> Json:
    line = finding.lines[0] if finding.lines else 1
    name = on_a_line(finding.rule.strip()) or DOUBTED
    told = f"row {finding.fingerprint}"
    return _issue(file, row_sentences(finding, rules), name, told, _severity(finding), line)


def _severity(finding: Finding) -> str:
    if finding.failed:
        return "major"
    return "info" if finding.change is Change.KNOWN else "minor"


def _issue(  # noqa: PLR0917  # as a line of a table
    file: FileResult, description: str, name: str, identity: str, severity: str, line: int = 1
) -> Json:
    return {
        "description": description,
        "check_name": name,
        "fingerprint": blake2b(identity.encode(), digest_size=_ISSUE_DIGEST_BYTES).hexdigest(),
        "severity": severity,
        "location": {"path": shown_path(file.path), "lines": {"begin": line}},
    }
