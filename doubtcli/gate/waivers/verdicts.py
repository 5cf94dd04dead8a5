"""The verdicts of `doubt review` as waivers: each label that people kept."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from doubtcli.gate.result import Waiver
from doubtcli.records import RowSnapshot
from doubtcli.records.reading import reject_other_label
from doubtcli.tools.read import read_answer_files
from doubtcli.verdicts.adjudicate import adjudicate
from doubtcli.verdicts.corrections import make_lenient_terms
from doubtcli.verdicts.rows import VerdictRows
from doubtcli.verdicts.spelling import Spellings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from doubtcli.records import Decision
    from doubtcli.records.answers import Answer


def waive_kept_labels(path: str) -> tuple[Waiver, ...]:
    """A waiver for each row whose label people kept, while its content and label are as they saw them.

    Args:
        path: A folder of verdicts, or a file of one.

    Raises:
        InputError: A file in it can't be read, or nobody has decided on a row yet.
    """
    answers = read_answer_files([path]).answers
    labels = {name: name for one in answers for name in (one.given_label, one.verdict) if name}
    rows = VerdictRows.of(_list_seen_rows(answers), Spellings(labels, reject_other_label))
    found = adjudicate([replace(one, equal_rows=1) for one in answers], rows, make_lenient_terms())
    kept = [one for one in found.decided if one.decision.keeps]
    make = partial(_make_waiver, equal={one.row_id for one in answers if one.equal_rows > 1})
    return tuple(make(one.decision, one.row, number) for number, one in enumerate(kept, start=1))


def _list_seen_rows(answers: Iterable[Answer]) -> list[RowSnapshot]:
    """The rows as people saw them; of a row that changed in between, as it was seen last."""
    seen = {one.row_id: one for one in sorted(answers, key=lambda one: one.time)}
    return [
        RowSnapshot(row_id, number, one.given_label, one.seen_hash or None)
        for number, (row_id, one) in enumerate(seen.items(), start=1)
    ]


def _make_waiver(decision: Decision, row: RowSnapshot, number: int, equal: set[str]) -> Waiver:
    who = " and ".join(decision.annotators) or "a person"
    why = f"{who} kept its label ({decision.time})" + (f": {decision.why}" if decision.why else "")
    return Waiver(
        decision.row_id,
        number,
        label=decision.given_label,
        why=why,
        seen_hash=row.row_hash or "",
        with_equal_rows=decision.row_id in equal,
    )
