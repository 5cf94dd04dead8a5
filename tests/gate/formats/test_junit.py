from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from xmlschema import XMLSchema

from doubtcli.gate.formats.junit import render_junit
from doubtcli.gate.result import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from tests.conftest import Sentences

SCHEMA = XMLSchema(Path(__file__).parent / "junit-10.xsd")
FAILED, UNKNOWN = Outcome.FAILED, Outcome.NOT_ASSESSABLE


def root_of(result: GateResult) -> ET.Element:
    """The document, after it was validated by Jenkins' schema."""
    text = render_junit(result)
    SCHEMA.validate(text)
    return ET.fromstring(text.encode())


def test_document(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    sentences: Sentences,
) -> None:
    """A suite per file, a test per limit, a failure with its rows where one was not met."""
    failed = a_check(value=0.06, outcome=FAILED, rows=("00000000000000aa",))
    skipped = a_check(limit="min-skill", bound=0.7, is_floor=True, outcome=UNKNOWN, allowed=True)
    file = a_file(checks=(failed, skipped, a_check(of="a")), findings=(a_finding(lines=(18, 18)),))

    text = render_junit(a_result(file))

    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    (suite,) = ET.fromstring(text.encode()).findall("testsuite")
    counts = {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    assert suite.attrib == {"name": "data/tickets.csv", "time": "0"} | counts
    assert [case.get("name") for case in suite] == [
        "max-doubted <= 5%",
        "min-skill >= 70%",
        "max-doubted a <= 5%",
    ]
    assert [[(part.tag, part.get("type")) for part in case] for case in suite] == [
        [("failure", "failed")],
        [("skipped", "not assessable")],
        [],
    ]
    sentences.check(text)


def test_something_of_everything(full_result: GateResult) -> None:
    """The document is valid, and its counts are those of the gate."""
    root = root_of(full_result)

    (suite,) = root.findall("testsuite")
    counts = ("tests", "failures", "errors")
    assert [suite.get(name) for name in counts] == [root.get(name) for name in counts] == ["27", "7", "0"]
    assert len(root.findall(".//failure")) == 7
    assert len(root.findall(".//skipped")) == 1
    assert len(root.findall(".//testcase")) == 27


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"limit": "max-noise", "bound": 0.03}, "max-noise <= 3%"),
        ({"limit": "max-per-class", "of": "refund", "bound": 0.1}, "max-per-class refund <= 10%"),
        ({"limit": "max-new", "bound": 1200, "value": 3, "is_share": False}, "max-new <= 1,200"),
        ({"limit": "min-skill", "bound": 0.7, "is_floor": True}, "min-skill >= 70%"),
        ({"limit": "require-reason", "of": "outlier", "bound": None}, "require-reason outlier"),
    ],
)
def test_names(
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    changes: dict[str, object],
    name: str,
) -> None:
    """A test is named as its limit was set."""
    (case,) = root_of(a_result(a_file(checks=(a_check(**changes),)))).findall(".//testcase")

    assert case.get("name") == name
    assert case.get("classname") == "doubt.gate"


def test_not_assessable(
    a_check: Callable[..., Check], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A limit that can't be assessed fails, unless that is allowed."""
    (case,) = root_of(a_result(a_file(checks=(a_check(outcome=UNKNOWN),)))).findall(".//testcase")

    assert [part.tag for part in case] == ["failure"]


def test_most_rows(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """At most 50 rows are listed, in the order of the limit, and the rest are counted."""
    rows = tuple(a_finding(row_id=f"R{n}", fingerprint=f"{n:016x}") for n in range(60))
    check = a_check(outcome=FAILED, rows=tuple(row.fingerprint for row in rows))

    (failure,) = root_of(a_result(a_file(checks=(check,), findings=rows))).findall(".//failure")

    lines = (failure.text or "").splitlines()
    assert len(lines) == 52
    assert lines[1].startswith("R0 (row 17): ")
    assert lines[50].startswith("R49 (row 17): ")
    assert lines[51] == "and 10 more rows"


def test_any_text(nasty_result: GateResult) -> None:
    """With any text in the data, the document is valid, with one line per row."""
    root = root_of(nasty_result)

    assert [len((one.text or "").splitlines()) for one in root.findall(".//failure")] == [2, 2]
    assert "<script" not in render_junit(nasty_result)
