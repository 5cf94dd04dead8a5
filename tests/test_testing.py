"""`check_reason` refuses a reason that breaks the contract: one broken reason for each clause."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import ClassVar

import numpy as np
import pytest

from doubtcli.errors import ReasonError
from doubtcli.evidence import graph
from doubtcli.records import Need
from doubtcli.settings.installed import Installed, find_installed
from doubtcli.testing import check_reason


@dataclass(frozen=True)
class Good:
    """It doubts the labels that models find unlikely.

    **Why doubt.** A test needs it. **How it is scored.** One minus self-confidence.
    **When it misleads.** Never asked. **Source.** This file.
    """

    name = "good"
    because = "a test needs it"
    raises_doubt = (
        {"given_labels": (0,), "pred_probs": ((0.2, 0.8),), "row": 0, "doubt": 0.8, "because": "unlikely"},
    )
    stays_quiet = (
        {"given_labels": (1,), "pred_probs": ((0.2, 0.8),), "row": 0, "doubt": 0.2, "because": "likely"},
    )

    def score(self, given_labels, pred_probs):
        """One minus self-confidence."""
        return 1 - pred_probs[np.arange(len(given_labels)), given_labels]


def test_a_good_reason_passes():
    """A class passes, and so does an instance."""
    check_reason(Good)
    check_reason(Good())


@dataclass(frozen=True)
class Lengths:
    """A provider of another package."""

    makes: ClassVar = {"lengths": Need("Shape `(n_rows,)`.", "there are none", axes=("rows",))}
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, given_labels):
        """One for each row."""
        return {"lengths": np.ones(len(given_labels))}


@dataclass(frozen=True)
class Short(Good):
    """It doubts short rows.

    **Why doubt.** A test needs it. **How it is scored.** One minus the length.
    **When it misleads.** Never asked. **Source.** This file.
    """

    name = "short"
    raises_doubt = ({"lengths": (0.2,), "row": 0, "doubt": 0.8, "because": "short"},)
    stays_quiet = ({"lengths": (0.8,), "row": 0, "doubt": 0.2, "because": "long"},)

    def score(self, lengths):
        """One minus the length."""
        return 1 - lengths


@pytest.mark.parametrize("reason", [Good, Short])
def test_evidence_of_another_package(reason, monkeypatch):
    """Where a package adds evidence, reasons keep the contract whether they read it or not."""
    point = EntryPoint("lengths", f"{__name__}:Lengths", graph.PROVIDERS_GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: Lengths if self is point else load(self))
    theirs = Installed("lengths", "somebody 1.0", False, point, ReasonError, "provider")
    monkeypatch.setattr(graph, "find_installed", lambda *which: (*find_installed(*which), theirs))

    check_reason(reason)


load = EntryPoint.load


def own(given_labels, pred_probs):
    """Each row's self-confidence."""
    return pred_probs[np.arange(len(given_labels)), given_labels]


def spoil(_, given_labels, pred_probs):
    """Writes into its input."""
    pred_probs[0] = 0
    return np.zeros(len(given_labels))


CALLS = iter(range(1000))

BROKEN = {
    "no because": {"because": None},
    "unknown need of explain": {"explain": lambda _, rows, dataset: [dataset] * len(rows)},
    "explain crashes": {"explain": lambda _, n_classes: n_classes / 0},
    "too few texts": {"explain": lambda _, n_classes: ["one of many"][:n_classes]},
    "text of two lines": {"explain": lambda _, rows: ["two\nlines"] * len(rows)},
    "texts by place": {"explain": lambda _, rows: [f"number {place}" for place in range(len(rows))]},
    "name": {"name": "Not Kebab"},
    "family": {"family": "guess"},
    "empty because": {"because": ""},
    "no sections": {"__doc__": "Nothing more."},
    "unknown need of score": {"score": lambda _, dataset: dataset},
    "no worked rows": {"raises_doubt": ()},
    "wrong stated doubt": {"stays_quiet": ({**Good.stays_quiet[0], "doubt": 0.3},)},
    "wrong table": {"raises_doubt": Good.stays_quiet},
    "shape": {
        "score": lambda _, given_labels, pred_probs: (1 - own(given_labels, pred_probs))[
            : 39 if len(given_labels) > 1 else 1
        ]
    },
    "range": {
        "score": lambda _, given_labels, pred_probs: (
            (1 - own(given_labels, pred_probs)) * (1 + 4 * (len(given_labels) > 1))
        )
    },
    "random": {
        "score": lambda _, given_labels, pred_probs: (
            np.full(len(given_labels), next(CALLS) / 1000)
            if len(given_labels) > 1
            else 1 - own(given_labels, pred_probs)
        )
    },
    "doubts by place": {
        "score": lambda _, given_labels, pred_probs: (
            np.linspace(0, 1, len(given_labels))
            if len(given_labels) > 1
            else 1 - own(given_labels, pred_probs)
        )
    },
    "doubts by code": {
        "score": lambda _, given_labels, pred_probs: (
            given_labels / 3 if len(given_labels) > 1 else 1 - own(given_labels, pred_probs)
        )
    },
}


@pytest.mark.parametrize("clause", BROKEN)
def test_each_clause_catches_a_reason_that_breaks_it(clause, sentences):
    """The message says what was found."""
    broken = dataclass(frozen=True)(type("Broken", (Good,), {"__doc__": Good.__doc__, **BROKEN[clause]}))

    with pytest.raises(AssertionError) as failure:
        check_reason(broken)

    sentences.check(str(failure.value))


def test_a_reason_that_writes_into_its_input_fails():
    """Arrays are read-only, so NumPy refuses."""
    broken = dataclass(frozen=True)(type("Broken", (Good,), {"__doc__": Good.__doc__, "score": spoil}))

    with pytest.raises(AssertionError) as failure:
        check_reason(broken)

    assert isinstance(failure.value.__cause__.__cause__, ValueError)


@dataclass
class Thawed:
    """A dataclass whose fields can be set."""

    name = "thawed"
    because = "it may melt"
    score = Good.score


@pytest.mark.parametrize("kind", [type("Plain", (), {}), Thawed])
def test_a_class_that_is_not_a_frozen_dataclass_fails(kind, sentences):
    """Settings can't change during a scan."""
    with pytest.raises(AssertionError) as failure:
        check_reason(kind)

    sentences.check(str(failure.value))
