"""What a gate found -> one JSON document, in a fixed order of keys.

`gate.schema.json` in the parent folder is its published JSON Schema. Keys may be added, but never renamed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from doubtcli.records.stored import GATE_SCHEMA_VERSION, TOOL
from doubtcli.wording.numbers import round_figure
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from doubtcli.gate.result import Check, Comparison, FileResult, Finding, GateResult, Waiver


def render_json(result: GateResult) -> str:
    """The document, with the same bytes for equal results."""
    return json_document(_list_result_fields(result))


def list_finding_fields(finding: Finding) -> dict[str, Any]:
    """A finding, ready for JSON."""
    return {
        "row_id": finding.row_id,
        "row": finding.row,
        "lines": list(finding.lines) if finding.lines else None,
        "fingerprint": finding.fingerprint,
        "given_label": finding.given_label,
        "suggested_label": finding.suggested_label,
        "doubt": _round_figure(finding.doubt),
        "tier": finding.tier,
        "rule": finding.rule,
        "reasons": list(finding.reasons),
        "why": finding.why,
        "change": finding.change.value if finding.change else None,
        "change_why": finding.change_why,
        "waiver": _list_waiver_fields(finding.waiver) if finding.waiver else None,
        "failed": list(finding.failed),
    }


def _list_result_fields(result: GateResult) -> dict[str, Any]:
    return {
        "schema_version": GATE_SCHEMA_VERSION,
        "tool": {"name": TOOL, "version": result.version},
        "passed": result.passed,
        "files": [_list_file_fields(file) for file in result.files],
        "waivers": {
            "path": result.waivers_path,
            "lapsed": [{"waiver": _list_waiver_fields(one.waiver), "why": one.why} for one in result.lapsed],
        },
        "rules": dict(result.rules),
    }


def _list_file_fields(file: FileResult) -> dict[str, Any]:
    return {
        "input": {"path": file.path, "format": file.format, "sha256": file.sha256, "rows": file.n_rows},
        "audit": {"path": file.audit, "origin": file.origin},
        "passed": file.passed,
        "checks": [_list_check_fields(check) for check in file.checks],
        "counts": _count_findings(file),
        "findings": [list_finding_fields(finding) for finding in file.findings],
        "comparison": _list_comparison_fields(file.comparison) if file.comparison else None,
        "notes": list(file.notes),
    }


def _list_check_fields(check: Check) -> dict[str, Any]:
    return {
        "limit": check.limit,
        "of": check.of,
        "measured": check.measured,
        "value": _round_value(check, check.value),
        "bound": _round_value(check, check.bound),
        "is_share": check.is_share,
        "is_floor": check.is_floor,
        "outcome": check.outcome.value,
        "allowed": check.allowed,
        "passed": check.passed,
        "why": check.why,
        "rows": list(check.rows),
    }


def _count_findings(file: FileResult) -> dict[str, int]:
    return {
        "rows": file.n_rows,
        "labelled": file.n_labelled,
        "doubted": file.n_doubted,
        "findings": len(file.findings),
        "failing": len(file.failing),
        "waived": len(file.waived),
    }


def _list_comparison_fields(comparison: Comparison) -> dict[str, Any]:
    return {
        "path": comparison.path,
        "new": comparison.n_new,
        "known": comparison.n_known,
        "gone": [
            {"row_id": gone.row_id, "given_label": gone.given_label, "why": gone.why}
            for gone in comparison.gone
        ],
    }


def _list_waiver_fields(waiver: Waiver) -> dict[str, Any]:
    return {
        "number": waiver.number,
        "row_id": waiver.row_id,
        "label": waiver.label,
        "reasons": list(waiver.reasons),
        "until": waiver.until.isoformat() if waiver.until else None,
        "why": waiver.why,
        "files": list(waiver.files),
    }


def _round_value(check: Check, value: float | None) -> float | int | None:
    """A value or a bound: a share is rounded, a number of rows is an integer."""
    return _round_figure(value) if value is None or check.is_share else int(value)


def _round_figure(value: float | None) -> float | None:
    """A figure rounded to the digits that mean something; null where it is not a number."""
    if value is None or not math.isfinite(value):
        return None
    return round_figure(value)
