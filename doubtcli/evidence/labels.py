"""What the file itself says of its labels: as given, as people have decided since, as annotators answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from doubtcli.records import Need

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import Examples


@dataclass(frozen=True)
class GivenLabels:
    """The labels that are judged, those that models learn, and how many classes there are."""

    makes: ClassVar = {
        "given_labels": Need("Shape `(n_rows,)`.", "the labels", axes=("rows",), codes_of="classes"),
        "n_classes": Need("How many classes there are.", "the labels are no classes"),
        "training_labels": None,
    }
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, examples: Examples) -> Mapping[str, Any]:
        """As the file and people's verdicts have them."""
        return {
            "given_labels": examples.given_labels,
            "n_classes": examples.n_classes if examples.are_classes else None,
            "training_labels": examples.training_labels,
        }


@dataclass(frozen=True)
class AnnotatorAnswers:
    """What each annotator answered."""

    makes: ClassVar = {
        "annotations": Need(
            "Shape `(n_rows, n_annotators)`; -1 where one was not asked.",
            "there are no annotator columns: name them with --annotators a,b,c",
            source="annotators",
            axes=("rows", "annotators"),
            codes_of="classes",
        )
    }
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, examples: Examples) -> Mapping[str, Any]:
        """As the file has it."""
        return {"annotations": examples.annotations.codes if examples.annotations is not None else None}
