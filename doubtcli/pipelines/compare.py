"""The pipeline: the directories of two audits -> what relabelling changed between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.compare.count import (
    count_label_changes,
    count_outcomes,
    count_outcomes_by_annotator,
    count_outcomes_by_class,
)
from doubtcli.compare.score import score_relabelling
from doubtcli.compare.sides import (
    Side,
    check_comparable,
    find_edited,
    list_answers,
    match_sides,
    select_same_rows,
)
from doubtcli.errors import InputError
from doubtcli.predict.engine import limit_native_threads
from doubtcli.read.examples import read_examples
from doubtcli.records import AuditComparison, ComparedAudit, name_embedders
from doubtcli.store.folder import is_audit
from doubtcli.store.open import open_judged_audit
from doubtcli.tasks.registry import find_task
from doubtcli.verdicts.examples import read_verdicts

if TYPE_CHECKING:
    from doubtcli.compare.sides import Matched
    from doubtcli.progress import Progress
    from doubtcli.records import Bools, Codes, Examples
    from doubtcli.store.open import FoundAudit

_JUDGING = (
    *("pred_probs", "verdicts", "embeddings", "reasons", "skip", "seed", "folds", "repeats", "fast"),
    "by_batches",
)
"""Settings that change doubts even if no label has changed; earlier audits lack those that are off."""


def compare_audits(
    before: str | FoundAudit, after: str | FoundAudit, *, progress: Progress
) -> AuditComparison:
    """The differences between two audits of one data set: labels, doubts, noise rate, skill, a model's gain.

    Args:
        before: The directory of the first audit, or the audit if it is open already.
        after: The second one, likewise.
        progress: Shows each long stage.

    Raises:
        InputError: There is no audit, it is damaged, its data have changed or are gone, or the two are not of
            one data set.
    """
    sides = read_side(before, progress), read_side(after, progress)
    check_comparable(*sides)
    matched = match_sides(*_leave_out_leaks(*sides))
    examples, examples_after = select_same_rows(matched)
    is_edited = find_edited(examples, examples_after)
    # one thread keeps sums in one order, so that the result is the same to the bit on any number of cores
    with limit_native_threads():
        score = score_relabelling(matched, examples, is_edited, progress)
    gone = _doubted_alone(matched.before, matched.rows_before)
    added = _doubted_alone(matched.after, matched.rows_after)
    return AuditComparison(
        before=_describe_side(matched.before),
        after=_describe_side(matched.after),
        n_matched=len(matched.rows_before),
        n_edited=int(np.count_nonzero(is_edited)),
        n_gone=len(gone),
        gone_doubted=int(np.count_nonzero(gone)),
        n_added=len(added),
        added_doubted=int(np.count_nonzero(added)),
        changes=count_label_changes(matched.pairs),
        outcomes=count_outcomes(matched.pairs),
        by_class=count_outcomes_by_class(matched.pairs),
        by_annotator=count_outcomes_by_annotator(matched.pairs, list_answers(matched)),
        score=score,
        notes=_note_differences(matched, is_alone=bool(len(gone) and len(added))),
    )


def _leave_out_leaks(before: Side, after: Side) -> tuple[Side, Side]:
    """The same without inputs that one of the scans left out: a model would learn from a leak alone."""
    used = {*before.document.roles.inputs} & {*after.document.roles.inputs}
    return (
        replace(before, examples=before.examples.keep_inputs(used)),
        replace(after, examples=after.examples.keep_inputs(used)),
    )


def read_side(audit: str | FoundAudit, progress: Progress) -> Side:
    """An audit, or the one in a directory, with its data.

    Raises:
        InputError: There is no audit, it is damaged, or its data have changed or are gone.
    """
    found = _open_directory(audit) if isinstance(audit, str) else audit
    settings, given = found.settings, found.given
    task = find_task(found.document.task_name)
    table, roles, labels, examples = read_examples(settings, task, progress, given)
    if settings.verdicts is not None:
        examples = read_verdicts(settings.verdicts, examples, labels, table.source.path, given.answers)
    judged = np.zeros(len(labels.codes), dtype=np.bool_)
    judged[examples.positions] = True
    doubted = np.zeros(len(judged), dtype=np.bool_)
    doubted[found.doubts.row - 1] = found.doubts.doubted
    return Side(
        folder=audit if isinstance(audit, str) else found.origin,
        data_path=found.data_path,
        document=found.document,
        settings=settings,
        roles=roles,
        labels=labels,
        examples=examples,
        row_ids=_list_row_ids(examples),
        doubted=doubted,
        judged=judged,
    )


def _open_directory(folder: str) -> FoundAudit:
    if not is_audit(folder):
        raise InputError(
            "is not an audit",
            where=folder,
            expected="a folder that `doubt scan` wrote",
            hint="scan the data with `doubt scan`, and name the folder that it writes",
        )
    return open_judged_audit(folder)


def _list_row_ids(examples: Examples) -> list[str]:
    """The id of every row of the file, in file order."""
    by_position = dict(zip(examples.positions.tolist(), examples.row_ids, strict=True))
    by_position |= zip(examples.unlabelled_positions, examples.unlabelled_row_ids, strict=True)
    by_position |= zip(examples.unusable_positions, examples.unusable_row_ids, strict=True)
    return [by_position[position] for position in range(len(by_position))]


def _doubted_alone(side: Side, matched: Codes) -> Bools:
    """For the rows that are only in this file: whether each is doubted."""
    is_alone = np.ones(len(side.doubted), dtype=np.bool_)
    is_alone[matched] = False
    return side.doubted[is_alone]


def _describe_side(side: Side) -> ComparedAudit:
    return ComparedAudit(
        folder=side.folder,
        path=side.data_path,
        n_rows=len(side.judged),
        n_labelled=int(np.count_nonzero(side.judged)),
        n_doubted=int(np.count_nonzero(side.doubted)),
        noise_rate=side.document.noise_rate,
        skill=side.document.skill,
        expected=side.document.expected,
    )


def _note_differences(matched: Matched, *, is_alone: bool) -> tuple[str, ...]:
    """Notes on differences that may have other causes than changed labels."""
    one, other = matched.before.document, matched.after.document
    settings = [
        name.replace("_", "-")
        for name in _JUDGING
        if (one.settings.get(name) or None) != (other.settings.get(name) or None)
    ]
    notes = []
    if is_alone and not matched.by_id:
        notes.append("rows have no ids, so a row with changed inputs counts as gone and as added")
    if settings:
        names = ", ".join(settings)
        notes.append(
            f"the audits have different settings ({names}): some doubts may differ only for that reason"
        )
    if (one.embedder and one.embedder.sha256) != (other.embedder and other.embedder.sha256):
        before, after = name_embedders(one.embedder, other.embedder)
        notes.append(
            f"before, texts were compared with {before}, after with {after}: some doubts may differ only for "
            "that reason; scan both files with the same --embed"
        )
    if any(
        one.versions[name] != other.versions[name] for name in one.versions.keys() & other.versions.keys()
    ):
        notes.append("different versions made the audits: some doubts may differ only for that reason")
    return tuple(notes)
