from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from doubtcli.errors import InputError
from doubtcli.records import (
    AuditSample,
    ExpectedErrors,
    ExpectedWrong,
    FlagBound,
    NoiseRate,
    Power,
    Skill,
    Stratum,
    Verdicts,
)
from doubtcli.store import describe_audit, render_document
from doubtcli.store.document import parse_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult
    from tests.conftest import Sentences

    Make = Callable[..., ScanResult]


def render(audit: ScanResult) -> str:
    """`audit.json` of an audit."""
    return render_document(describe_audit(audit))


SCHEMA = json.loads((files("doubtcli.store") / "audit.schema.json").read_text(encoding="utf-8"))

NOTHING_KNOWN = {
    "noise": NoiseRate(assessable=False, why="the models have no skill"),
    "skill": Skill(
        assessable=False,
        why="no models",
        accuracy=None,
        balanced_accuracy=None,
        majority_accuracy=0.5,
        permuted_accuracy=None,
    ),
    "skipped": (),
    "with_models": False,
    "answers": None,
    "n_unlabelled": 0,
    "notes": (),
    "doubt": (0.1,) * 8,
    "power": Power(assessable=False, why="there are no models"),
}


def undeclared(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    """The keys of a document that are not in its schema."""
    if isinstance(value, list):
        return [key for item in value for key in undeclared(item, schema["items"], path)]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    known = schema["properties"]
    unknown = [f"{path}/{key}" for key in value if key not in known]
    return unknown + [
        key
        for name in value
        if name in known
        for key in undeclared(value[name], known[name], f"{path}/{name}")
    ]


FLAGS = FlagBound(assessable=True, why="they say so", n_flagged=8, n_drawn=4, at_least_wrong={2: 1, 8: 5})
DECIDED = {
    "verdicts": Verdicts("v.csv", np.array([0, 2, *[-1] * 6]), (None,) * 8, np.full(8, np.nan)),
    "n_unusable": 1,
    "noise": NoiseRate(
        assessable=True, why="", rate=0.1, low=0.02, high=0.3, rests_on="verdicts", n_checked=10
    ),
    "sample": AuditSample(
        np.array([6, 3, 2]), (Stratum(2, 2, 4), Stratum(1, 2, 2), Stratum(2, 2, 4)), np.array([0.5] * 3)
    ),
}


POWER = Power(
    assessable=True,
    why="planted as classes get confused",
    n_planted=61,
    found_in_first={0.01: 0.125, 0.05: 2 / 3},
    by_class={0: 0.5},
    by_reason={"low-self-confidence": 0.5},
)


@pytest.mark.parametrize(
    "changes",
    [{}, NOTHING_KNOWN, DECIDED, {"power": POWER}],
    ids=["full", "nothing known", "decided and sampled", "errors planted"],
)
def test_schema(make_audit: Make, changes: dict[str, Any]) -> None:
    """Every document is valid by the published schema, which has each of its keys."""
    document = json.loads(render(make_audit(**changes)))

    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(document)
    assert undeclared(document, SCHEMA) == []


@pytest.mark.parametrize("changes", [{}, NOTHING_KNOWN, DECIDED, {"power": POWER}])
def test_read_back(make_audit: Make, changes: dict[str, Any]) -> None:
    """A document that was written is read back equal."""
    document = describe_audit(make_audit(**changes))

    assert parse_document(render_document(document).encode(), "audit.json") == document


def test_flags(make_audit: Make) -> None:
    """What is known of the flagged labels is written by number of rows, fits the schema and is read back."""
    document = describe_audit(replace(make_audit(), flags=FLAGS))

    written = json.loads(render_document(document))
    assert written["flags"]["flagged"] == 8
    assert written["flags"]["at_least_wrong"] == [{"first": 2, "at_least": 1}, {"first": 8, "at_least": 5}]
    Draft202012Validator(SCHEMA).validate(written)
    assert undeclared(written, SCHEMA) == []
    assert parse_document(render_document(document).encode(), "audit.json") == document


EXPECTED = ExpectedErrors(
    n_decided=3,
    n_wrong=2,
    doubted=ExpectedWrong(3, 2.123456789, 1, 2, 3, 0.9),
    next=ExpectedWrong(0, 0.0, 0, 0, 0, 0.9),
    left=ExpectedWrong(5, 2.5, 1, 2, 4, 0.9),
)


def test_expected_errors(make_audit: Make) -> None:
    """How many labels are wrong is written by kind of rows, fits the schema and is read back."""
    document = describe_audit(replace(make_audit(), expected=EXPECTED))

    written = json.loads(render_document(document))
    assert (written["expected"]["decided"], written["expected"]["wrong"]) == (3, 2)
    assert written["expected"]["left"] == {
        "rows": 5,
        "mean": 2.5,
        "low": 1,
        "middle": 2,
        "high": 4,
        "level": 0.9,
    }
    assert written["expected"]["doubted"]["mean"] == pytest.approx(2.1235, abs=1e-4)
    assert written["expected"]["next"]["rows"] == 0
    Draft202012Validator(SCHEMA).validate(written)
    assert undeclared(written, SCHEMA) == []
    assert parse_document(render_document(document).encode(), "audit.json") == document


def test_nothing_is_expected_in_audits_of_earlier_versions(make_audit: Make) -> None:
    """They have no such part, and are read without it."""
    written = json.loads(render(make_audit()))
    assert written.pop("expected") is None

    assert parse_document(json.dumps(written).encode(), "audit.json").expected is None


def test_schema_has_all_keys_and_requires_them(make_audit: Make) -> None:
    """The schema requires exactly what a document has, in the same order."""
    document = json.loads(render(make_audit()))

    assert list(document) == SCHEMA["required"] == list(SCHEMA["properties"])


def test_figures(make_audit: Make) -> None:
    """The document counts rows, classes, confusions and the rows that each reason doubts."""
    document = json.loads(render(make_audit()))

    assert document["counts"] == {
        "rows": 10,
        "labelled": 8,
        "unlabelled": 2,
        "unusable": 0,
        "doubted": 3,
        "to_check": 3,
        "contradicted": 0,
        "queued": 3,
        "queued_contradicted": 0,
    }
    assert document["classes"] == [
        {"name": "billing", "value": "billing", "given": 4, "doubted": 2},
        {"name": "bug", "value": "bug", "given": 3, "doubted": 1},
        {"name": "delivery", "value": "delivery", "given": 1, "doubted": 0},
    ]
    assert document["confusions"] == [
        {"given": "billing", "suggested": "delivery", "doubted": 1},
        {"given": "bug", "suggested": "delivery", "doubted": 1},
    ]
    ran = {reason["name"]: reason for reason in document["reasons"]["run"]}
    counts = {
        name: (ran[name]["scored"], ran[name]["speaks"], ran[name]["speaks_on_doubted"]) for name in ran
    }
    assert counts == {
        "low-self-confidence": (8, 3, 3),
        "duplicate-conflict": (1, 1, 1),
        "outlier": (8, 0, 0),
        "annotator-disagreement": (8, 1, 1),
    }


def test_verdicts_and_sample(make_audit: Make) -> None:
    """The document counts verdicts and strata, and says what the noise rate is measured on."""
    document = json.loads(render(make_audit(**DECIDED)))

    assert document["verdicts"] == {"path": "v.csv", "kept": 1, "corrected": 1, "unusable": 1}
    assert document["audit_sample"] == {
        "rows": 3,
        "strata": [{"rows": 2, "drawn": 1}, {"rows": 4, "drawn": 2}],
    }
    assert (document["noise_rate"]["rests_on"], document["noise_rate"]["n_checked"]) == ("verdicts", 10)
    assert document["counts"]["rows"] == 11


def test_no_verdicts_and_no_sample(make_audit: Make) -> None:
    """Both are null, and the rate is estimated by models."""
    document = json.loads(render(make_audit()))

    assert document["verdicts"] is None
    assert document["audit_sample"] is None
    assert (document["noise_rate"]["rests_on"], document["noise_rate"]["n_checked"]) == ("models", 0)


def test_power(make_audit: Make) -> None:
    """How many errors were planted, and what share was found; parts by class and reason are left out."""
    document = json.loads(render(make_audit(power=POWER)))

    assert document["power"] == {
        "assessable": True,
        "why": "planted as classes get confused",
        "planted": 61,
        "found_in_first": [{"share": 0.01, "found": 0.125}, {"share": 0.05, "found": 0.666667}],
    }


def test_no_power(make_audit: Make) -> None:
    """If no errors could be planted the document says why; it has null if none were asked for."""
    document = json.loads(render(make_audit(**NOTHING_KNOWN)))

    assert document["power"] == {
        "assessable": False,
        "why": "there are no models",
        "planted": 0,
        "found_in_first": [],
    }
    assert json.loads(render(make_audit()))["power"] is None


def test_tiers_are_counted(make_audit: Make) -> None:
    """Of five contradicted rows three are doubted; four entries are queued before it is cut to a size."""
    audit = make_audit(contradicted=[False, False, True, True, True, True, False, True], queue_length=4)

    document = json.loads(render(replace(audit, settings={"queue_size": 2})))

    counts = ("doubted", "contradicted", "to_check", "queued", "queued_contradicted")
    assert [document["counts"][name] for name in counts] == [3, 2, 2, 4, 1]


def test_plain_values(make_audit: Make) -> None:
    """Figures are rounded to six digits, NaN is null, and other types are written as text."""
    audit = make_audit(timings={"read": np.float64(1.23456789), "rank": float("nan")})
    values = {"z": np.int64(7), "a": (1.5, True, None), "path": b"x"}
    object.__setattr__(audit, "settings", values)

    document = json.loads(render(audit))

    assert document["timings"] == {"read": 1.23457, "rank": None}
    assert list(document["settings"].items()) == [("a", [1.5, True, None]), ("path", "b'x'"), ("z", 7)]


def test_class_values(make_audit: Make) -> None:
    """A class has the value that it has in the file."""
    audit = make_audit()
    object.__setattr__(audit.labels, "class_values", (np.int64(0), True, "delivery"))

    classes = json.loads(render(audit))["classes"]

    assert [entry["value"] for entry in classes] == [0, True, "delivery"]


def test_equal_but_for_timings(make_audit: Make) -> None:
    """Two equal audits give the same text except for their timings."""
    one = render(make_audit(timings={"read": 1.0}))
    other = render(make_audit(timings={"read": 2.0}))

    assert one.replace('"read": 1.0', '"read": 2.0') == other


def test_any_path(make_audit: Make) -> None:
    """A path that is not UTF-8 is read back unchanged, and letters of any script are not escaped."""
    text = render(make_audit(path="döner\udcff.csv"))

    assert "döner" in text
    assert json.loads(text.encode().decode())["input"]["path"] == "döner\udcff.csv"


@pytest.mark.parametrize("content", [b"{", b'{\n"a": \xff\xfe}'], ids=["not JSON", "not UTF-8"])
def test_not_a_document(sentences: Sentences, content: bytes) -> None:
    """Bytes that are not JSON are refused as damaged."""
    with pytest.raises(InputError) as error:
        parse_document(content, "audit.json")

    assert error.value.where == "audit.json"
    sentences.check(error.value)
