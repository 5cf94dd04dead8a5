"""What a gate found -> SARIF 2.1.0 as code scanning takes it: one run, a result a finding or a limit."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from doubtcli.gate.limit_words import verdict
from doubtcli.gate.result import DOUBTED, RULES, Change
from doubtcli.gate.sentences import (
    LONGEST_WHY,
    check_fingerprint,
    check_sentences,
    is_of_the_file,
    on_a_line,
    row_sentences,
    uri,
    worst_first,
)
from doubtcli.settings import GATE_KEYS
from doubtcli.wording.numbers import round_figure
from doubtcli.wording.quoting import json_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

    Json = dict[str, Any]

MOST_RESULTS = 5000
"""So many of a run GitHub shows, of 25,000 that it takes."""
MOST_BYTES = 8_000_000
"""Of all results, indentation left out; GitHub takes 10 MB packed by gzip, and texts may hardly pack."""
MOST_LAPSED_NOTES = 50
_LINK = re.compile(r"\[(?=[^]]*\]\()")
"""The start of what SARIF takes for a link: `[text](target)`."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(result: GateResult) -> str:
    """The document, equal to the byte for equal results."""
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(result)]}
    return json_document(document)


def _run(result: GateResult) -> Json:
    missed = [(file, check) for file in result.files for check in file.checks if is_of_the_file(check)]
    found = worst_first(result.files)
    kept = [check_result(file, check) for file, check in missed[:MOST_RESULTS]]
    kept += [finding_result(*one, result.rules) for one in found[: MOST_RESULTS - len(kept)]]
    kept = _that_fit(kept)
    rules = sorted({one["ruleId"] for one in kept})
    places = {name: place for place, name in enumerate(rules)}
    return {
        "tool": {"driver": _driver(result, rules)},
        "automationDetails": {"id": "doubt/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result, len(kept), len(missed) + len(found))],
        "results": [{"ruleId": one["ruleId"], "ruleIndex": places[one["ruleId"]]} | one for one in kept],
    }


def _that_fit(results: Sequence[Json]) -> list[Json]:
    """The first of them, as many as GitHub takes by their size."""
    sizes = (len(json.dumps(one, ensure_ascii=False).encode()) for one in results)
    return [one for one, size in zip(results, accumulate(sizes), strict=True) if size <= MOST_BYTES]


def _driver(result: GateResult, rules: Sequence[str]) -> Json:
    told = {on_a_line(name.strip()): what for name, what in result.rules.items()}
    told |= {name: GATE_KEYS[name].about for name in rules if name in GATE_KEYS}
    return {
        "name": "doubt",
        "version": result.version,
        "rules": [_rule(name, told) for name in rules],
    }


def _rule(name: str, told: Mapping[str, str]) -> Json:
    what = on_a_line(told.get(name, "").strip(), LONGEST_WHY) or name
    if name in GATE_KEYS:
        to_do = f"Relabel the rows that fail the limit, or set another: --{name}."
    else:
        to_do = "Look at the row: write the right label or, where it is right, waive the row with a reason."
    if name in told and name not in GATE_KEYS and name not in RULES:
        to_do += f" How the reason judges: doubt explain {name}."
    return {
        "id": name,
        "shortDescription": {"text": what},
        "fullDescription": {"text": what},
        "help": {"text": to_do},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["label-quality"]},
    }


def _invocation(result: GateResult, n_kept: int, n_all: int) -> Json:
    """How the run ended; a gate that fails has still done its work."""
    return {
        "executionSuccessful": True,
        "exitCode": 0 if result.passed else 1,
        "exitCodeDescription": on_a_line(verdict(result), LONGEST_WHY),
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": on_a_line(text, LONGEST_WHY)}}
            for level, text in _notes(result, n_kept, n_all)
        ],
    }


