"""Decisions on rows that others ride along with -> further decisions, on those others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.records import Decision, Unapplied, UnappliedKind
from doubtcli.records.answers import UNUSABLE_STATUS
from doubtcli.verdicts.rows import BETWEEN_IDS, UNKNOWN_ID, Problem, Reason, has_same_content
from doubtcli.verdicts.spelling import split_joined
from doubtcli.verdicts.votes import describe_unapplied
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from doubtcli.records import SeenRow
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import KnownRows, RowIndex


@dataclass(frozen=True)
class DecidedRow:
    """A row that was looked at, what was decided, and by which answers."""

    row: SeenRow
    """As it was audited."""
    decision: Decision
    answers: tuple[Answer, ...]

    def follow(self, row: SeenRow, now: SeenRow) -> Decision:
        """The same decision on a row that rides along, which is there now."""
        return replace(self.decision, row_id=row.row_id, row=now.row, spread_from=self.row.row_id)

    def leave(self, problem: Problem, row_id: str, given_label: str | None = None) -> Unapplied:
        """That the decision doesn't hold for a row that rides along, and why."""
        why = f"rides along with {self.row.row_id!r}: {problem.why}"
        return describe_unapplied(replace(problem, why=why), row_id, given_label, self.answers)


@dataclass(frozen=True)
class Spread:
    """What decisions mean for the rows that ride along."""

    decisions: tuple[Decision, ...]
    """By place in the file, at most one a row."""
    unapplied: tuple[Unapplied, ...]


def spread_out(decided: Sequence[DecidedRow], rows: KnownRows, voted_on: Collection[SeenRow]) -> Spread:
    """The decisions that follow on rows of equal input and of the same given label, and what doesn't follow.

    Args:
        decided: What was decided, at most once a row.
        rows: All rows.
        voted_on: The audited rows that people have answers on: nothing follows for them.
    """
    follow: dict[int, list[Decision]] = {}
    left: list[Unapplied] = []
    for source in decided:
        twins, unknown = _list_twins(source, rows.audited)
        left += [source.leave(UNKNOWN_ID, text) for text in unknown]
        open_ones = [same for same in twins if not any(row in voted_on for row in same)]
        for same in open_ones:
            problem = _find_problem(same, source, rows)
            if problem is not None:
                left.append(source.leave(problem, same[0].row_id, _find_given_label(same)))
            elif same[0].given_label == source.row.given_label:
                now = rows.unchanged(same[0])
                follow.setdefault(now.row, []).append(source.follow(same[0], now))
    agreed = {row: min(ones, key=_sort_by_source) for row, ones in follow.items() if _are_alike(ones)}
    left += [_describe_conflict(ones) for row, ones in follow.items() if row not in agreed]
    return Spread(tuple(agreed[row] for row in sorted(agreed)), tuple(left))


def _list_twins(source: DecidedRow, audited: RowIndex) -> tuple[list[tuple[SeenRow, ...]], list[str]]:
    """The rows that ride along, those of one id together; and texts that name other rows, too."""
    texts = [text for answer in source.answers for text in answer.duplicates]
    named = [_split_ids(text, audited) for text in texts]
    ids = dict.fromkeys(row_id for some in named for row_id in some)
    unknown = [text for text, some in zip(texts, named, strict=True) if not some]
    return [audited.by_id[row_id] for row_id in ids], unknown


def _split_ids(text: str, audited: RowIndex) -> list[str]:
    """The ids that a text names, one or several with commas between; none if it names others, too."""
    if text in audited.by_id:
        return [text]
    joined = text.replace(f"{BETWEEN_IDS} ", BETWEEN_IDS)
    return split_joined(joined, BETWEEN_IDS, audited.by_id, audited.most_commas) or []


def _find_problem(same: Sequence[SeenRow], source: DecidedRow, rows: KnownRows) -> Problem | None:
    """Why a decision doesn't hold for the rows of one id; None if it does, or if they have its verdict."""
    row, verdict = same[0], source.decision.verdict
    if len(same) > 1:
        return Problem.of_several(len(same))
    if row.given_label != source.row.given_label:
        why = f"it bears another label than {source.row.row_id!r}, so it must be decided by itself"
        return None if row.given_label == verdict else Problem(Reason.OTHER_TWIN, why)
    if any(one.seen_hash for one in source.answers) and not has_same_content(row, source.row):
        return Problem(Reason.EDITED, "its content is no longer the same")
    return rows.find_edit(row)


def _find_given_label(same: Sequence[SeenRow]) -> str | None:
    return same[0].given_label if len(same) == 1 else None


def _are_alike(decisions: Sequence[Decision]) -> bool:
    return len({(decision.verdict, decision.unusable) for decision in decisions}) == 1


def _describe_conflict(decisions: Sequence[Decision]) -> Unapplied:
    """Rows that it rides along with were decided in unlike ways."""
    one = decisions[0]
    sources = listed(sorted(decision.spread_from for decision in decisions))
    return Unapplied(
        UnappliedKind.CONFLICT,
        one.row_id,
        one.given_label,
        tuple(sorted({decision.verdict or UNUSABLE_STATUS for decision in decisions})),
        tuple(sorted({name for decision in decisions for name in decision.annotators})),
        (),
        f"rows of equal input were decided in unlike ways: {sources}",
    )


def _sort_by_source(decision: Decision) -> str:
    return decision.spread_from
