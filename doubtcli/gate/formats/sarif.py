"""What a gate found -> SARIF 2.1.0 for code scanning: one run, one result per finding or limit."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from doubtcli.gate.limit_words import describe_outcome
from doubtcli.gate.result import RULES, Change
from doubtcli.gate.sentences import (
    LONGEST_WHY,
    describe_check,
    describe_finding,
    fit_on_line,
    is_failed_without_rows,
    make_check_fingerprint,
    make_uri,
    sort_worst_first,
)
from doubtcli.records import CONTRADICTED, DOUBTED
from doubtcli.settings import GATE_KEYS
from doubtcli.wording.numbers import round_figure
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

    Json = dict[str, Any]

MOST_RESULTS = 5000
"""GitHub shows so many of a run, and accepts 25,000."""
MOST_BYTES = 8_000_000
"""Bytes of all results without indentation; GitHub accepts 10 MB after gzip, which may hardly help."""
MOST_LAPSED_NOTES = 50
_LINK = re.compile(r"\[(?=[^]]*\]\()")
"""The start of a link in SARIF: `[text](target)`."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(result: GateResult) -> str:
    """The document, with the same bytes for equal results."""
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_make_run(result)]}
    return json_document(document)


def _make_run(result: GateResult) -> Json:
    missed = [
        (file, check) for file in result.files for check in file.checks if is_failed_without_rows(check)
    ]
    found = sort_worst_first(result.files)
    kept = [make_check_result(file, check) for file, check in missed[:MOST_RESULTS]]
    kept += [make_finding_result(*one, result.rules) for one in found[: MOST_RESULTS - len(kept)]]
    kept = _select_fitting(kept)
    rules = sorted({one["ruleId"] for one in kept})
    places = {name: place for place, name in enumerate(rules)}
    return {
        "tool": {"driver": _make_driver(result, rules)},
        "automationDetails": {"id": "doubt/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_make_invocation(result, len(kept), len(missed) + len(found))],
        "results": [{"ruleId": one["ruleId"], "ruleIndex": places[one["ruleId"]]} | one for one in kept],
    }


def _select_fitting(results: Sequence[Json]) -> list[Json]:
    """The first results, as many as GitHub accepts by their size."""
    sizes = (len(json.dumps(one, ensure_ascii=False).encode()) for one in results)
    return [one for one, size in zip(results, accumulate(sizes), strict=True) if size <= MOST_BYTES]


def _make_driver(result: GateResult, rules: Sequence[str]) -> Json:
    meanings = {fit_on_line(name.strip()): what for name, what in result.rules.items()}
    meanings |= {name: GATE_KEYS[name].about for name in rules if name in GATE_KEYS}
    return {
        "name": "doubt",
        "version": result.version,
        "rules": [_make_rule(name, meanings) for name in rules],
    }


def _make_rule(name: str, meanings: Mapping[str, str]) -> Json:
    what = fit_on_line(meanings.get(name, "").strip(), LONGEST_WHY) or name
    if name in GATE_KEYS:
        to_do = f"Relabel the rows over the limit, or set another limit: --{name}."
    else:
        to_do = "Look at the row: correct its label or, if the label is right, waive the row and say why."
    if name in meanings and name not in GATE_KEYS and name not in RULES:
        to_do += f" How this reason works: doubt explain {name}."
    return {
        "id": name,
        "shortDescription": {"text": what},
        "fullDescription": {"text": what},
        "help": {"text": to_do},
        "defaultConfiguration": {"level": "note" if name == CONTRADICTED else "warning"},
        "properties": {"tags": ["label-quality"]},
    }


def _make_invocation(result: GateResult, n_kept: int, n_all: int) -> Json:
    """How the run ended; a gate that failed was still run successfully."""
    return {
        "executionSuccessful": True,
        "exitCode": 0 if result.passed else 1,
        "exitCodeDescription": fit_on_line(describe_outcome(result), LONGEST_WHY),
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": fit_on_line(text, LONGEST_WHY)}}
            for level, text in _list_notes(result, n_kept, n_all)
        ],
    }


