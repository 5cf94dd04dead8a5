"""Answers, the audit's rows and the rows as they are now -> what is decided on each row, and what isn't.

A decision is made only where the row is certain, its content and label are those that were audited and seen,
and people agree as far as they must. All else is told, never applied.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.read.verdicts.ballots import gather
from doubtcli.read.verdicts.locate import OTHER_CONTENT, index_rows
from doubtcli.read.verdicts.outcome import Terms, outcome
from doubtcli.read.verdicts.spread import Source, spread_out
from doubtcli.records import OnConflict, Settled, UnappliedKind
from doubtcli.records.answers import MOST_NAMED, newest_of_each

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from doubtcli.read.verdicts.ballots import Ballot
    from doubtcli.records import Decision, SeenRow, Unapplied
    from doubtcli.records.answers import Answer


def settle(
    answers: Sequence[Answer],
    rows: Iterable[SeenRow],
    audited: Iterable[SeenRow],
    known: Mapping[str, str],
    *,
    on_conflict: OnConflict = OnConflict.MAJORITY,
    new_labels: bool = False,
    spread: bool = False,
    dropped: Collection[tuple[str, str | None]] = (),
) -> Settled:
    """What answers decide on the rows of a file.

    The order of the answers doesn't matter. Of several answers that one person gave on a row the newest
    counts, where times tell which it is.

    Args:
        answers: What people said, in any tools.
        rows: The rows of the file as it is now.
        audited: The rows as they stand in the audit that the queue was made from.
        known: The labels of the file, by every way to write them, as `spellings` gives it.
        on_conflict: What becomes of rows on which answers differ. The label of more than half is a safe
            choice where three or more were asked; of two who differ neither is believed.
        new_labels: Whether a label may be chosen that the file doesn't have.
        spread: Whether a decision also holds for the rows of equal input and of the same label that rode
            along, where nobody decided on them; else these decisions are only offered.
        dropped: Rows that earlier verdicts took out, each told by its id and its label when it was audited.

    Raises:
        InputError: Answers on a row can't be settled and `on_conflict` is `FAIL`; names the rows.
    """
    terms = Terms(index_rows(audited), index_rows(rows), known, on_conflict, new_labels, dropped)
    ballots, strays = gather(newest_of_each(answers), terms.audited, known)
    outcomes = [outcome(ballot, terms) for ballot in ballots]
    sources = [one for one in outcomes if isinstance(one, Source)]
    left = strays + [one for one in outcomes if not isinstance(one, Source)]
    if on_conflict is OnConflict.FAIL:
        _refuse_conflicts(left, answers)
    voted_on = {ballot.row for ballot in ballots if ballot.votes}
    further, not_further = spread_out(sources, terms.audited, terms.now, voted_on)
    own = [source.decision for source in sources]
    decisions = sorted([*own, *further] if spread else own, key=_place)
    return Settled(
        tuple(decisions),
        tuple(sorted(left + not_further if spread else left, key=_in_order)),
        offered=() if spread else tuple(further),
        new_labels=_new(decisions, known),
        notes=(*_notes(ballots, own, terms), *_strange(answers, left)),
    )


def _refuse_conflicts(left: Iterable[Unapplied], answers: Iterable[Answer]) -> None:
    conflicts = [one for one in left if one.kind is UnappliedKind.CONFLICT]
    conflicts.sort(key=lambda one: (one.places, one.row_id))
    if conflicts:
        told = "; ".join(f"{one.row_id!r}: {one.why}" for one in conflicts[:MOST_NAMED])
        rest = f"; and {len(conflicts) - MOST_NAMED} more" if len(conflicts) > MOST_NAMED else ""
        raise InputError(
            f"people's answers can't be settled on {len(conflicts):,} of the rows: {told}{rest}",
            where=", ".join(sorted({answer.file for answer in answers} - {""})) or None,
            row=conflicts[0].places[0],
            expected="one answer a row, or equal ones",
            hint="let people settle it, or say how: --on-conflict majority|unanimous|newest|skip",
        )


def _new(decisions: Iterable[Decision], known: Mapping[str, str]) -> tuple[str, ...]:
    """The labels that are none of the file's."""
    chosen = {decision.verdict for decision in decisions if decision.verdict is not None}
    return tuple(sorted(chosen - set(known.values())))


def _notes(ballots: Iterable[Ballot], own: Iterable[Decision], terms: Terms) -> Iterator[str]:
    counts = Counter(why for ballot in ballots for _, why in ballot.passed)
    if counts:
        yield f"answers that decide nothing: {', '.join(f'{counts[why]:,} {why}' for why in sorted(counts))}"
    outvoted = sum(bool(one.outvoted) for one in own)
    if outvoted:
        yield f"rows on which answers differed, settled by --on-conflict {terms.on_conflict}: {outvoted:,}"
    if any(row.row_hash is None for rows in terms.audited.by_id.values() for row in rows):
        yield "an earlier version wrote the audit: whether a row's content has changed since can't be told"


def _strange(answers: Iterable[Answer], left: Iterable[Unapplied]) -> Iterator[str]:
    """What may be the matter where no row is what was seen: hardly has somebody edited all of them."""
    other = {one.row_id for one in left if one.why == OTHER_CONTENT}
    if other and other >= {one.row_id for one in answers if one.seen_hash and one.decides}:
        yield (
            "none of the rows is as it was seen: either these verdicts are of another file, or the audit is "
            "of other columns than the queue was (--ignore, --annotators and so on, or one came or went): "
            "name the queue's own audit with --audit, or scan with the same columns"
        )


def _place(decision: Decision) -> int:
    return decision.row


def _in_order(one: Unapplied) -> tuple[int, str, tuple[int, ...], str]:
    return list(UnappliedKind).index(one.kind), one.row_id, one.places, one.why
