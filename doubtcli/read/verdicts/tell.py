"""Answers that came to one thing -> the record that tells of it: a decision, or what is not applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.records import Decision, Unapplied
from doubtcli.records.answers import EARLIEST, UNUSABLE_STATUS, parse_moment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from doubtcli.read.verdicts.locate import Miss
    from doubtcli.records import SeenRow
    from doubtcli.records.answers import Answer


def decided(
    row: SeenRow, now: SeenRow, verdict: str | None, winners: Sequence[Answer], others: Iterable[Answer]
) -> Decision:
    """What the winning answers decide on a row; a verdict that is None calls it unusable."""
    in_time = sorted(winners, key=_when)
    return Decision(
        row_id=row.row_id,
        row=now.row,
        given_label=now.given_label or "",
        verdict=verdict,
        unusable=verdict is None,
        annotators=_names(winners),
        time=in_time[-1].time.strip(),
        tool=", ".join(sorted({answer.tool for answer in winners})),
        why="; ".join(dict.fromkeys(answer.why.strip() for answer in in_time if answer.why.strip())),
        outvoted=chosen(others),
    )


def unapplied(miss: Miss, row_id: str, given_label: str | None, answers: Sequence[Answer]) -> Unapplied:
    """What some answers on a row said to no effect, and why."""
    return Unapplied(
        miss.kind,
        row_id,
        given_label,
        chosen(answers),
        _names(answers),
        tuple(sorted({answer.row for answer in answers})),
        miss.why,
    )


def chosen(answers: Iterable[Answer]) -> tuple[str, ...]:
    """What was chosen, each once, in string order."""
    said = {
        text.strip()
        for answer in answers
        for text in (
            (UNUSABLE_STATUS,) if answer.status == UNUSABLE_STATUS else (answer.verdict, *answer.also)
        )
    }
    return tuple(sorted(said - {""}))


def _names(answers: Iterable[Answer]) -> tuple[str, ...]:
    return tuple(sorted({answer.annotator for answer in answers} - {""}))


def _when(answer: Answer) -> tuple[dt.datetime, str, str, str]:
    return parse_moment(answer.time) or EARLIEST, answer.time, answer.annotator, answer.why
