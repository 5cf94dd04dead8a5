"""What a person decides on the rows of an audit: under the page, the terminal and `audit.review()` in Python.

A row that is shown stands for its equal rows, and is decided for all of them. Every step is safe on disk
before it counts, and can be taken back, also on the next day.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.rank.combine import choose_free_heads, count_equal_rows, list_entries, mark_drawn_rows
from doubtcli.records import UNDECIDED, UNUSABLE, Role, Verdicts
from doubtcli.records.queue import show_inclusion
from doubtcli.records.texts import Texts
from doubtcli.review.conditions import Conditions
from doubtcli.tools.verdict_lines import WITHDRAWN, RowVerdict, SeenRow
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.records import Bools, Codes, ScanResult, Stratum
    from doubtcli.review.journal import Journal
    from doubtcli.tools.verdict_lines import Step

OPEN, KEPT, CORRECTED, SET_ASIDE, SKIPPED = range(5)
"""What became of a row."""
STATES = ("open", "kept", "corrected", "unusable", "skipped")
"""Their names."""
STATUSES = ("", "skip", "unusable")
"""What can be said about a row besides a label."""


class StaleRowError(InputError):
    """Another window decided on a row since it was shown."""


@dataclass(frozen=True)
class _Said:
    """What the person said about a row in a step that was not taken back."""

    verdict: RowVerdict
    step: str


def _find_current(said: Sequence[RowVerdict]) -> RowVerdict | None:
    """The last decision of some statements on a row; the last statement if there is no decision."""
    return next((verdict for verdict in reversed(said) if verdict.decides), said[-1] if said else None)


class Session:
    """One person's review of an audit.

    Args:
        audit: What a scan found.
        journal: Where verdicts are written; what it has already is taken up.
        others: Columns of the file that conditions may read besides the inputs.
    """

    def __init__(self, audit: ScanResult, journal: Journal, others: pa.Table | None = None) -> None:
        self.audit = audit
        self.conditions = Conditions(audit.examples, others, audit.roles.names(Role.LABEL))
        """Finds the rows that conditions fire on."""
        self.journal = journal
        self.states = np.zeros(audit.examples.n_rows, dtype=np.int8)
        """Shape `(n_rows,)`: what became of each row, as a place in `STATES`."""
        self.n_outdated = 0
        """How many verdicts in the folder are about rows that are not there, or have changed since."""
        self._said: dict[int, list[_Said]] = {}
        self._others: dict[int, dict[str, RowVerdict]] = {}
        self._changes: dict[str, dict[int, RowVerdict]] = {}
        self._done: list[str] = []
        self._undone: list[str] = []
        self._take_up(journal.read())

    # ------------------------------------------------------------------ what is known

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels to choose from: those of the file, and further ones that are suggested."""
        return self.audit.label_names

    @cached_property
    def heads(self) -> Codes:
        """Shape `(n_rows,)`: for each row the one that is shown for it and its equal rows."""
        ranking, drawn = self.audit.ranking, mark_drawn_rows(self.audit.ranking, self.audit.sample)
        entries = list_entries(ranking)
        heads = np.arange(len(entries))
        free = choose_free_heads(ranking.order, entries, heads, drawn)
        first = np.zeros(int(entries.max(initial=-1)) + 1, dtype=np.intp)
        first[entries[free]] = free
        return np.where(drawn, heads, first[entries])

    def given_label(self, row: int) -> str:
        """The label that the file gives a row."""
        examples = self.audit.examples
        return examples.class_names[int(examples.given_labels[row])]

    def verdict_on(self, row: int) -> RowVerdict | None:
        """What this person says about a row; None if nothing. A decision is not taken back by a skip."""
        said = self._said.get(int(self.heads[row]), [])
        return _find_current([one.verdict for one in said])

    def version_of(self, row: int) -> str:
        """The name of the step that last said something about a row; "" if none did."""
        said = self._said.get(int(self.heads[row]))
        return said[-1].step if said else ""

    def others_on(self, row: int) -> Mapping[str, RowVerdict]:
        """What other people say about a row, by their names."""
        return self._others.get(int(self.heads[row]), {})

    def count_states(self) -> Counter[str]:
        """How many rows are in each state; a row and its equal rows count once."""
        return Counter(STATES[self.states[row]] for row in self._said)

    @property
    def verdicts(self) -> dict[str, RowVerdict]:
        """What this person says, by row id."""
        ids = self.audit.examples.row_ids
        verdicts = ((row, self.verdict_on(row)) for row in self._said)
        return {ids[row]: verdict for row, verdict in verdicts if verdict is not None}

    def knows(self, step: str) -> bool:
        """Whether there is a step of this name."""
        return step in self._changes

    def rows_of(self, step: str) -> list[int]:
        """The rows that a step said something about."""
        return list(self._changes.get(step, ()))

    @property
    def can_undo(self) -> bool:
        """Whether a step is left to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether a step that was taken back can be brought back."""
        return bool(self._undone)

    def record_verdicts(self) -> Verdicts:
        """What this person decided, as the ranking and the noise rate take it."""
        audit, heads = self.audit, self.heads
        codes = np.full(len(heads), UNDECIDED, dtype=np.intp)
        places = {name: code for code, name in enumerate(self.labels)}
        for row in list(self._said):  # another thread may decide meanwhile
            verdict = self.verdict_on(row)
            if verdict is not None and verdict.decides:
                code = places[verdict.label] if verdict.label else UNUSABLE
                codes[self._members_of(row)] = code
        strata: list[Stratum | None] = [None] * len(heads)
        inclusion = np.full(len(heads), np.nan)
        if audit.sample is not None:
            inclusion[audit.sample.rows] = audit.sample.inclusion
            for row, stratum in zip(audit.sample.rows.tolist(), audit.sample.strata, strict=True):
                strata[row] = stratum
        from_equal = heads != np.arange(len(heads))
        return Verdicts(
            str(self.journal.folder), codes, tuple(strata), inclusion, from_equal=from_equal & (codes >= 0)
        )

    # ------------------------------------------------------------------ what is done

    def decide(
        self,
        rows: Iterable[int | str],
        label: str = "",
        status: str = "",
        why: str = "",
        *,
        name: str | None = None,
        seen_versions: Mapping[int, str] | None = None,
    ) -> Step | None:
        """Say something about some rows, in one step.

        Args:
            rows: Their ids, or their numbers in the audit's arrays; of equal rows one is enough.
            label: The chosen label; the given label keeps it.
            status: "skip" to leave them open, "unusable" if no label fits; "" with a label.
            why: A note.
            name: Of the step; a step that is already known is not repeated.
            seen_versions: What `version_of` was when the rows were shown, by row.

        Returns:
            The step; None if one of this name is known.

        Raises:
            InputError: The label or the status is not one of those to choose from, or there is no row.
            StaleRowError: Another window decided on a row since.
            OutputError: It can't be written; nothing has changed.
        """
        if name is not None and name in self._changes:
            return None
        shown = self._check_rows(rows)
        self._check_answer(label, status)
        self.check_versions(seen_versions or {})
        verdict = RowVerdict(label, status, why)
        return self._write(name or uuid4().hex, dict.fromkeys(shown, verdict))

    def keep(self, rows: Iterable[int | str], *, name: str | None = None, why: str = "") -> Step | None:
        """Keep the given label of some rows; see `decide`."""
        return self._decide_each(rows, self.audit.examples.given_labels, name, why)

    def accept(self, rows: Iterable[int | str], *, name: str | None = None, why: str = "") -> Step | None:
        """Take the suggested label of some rows; see `decide`."""
        return self._decide_each(rows, self.audit.ranking.suggested_labels, name, why)

    def undo(self, name: str | None = None) -> Step | None:
        """Take back the last step that is in effect; None if there is none, or this was done already."""
        if not self._done or name in self._changes:
            return None
        last = self._done[-1]
        changes = {row: self._find_before(row, last) for row in self._changes[last]}
        return self._write(name or uuid4().hex, changes, undoes=last)

    def redo(self, name: str | None = None) -> Step | None:
        """Bring back the last step that was taken back; None if there is none, or this was done already."""
        if not self._undone or name in self._changes:
            return None
        last = self._undone[-1]
        return self._write(name or uuid4().hex, self._changes[last], redoes=last)

    # ------------------------------------------------------------------ inside

    def _decide_each(
        self, rows: Iterable[int | str], labels: Codes, name: str | None, why: str
    ) -> Step | None:
        if name is not None and name in self._changes:
            return None
        shown = self._check_rows(rows)
        chosen = {row: RowVerdict(self.labels[labels[row]], why=why) for row in shown}
        return self._write(name or uuid4().hex, chosen)

    def _check_rows(self, rows: Iterable[int | str]) -> list[int]:
        """The rows that are shown for some rows, each once."""
        named = list(rows)
        found = self._find_rows([one for one in named if isinstance(one, str)])
        wanted = np.array([found[one] if isinstance(one, str) else one for one in named], dtype=np.intp)
        if not len(wanted) or wanted.min() < 0 or wanted.max() >= len(self.heads):
            raise InputError(
                "there is no such row" if len(wanted) else "no row was named",
                expected=f"numbers from 0 to {len(self.heads) - 1:,}",
            )
        return list(dict.fromkeys(self.heads[wanted].tolist()))

    def _find_rows(self, ids: Sequence[str]) -> dict[str, int]:
        """The row of each id."""
        if not ids:
            return {}
        places = self._place_ids(ids)
        unknown = [row_id for row_id, place in zip(ids, places, strict=True) if place is None]
        if unknown:
            raise InputError(
                f"no row has the id {unknown[0]!r}", expected="ids of the audit, as `verdicts` has them"
            )
        return {row_id: place for row_id, place in zip(ids, places, strict=True) if place is not None}

    def _place_ids(self, ids: Sequence[str]) -> list[int | None]:
        wanted = pa.array(ids, pa.large_string())
        known = Texts.of(self.audit.examples.row_ids).array
        places: list[int | None] = pc.index_in(wanted, value_set=known).to_pylist()
        return places

    def _check_answer(self, label: str, status: str) -> None:
        if status not in STATUSES or bool(label) == bool(status):
            raise InputError("a row needs a label, or else a status", expected='"skip" or "unusable"')
        if label and label not in self._known_labels:
            raise InputError(
                f"{label!r} is not a label of the file", hint=did_you_mean(label, self.labels) or None
            )

    def check_versions(self, seen: Mapping[int, str]) -> None:
        """Refuse to decide on rows that another window decided on since they were shown.

        Args:
            seen: What `version_of` was, by row.

        Raises:
            StaleRowError: Another window was faster.
        """
        for row, version in seen.items():
            if self.version_of(row) != version:
                verdict = self.verdict_on(row)
                if verdict is None:
                    raise StaleRowError("another window took back what was said about this row")
                said = verdict.label or verdict.status
                raise StaleRowError(f"another window said {said!r} about this row since it was shown")

    def _write(
        self, name: str, changes: Mapping[int, RowVerdict], *, undoes: str = "", redoes: str = ""
    ) -> Step:
        seen = self.describe_rows(list(changes))
        step = self.journal.write(
            name, list(zip(seen, changes.values(), strict=True)), undoes=undoes, redoes=redoes
        )
        self._follow(step, changes)
        return step

    def _follow(self, step: Step, changes: Mapping[int, RowVerdict]) -> None:
        """Let an own step take effect."""
        self._changes[step.name] = dict(changes)
        if step.undoes in self._done:
            self._done.remove(step.undoes)
            self._undone.append(step.undoes)
            for row in self._changes[step.undoes]:
                self._said[row] = [said for said in self._said[row] if said.step != step.undoes]
        else:
            said = step.redoes or step.name
            if step.redoes in self._undone:
                self._undone.remove(step.redoes)
            else:
                self._undone.clear()
            self._done.append(said)
            for row, verdict in changes.items():
                self._said.setdefault(row, []).append(_Said(verdict, said))
        for row in changes:
            self._update_state(row)

    def _update_state(self, row: int) -> None:
        if not self._said[row]:
            del self._said[row]
        self.states[self._members_of(row)] = self._find_state(row, self.verdict_on(row))

    def _find_state(self, row: int, verdict: RowVerdict | None) -> int:
        if verdict is None:
            return OPEN
        if verdict.label:
            return KEPT if verdict.label == self.given_label(row) else CORRECTED
        return {"unusable": SET_ASIDE, "skip": SKIPPED}[verdict.status]

    def _find_before(self, row: int, step: str) -> RowVerdict:
        """What was said about a row before a step, and still holds."""
        return _find_current([said.verdict for said in self._said[row] if said.step != step]) or WITHDRAWN

    # ------------------------------------------------------------------ what is in the folder

    def _take_up(self, steps: Sequence[Step]) -> None:
        """Follow the steps that were written before, by this person and by others."""
        places = iter(self._place_ids([seen.row_id for step in steps for seen, _ in step.verdicts]))
        for step in steps:
            changes = self._match(step, places)
            self.n_outdated += len(step.verdicts) - len(changes)
            if step.annotator == self.journal.annotator:
                self._follow(step, changes)
            else:
                self._hear(step.annotator, changes)

    def _hear(self, annotator: str, changes: Mapping[int, RowVerdict]) -> None:
        for row, verdict in changes.items():
            said = self._others.setdefault(row, {})
            said.pop(annotator, None)
            if verdict != WITHDRAWN:
                said[annotator] = verdict

    def _match(self, step: Step, places: Iterator[int | None]) -> dict[int, RowVerdict]:
        """What a step says, by row of this audit; without rows that are gone, or have changed since."""
        found: dict[int, RowVerdict] = {}
        for (seen, verdict), place in zip(step.verdicts, places, strict=False):
            if place is not None and self._is_as_seen(place, seen, verdict):
                found[int(self.heads[place])] = verdict
        return found

    def _is_as_seen(self, row: int, seen: SeenRow, verdict: RowVerdict) -> bool:
        """Whether a row has the content and the label that a person saw; or the label that was chosen."""
        return self._hash_of(row) == seen.row_hash and self.given_label(row) in {
            seen.given_label,
            verdict.label,
        }

    # ------------------------------------------------------------------ the rows

    def _hash_of(self, row: int) -> str:
        examples = self.audit.examples
        return examples.row_hashes[int(examples.positions[row])] if examples.row_hashes else ""

    def describe_rows(self, rows: Sequence[int]) -> list[SeenRow]:
        """Some rows as a person sees them, as far as a verdict has to say it."""
        examples, sample = self.audit.examples, self._drawn
        equal = count_equal_rows(
            list_entries(self.audit.ranking), np.array(rows, dtype=np.intp), self._is_drawn
        )
        return [
            SeenRow(
                examples.row_ids[row],
                self.given_label(row),
                self._hash_of(row),
                n_equal,
                *sample.get(row, ("", "")),
            )
            for row, n_equal in zip(rows, equal.tolist(), strict=True)
        ]

    def _members_of(self, row: int) -> Codes:
        if self._is_drawn[row]:
            return np.array([row], dtype=np.intp)
        starts, members = self._by_entry
        entry = list_entries(self.audit.ranking)[row]
        return members[starts[entry] : starts[entry + 1]]

    @cached_property
    def _by_entry(self) -> tuple[Codes, Codes]:
        """Where the rows of each entry start, and all rows that are not drawn, entry by entry."""
        entries = list_entries(self.audit.ranking)
        free = np.flatnonzero(~self._is_drawn)
        members = free[np.argsort(entries[free], kind="stable")]
        sizes = np.bincount(entries[free], minlength=int(entries.max(initial=-1)) + 1)
        return np.concatenate([[0], np.cumsum(sizes)]), members

    @cached_property
    def _is_drawn(self) -> Bools:
        return mark_drawn_rows(self.audit.ranking, self.audit.sample)

    @cached_property
    def _drawn(self) -> dict[int, tuple[str, str]]:
        """The stratum and inclusion of each row of the audit sample, as a queue has them."""
        sample = self.audit.sample
        if sample is None:
            return {}
        return {
            row: (str(stratum), show_inclusion(inclusion) or "")
            for row, stratum, inclusion in zip(
                sample.rows.tolist(), sample.strata, sample.inclusion.tolist(), strict=True
            )
        }

    @cached_property
    def _known_labels(self) -> frozenset[str]:
        return frozenset(self.labels)
