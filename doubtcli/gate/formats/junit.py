"""What a gate found -> JUnit XML: a suite a file, a test a limit, a failure for each that was not met."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from doubtcli.gate.limit_words import bound_words, is_open
from doubtcli.gate.sentences import check_sentences, on_a_line, row_sentences
from doubtcli.wording.lists import and_more

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

MOST_ROWS = 50
"""Of a limit that was not met, most doubted first; the rest are counted."""
_CLASS = "doubt.gate"
_LONGEST_PATH = 1000
_TIME = "0"


def render_junit(result: GateResult) -> str:
    """The document, equal to the byte for equal results: so it tells no host, date or duration."""
    root = ET.Element("testsuites", {"name": "doubt", **_test_counts(result.files)})
    root.append(ET.Comment(" Times are 0, so that equal results give equal documents. "))
    root.extend(_suite(file, result.rules) for file in result.files)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _test_counts(files: Iterable[FileResult]) -> dict[str, str]:
    """How many tests there are, and how many fail; none can end in an error."""
    checks = [check for file in files for check in file.checks]
    n_failed = sum(not check.passed for check in checks)
    return {"tests": str(len(checks)), "failures": str(n_failed), "errors": "0", "time": _TIME}


def _suite(file: FileResult, rules: Mapping[str, str]) -> ET.Element:
    n_skipped = sum(_is_skipped(check) for check in file.checks)
    name = on_a_line(file.path, _LONGEST_PATH)
    suite = ET.Element("testsuite", {"name": name, **_test_counts([file]), "skipped": str(n_skipped)})
    findings = {finding.fingerprint: finding for finding in file.findings}
    suite.extend(_case(check, findings, rules) for check in file.checks)
    return suite


def _case(check: Check, findings: Mapping[str, Finding], rules: Mapping[str, str]) -> ET.Element:
    case = ET.Element("testcase", {"classname": _CLASS, "name": _name(check), "time": _TIME})
    if _is_skipped(check):
        ET.SubElement(case, "skipped", {"type": check.outcome, "message": check_sentences(check)})
    elif not check.passed:
        failure = ET.SubElement(case, "failure", {"type": check.outcome, "message": check_sentences(check)})
        failure.text = "\n".join([check_sentences(check), *_failed_rows(check, findings, rules)])
    return case


def _name(check: Check) -> str:
    """The limit as it was set: `max-noise <= 3%`; the same at every run, so that its history can be told."""
    bound = bound_words(check).rpartition(" ")[2]
    return (
        f"{on_a_line(check.name)} {'>=' if check.is_floor else '<='} {bound}"
        if bound
        else on_a_line(check.name)
    )


def _is_skipped(check: Check) -> bool:
    return is_open(check) and check.passed


def _failed_rows(check: Check, findings: Mapping[str, Finding], rules: Mapping[str, str]) -> Iterator[str]:
    """The rows that made the limit fail, each with where it stands; `findings` are by fingerprint."""
    rows = [findings[name] for name in check.rows if name in findings]
    for finding in rows[:MOST_ROWS]:
        line = f"line {finding.lines[0]}, " if finding.lines else ""
        yield f"{line}{row_sentences(finding, rules)}"
    if rest := and_more(len(rows) - MOST_ROWS, "row"):
        yield rest
