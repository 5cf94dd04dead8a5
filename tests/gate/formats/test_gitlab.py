from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jsonschema import validate

from doubtcli.gate.formats.gitlab import render_gitlab
from doubtcli.gate.result import RULES, Change, Outcome, Waiver
from doubtcli.gate.sentences import describe_finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""What GitLab's pages on Code Quality require of a report."""


def issues_of(result: GateResult) -> list[dict[str, Any]]:
    """The issues of the report, each as GitLab's pages require, no fingerprint twice."""
    issues: list[dict[str, Any]] = json.loads(render_gitlab(result))
    validate(issues, SCHEMA)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


def test_an_issue(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row because of which a limit failed is a major issue at its first line."""
    finding = a_finding(failed=("max-doubted",), lines=(18, 20))

    (issue,) = issues_of(a_result(a_file(findings=(finding,))))

    assert issue == {
        "description": describe_finding(finding, RULES),
        "check_name": "low-self-confidence",
        "fingerprint": issue["fingerprint"],
        "severity": "major",
        "location": {"path": "data/tickets.csv", "lines": {"begin": 18}},
    }


def test_contradicted(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row that is only contradicted is for information, even where a limit on such rows failed."""
    finding = a_finding(rule="contradicted", failed=("max-contradicted",))

    (issue,) = issues_of(a_result(a_file(findings=(finding,))))

    assert (issue["check_name"], issue["severity"]) == ("contradicted", "info")


def test_something_of_everything(full_result: GateResult) -> None:
    """Limits without rows to show come first, then the rows; waived ones are left out."""
    assert [(one["check_name"], one["severity"]) for one in issues_of(full_result)] == [
        ("max-noise", "major"),
        ("min-skill", "major"),
        ("require-reason", "major"),
        ("low-self-confidence", "major"),
        ("low-self-confidence", "major"),
        ("doubted", "major"),
        ("low-self-confidence", "major"),
        ("label-conflict", "major"),
        ("unlabelled", "major"),
    ]


def test_severities(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row because of which no limit failed is minor, or only information if the baseline knows it."""
    expected = {None: "minor", Change.NEW: "minor", Change.KNOWN: "info"}
    rows = tuple(a_finding(fingerprint=f"{n:016x}", change=change) for n, change in enumerate(expected))

    issues = issues_of(a_result(a_file(findings=rows)))

    assert [issue["severity"] for issue in issues] == list(expected.values())
    assert {issue["location"]["lines"]["begin"] for issue in issues} == {1}


def test_nothing_found(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A report without issues is an empty list."""
    waived = a_finding(waiver=Waiver("T0017", 1))

    assert render_gitlab(a_result(a_file(findings=(waived,)))) == "[]\n"


def test_fingerprints_stay(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """An issue keeps its fingerprint when its row moves and its figures change, and no other has it."""
    check = a_check(limit="max-noise", outcome=Outcome.FAILED, value=0.06)
    before = a_file(checks=(check,), findings=(a_finding(lines=(18, 18)),))
    after = a_file(
        checks=(replace(check, value=0.07),), findings=(a_finding(lines=(40, 41), row=39, doubt=0.6),)
    )
    other = replace(before, path="other.csv", findings=(a_finding(fingerprint="b" * 16),))

    files = (before, after, other)
    first, moved, others = ({one["fingerprint"] for one in issues_of(a_result(file))} for file in files)

    assert first == moved
    assert not first & others


def test_any_text(nasty_result: GateResult) -> None:
    """With any text in the data, the report is as GitLab requires, without control characters."""
    issues = issues_of(nasty_result)

    assert len(issues) == 3
    texts = [
        text for one in issues for text in (one["description"], one["check_name"], one["location"]["path"])
    ]
    assert all(c.isprintable() or c in "\u200c\u200d" for text in texts for c in text)
