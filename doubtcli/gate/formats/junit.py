"""What a gate found -> JUnit XML: a suite per file, a test per limit, a failure for each that was not met."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from doubtcli.gate.limit_words import format_bound, is_unassessable
from doubtcli.gate.sentences import describe_check, describe_finding, fit_on_line
from doubtcli.wording.lists import and_more
from doubtcli.wording.quoting import ANYWHERE_COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

MOST_ROWS = 50
"""Rows listed for a limit that was not met, most doubted first; the rest are counted."""
_CLASS = "doubt.gate"
_LONGEST_PATH = 1000
_TIME = "0"


def render_junit(result: GateResult) -> str:
    """The document, with the same bytes for equal results: so it has no host, date or duration."""
    root = ET.Element("testsuites", {"name": "doubt", **_count_tests(result.files)})
    root.append(ET.Comment(" Times are 0, so that equal results give equal documents. "))
    root.extend(_make_suite(file, result.rules) for file in result.files)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode").replace(ANYWHERE_COMMAND, "#&#35;[")  # for GitHub's logs
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _count_tests(files: Iterable[FileResult]) -> dict[str, str]:
    """How many tests there are, and how many fail; none can end in an error."""
    checks = [check for file in files for check in file.checks]
    n_failed = sum(not check.passed for check in checks)
    return {"tests": str(len(checks)), "failures": str(n_failed), "errors": "0", "time": _TIME}


def _make_suite(file: FileResult, rules: Mapping[str, str]) -> ET.Element:
    n_skipped = sum(_is_skipped(check) for check in file.checks)
    name = fit_on_line(file.path, _LONGEST_PATH)
    suite = ET.Element("testsuite", {"name": name, **_count_tests([file]), "skipped": str(n_skipped)})
    findings = {finding.fingerprint: finding for finding in file.findings}
    suite.extend(_make_case(check, findings, rules) for check in file.checks)
    return suite


def _make_case(check: Check, findings: Mapping[str, Finding], rules: Mapping[str, str]) -> ET.Element:
    case = ET.Element("testcase", {"classname": _CLASS, "name": _name_case(check), "time": _TIME})
    if _is_skipped(check):
        ET.SubElement(case, "skipped", {"type": check.outcome, "message": describe_check(check)})
    elif not check.passed:
        failure = ET.SubElement(case, "failure", {"type": check.outcome, "message": describe_check(check)})
        failure.text = "\n".join([describe_check(check), *_list_failed_rows(check, findings, rules)])
    return case


def _name_case(check: Check) -> str:
    """The limit as it was set: `max-noise <= 3%`; the same in every run, so that CI can show its history."""
    bound = format_bound(check).rpartition(" ")[2]
    return (
        f"{fit_on_line(check.name)} {'>=' if check.is_floor else '<='} {bound}"
        if bound
        else fit_on_line(check.name)
    )


def _is_skipped(check: Check) -> bool:
    return is_unassessable(check) and check.passed


def _list_failed_rows(
    check: Check, findings: Mapping[str, Finding], rules: Mapping[str, str]
) -> Iterator[str]:
    """The rows because of which the limit failed, each with its line; `findings` are by fingerprint."""
    rows = [findings[name] for name in check.rows if name in findings]
    for finding in rows[:MOST_ROWS]:
        line = f"line {finding.lines[0]}, " if finding.lines else ""
        yield f"{line}{describe_finding(finding, rules)}"
    if rest := and_more(len(rows) - MOST_ROWS, "row"):
        yield rest
