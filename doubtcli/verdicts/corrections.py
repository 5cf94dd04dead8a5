"""Answers on a file that is to be corrected -> the decisions on its rows, and what is not applied.

A decision on a row that has duplicates gives further decisions, on these duplicates.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.records import Decision, OnConflict, Settled, Unapplied, UnappliedKind
from doubtcli.records.answers import UNUSABLE_STATUS
from doubtcli.verdicts.adjudicate import Terms, adjudicate, count_decided_rows, note_respelled
from doubtcli.verdicts.rows import BETWEEN_IDS, UNKNOWN_ID, Problem, RejectionReason, has_same_content
from doubtcli.verdicts.spelling import split_joined
from doubtcli.verdicts.spreadsheet import SAVE_AS_TEXT
from doubtcli.verdicts.votes import Rejection, describe_unapplied, note_equal_rows
from doubtcli.wording.lists import MOST_NAMED, join_first, quote_names
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from doubtcli.records import RowSnapshot
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.adjudicate import Adjudication, DecidedRow
    from doubtcli.verdicts.rows import RowIndex, VerdictRows


OF_ONE_ROW = frozenset({RejectionReason.GONE, RejectionReason.EDITED, RejectionReason.AMBIGUOUS})
"""The reasons that say what happened to a row: of equal rows, each may have been changed on its own."""


def make_lenient_terms(on_conflict: OnConflict = OnConflict.MAJORITY, *, new_labels: bool = False) -> Terms:
    """The terms of a correction: each rejection is kept and reported.

    Nothing is refused, except answers that differ if the user wants that.

    Args:
        on_conflict: What to do with rows on which answers differ.
        new_labels: Whether a label may be chosen that the file doesn't have.
    """
    refusals = (refuse_conflicts,) if on_conflict is OnConflict.FAIL else ()
    return Terms(on_conflict, new_labels, refusals)


def settle_answers(
    answers: Sequence[Answer], rows: VerdictRows, terms: Terms, *, spread: bool = False
) -> Settled:
    """What answers decide on the rows of a file, what is not applied, and what would follow for duplicates.

    Args:
        answers: People's answers, from any tools.
        rows: The rows of the file, as they were audited and as they are now.
        terms: How the answers are judged.
        spread: Whether a decision also holds for duplicates of the row (same input, same label) that nobody
            decided on; else these decisions are only offered.

    Raises:
        InputError: The terms refuse what was found.
    """
    found = adjudicate(answers, rows, terms)
    further = spread_decisions(found.decided, found.rows, {one.row for one in found.ballots if one.votes})
    own = [one.decision for one in found.decided]
    decisions = sorted([*own, *further.decisions] if spread else own, key=_sort_by_row)
    left = _list_unapplied(found)
    return Settled(
        tuple(decisions),
        tuple(sorted([*left, *further.unapplied] if spread else left, key=_sort_by_kind)),
        offered=() if spread else further.decisions,
        new_labels=_list_new_labels(decisions, rows),
        notes=(
            *note_equal_rows(found.answers, count_decided_rows(found)),
            *note_respelled(found),
            *_note_rewritten(found),
            *_write_notes(found, terms),
            *_explain_strange_rows(found),
        ),
    )


def refuse_conflicts(found: Adjudication) -> InputError | None:
    """Refuse answers that differ, or that name several labels."""
    conflicts = [one for one in _list_unapplied(found) if one.kind is UnappliedKind.CONFLICT]
    if not conflicts:
        return None
    conflicts.sort(key=lambda one: (one.places, one.row_id))
    rows = join_first(
        [f"{one.row_id!r}: {one.why}" for one in conflicts], MOST_NAMED, between="; ", last="; "
    )
    return InputError(
        f"people disagree on {len(conflicts):,} of the rows: {rows}",
        where=", ".join(sorted({answer.file for answer in found.answers} - {""})) or None,
        row=conflicts[0].places[0],
        expected="one answer for each row, or equal answers",
        hint="let people agree, or choose a rule: --on-conflict majority|unanimous|newest|skip",
    )


def _list_unapplied(found: Adjudication) -> list[Unapplied]:
    """The rejections as records; strays with the same id and the same problem make one record.

    So do equal rows with a problem of the answer itself; what happened to a row is said of each.
    """
    strays: dict[tuple[str, Problem], list[Answer]] = {}
    equal: dict[tuple[object, ...], list[Rejection]] = {}
    for one in found.rejections:
        if one.row is None:
            strays.setdefault((one.row_id, one.problem), []).extend(one.answers)
        else:
            is_alone = one.problem.reason in OF_ONE_ROW or not one.is_of_equal_rows
            equal.setdefault((id(one),) if is_alone else (one.row_seen, one.problem), []).append(one)
    together = [Rejection(problem, row_id, None, tuple(own)) for (row_id, problem), own in strays.items()]
    records = [one.as_record() for one in together]
    return records + [same[0].as_record(equal_rows=len(same)) for same in equal.values()]


def _list_new_labels(decisions: Sequence[Decision], rows: VerdictRows) -> tuple[str, ...]:
    """The decided labels that the file does not have."""
    chosen = {decision.verdict for decision in decisions if decision.verdict is not None}
    return tuple(sorted(label for label in chosen if rows.labels.find_label(label) is None))


def _write_notes(found: Adjudication, terms: Terms) -> Iterator[str]:
    passed = {
        (one.file, one.row, one.annotator, why) for ballot in found.ballots for one, why in ballot.passed
    }
    counts = Counter(why for *_, why in passed)
    if counts:
        yield f"answers without a decision: {', '.join(f'{why} ({counts[why]:,})' for why in sorted(counts))}"
    outvoted = sum(bool(one.decision.outvoted) for one in found.decided)
    if outvoted:
        yield f"rows on which answers differed, decided by --on-conflict {terms.on_conflict}: {outvoted:,}"
    if any(row.row_hash is None for rows in found.rows.audited.by_id.values() for row in rows):
        yield (
            "an earlier version of doubt wrote the audit, so it is not known whether the content of rows has "
            "changed since"
        )


def _note_rewritten(found: Adjudication) -> Iterator[str]:
    """How many rows keep their label because a spreadsheet rewrote the verdict, and what to do."""
    rewritten = found.rejected_for(RejectionReason.REWRITTEN)
    if rewritten:
        rows = format_count(len(rewritten), "row")
        yield f"verdicts that may mean more than one label, or none: {rows}; {SAVE_AS_TEXT}"


def _explain_strange_rows(found: Adjudication) -> Iterator[str]:
    """The likely cause where the content of no row is what people saw: nobody edits all rows."""
    other = {one.row_id for one in found.rejected_for(RejectionReason.OTHER_CONTENT)}
    if other and other >= {one.row_id for one in found.answers if one.seen_hash and one.decides}:
        yield (
            "no row has the content that people saw: either these verdicts are for another file, or the "
            "audit used other columns than the queue (--ignore, --annotators and so on, or a column was "
            "added or removed): name the queue's own audit with --audit, or scan with the same columns"
        )


def _sort_by_row(decision: Decision) -> int:
    return decision.row


def _sort_by_kind(one: Unapplied) -> tuple[int, str, tuple[int, ...], str]:
    return list(UnappliedKind).index(one.kind), one.row_id, one.places, one.why


# ------------------------------------------------------------------------------ duplicates


@dataclass(frozen=True)
class Spread:
    """What decisions mean for the duplicates of the decided rows."""

    decisions: tuple[Decision, ...]
    """At most one for each row, in file order."""
    unapplied: tuple[Unapplied, ...]


def spread_decisions(
    decided: Sequence[DecidedRow], rows: VerdictRows, voted_on: Collection[RowSnapshot]
) -> Spread:
    """Repeat decisions on duplicates: rows with the same input and the same given label.

    These are the rows that the audit knows as equal, and those that a queue of an earlier version names.

    Args:
        decided: The decisions, at most one for each row.
        rows: All rows.
        voted_on: The audited rows that people gave answers on: no decision is repeated on them.
    """
    follow: dict[int, list[Decision]] = {}
    left: list[Unapplied] = []
    equal = _list_undecided_equals(decided, rows.audited, voted_on)
    for source in decided:
        if source.decision.spread_from:
            continue
        twins, unknown = _list_twins(source, rows.audited)
        twins = list(dict.fromkeys([*twins, *equal.get(source.row.entry, ())]))
        left += [_describe_duplicate(source, UNKNOWN_ID, text) for text in unknown]
        open_ones = [same for same in twins if not any(row in voted_on for row in same)]
        for same in open_ones:
            problem = _find_twin_problem(same, source, rows)
            if problem is not None:
                left.append(_describe_duplicate(source, problem, same[0].row_id, _find_given_label(same)))
            elif same[0].given_label == source.row.given_label:
                now = rows.find_unchanged(same[0])
                follow.setdefault(now.row, []).append(_repeat_decision(source, same[0], now))
    agreed = {row: min(ones, key=_sort_by_source) for row, ones in follow.items() if _are_alike(ones)}
    left += [_describe_conflict(ones) for row, ones in follow.items() if row not in agreed]
    return Spread(tuple(agreed[row] for row in sorted(agreed)), tuple(left))


def _list_undecided_equals(
    decided: Sequence[DecidedRow], audited: RowIndex, voted_on: Collection[RowSnapshot]
) -> dict[int | None, list[tuple[RowSnapshot, ...]]]:
    """By entry of the queue, the rows without an answer that are equal to a decided row."""
    entries = {source.row.entry for source in decided} & audited.by_entry.keys()
    return {
        entry: [audited.by_id[row.row_id] for row in audited.by_entry[entry] if row not in voted_on]
        for entry in entries
    }


def _list_twins(source: DecidedRow, audited: RowIndex) -> tuple[list[tuple[RowSnapshot, ...]], list[str]]:
    """The duplicates of a decided row, grouped by id; and the texts that name unknown rows."""
    texts = [text for answer in source.answers for text in answer.duplicates]
    named = [_split_ids(text, audited) for text in texts]
    ids = dict.fromkeys(row_id for some in named for row_id in some)
    unknown = [text for text, some in zip(texts, named, strict=True) if not some]
    return [audited.by_id[row_id] for row_id in ids], unknown


def _split_ids(text: str, audited: RowIndex) -> list[str]:
    """The ids in a text, one or several separated by commas; empty if an id is unknown."""
    if text in audited.by_id:
        return [text]
    joined = text.replace(f"{BETWEEN_IDS} ", BETWEEN_IDS)
    return split_joined(joined, BETWEEN_IDS, audited.by_id, audited.most_commas) or []


def _find_twin_problem(same: Sequence[RowSnapshot], source: DecidedRow, rows: VerdictRows) -> Problem | None:
    """Why a decision doesn't hold for the duplicates with one id; None if it does, or was carried out."""
    row, verdict = same[0], source.decision.verdict
    if len(same) > 1:
        return Problem.of_ambiguous_id(len(same))
    if row.given_label != source.row.given_label:
        why = "it has another label, so it needs its own decision"
        return None if row.given_label == verdict else Problem(RejectionReason.OTHER_TWIN, why)
    if any(one.seen_hash for one in source.answers) and not has_same_content(row, source.row):
        return Problem(RejectionReason.EDITED, "its content is not the same any more")
    return rows.find_edit(row)


