from __future__ import annotations

import json
from typing import TYPE_CHECKING

from doubtcli.gate.formats.json import render_json
from doubtcli.gate.formats.jsonl import render_jsonl

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import FileResult, Finding, GateResult


def test_a_finding_a_line(full_result: GateResult) -> None:
    """Each finding is a line: the path, then its fields as in the document, waived ones too."""
    lines = [json.loads(line) for line in render_jsonl(full_result).split("\n")[:-1]]

    findings = json.loads(render_json(full_result))["files"][0]["findings"]
    assert lines == [{"path": "data/tickets.csv"} | finding for finding in findings]
    assert [line["row"] for line in lines] == [480, 17, 1100, 700, 5, 33, 44]
    assert {next(iter(line)) for line in lines} == {"path"}


def test_files(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """The findings of several files come one after another, each with its file's path."""
    files = [a_file(path=path, findings=(a_finding(),)) for path in ("a.csv", "b.csv")]

    lines = render_jsonl(a_result(*files)).splitlines()

    assert [json.loads(line)["path"] for line in lines] == ["a.csv", "b.csv"]


def test_one_line_each(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """New lines and half characters in the data break no line and no encoding."""
    text = "a\r\nb\ud800"

    written = render_jsonl(a_result(a_file(path=text, findings=(a_finding(why=text),)))).encode("utf-8")

    assert written.count(b"\n") == 1
    assert json.loads(written)["why"] == text


def test_nothing_found(a_result: Callable[..., GateResult]) -> None:
    """Without findings there are no lines."""
    assert not render_jsonl(a_result())
