"""A file of verdicts and the labelled rows -> the rows with what people decided on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.read.verdicts.match import match
from doubtcli.read.verdicts.together import read_together
from doubtcli.records import UNUSABLE

if TYPE_CHECKING:
    from doubtcli.records import Examples, Labels, Verdicts


def read_verdicts(path: str, examples: Examples, labels: Labels, data_path: str) -> Examples:
    """The labelled rows with the verdicts of a tool's export or of a file of ours.

    Raises:
        InputError: As `read_answers`, `match` and `with_verdicts`.
    """
    told = read_together([path])
    verdicts = match(told.answers, told.path, examples, labels, data_path)
    return with_verdicts(examples, replace(verdicts, notes=(*told.notes, *verdicts.notes)))


def with_verdicts(examples: Examples, verdicts: Verdicts) -> Examples:
    """The rows with what people decided on them, unusable ones set aside.

    Raises:
        InputError: By these verdicts fewer than two classes are left.
    """
    unusable = verdicts.codes == UNUSABLE
    rows, aside = np.flatnonzero(~unusable), np.flatnonzero(unusable)
    kept = replace(
        examples,
        row_ids=tuple(examples.row_ids[row] for row in rows),
        positions=examples.positions[rows],
        given_labels=examples.given_labels[rows],
        inputs=examples.inputs.take(pa.array(rows)) if examples.inputs.num_columns else examples.inputs,
        embeddings=None if examples.embeddings is None else examples.embeddings[rows],
        groups=None if examples.groups is None else examples.groups[rows],
        annotations=None
        if examples.annotations is None
        else replace(examples.annotations, codes=examples.annotations.codes[rows]),
        given_pred_probs=None if examples.given_pred_probs is None else examples.given_pred_probs[rows],
        verdicts=replace(
            verdicts,
            codes=verdicts.codes[rows],
            strata=tuple(verdicts.strata[row] for row in rows),
            inclusion=verdicts.inclusion[rows],
        ),
        unusable_row_ids=tuple(examples.row_ids[row] for row in aside),
        unusable_positions=tuple(examples.positions[aside].tolist()),
    )
    n_classes = len(np.unique(kept.taught_labels))
    if n_classes < 2:  # noqa: PLR2004
        raise InputError(
            f"by these verdicts the rows bear {'one label' if n_classes else 'no label'} only",
            where=verdicts.path,
            expected="rows of at least two classes, once its verdicts are followed",
        )
    return kept
