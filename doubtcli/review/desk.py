"""All that the page and the terminal ask of a review, in plain values: what is shown, and what is decided."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import InputError
from doubtcli.rank.combine import list_counted_reasons, list_entries
from doubtcli.records import REASON_SPEAKS, TIERS, Role
from doubtcli.report.page import file_name
from doubtcli.report.page_rows import list_shown_columns
from doubtcli.review.cards import Cards, move_places
from doubtcli.review.filters import NEITHER, RowFilter, count_contradictions, find_rows
from doubtcli.review.map import RowMap, pack_bits, pack_points, pack_states
from doubtcli.review.orders import list_review_rows, order_alike
from doubtcli.review.pictures import NoPictureError
from doubtcli.review.rules import Rules
from doubtcli.review.session import OPEN, STATES
from doubtcli.review.update import (
    compare_rankings,
    measure_review,
    rank_provisionally,
    run_in_background,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from doubtcli.records import Bools, Codes, ScanResult
    from doubtcli.review.map import Points
    from doubtcli.review.pictures import Picture
    from doubtcli.review.session import Session
    from doubtcli.review.update import Basis
    from doubtcli.tools.verdict_lines import Step

ORDERS = ("doubt", "alike")
SCOPES = ("queue", "all")
"""The rows of the queue, or all labelled rows."""
MOST_CARDS = 50
_ACTIONS = ("keep", "accept", "label", "unusable", "skip")


class Desk:
    """A review with its cards, lists and counts.

    Args:
        session: The review.
        basis: What it needs besides.
    """

    def __init__(self, session: Session, basis: Basis) -> None:
        self.session = session
        self.rules = Rules(session, basis.rules)
        self._basis = basis
        self._scanned = session.audit
        self._is_provisional = False
        self._cards = Cards(session, basis.loaded, basis.pictures)
        self._queue, n_mixed = list_review_rows(session.audit)
        self._mixed = self._queue[:n_mixed]
        self._blind = frozenset(self._mixed.tolist())
        self._lists: dict[tuple[str, str], Codes] = {}
        self._again: Future[ScanResult] | None = None
        self._n_updates = 0

    def prepare(self) -> None:
        """Make what the first card needs, such as how often words are in rows of each label."""
        if len(self._queue):
            self._cards.make(self._queue[:1].tolist())

    # ------------------------------------------------------------------ what is shown

    def describe(self) -> dict[str, Any]:
        """What stays the same during a review: labels, columns, reasons, people."""
        audit = self.session.audit
        annotations = audit.examples.annotations
        given = np.bincount(audit.examples.given_labels, minlength=audit.examples.n_classes).tolist()
        further = [0] * len(audit.ranking.further_labels)
        return {
            "file": file_name(audit),
            "person": self.session.journal.annotator,
            "folder": str(self.session.journal.folder),
            "classes": [[name, n] for name, n in zip(audit.label_names, [*given, *further], strict=True)],
            "columns": list(list_shown_columns(audit)),
            "names": self.rules.columns,
            "textColumns": len(audit.examples.columns_of(Role.TEXT)),
            "hasIds": bool(audit.roles.names(Role.IDENTIFIER)),
            "annotators": list(annotations.annotators) if annotations else [],
            "reasons": [
                {"name": one.name, "because": one.because, "isContext": one.family != "error"}
                for one in list_counted_reasons(audit.reasons, audit.skill)
            ],
            "skill": str(audit.skill),
            "notes": list(audit.notes),
            "rows": audit.examples.n_rows,
            "outdated": self.session.n_outdated,
        }

    def describe_progress(self) -> dict[str, Any]:
        """How far the review is."""
        session = self.session
        states = session.count_states()
        decided = states["kept"] + states["corrected"] + states["unusable"]
        n_open = int(np.count_nonzero(session.states[self._queue] == 0))
        return {
            "states": {name: states[name] for name in STATES if name != "open"},
            "decided": decided,
            "left": n_open,
            "queued": len(self._queue),
            "canUndo": session.can_undo,
            "canRedo": session.can_redo,
            "provisional": self._is_provisional,
        }

    def describe_meters(self) -> dict[str, Any]:
        """How the review goes: the precision of the queue, what comes next, the measured noise rate."""
        found = measure_review(
            self.session.audit, self._basis.suspected, self._basis.curves, self.session.record_verdicts()
        )
        noise = found.noise_rate
        measured = {"rate": noise.rate, "low": noise.low, "high": noise.high, "more": noise.n_more}
        return {
            "checked": found.n_checked,
            "wrong": found.n_wrong,
            "next": {"rows": found.next.n_rows, "low": found.next.low, "high": found.next.high},
            "drawn": self._count_drawn_left(),
            "noise": {
                "atLeast": noise.at_least,
                "sentence": str(noise),
                "level": noise.level,
                **(measured if noise.is_measured else {}),
            },
        }

    def list_rows(self, wanted: RowFilter, order: str = "doubt", scope: str = "queue") -> Codes:
        """The rows that a filter lets through, in an order.

        Rows whose cards hide what models say are left out where a filter or a place beside rows like them
        would say what the cards hide; among all rows they come last.

        Raises:
            InputError: A name is not known.
        """
        rows = self._list_scope(order, scope)
        found = rows if wanted.is_empty else rows[self._let_through(wanted)[rows]]
        if order == "doubt" and scope == "queue" and not wanted.asks_models:
            return found
        others = self.leave_out_hidden(found)
        if order == "alike" or wanted.asks_models:
            return others
        return np.concatenate([others, self._mixed[np.isin(self._mixed, np.setdiff1d(found, others))]])

    def leave_out_hidden(self, rows: Codes) -> Codes:
        """The rows without those whose cards hide what models say: they are decided one by one."""
        hidden = self._mixed[self.session.states[self._mixed] == OPEN]
        return rows[~np.isin(rows, hidden)]

    def propose_rule(self, wanted: RowFilter) -> dict[str, Any]:
        """Conditions for a rule that has to do with the rows of a filter; see `Rules.propose`."""
        rows = self._list_scope("doubt", "all")
        among = self.leave_out_hidden(rows) if wanted.asks_models else rows
        return self.rules.propose(wanted, self.list_rows(wanted, scope="all"), among)

    def make_cards(self, rows: Sequence[int]) -> dict[str, Any]:
        """The cards of some rows, in their order, and the pool of rows that they mention.

        Raises:
            InputError: There is no such row, or too many are wanted.
        """
        self._check_rows(rows)
        if len(rows) > MOST_CARDS:
            raise InputError(f"{len(rows):,} cards are too many at once", expected=f"at most {MOST_CARDS}")
        # a drawn row is decided without its doubt in sight, and shown with it afterwards
        blind = [row for row in rows if row in self._blind and self.session.states[row] == 0]
        if not blind:
            return self._cards.make(rows)
        found = [self._cards.make([row], blind=row in blind) for row in rows]
        cards: list[dict[str, Any]] = []
        pool: list[list[Any]] = []
        for one in found:
            cards += [move_places(card, len(pool)) for card in one["cards"]]
            pool += one["pool"]
        return {"cards": cards, "pool": pool}

    def read_picture(self, row: int, number: int) -> Picture:
        """A picture of a row.

        Args:
            row: Its number.
            number: Of the column, as the row's card has it.

        Raises:
            InputError: There is no such row.
            NoPictureError: There is no such picture.
        """
        self._check_rows([row])
        if self._basis.pictures is None:
            raise NoPictureError("the file names no pictures")
        return self._basis.pictures.read(int(self.session.audit.examples.positions[row]), number)

    def count_rows(self, wanted: RowFilter, scope: str = "queue") -> dict[str, Any]:
        """How many rows there are of each kind, each kind counted without its own part of the filter.

        Rows whose cards hide what models say are counted by given label and by state only.
        """
        audit, ranking = self.session.audit, self.session.audit.ranking
        given, suggested = audit.examples.given_labels, ranking.suggested_labels
        find = cache(partial(self._find, scope=scope))
        show = cache(lambda wanted: self.leave_out_hidden(find(wanted)))
        without_pair = show(replace(wanted, given=None, suggested=None))
        pairs = Counter(zip(given[without_pair].tolist(), suggested[without_pair].tolist(), strict=True))
        without_reason, without_tier = show(replace(wanted, reason=None)), show(replace(wanted, tier=None))
        tiers = np.bincount(ranking.tiers[without_tier], minlength=len(TIERS)).tolist()
        states = np.bincount(self.session.states[find(replace(wanted, state=None))], minlength=len(STATES))
        by_label = np.bincount(given[find(replace(wanted, given=None))])
        return {
            "matrix": [[*pair, n] for pair, n in sorted(pairs.items())],
            "given": [[code, int(by_label[code])] for code in np.flatnonzero(by_label).tolist()],
            "reasons": {
                one.name: int(np.count_nonzero(one.scores[without_reason] >= REASON_SPEAKS))
                for one in list_counted_reasons(audit.reasons, audit.skill)
            },
            "annotators": count_contradictions(audit, show(replace(wanted, annotator=None))),
            "tiers": {tier or NEITHER: n for tier, n in zip(TIERS, tiers, strict=True)},
            "states": dict(zip(STATES, states.tolist(), strict=True)),
        }

    # ------------------------------------------------------------------ the map

    @cached_property
    def row_map(self) -> RowMap:
        """The rows as points."""
        return RowMap(self.session.audit, np.sort(self._list_all()), self._basis.keeper)

    def describe_map(self, seen: str = "") -> bytes | dict[str, str]:
        """The points of the map as `pack_points` packs them; or why there are none yet, or no new ones.

        Args:
            seen: The edition of the map that the page has already.
        """
        points = self.row_map.points
        if points is None:
            trouble = self.row_map.trouble
            return {"state": "making"} if trouble is None else {"state": "trouble", "why": trouble}
        edition = f"{points.name}-{self._n_updates}"
        if edition == seen:
            return {"state": "same"}
        hidden = [row for row in self._blind if self.session.states[row] == OPEN]
        return pack_points(points, self.session, self._queue, hidden, edition)

    def pack_some_points(self, rows: Codes) -> bytes | None:
        """The points of some rows, at their places among all rows; None if there is no map. It is waited for.

        Args:
            rows: Their numbers.
        """
        self.row_map.finish()
        points = self.row_map.points
        if points is None:
            return None
        some = points.take(rows)
        return pack_points(some, self.session, self._queue, self._blind, some.name)

    def mark_points(self, wanted: RowFilter, scope: str = "all") -> bytes:
        """One bit for each point of the map: whether a filter lets its row through.

        Raises:
            InputError: A name is not known, or there is no map.
        """
        through = np.zeros(len(self.session.states), dtype=np.bool_)
        through[self.list_rows(wanted, scope=scope)] = True
        return pack_bits(through, self._points)

    def list_states(self) -> bytes:
        """One byte for each point of the map: what became of its row, as a place in `STATES`.

        Raises:
            InputError: There is no map.
        """
        return pack_states(self.session.states, self._points)

    @property
    def _points(self) -> Points:
        points = self.row_map.points
        if points is None:
            raise InputError("there is no map yet")
        return points

    # ------------------------------------------------------------------ what is decided

    def decide(  # the parts of a request
        self,
        name: str,
        rows: Sequence[int],
        action: str,
        *,
        label: str = "",
        why: str = "",
        versions: Mapping[int, str] | None = None,
    ) -> dict[str, Any]:
        """Decide on some rows in one step, and say what became of them.

        Args:
            name: Of the step; one that is known is not repeated.
            rows: Their numbers.
            action: "keep", "accept", "label", "unusable" or "skip".
            label: With "label", the chosen one.
            why: A note.
            versions: Of rows that may have been decided in another window since, as their cards had them.

        Raises:
            InputError: A part can't be used.
            StaleRowError: Another window decided on a row since.
            OutputError: It can't be written; nothing has changed.
        """
        session = self.session
        if action == "accept":
            rows = self._list_suggested(rows)
        if action in {"keep", "accept"}:
            session.check_versions(versions or {})
            step = getattr(session, action)(rows, name=name, why=why)
        elif action in _ACTIONS:
            status = "" if action == "label" else action
            chosen = label if action == "label" else ""
            step = session.decide(rows, chosen, status, why, name=name, seen_versions=versions)
        else:
            raise InputError(f"{action!r} is not an action", expected=", ".join(_ACTIONS))
        return self._report(step, rows)

    def undo(self, name: str) -> dict[str, Any]:
        """Take back the last step, and say what became of its rows."""
        return self._report(self.session.undo(name), ())

    def redo(self, name: str) -> dict[str, Any]:
        """Bring back the last step that was taken back."""
        return self._report(self.session.redo(name), ())

    def describe_step(self, name: str) -> dict[str, Any]:
        """What became of the rows of a step that was done, and how far the review is."""
        return self._report(None, self.session.rows_of(name))

    def _report(self, step: Step | None, rows: Sequence[int]) -> dict[str, Any]:
        """What became of the rows of a step, and how far the review is."""
        changed = list(rows) if step is None else self.session.rows_of(step.name)
        states = {row: self._cards.describe_state(row) for row in changed[:MOST_CARDS]}
        return {"rows": states, "n": len(changed), "progress": self.describe_progress()}

    # ------------------------------------------------------------------ what follows from it

    def update(self, *, judges_again: bool = True) -> dict[str, Any]:
        """Rank the rows again by what was decided: at once and provisionally, then by judging the file again.

        Args:
            judges_again: Whether to judge the file again, in the background.

        Returns:
            What moved, and whether the file is being judged; or that nothing has changed: it is the `same`.
        """
        if not self.session.journal.has_steps() and not self.rules.book.has_news():
            return {"same": True}
        verdicts = self.session.record_verdicts()
        ranking = rank_provisionally(self._scanned, self._basis.curves, verdicts)
        if judges_again and self._basis.judge_again is not None and self._again is None:
            self._again = run_in_background(self._basis.judge_again)
        return self._follow(replace(self._scanned, ranking=ranking), is_provisional=True)

    def take_new_audit(self) -> dict[str, Any]:
        """Rank the rows by the new audit, if it is ready.

        Returns:
            Its `state`: "none", "running", "ready" or "failed"; and what moved, or why it failed.
        """
        if self._again is None or not self._again.done():
            return {"state": "none" if self._again is None else "running"}
        done, self._again = self._again, None
        error = done.exception()
        if error is not None:
            return {"state": "failed", "why": str(error)}
        # the rows that were drawn, and which rows are shown for others, stay as they were
        old, made = self._scanned, done.result()
        ranking = replace(made.ranking, entries=old.ranking.entries)
        return {"state": "ready", **self._follow(replace(made, ranking=ranking, sample=old.sample))}

    def _follow(self, audit: ScanResult, *, is_provisional: bool = False) -> dict[str, Any]:
        """Go on with another audit of the same rows, and say what moved."""
        before, decided = self.session.audit.ranking, self.session.states != OPEN
        self.session.audit, self._is_provisional = audit, is_provisional
        moves = compare_rankings(before, audit.ranking, decided)
        queue = self.session.heads[audit.ranking.queue]
        rest = np.array([row for row in queue.tolist() if row not in self._blind], dtype=np.intp)
        known = np.concatenate([self._mixed, rest])
        earlier = self._queue[~np.isin(self._queue, known)]
        self._queue = np.concatenate([known, earlier])
        self._lists.clear()
        self._n_updates += 1
        return {
            "risen": moves.n_risen,
            "fallen": moves.n_fallen,
            "first": list(moves.first),
            "provisional": is_provisional,
            "judging": self._again is not None,
        }

    # ------------------------------------------------------------------ inside

    def _list_suggested(self, rows: Sequence[int]) -> list[int]:
        """The rows for which another label is suggested.

        Raises:
            InputError: There is none: to accept would be to keep, which must be meant.
        """
        self._check_rows(rows)
        chosen = np.array(rows, dtype=np.intp)
        ranking, given = self.session.audit.ranking, self.session.audit.examples.given_labels
        found: list[int] = chosen[ranking.suggested_labels[chosen] != given[chosen]].tolist()
        if not found:
            raise InputError("no other label is suggested", hint="keep the label, or pick one")
        return found

    def _count_drawn_left(self) -> int:
        """How many rows drawn at random are still to be decided."""
        sample = self.session.audit.sample
        return 0 if sample is None else int(np.count_nonzero(self.session.states[sample.rows] == OPEN))

    def _list_scope(self, order: str, scope: str) -> Codes:
        if order not in ORDERS or scope not in SCOPES:
            raise InputError(
                f"{order!r} or {scope!r} is not known",
                expected=f"an order ({', '.join(ORDERS)}) and rows ({', '.join(SCOPES)})",
            )
        key = order, scope
        if key not in self._lists:
            rows = self._queue if scope == "queue" else self._list_all()
            self._lists[key] = order_alike(self.session.audit, rows) if order == "alike" else rows
        return self._lists[key]

    def _list_all(self) -> Codes:
        """All rows, most doubted first; of equal ones the one that is shown."""
        order = self.session.audit.ranking.order
        heads: Codes = order[self.session.heads[order] == order]
        return heads

    def _find(self, wanted: RowFilter, scope: str) -> Codes:
        """The rows that a filter lets through, without those whose cards hide what it asks for."""
        rows = self._list_scope("doubt", scope)
        found = rows if wanted.is_empty else rows[self._let_through(wanted)[rows]]
        return self.leave_out_hidden(found) if wanted.asks_models else found

    def _let_through(self, wanted: RowFilter) -> Bools:
        """Which rows a filter lets through, shape `(n_rows,)`."""
        through = find_rows(wanted, self.session)
        return through if wanted.region is None else through & self.row_map.find_region(wanted.region)

    def _check_rows(self, rows: Sequence[int]) -> None:
        n_rows = len(list_entries(self.session.audit.ranking))
        if not rows or min(rows) < 0 or max(rows) >= n_rows:
            raise InputError("there is no such row", expected=f"numbers from 0 to {n_rows - 1:,}")