def _notes(result: GateResult, n_kept: int, n_all: int) -> Iterator[tuple[str, str]]:
    """What a reader of the results has to know: how many are left out, which waivers did not hold."""
    if n_kept < n_all:
        yield "warning", f"{n_all - n_kept:,} results are left out: the {n_kept:,} worst are kept."
    for file in result.files:
        yield from (("note", f"{file.path}: {note}") for note in file.notes)
    for lapsed in result.lapsed[:MOST_LAPSED_NOTES]:
        yield "warning", f"The waiver of {on_a_line(lapsed.waiver.row_id)} did not hold: {lapsed.why}."
    if len(result.lapsed) > MOST_LAPSED_NOTES:
        yield "warning", f"{len(result.lapsed) - MOST_LAPSED_NOTES:,} more waivers did not hold."


# ------------------------------------------------------------------------- results


def finding_result(file: FileResult, finding: Finding, rules: Mapping[str, str]) -> Json:
    """A row, where it stands, with what keeps it apart from all others."""
    result: Json = {
        "ruleId": on_a_line(finding.rule.strip()) or DOUBTED,
        "level": _result_level(finding),
        "message": _message(row_sentences(finding, rules)),
        "locations": [_location(file, finding.lines or (1, 1), finding.row_id)],
        "partialFingerprints": _fingerprints("doubtRow/v1", finding.fingerprint),
        "properties": {"doubt": _properties(finding)},
    }
    if finding.doubt is not None:
        result["rank"] = round_figure(100 * finding.doubt)
    if finding.change:
        result["baselineState"] = "new" if finding.change is Change.NEW else "unchanged"
    if finding.waiver:
        why = on_a_line(finding.waiver.why.strip(), LONGEST_WHY)
        result["suppressions"] = [{"kind": "external", "justification": why or "waived"}]
    return result


def _result_level(finding: Finding) -> str:
    """An error where it fails a limit, a note where a person or the baseline knows it, else a warning."""
    if finding.failed:
        return "error"
    return "note" if finding.waiver or finding.change is Change.KNOWN else "warning"


def check_result(file: FileResult, check: Check) -> Json:
    """A limit of the whole file, shown at its first line."""
    fingerprint = check_fingerprint(file, check)
    return {
        "ruleId": on_a_line(check.limit),
        "level": "error",
        "message": _message(check_sentences(check)),
        "locations": [_location(file, (1, 1))],
        "partialFingerprints": _fingerprints("doubtLimit/v1", fingerprint),
    }


def _message(text: str) -> Json:
    return {"text": _LINK.sub(r"\\[", text)}


def _location(file: FileResult, lines: tuple[int, int], row_id: str = "") -> Json:
    """The lines, as a region with all its four ends, and the row's id."""
    address, is_relative = uri(file.path)
    first, last = lines
    location: Json = {
        "physicalLocation": {
            "artifactLocation": {"uri": address} | ({"uriBaseId": "%SRCROOT%"} if is_relative else {}),
            "region": {"startLine": first, "startColumn": 1, "endLine": last, "endColumn": 2},
        }
    }
    if row_id.strip():
        location["logicalLocations"] = [{"name": on_a_line(row_id), "kind": "element"}]
    return location


def _fingerprints(kind: str, fingerprint: str) -> Json:
    """The same wherever the row stands; GitHub counts equal ones of a file after the colon."""
    return {"primaryLocationLineHash": f"{fingerprint}:1", kind: fingerprint}


def _properties(finding: Finding) -> Json:
    """For who reads the results with a program; ids and labels cut as in the message."""
    return {
        "id": on_a_line(finding.row_id),
        "row": finding.row,
        "given": None if finding.given_label is None else on_a_line(finding.given_label),
        "suggested": None if finding.suggested_label is None else on_a_line(finding.suggested_label),
        "score": None if finding.doubt is None else round_figure(finding.doubt),
        "reasons": [on_a_line(name) for name in finding.reasons],
        "failed": [on_a_line(name) for name in finding.failed],
    }
