from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from doubtcli.gate.formats.json import render_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

SCHEMA = json.loads((files("doubtcli.gate") / "gate.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a document, with where it stands."""
    if isinstance(value, dict):
        yield path, value
    children = (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [])
    )
    for key, child in children:
        yield from objects(child, f"{path}/{key}")


def test_schema(told_in_full: GateResult, a_result: Callable[..., GateResult]) -> None:
    """A full document and a bare one meet the published schema."""
    Draft202012Validator.check_schema(SCHEMA)

    VALIDATOR.validate(json.loads(render_json(told_in_full)))
    VALIDATOR.validate(json.loads(render_json(a_result())))


def test_schema_is_strict(told_in_full: GateResult) -> None:
    """The schema refuses a key that it does not tell of, and wants every key that it does, everywhere."""
    document = json.loads(render_json(told_in_full))
    tried = [(path, item) for path, item in objects(document) if not path.endswith("/rules")]

    for path, item in tried:
        item["surprise"] = 1
        assert not VALIDATOR.is_valid(document), path
        del item["surprise"]
        for key in list(item):
            kept = item.pop(key)
            assert not VALIDATOR.is_valid(document), f"{path}/{key}"
            item[key] = kept
    VALIDATOR.validate(document)


def test_order_of_keys(told_in_full: GateResult) -> None:
    """Keys stand in the order of the schema."""
    document = json.loads(render_json(told_in_full))
    file, parts = document["files"][0], SCHEMA["$defs"]

    assert list(document) == SCHEMA["required"] == list(SCHEMA["properties"])
    assert list(file) == parts["file"]["required"] == list(parts["file"]["properties"])
    for name, item in (
        ("check", file["checks"][0]),
        ("finding", file["findings"][0]),
        ("waiver", file["findings"][4]["waiver"]),
    ):
        assert list(item) == parts[name]["required"] == list(parts[name]["properties"])


def test_finding(told_in_full: GateResult) -> None:
    """A finding is told with its place, its reasons, what changed and what it made fail."""
    finding = json.loads(render_json(told_in_full))["files"][0]["findings"][1]

    assert finding == {
        "row_id": "T0017",
        "row": 17,
        "lines": [18, 18],
        "fingerprint": "00000000000000a2",
        "given_label": "refund",
        "suggested_label": "billing",
        "doubt": 0.93,
        "rule": "low-self-confidence",
        "reasons": ["low-self-confidence"],
        "why": "models give billing 0.97, refund 0.01",
        "change": "new",
        "change_why": "the row was added or changed since the baseline",
        "waiver": None,
        "failed": ["max-noise", "max-per-class refund", "max-new"],
    }


def test_file(told_in_full: GateResult) -> None:
    """A file is told with its input, audit, counts, what became of known doubts, and notes."""
    file = json.loads(render_json(told_in_full))["files"][0]

    assert file["input"] == {"path": "data/tickets.csv", "format": "csv", "sha256": "ab" * 32, "rows": 1200}
    assert file["audit"] == {"path": "data/tickets.doubt", "origin": "the audit data/tickets.doubt"}
    assert file["passed"] is False
    assert file["counts"] == {
        "rows": 1200,
        "labelled": 1190,
        "doubted": 4,
        "findings": 7,
        "failing": 6,
        "waived": 1,
    }
    assert file["comparison"]["path"] == ".doubt-baseline.json"
    assert (file["comparison"]["new"], file["comparison"]["known"]) == (1, 3)
    assert file["comparison"]["gone"][0] == {
        "row_id": "T0000",
        "given_label": "refund",
        "why": "the row is gone or was changed",
    }
    assert file["notes"] == ["scanned with seed = 3"]


def test_waivers(told_in_full: GateResult) -> None:
    """A waiver is told where it holds; one that held for nothing stands apart, with why."""
    document = json.loads(render_json(told_in_full))

    assert document["files"][0]["findings"][4]["waiver"] == {
        "number": 1,
        "row_id": "T0005",
        "label": "refund",
        "reasons": ["outlier"],
        "until": "2027-06-30",
        "why": "checked by ada",
        "files": ["a.csv"],
    }
    assert document["waivers"]["path"] == "doubt-waivers.toml"
    assert [lapsed["why"] for lapsed in document["waivers"]["lapsed"]] == [
        "expired on 2026-06-30",
        "no row bears this id",
    ]


def test_no_waivers_no_baseline(a_result: Callable[..., GateResult]) -> None:
    """What there is none of is null or empty."""
    document = json.loads(render_json(a_result()))

    assert document["waivers"] == {"path": None, "lapsed": []}
    assert document["files"][0]["comparison"] is None
    assert document["passed"] is True


@pytest.mark.parametrize(
    ("value", "is_share", "written"),
    [
        (0.123456789, True, "0.123457"),
        (1.0, True, "1.0"),
        (1234567.0, False, "1234567"),
        (12, False, "12"),
        (None, True, "null"),
        (float("nan"), True, "null"),
    ],
)
def test_figures(  # noqa: PLR0917  # fixtures and a table
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    value: float | None,
    is_share: bool,
    written: str,
) -> None:
    """A share has six digits, a number of rows all of them; what is no number is null."""
    check = a_check(value=value, is_share=is_share, bound=0)

    assert f'"value": {written},' in render_json(a_result(a_file(checks=(check,))))


def test_any_text(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Any text comes back as it was: quotes, new lines, control characters, emoji, halves of characters."""
    text = '"]]>::%\r\n\t\x00\x1b\u2028\u202e🦉\\ é \ud800'
    finding = a_finding(given_label=text, why=text * 1000)

    written = render_json(a_result(a_file(path=text, findings=(finding,))))
    file = json.loads(written.encode("utf-8"))["files"][0]

    assert file["input"]["path"] == text
    assert file["findings"][0]["given_label"] == text
    assert file["findings"][0]["why"] == text * 1000
    assert "🦉\\\\ é \\ud800" in written


def test_same_bytes(told_in_full: GateResult) -> None:
    """The same result gives the same text, which ends with a new line."""
    assert render_json(told_in_full) == render_json(told_in_full)
    assert render_json(told_in_full).endswith("}\n")
