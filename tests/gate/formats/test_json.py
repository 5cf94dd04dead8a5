from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from doubtcli.gate.baseline.compare import CHANGED_ROW, GONE_ROW
from doubtcli.gate.formats.json import render_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

EXPIRED, UNKNOWN_ID = "expired on 2026-06-30", "no row has this id"
"""As the fixture has it."""
NO_WAIVER = {"label": None, "reasons": [], "until": None, "why": "", "files": []}
SCHEMA = json.loads((files("doubtcli.gate") / "gate.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a document, with its path."""
    if isinstance(value, dict):
        yield path, value
    children = (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [])
    )
    for key, child in children:
        yield from objects(child, f"{path}/{key}")


def test_schema(full_result: GateResult, a_result: Callable[..., GateResult]) -> None:
    """A full document and a minimal one are valid by the published schema."""
    Draft202012Validator.check_schema(SCHEMA)

    VALIDATOR.validate(json.loads(render_json(full_result)))
    VALIDATOR.validate(json.loads(render_json(a_result())))


def test_schema_is_strict(full_result: GateResult) -> None:
    """The schema refuses keys that are not in it, and requires every key that is, in every kind of object."""
    document = json.loads(render_json(full_result))
    one_of_each = {re.sub(r"\d+", "N", path): item for path, item in objects(document)}
    del one_of_each["/rules"]

    for path, item in one_of_each.items():
        item["surprise"] = 1
        assert not VALIDATOR.is_valid(document), path
        del item["surprise"]
        for key in list(item):
            kept = item.pop(key)
            assert not VALIDATOR.is_valid(document), f"{path}/{key}"
            item[key] = kept
    VALIDATOR.validate(document)


def test_order_of_keys(full_result: GateResult) -> None:
    """Keys are in the order of the schema."""
    document = json.loads(render_json(full_result))
    file, parts = document["files"][0], SCHEMA["$defs"]

    assert list(document) == SCHEMA["required"] == list(SCHEMA["properties"])
    assert list(file) == parts["file"]["required"] == list(parts["file"]["properties"])
    for name, item in (
        ("check", file["checks"][0]),
        ("finding", file["findings"][0]),
        ("waiver", file["findings"][4]["waiver"]),
    ):
        assert list(item) == parts[name]["required"] == list(parts[name]["properties"])


def test_finding(full_result: GateResult) -> None:
    """A finding has its row, its reasons, what changed, and the limits that failed because of it."""
    finding = json.loads(render_json(full_result))["files"][0]["findings"][1]

    assert finding == {
        "row_id": "T0017",
        "row": 17,
        "lines": [18, 18],
        "fingerprint": "00000000000000a2",
        "given_label": "refund",
        "suggested_label": "billing",
        "doubt": 0.93,
        "tier": "doubted",
        "rule": "low-self-confidence",
        "reasons": ["low-self-confidence"],
        "why": "models give billing 0.97, refund 0.01",
        "change": "new",
        "change_why": CHANGED_ROW,
        "waiver": None,
        "failed": ["max-noise", "max-per-class refund", "max-new"],
    }


def test_file(full_result: GateResult) -> None:
    """A file has its input, audit, counts, the comparison with the baseline, and notes."""
    file = json.loads(render_json(full_result))["files"][0]

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
        "why": GONE_ROW,
    }
    assert file["notes"] == ["scanned with seed = 3"]


def test_waivers(full_result: GateResult) -> None:
    """A waiver is in the finding that it applies to; one that applies to none is listed with the reason."""
    document = json.loads(render_json(full_result))

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
    assert document["waivers"]["lapsed"] == [
        {"waiver": {**NO_WAIVER, "number": 3, "row_id": "T0003", "until": "2026-06-30"}, "why": EXPIRED},
        {"waiver": {**NO_WAIVER, "number": 7, "row_id": "T0007"}, "why": UNKNOWN_ID},
    ]


def test_no_waivers_no_baseline(a_result: Callable[..., GateResult]) -> None:
    """Missing parts are null or empty."""
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
    """A share has six digits, a number of rows all of them; anything that is not a number is null."""
    check = a_check(value=value, is_share=is_share, bound=0)

    assert f'"value": {written},' in render_json(a_result(a_file(checks=(check,))))


def test_any_text(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Any text is read back as it was: quotes, new lines, control characters, emoji, half characters."""
    text = '"]]>::%\r\n\t\x00\x1b\u2028\u202e🦉\\ é \ud800'
    finding = a_finding(given_label=text, why=text * 1000)

    written = render_json(a_result(a_file(path=text, findings=(finding,))))
    file = json.loads(written.encode("utf-8"))["files"][0]

    assert file["input"]["path"] == text
    assert file["findings"][0]["given_label"] == text
    assert file["findings"][0]["why"] == text * 1000
    assert "🦉\\\\ é \\ud800" in written


def test_same_bytes(full_result: GateResult) -> None:
    """The same result gives the same text, which ends with a new line."""
    assert render_json(full_result) == render_json(full_result)
    assert render_json(full_result).endswith("}\n")
