"""Suggestions that are taken without a person: only as many as a random sample of verdicts vouches for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.errors import InputError, SettingsError
from doubtcli.rank.flags import bound_misses, choose_prefix, count_needed_checks
from doubtcli.rank.noise import LEVEL
from doubtcli.records import HIT, MISS, UnappliedKind
from doubtcli.records.relabelling import Acceptance
from doubtcli.settings.fields import Limit, parse_limit
from doubtcli.verdicts.spot_check import count_spot_check, list_spot_check
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records import AuditDocument, Bools, DoubtTable, Settled, SpotCheck, SpotCheckPlace
    from doubtcli.records.answers import Answer

ACCEPT, AT_LEAST = "--accept-suggestions", "--at-least"
USUAL_SHARE, LEAST_SHARE = "95%", 0.5
"""Below a half, more labels might be spoilt than mended."""
ACCEPTED_BY = f"doubt apply {ACCEPT}"
"""What a ledger names as the tool of a suggestion that nobody decided on."""
OTHER_QUEUE = "name the audit that the queue was made from with --audit"


def parse_at_least(text: str | None, *, accept: bool) -> float | None:
    """The share of accepted suggestions that must be right, from 0.5 to below 1; None: accept none.

    Args:
        text: A share such as 95% or 0.95; None where none is given.
        accept: Whether suggestions are to be accepted.

    Raises:
        SettingsError: It is not such a share, or no suggestions are to be accepted.
    """
    if not accept and text is not None:
        raise SettingsError("it has no use alone", where=AT_LEAST, hint=f"add {ACCEPT}, or leave it out")
    if not accept:
        return None
    try:
        limit = parse_limit(text or USUAL_SHARE)
    except ValueError:
        limit = Limit(0, is_share=False)
    if not (limit.is_share and LEAST_SHARE <= limit.bound < 1):
        raise SettingsError(
            f"{text!r} is not a share of suggestions",
            where=AT_LEAST,
            expected="a share from 50% to less than 100%, such as 95% or 0.95",
        )
    return float(limit.bound)


@dataclass(frozen=True)
class AuditedRow:
    """What an audit knows of a row of its queue."""

    suggestion: str | None
    """None where no other label fits better."""
    entry: object
    """Rows with the same one are equal."""


def accept_suggestions(
    answers: Sequence[Answer], settled: Settled, audit: tuple[AuditDocument, DoubtTable], at_least: float
) -> tuple[tuple[Answer, ...], Acceptance]:
    """The answers, in which undecided rows get their suggested label where that is right often enough.

    Rows are taken from the top of the queue, as far as this holds with a probability of 90%: of all rows that
    are taken, the share whose suggestion people would choose is at least `at_least`. The queue itself is a
    fifth of the rows at most; no further limit is set, since a promise on a part of the taken rows would need
    twice the verdicts.

    Args:
        answers: People's answers, on all rows of a spot check.
        settled: What they decide.
        audit: `audit.json` and `doubts.parquet` of the audit that the queue was made from.
        at_least: The share of right suggestions, 0 to 1.

    Raises:
        InputError: No row was drawn at random and decided, or the queue is not from this audit.
    """
    places = list_spot_check(answers)
    rows = _list_audited_rows(audit[1], places)
    chosen = _list_chosen_labels(settled)
    hits = {
        row_id: verdict == rows[row_id].suggestion for row_id, verdict in chosen.items() if row_id in rows
    }
    found = _check_spot_check(count_spot_check(places, hits), places, audit[0])
    open_ones = _list_open_answers(answers, settled, rows)
    takeable = np.zeros(len(found.outcomes), dtype=np.bool_)
    takeable[[places[row_id].place - 1 for row_id in open_ones]] = True
    n_first = choose_prefix(found, takeable, at_least)
    taken = {row_id: one for row_id, one in open_ones.items() if places[row_id].place <= n_first}
    result = _describe_acceptance(found, takeable, n_first, at_least)
    accepted = tuple(
        replace(
            one,
            verdict=rows[row_id].suggestion or "",
            annotator="",
            time="",
            tool=ACCEPTED_BY,
            why=_explain(result),
        )
        for row_id, one in taken.items()
    )
    left = tuple(one for one in answers if one.row_id not in taken)
    return (*left, *accepted), result


def _list_audited_rows(doubts: DoubtTable, places: Mapping[str, SpotCheckPlace]) -> dict[str, AuditedRow]:
    """The audited rows with these ids; those of which several have one id have no suggestion."""
    rows: dict[str, AuditedRow] = {}
    columns = (doubts.row_id, doubts.given_label, doubts.suggested_label, doubts.entry)
    for row_id, given, suggested, entry in zip(*(one.to_pylist() for one in columns), strict=True):
        if row_id in places:
            is_usable = row_id not in rows and suggested != given
            rows[row_id] = AuditedRow(suggested if is_usable else None, row_id if entry is None else entry)
    return rows


def _list_chosen_labels(settled: Settled) -> dict[str, str | None]:
    """By row id, the label that people chose, also where the file has it by now; None: unusable."""
    done = (one for one in settled.unapplied if one.kind is UnappliedKind.ALREADY)
    chosen = {one.row_id: one.verdicts[0] for one in done if len(one.verdicts) == 1}
    return chosen | {one.row_id: one.verdict for one in settled.decisions}


def _check_spot_check(
    found: SpotCheck | None, places: Mapping[str, SpotCheckPlace], document: AuditDocument
) -> SpotCheck:
    """The spot check, if it can vouch for suggestions of this audit."""
    if found is None or not (found.obstacle or found.n_counted):
        raise InputError(
            "no verdict is on a row that was drawn at random from the queue",
            where=ACCEPT,
            expected="verdicts on a spot check, which show how often suggestions are right",
            hint="nothing was written: draw one with `doubt queue AUDIT --strategy spot-check --size 65`, "
            "and decide the rows that it drew",
        )
    if found.obstacle:
        raise InputError(found.obstacle, where=ACCEPT, hint="nothing was written: name one of them alone")
    keys = {one.audit for one in places.values()}
    if not all(document.audit_key.startswith(key) for key in keys):
        raise InputError(
            "the spot check was drawn from the queue of another audit",
            where=ACCEPT,
            expected="the audit whose suggestions people saw",
            hint=f"nothing was written: {OTHER_QUEUE}",
        )
    return found


def _list_open_answers(
    answers: Sequence[Answer], settled: Settled, rows: Mapping[str, AuditedRow]
) -> dict[str, Answer]:
    """By row id, the answers on rows with a suggestion that nobody has answered in any way.

    If people answered on an equal row, that is an answer, too.
    """
    answered = {one.row_id for one in answers if one.status or not one.open}
    answered |= {one.row_id for one in (*settled.decisions, *settled.offered)}
    answered |= {one.row_id for one in settled.unapplied if one.kind is not UnappliedKind.UNDECIDED}
    entries = {rows[row_id].entry for row_id in answered if row_id in rows}
    return {
        one.row_id: one
        for one in answers
        if (row := rows.get(one.row_id)) and row.suggestion is not None and row.entry not in entries
        if one.row_id not in answered
    }


def _describe_acceptance(found: SpotCheck, takeable: Bools, n_first: int, at_least: float) -> Acceptance:
    n_taken = int(takeable[:n_first].sum())
    most = bound_misses(found)[n_first] - int((found.outcomes[:n_first] == MISS).sum())
    return Acceptance(
        at_least=at_least,
        level=LEVEL,
        n_accepted=n_taken,
        n_right=max(0, n_taken - int(most)) if n_taken else 0,
        n_first=n_first,
        n_flagged=len(found.outcomes),
        n_checked=found.n_counted,
        n_chosen=int((found.outcomes[found.counted] == HIT).sum()),
        n_left=int(takeable.sum()) - n_taken,
        n_needed=None if n_taken else count_needed_checks(found, at_least),
    )


def _explain(result: Acceptance) -> str:
    return (
        f"nobody decided: by {result.n_checked:,} verdicts on rows drawn at random, at least "
        f"{_show_share(result)} of such suggestions are what people would choose, with {result.level:.0%} "
        "confidence"
    )


def describe_acceptance(result: Acceptance) -> str:
    """What was taken and what vouches for it, or why nothing was and what to do: one clause."""
    share = _show_share(result)
    checked = (
        f"of {result.n_checked:,} queued rows drawn at random and checked, people chose the suggestion for "
        f"{result.n_chosen:,}"
    )
    if result.n_accepted:
        return (
            f"accepted without a person: {format_count(result.n_accepted, 'suggestion')}, among the first "
            f"{result.n_first:,} of {result.n_flagged:,} queued rows; at least {result.n_right:,} are right, "
            f"with {result.level:.0%} confidence ({checked})"
        )
    if not result.n_left:
        return f"no suggestion was accepted, since none is left to accept: {checked}"
    if result.n_needed is None:
        return (
            f"no suggestion was accepted: {checked}, which is too few for {share}; let people decide the rest"
        )
    return (
        f"no suggestion was accepted: {checked}; to accept at {share}, about {result.n_needed:,} verdicts on "
        f"such rows are needed: doubt queue AUDIT --strategy spot-check --size {result.n_needed}"
    )


def _show_share(result: Acceptance) -> str:
    return f"{result.at_least * 100:.10g}%"
