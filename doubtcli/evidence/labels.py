"""The labels of the file: as given, as people have decided since, as annotators answered, as rules say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from doubtcli.records import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from doubtcli.records import Examples


@dataclass(frozen=True)
class GivenLabels:
    """The labels that are judged, the labels that models learn, and the number of classes."""

    makes: ClassVar = {
        "given_labels": Need("Shape `(n_rows,)`.", "the labels", axes=("rows",), codes_of="classes"),
        "n_classes": Need("How many classes there are.", "the labels are not classes"),
        "training_labels": None,
    }
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, examples: Examples) -> Mapping[str, Any]:
        """The labels of the file, and those with verdicts."""
        return {
            "given_labels": examples.given_labels,
            "n_classes": examples.n_classes if examples.are_classes else None,
            "training_labels": examples.training_labels,
        }


@dataclass(frozen=True)
class AnnotatorAnswers:
    """The answers of each annotator."""

    makes: ClassVar = {
        "annotations": Need(
            "Shape `(n_rows, n_annotators)`; -1 where there is no answer.",
            "there are no annotator columns: name them with --annotators a,b,c",
            source="annotators",
            axes=("rows", "annotators"),
            codes_of="classes",
        )
    }
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, examples: Examples) -> Mapping[str, Any]:
        """The answers in the file."""
        return {"annotations": examples.annotations.codes if examples.annotations is not None else None}


@dataclass(frozen=True)
class RuleAnswers:
    """The label that each rule gives each row."""

    makes: ClassVar = {
        "rule_labels": Need(
            "Shape `(n_rows, n_rules)`; -1 where a rule's condition is not true.",
            "there are no rules for this file: write them as [[rules]] in doubt.toml, or as "
            "[[tool.doubt.rules]] in pyproject.toml",
            source="rules",
            axes=("rows", "rules"),
            codes_of="classes",
        )
    }
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, examples: Examples, note: Callable[[str], None]) -> Mapping[str, Any]:
        """What the rules that fit the file say; why others don't fit it is noted."""
        found = examples.rule_labels
        if found is None:
            return {}
        for rule, why in found.left_out:
            note(f"the rule {rule.name!r} is left out: {why}")
        return {"rule_labels": found.codes if found.rules else None}
