"""The contract catches what it should: one broken reason a clause."""

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
    """The class and an instance alike."""
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
    """Where a package brings evidence, reasons keep the contract that read it, and those that don't."""
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
    "it does not say why": {"because": None},
    "out of rows, given_labels": {"explain": lambda _, rows, dataset: [dataset] * len(rows)},
    "`explain` crashed: ZeroDivisionError": {"explain": lambda _, n_classes: n_classes / 0},
    r"gave 1 texts for \d+ rows": {"explain": lambda _, n_classes: ["one of many"][:n_classes]},
    "text of several lines": {"explain": lambda _, rows: ["two\nlines"] * len(rows)},
    "other words when rows are asked in another order": {
        "explain": lambda _, rows: [f"number {place}" for place in range(len(rows))]
    },
    "the same kebab-case name": {"name": "Not Kebab"},
    "its family is 'guess'": {"family": "guess"},
    "`because` is empty": {"because": ""},
    "the docstring lacks": {"__doc__": "Nothing more."},
    "it needs 'dataset', which there is not": {"score": lambda _, dataset: dataset},
    "`raises_doubt` has no worked row": {"raises_doubt": ()},
    "comes out as": {"stays_quiet": ({**Good.stays_quiet[0], "doubt": 0.3},)},
    "belongs in the other table": {"raises_doubt": Good.stays_quiet},
    "it gave an array of shape": {
        "score": lambda _, given_labels, pred_probs: (1 - own(given_labels, pred_probs))[
            : 39 if len(given_labels) > 1 else 1
        ]
    },
    "it gave a doubt of": {
        "score": lambda _, given_labels, pred_probs: (
            (1 - own(given_labels, pred_probs)) * (1 + 4 * (len(given_labels) > 1))
        )
    },
    "asked twice": {
        "score": lambda _, given_labels, pred_probs: (
            np.full(len(given_labels), next(CALLS) / 1000)
            if len(given_labels) > 1
            else 1 - own(given_labels, pred_probs)
        )
    },
    "rows in another order": {
        "score": lambda _, given_labels, pred_probs: (
            np.linspace(0, 1, len(given_labels))
            if len(given_labels) > 1
            else 1 - own(given_labels, pred_probs)
        )
    },
    "classes under other codes": {
        "score": lambda _, given_labels, pred_probs: (
            given_labels / 3 if len(given_labels) > 1 else 1 - own(given_labels, pred_probs)
        )
    },
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_each_clause_catches_a_reason_that_breaks_it(sentence):
    """The message says what was found."""
    broken = dataclass(frozen=True)(type("Broken", (Good,), {"__doc__": Good.__doc__, **BROKEN[sentence]}))

    with pytest.raises(AssertionError, match=sentence):
        check_reason(broken)


def test_a_reason_that_writes_into_its_input_fails():
    """Arrays arrive read-only, so NumPy itself refuses."""
    broken = dataclass(frozen=True)(type("Broken", (Good,), {"__doc__": Good.__doc__, "score": spoil}))

    with pytest.raises(AssertionError, match=r"it crashed: ValueError: .*read-only"):
        check_reason(broken)


def test_what_is_not_frozen_or_no_dataclass_fails():
    """Settings can't change under way."""
    with pytest.raises(AssertionError, match="no dataclass"):
        check_reason(type("Plain", (), {}))
    thawed = type("Thawed", (), {"name": "thawed", "because": "it may melt", "score": Good.score})
    with pytest.raises(AssertionError, match="not frozen"):
        check_reason(dataclass(thawed))