def _list_notes(result: GateResult, n_kept: int, n_all: int) -> Iterator[tuple[str, str]]:
    """What a reader of the results should know: how many are left out, which waivers applied to no row."""
    if n_kept < n_all:
        yield "warning", f"{n_all - n_kept:,} results are left out: the {n_kept:,} worst are kept."
    for file in result.files:
        yield from (("note", f"{file.path}: {note}") for note in file.notes)
    for lapsed in result.lapsed[:MOST_LAPSED_NOTES]:
        name = fit_on_line(lapsed.waiver.row_id)
        yield "warning", f"The waiver for {name} applied to no row: {lapsed.why}."
    if len(result.lapsed) > MOST_LAPSED_NOTES:
        yield "warning", f"{len(result.lapsed) - MOST_LAPSED_NOTES:,} more waivers applied to no row."


# ------------------------------------------------------------------------- results


def make_finding_result(file: FileResult, finding: Finding, rules: Mapping[str, str]) -> Json:
    """The result for a row: what is wrong, where it is, and what identifies it."""
    result: Json = {
        "ruleId": fit_on_line(finding.rule.strip()) or DOUBTED,
        "level": _choose_level(finding),
        "message": _make_message(describe_finding(finding, rules)),
        "locations": [_make_location(file, finding.lines or (1, 1), finding.row_id)],
        "partialFingerprints": _make_fingerprints("doubtRow/v1", finding.fingerprint),
        "properties": {"doubt": _make_properties(finding)},
    }
    if finding.doubt is not None:
        result["rank"] = round_figure(100 * finding.doubt)
    if finding.change:
        result["baselineState"] = "new" if finding.change is Change.NEW else "unchanged"
    if finding.waiver:
        why = fit_on_line(finding.waiver.why.strip(), LONGEST_WHY)
        result["suppressions"] = [{"kind": "external", "justification": why or "waived"}]
    return result


def _choose_level(finding: Finding) -> str:
    """A note if it is only contradicted, waived or known; an error if a limit failed because of it."""
    if finding.tier == CONTRADICTED:
        return "note"
    if finding.failed:
        return "error"
    return "note" if finding.waiver or finding.change is Change.KNOWN else "warning"


def make_check_result(file: FileResult, check: Check) -> Json:
    """The result for a limit on the whole file, placed on its first line."""
    fingerprint = make_check_fingerprint(file, check)
    return {
        "ruleId": fit_on_line(check.limit),
        "level": "error",
        "message": _make_message(describe_check(check)),
        "locations": [_make_location(file, (1, 1))],
        "partialFingerprints": _make_fingerprints("doubtLimit/v1", fingerprint),
    }


def _make_message(text: str) -> Json:
    return {"text": _LINK.sub(r"\\[", text)}


def _make_location(file: FileResult, lines: tuple[int, int], row_id: str = "") -> Json:
    """The lines, as a region with start and end, and the row's id."""
    address, is_relative = make_uri(file.path)
    first, last = lines
    location: Json = {
        "physicalLocation": {
            "artifactLocation": {"uri": address} | ({"uriBaseId": "%SRCROOT%"} if is_relative else {}),
            "region": {"startLine": first, "startColumn": 1, "endLine": last, "endColumn": 2},
        }
    }
    if row_id.strip():
        location["logicalLocations"] = [{"name": fit_on_line(row_id), "kind": "element"}]
    return location


def _make_fingerprints(kind: str, fingerprint: str) -> Json:
    """They don't depend on the row's line; after the colon GitHub counts equal ones in a file."""
    return {"primaryLocationLineHash": f"{fingerprint}:1", kind: fingerprint}


def _make_properties(finding: Finding) -> Json:
    """Fields for programs that read the results; ids and labels are cut as in the message."""
    return {
        "id": fit_on_line(finding.row_id),
        "row": finding.row,
        "tier": finding.tier,
        "given": None if finding.given_label is None else fit_on_line(finding.given_label),
        "suggested": None if finding.suggested_label is None else fit_on_line(finding.suggested_label),
        "score": None if finding.doubt is None else round_figure(finding.doubt),
        "reasons": [fit_on_line(name) for name in finding.reasons],
        "failed": [fit_on_line(name) for name in finding.failed],
    }