def _repeat_decision(source: DecidedRow, row: RowSnapshot, now: RowSnapshot) -> Decision:
    """The same decision on a duplicate."""
    return replace(source.decision, row_id=row.row_id, row=now.row, spread_from=source.row.row_id)


def _describe_duplicate(
    source: DecidedRow, problem: Problem, row_id: str, given_label: str | None = None
) -> Unapplied:
    """The record of a duplicate that a decision doesn't hold for, and why."""
    why = f"a duplicate of {source.row.row_id!r}, but {problem.why}"
    return describe_unapplied(replace(problem, why=why), row_id, given_label, source.answers)


def _find_given_label(same: Sequence[RowSnapshot]) -> str | None:
    return same[0].given_label if len(same) == 1 else None


def _are_alike(decisions: Sequence[Decision]) -> bool:
    return len({(decision.verdict, decision.unusable) for decision in decisions}) == 1


def _describe_conflict(decisions: Sequence[Decision]) -> Unapplied:
    """The record of a row whose duplicates were decided in different ways."""
    one = decisions[0]
    sources = quote_names(sorted(decision.spread_from for decision in decisions))
    return Unapplied(
        UnappliedKind.CONFLICT,
        one.row_id,
        one.given_label,
        tuple(sorted({decision.verdict or UNUSABLE_STATUS for decision in decisions})),
        tuple(sorted({name for decision in decisions for name in decision.annotators})),
        (),
        f"duplicates of it were decided in different ways: {sources}",
    )


def _sort_by_source(decision: Decision) -> str:
    return decision.spread_from
