from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from doubtcli.gate.formats import sarif
from doubtcli.gate.formats.sarif import render_sarif
from doubtcli.gate.limit_words import describe_outcome
from doubtcli.gate.result import RULES, Change, LapsedWaiver, Outcome, Waiver
from doubtcli.gate.sentences import describe_check, describe_finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from tests.conftest import Sentences

FAILED = Outcome.FAILED


def run_of(result: GateResult) -> dict[str, Any]:
    """The only run of the document, after it was validated by another package's model."""
    document = json.loads(render_sarif(result))
    Sarif.model_validate(document)
    assert list(document) == ["$schema", "version", "runs"]
    (run,) = document["runs"]
    return dict(run)


def results_of(result: GateResult) -> list[dict[str, Any]]:
    """Its results."""
    return list(run_of(result)["results"])


def texts_of(value: object) -> list[str]:
    """Every text in a document, without the keys."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


def test_a_result(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row because of which a limit failed is an error at its lines, with what identifies it."""
    finding = a_finding(failed=("max-doubted",), lines=(18, 20), change=Change.NEW)

    assert results_of(a_result(a_file(findings=(finding,)))) == [
        {
            "ruleId": "low-self-confidence",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": describe_finding(finding, RULES)},
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
                    "tier": "doubted",
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


def test_something_of_everything(full_result: GateResult) -> None:
    """Limits of the file come first, then the rows that failed one by their doubt, then the waived ones."""
    results = results_of(full_result)

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
    """A limit without rows to show is a result at the file's first line, the same in every run."""
    check = a_check(limit="min-skill", value=0.5, bound=0.6, is_floor=True, outcome=FAILED)

    (result,) = results_of(a_result(a_file(checks=(check,))))

    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
    assert "logicalLocations" not in result["locations"][0]
    assert result["message"]["text"] == describe_check(check)
    prints = result["partialFingerprints"]
    assert prints == {
        "primaryLocationLineHash": f"{prints['doubtLimit/v1']}:1",
        "doubtLimit/v1": prints["doubtLimit/v1"],
    }


def test_rules(full_result: GateResult, sentences: Sentences) -> None:
    """The rules are those of the results, sorted, each with a sentence; results point to them."""
    run = run_of(full_result)
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
    helps = [rule["help"]["text"] for rule in rules]
    assert ["doubt explain" in text for text in helps] == [False, False, True, False, False, False, False]
    assert "--max-noise" in helps[3]
    for text in helps[1:4]:
        sentences.check(text)
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_doubted_and_passed(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A doubted row because of which no limit failed is a warning; in a file without lines, at line 1."""
    run = run_of(a_result(a_file(findings=(a_finding(),))))

    (result,) = run["results"]
    assert result["level"] == "warning"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert "baselineState" not in result
    assert run["invocations"] == [
        {
            "executionSuccessful": True,
            "exitCode": 0,
            "exitCodeDescription": describe_outcome(a_result(a_file())),
            "toolExecutionNotifications": [],
        }
    ]


def test_failed_run(full_result: GateResult, sentences: Sentences) -> None:
    """A gate that failed was still run successfully; notes and unused waivers are in the notifications."""
    run = run_of(full_result)

    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 1)
    notifications = invocation["toolExecutionNotifications"]
    texts = [one["message"]["text"] for one in notifications]
    assert [one["level"] for one in notifications] == ["note", "warning", "warning"]
    assert [name in text for name, text in zip(["seed", "T0003", "T0007"], texts, strict=True)] == [True] * 3
    sentences.check("\n".join(texts))
    assert run["automationDetails"] == {"id": "doubt/"}


@pytest.mark.parametrize(
    ("changes", "level", "state"),
    [
        ({}, "warning", None),
        ({"change": Change.NEW}, "warning", "new"),
        ({"change": Change.KNOWN}, "note", "unchanged"),
        ({"change": Change.KNOWN, "failed": ("max-noise",)}, "error", "unchanged"),
        ({"waiver": Waiver("T0017", 1)}, "note", None),
        ({"rule": "contradicted"}, "note", None),
        ({"rule": "contradicted", "failed": ("max-contradicted",)}, "note", None),
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
    """A row because of which no limit failed is a warning, unless known, waived or only contradicted."""
    (result,) = results_of(a_result(a_file(findings=(a_finding(**changes),))))

    assert (result["level"], result.get("baselineState")) == (level, state)


@pytest.mark.parametrize(("why", "justification"), [("checked by ada", "checked by ada"), ("", "waived")])
def test_waived(
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    why: str,
    justification: str,
) -> None:
    """A waived row is suppressed, with a justification that is never empty and no status."""
    finding = a_finding(waiver=Waiver("T0017", 1, why=why))

    (result,) = results_of(a_result(a_file(findings=(finding,))))

    assert result["suppressions"] == [{"kind": "external", "justification": justification}]


def test_most_results(
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    monkeypatch: pytest.MonkeyPatch,
    sentences: Sentences,
) -> None:
    """As many results are kept as GitHub shows, failing rows first, then by doubt; the rest are counted."""
    assert sarif.MOST_RESULTS == 5_000
    monkeypatch.setattr(sarif, "MOST_RESULTS", 50)  # the same with less work
    rows = [a_finding(row_id=f"R{n}", doubt=n / 100) for n in range(51)]
    rows.append(a_finding(row_id="failing", doubt=0.0, failed=("max-doubted",)))

    run = run_of(a_result(a_file(findings=tuple(rows))))

    ids = [one["properties"]["doubt"]["id"] for one in run["results"]]
    assert ids == ["failing", *(f"R{n}" for n in range(50, 1, -1))]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["level"] == "warning"
    sentences.check(note["message"]["text"])


def test_most_bytes(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Even if long texts can hardly be compressed, the document is not too large for GitHub."""
    chance = random.Random(0)
    texts = ["".join(map(chr, chance.choices(range(0x4E00, 0x9FA5), k=1_000))) for _ in range(40)]
    # gzip looks back 32 kB, and so finds no text again
    rows = tuple(a_finding(row_id=f"R{n}", why=texts[n % 40]) for n in range(4_000))

    text = render_sarif(a_result(a_file(findings=rows)))

    (run,) = json.loads(text)["runs"]
    n_kept = len(run["results"])
    assert [one["properties"]["doubt"]["id"] for one in run["results"]] == [f"R{n}" for n in range(n_kept)]
    assert 2_000 < n_kept < 4_000
    assert len(gzip.compress(text.encode(), 1)) < 10_000_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert f"{4_000 - n_kept:,} " in note["message"]["text"]
    assert f" {n_kept:,} " in note["message"]["text"]


def test_most_lapsed(a_result: Callable[..., GateResult], sentences: Sentences) -> None:
    """Waivers that applied to no row are listed up to a bound, and then counted."""
    lapsed = tuple(LapsedWaiver(Waiver(f"T{n}", n), "expired") for n in range(60))

    notifications = run_of(a_result(lapsed=lapsed))["invocations"][0]["toolExecutionNotifications"]

    assert len(notifications) == 51
    sentences.check(notifications[-1]["message"]["text"])


def test_elsewhere(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A file outside the working directory has a `file:` URI and no base."""
    file = a_file(path="/elsewhere/a b.csv", findings=(a_finding(),))

    (result,) = results_of(a_result(file))

    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///elsewhere/a%20b.csv"
    }


def test_links(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Text that would be a link in SARIF is escaped, other brackets stay."""
    finding = a_finding(given_label="[a](http://b) [c]")

    (result,) = results_of(a_result(a_file(findings=(finding,))))

    assert r'label "\[a](http://b) [c]" is doubted' in result["message"]["text"]


def test_any_text(nasty_result: GateResult) -> None:
    """With any text in the data, the document is valid and no required text is empty."""
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


def test_repeatable(full_result: GateResult) -> None:
    """Equal results give equal bytes, which end in one new line."""
    assert render_sarif(full_result) == render_sarif(full_result)
    assert render_sarif(full_result).endswith("}\n")
    assert render_sarif(full_result).encode()
