from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from doubtcli.gate.formats.sarif import render_sarif
from doubtcli.gate.result import Change, LapsedWaiver, Outcome, Waiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult

FAILED = Outcome.FAILED


def run_of(result: GateResult) -> dict[str, Any]:
    """The only run of the document, which an outside reader has found valid."""
    document = json.loads(render_sarif(result))
    Sarif.model_validate(document)
    assert list(document) == ["$schema", "version", "runs"]
    (run,) = document["runs"]
    return dict(run)


def results_of(result: GateResult) -> list[dict[str, Any]]:
    """Its results."""
    return list(run_of(result)["results"])


def texts_of(value: object) -> list[str]:
    """Every text in a document, keys left out."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


def test_a_result(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row that fails a limit is an error at its lines, with what keeps it apart from all others."""
    finding = a_finding(failed=("max-doubted",), lines=(18, 20), change=Change.NEW)

    assert results_of(a_result(a_file(findings=(finding,)))) == [
        {
            "ruleId": "low-self-confidence",
            "ruleIndex": 0,
            "level": "error",
            "message": {
                "text": 'T0017: label "refund" is doubted (0.97), "billing" is suggested. '
                "Models give billing 0.97, refund 0.01. New."
            },
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "data/tickets.csv", "uriBaseId": "%SRCROOT%"},
                        "region": {"startLine": 18, "startColumn": 1, "endLine": 20, "endColumn": 2},
                    },
                    "logicalLocations": [{"name": "T0017", "kind": "element"}],
                }
            ],
            "partialFingerprints": {
                "primaryLocationLineHash": "00000000000000aa:1",
                "doubtRow/v1": "00000000000000aa",
            },
            "properties": {
                "doubt": {
                    "id": "T0017",
                    "row": 17,
                    "given": "refund",
                    "suggested": "billing",
                    "score": 0.97,
                    "reasons": ["low-self-confidence"],
                    "failed": ["max-doubted"],
                }
            },
            "rank": 97.0,
            "baselineState": "new",
        }
    ]


def test_something_of_everything(told_in_full: GateResult) -> None:
    """Limits of the file come first, then the rows that failed one by their doubt, then the waived ones."""
    results = results_of(told_in_full)

    assert [(one["ruleId"], one["level"]) for one in results] == [
        ("max-noise", "error"),
        ("min-skill", "error"),
        ("require-reason", "error"),
        ("low-self-confidence", "error"),
        ("low-self-confidence", "error"),
        ("doubted", "error"),
        ("low-self-confidence", "error"),
        ("label-conflict", "error"),
        ("unlabelled", "error"),
        ("low-self-confidence", "note"),
    ]
    assert [one.get("baselineState") for one in results[3:6]] == ["unchanged", "new", "unchanged"]


