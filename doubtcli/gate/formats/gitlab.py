"""What a gate found -> a Code Quality report for GitLab: one issue per finding or limit of a file."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from doubtcli.gate.result import Change
from doubtcli.gate.sentences import (
    describe_check,
    describe_finding,
    fit_on_line,
    is_failed_without_rows,
    make_check_fingerprint,
    make_shown_path,
    sort_worst_first,
)
from doubtcli.records import CONTRADICTED, DOUBTED
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

    Json = dict[str, Any]

_ISSUE_DIGEST_BYTES = 16
"""32 hexadecimal digits, as GitLab's own fingerprints have."""


def render_gitlab(result: GateResult) -> str:
    """The report, with the same bytes for equal results; waived rows are left out."""
    issues = [
        *(
            _make_limit_issue(file, check)
            for file in result.files
            for check in file.checks
            if is_failed_without_rows(check)
        ),
        *(
            _make_row_issue(file, one, result.rules)
            for file, one in sort_worst_first(result.files)
            if one.waiver is None
        ),
    ]
    return json_document(issues)


def _make_limit_issue(file: FileResult, check: Check) -> Json:
    fingerprint = make_check_fingerprint(file, check)
    return _make_issue(file, describe_check(check), fit_on_line(check.limit), f"limit {fingerprint}", "major")


def _make_row_issue(file: FileResult, finding: Finding, rules: Mapping[str, str]) -> Json:
    line = finding.lines[0] if finding.lines else 1
    name = fit_on_line(finding.rule.strip()) or DOUBTED
    identity = f"row {finding.fingerprint}"
    text = describe_finding(finding, rules)
    return _make_issue(file, text, name, identity, _choose_severity(finding), line)


def _choose_severity(finding: Finding) -> str:
    if finding.failed and finding.tier != CONTRADICTED:
        return "major"
    return "info" if finding.tier == CONTRADICTED or finding.change is Change.KNOWN else "minor"


def _make_issue(  # noqa: PLR0917  # as a line of a table
    file: FileResult, description: str, name: str, identity: str, severity: str, line: int = 1
) -> Json:
    return {
        "description": description,
        "check_name": name,
        "fingerprint": blake2b(identity.encode(), digest_size=_ISSUE_DIGEST_BYTES).hexdigest(),
        "severity": severity,
        "location": {"path": make_shown_path(file.path), "lines": {"begin": line}},
    }
