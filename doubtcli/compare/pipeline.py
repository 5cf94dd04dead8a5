"""The pipeline: the directories of two audits in, what relabelling did between them out."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.compare.count import fates, fates_by_annotator, fates_by_class, label_changes
from doubtcli.compare.inputs import edited, same_rows
from doubtcli.compare.matched import answers_given, match_sides
from doubtcli.compare.sides import check_comparable, read_side
from doubtcli.compare.taught import score_taught
from doubtcli.predict.engine import limit_native_threads
from doubtcli.records import AuditComparison, ComparedAudit, NoiseRate, Skill

if TYPE_CHECKING:
    from doubtcli.compare.matched import Matched
    from doubtcli.compare.sides import Side
    from doubtcli.progress import Progress
    from doubtcli.records import Bools, Codes

_JUDGING = ("pred_probs", "verdicts", "embeddings", "reasons", "skip", "seed", "folds", "repeats", "fast")
"""Settings that change doubts though no label has changed."""


def compare(before: str, after: str, *, progress: Progress) -> AuditComparison:
    """What lies between two audits of one data set: labels, doubts, noise rate, skill, and what it teaches.

    Args:
        before: The directory of the first audit.
        after: That of the second one.
        progress: Told of each long stage.

    Raises:
        InputError: There is no audit, it is damaged, its data are gone or others by now, or the two are not
            of one data set.
    """
    sides = read_side(before, progress), read_side(after, progress)
    check_comparable(*sides)
    matched = match_sides(*sides)
    examples, examples_after = same_rows(matched)
    is_edited = edited(examples, examples_after)
    # one thread keeps sums in one order, so that the result is the same to the bit on any number of cores
    with limit_native_threads():
        score = score_taught(matched, examples, is_edited, progress)
    gone = _doubted_alone(matched.before, matched.rows_before)
    added = _doubted_alone(matched.after, matched.rows_after)
    return AuditComparison(
        before=_figures(matched.before),
        after=_figures(matched.after),
        n_matched=len(matched.rows_before),
        n_edited=int(np.count_nonzero(is_edited)),
        n_gone=len(gone),
        gone_doubted=int(np.count_nonzero(gone)),
        n_added=len(added),
        added_doubted=int(np.count_nonzero(added)),
        changes=label_changes(matched.pairs),
        fates=fates(matched.pairs),
        by_class=fates_by_class(matched.pairs),
        by_annotator=fates_by_annotator(matched.pairs, answers_given(matched)),
        score=score,
        notes=_notes(matched, is_alone=bool(len(gone) and len(added))),
    )


def _doubted_alone(side: Side, matched: Codes) -> Bools:
    """Of the rows that are in this file alone: whether each is doubted."""
    is_alone = np.ones(len(side.doubted), dtype=np.bool_)
    is_alone[matched] = False
    return side.doubted[is_alone]


def _figures(side: Side) -> ComparedAudit:
    summary = side.found.summary
    noise, skill = (
        {item.name: summary[key][item.name] for item in fields(record) if item.name in summary[key]}
        for key, record in (("noise_rate", NoiseRate), ("skill", Skill))
    )
    return ComparedAudit(
        folder=side.folder,
        path=side.found.data_path,
        n_rows=len(side.judged),
        n_labelled=int(np.count_nonzero(side.judged)),
        n_doubted=int(np.count_nonzero(side.doubted)),
        noise_rate=NoiseRate(**noise),
        skill=Skill(**skill),
    )


def _notes(matched: Matched, *, is_alone: bool) -> tuple[str, ...]:
    """What may be told apart by something else than a label."""
    one, other = matched.before.found.summary, matched.after.found.summary
    settings = [
        name.replace("_", "-")
        for name in _JUDGING
        if one["settings"].get(name) != other["settings"].get(name)
    ]
    notes = []
    if is_alone and not matched.by_id:
        notes.append("rows have no ids, so one whose inputs were edited counts as gone and as added")
    if settings:
        told = ", ".join(settings)
        notes.append(f"the audits were made with other settings ({told}): doubts may differ for that alone")
    if one["versions"] != other["versions"]:
        notes.append("the audits were made with other versions: doubts may differ for that alone")
    return tuple(notes)