def test_a_limit_of_the_file(
    a_check: Callable[..., Check], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A limit that no row stands for is a result at the file's first line, the same at every run."""
    check = a_check(limit="min-skill", value=0.5, bound=0.6, is_floor=True, outcome=FAILED)

    (told,) = results_of(a_result(a_file(checks=(check,))))

    region = told["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
    assert "logicalLocations" not in told["locations"][0]
    assert told["message"]["text"].startswith("min-skill failed: 50.0%, at least 60%.")
    assert told["partialFingerprints"] == {
        "primaryLocationLineHash": f"{told['partialFingerprints']['doubtLimit/v1']}:1",
        "doubtLimit/v1": told["partialFingerprints"]["doubtLimit/v1"],
    }


def test_rules(told_in_full: GateResult) -> None:
    """Rules are those that results name, sorted, each told in a sentence; results point at them."""
    run = run_of(told_in_full)
    rules = run["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == [
        "doubted",
        "label-conflict",
        "low-self-confidence",
        "max-noise",
        "min-skill",
        "require-reason",
        "unlabelled",
    ]
    assert rules[2]["shortDescription"]["text"] == "Models give it little probability."
    assert rules[2]["help"]["text"].endswith(
        "waive the row with a reason. How the reason judges: doubt explain low-self-confidence."
    )
    assert rules[1]["help"]["text"].endswith("waive the row with a reason.")
    assert rules[3]["help"]["text"].endswith("set another: --max-noise.")
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_doubted_and_passed(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A doubted row that fails nothing is a warning; in a file without lines it stands at the first."""
    run = run_of(a_result(a_file(findings=(a_finding(),))))

    (told,) = run["results"]
    assert told["level"] == "warning"
    assert told["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert "baselineState" not in told
    assert run["invocations"] == [
        {
            "executionSuccessful": True,
            "exitCode": 0,
            "exitCodeDescription": "gate passed: 1 limit, data/tickets.csv",
            "toolExecutionNotifications": [],
        }
    ]


def test_failed_run(told_in_full: GateResult) -> None:
    """A gate that fails has still done its work; what a reader has to know stands in the notifications."""
    run = run_of(told_in_full)

    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 1)
    assert [(one["level"], one["message"]["text"]) for one in invocation["toolExecutionNotifications"]] == [
        ("note", "data/tickets.csv: scanned with seed = 3"),
        ("warning", "The waiver of T0003 did not hold: expired on 2026-06-30."),
        ("warning", "The waiver of T0007 did not hold: no row bears this id."),
    ]
    assert run["automationDetails"] == {"id": "doubt/"}


@pytest.mark.parametrize(
    ("changes", "level", "state"),
    [
        ({}, "warning", None),
        ({"change": Change.NEW}, "warning", "new"),
        ({"change": Change.KNOWN}, "note", "unchanged"),
        ({"change": Change.KNOWN, "failed": ("max-noise",)}, "error", "unchanged"),
        ({"waiver": Waiver("T0017", 1)}, "note", None),
    ],
)
def test_levels(  # noqa: PLR0917  # fixtures and a table
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    changes: dict[str, Any],
    level: str,
    state: str | None,
) -> None:
    """A row that fails no limit warns, unless the baseline knows it or a person waived it."""
    (told,) = results_of(a_result(a_file(findings=(a_finding(**changes),))))

    assert (told["level"], told.get("baselineState")) == (level, state)


@pytest.mark.parametrize(("why", "told"), [("checked by ada", "checked by ada"), ("", "waived")])
def test_waived(
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    why: str,
    told: str,
) -> None:
    """A waived row is suppressed, with a justification that is never empty and no status."""
    finding = a_finding(waiver=Waiver("T0017", 1, why=why))

    (result,) = results_of(a_result(a_file(findings=(finding,))))

    assert result["suppressions"] == [{"kind": "external", "justification": told}]


def test_most_results(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """At most 5,000 results are kept, failing rows first, then by doubt; the run says how many are not."""
    rows = [a_finding(row_id=f"R{n}", doubt=n / 10_000) for n in range(5_001)]
    rows.append(a_finding(row_id="failing", doubt=0.0, failed=("max-doubted",)))

    run = run_of(a_result(a_file(findings=tuple(rows))))

    ids = [one["properties"]["doubt"]["id"] for one in run["results"]]
    assert ids == ["failing", *(f"R{n}" for n in range(5_000, 1, -1))]
    assert run["invocations"][0]["toolExecutionNotifications"] == [
        {
            "level": "warning",
            "message": {"text": "2 results are left out: the 5,000 worst are kept."},
        }
    ]


def test_most_bytes(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """However long the texts, and however badly they pack, GitHub takes the document by its size."""
    chance = random.Random(0)
    texts = ["".join(map(chr, chance.choices(range(0x4E00, 0x9FA5), k=1_000))) for _ in range(4_000)]
    rows = tuple(a_finding(row_id=f"R{n}", why=text) for n, text in enumerate(texts))
    result = a_result(a_file(findings=rows))

    run = run_of(result)

    n_kept = len(run["results"])
    assert [one["properties"]["doubt"]["id"] for one in run["results"]] == [f"R{n}" for n in range(n_kept)]
    assert 2_000 < n_kept < 4_000
    assert len(gzip.compress(render_sarif(result).encode())) < 10_000_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == (
        f"{4_000 - n_kept:,} results are left out: the {n_kept:,} worst are kept."
    )


def test_most_lapsed(a_result: Callable[..., GateResult]) -> None:
    """Waivers that did not hold are told up to a bound, and then counted."""
    lapsed = tuple(LapsedWaiver(Waiver(f"T{n}", n), "no row bears this id") for n in range(60))

    told = run_of(a_result(lapsed=lapsed))["invocations"][0]["toolExecutionNotifications"]

    assert len(told) == 51
    assert told[-1]["message"]["text"] == "10 more waivers did not hold."


def test_elsewhere(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A file outside the working directory has a `file:` URI and no base."""
    file = a_file(path="/elsewhere/a b.csv", findings=(a_finding(),))

    (told,) = results_of(a_result(file))

    assert told["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///elsewhere/a%20b.csv"
    }


def test_links(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """What SARIF would take for a link is escaped, other brackets stay."""
    finding = a_finding(given_label="[a](http://b) [c]")

    (told,) = results_of(a_result(a_file(findings=(finding,))))

    assert r'label "\[a](http://b) [c]" is doubted' in told["message"]["text"]


def test_any_text(nasty_result: GateResult) -> None:
    """Whatever the data holds, the document is valid and no text that it requires is empty."""
    run = run_of(nasty_result)

    texts = [
        *(one["message"]["text"] for one in run["results"]),
        *(one["ruleId"] for one in run["results"]),
        *texts_of([one["suppressions"] for one in run["results"] if "suppressions" in one]),
        *texts_of([one["locations"] for one in run["results"]]),
        *texts_of(run["tool"]),
    ]
    assert all(text.strip() for text in texts)
    assert all(character.isprintable() or character in "\u200c\u200d" for text in texts for character in text)
    assert max(len(rule["fullDescription"]["text"]) for rule in run["tool"]["driver"]["rules"]) <= 1024


def test_repeatable(told_in_full: GateResult) -> None:
    """Equal results give equal bytes, which end in one new line."""
    assert render_sarif(told_in_full) == render_sarif(told_in_full)
    assert render_sarif(told_in_full).endswith("}\n")
    assert render_sarif(told_in_full).encode()
