"""A review as Python code holds it: rows are named by their ids."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np

from doubtcli.errors import InputError
from doubtcli.records import Rule
from doubtcli.review.filters import RowFilter, find_rows
from doubtcli.review.rules import RuleBook, Rules
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from doubtcli.review.session import Session
    from doubtcli.tools.verdict_lines import RowVerdict


class Review:
    """What a person decides on the rows of an audit; each decision is on disk before the call returns."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def verdicts(self) -> dict[str, RowVerdict]:
        """What was said so far, by row id: each has a `label`, a `status` and a `why`."""
        return self._session.verdicts

    @property
    def folder(self) -> str:
        """Where decisions are: `Audit.apply`, and a scan's `verdicts`, take it."""
        return str(self._session.journal.folder)

    def decide(self, rows: str | int | Iterable[str | int], label: str, why: str = "") -> None:
        """Give rows a label.

        Args:
            rows: Their ids, as `doubts` has them under `row_id`; one that is a number may be given as one.
            label: One of the file's labels, or one that is suggested.
            why: A note.

        Raises:
            InputError: There is no such row or label.
            OutputError: It can't be written; nothing has changed.
        """
        self._session.decide(list_ids(rows), label, why=why)

    def keep(self, rows: str | int | Iterable[str | int], why: str = "") -> None:
        """Keep the label that rows have in the file; see `decide`."""
        self._session.keep(list_ids(rows), why=why)

    def accept(self, rows: str | int | Iterable[str | int], why: str = "") -> None:
        """Give rows the label that is suggested for each; see `decide`."""
        self._session.accept(list_ids(rows), why=why)

    def mark_unusable(self, rows: str | int | Iterable[str | int], why: str = "") -> None:
        """Say that no label fits; see `decide`."""
        self._session.decide(list_ids(rows), status="unusable", why=why)

    def skip(self, rows: str | int | Iterable[str | int], why: str = "") -> None:
        """Leave rows open, with a note; see `decide`."""
        self._session.decide(list_ids(rows), status="skip", why=why)

    def undo(self) -> bool:
        """Take back the last decision, also one on many rows; whether there was one."""
        return self._session.undo() is not None

    def redo(self) -> bool:
        """Bring back what was taken back last; whether there was something."""
        return self._session.redo() is not None

    def add_rule(
        self,
        name: str,
        when: str,
        label: str,
        why: str = "",
        *,
        config: str | os.PathLike[str] = "doubt.toml",
    ) -> list[str]:
        """Write a rule into a settings file; a scan with it as `config` doubts rows that contradict it.

        Args:
            name: A name that no other rule of the file has.
            when: A condition on columns: `contains(text, "http") and stars <= 2`.
            label: The label of the rows on which it is true.
            why: For people: why this is so.
            config: The settings file, which is made if it is not there.

        Returns:
            The ids of the rows that contradict it.

        Raises:
            InputError: It is no condition on these columns, or there is no such label.
            SettingsError: The file has another rule of this name, or can't have one more.
            OutputError: It can't be written; nothing has changed.
        """
        session = self._session
        Rules(session, RuleBook(config=os.fspath(config))).keep(Rule(name, when, label, why))
        contradicts = find_rows(RowFilter(when=when, unlike=label), session)
        return [session.audit.examples.row_ids[row] for row in np.flatnonzero(contradicts).tolist()]

    def __repr__(self) -> str:
        """One line."""
        said = format_count(len(self.verdicts), "verdict")
        return f"<doubtcli.Review by {self._session.journal.annotator}: {said} in {self.folder}>"


def list_ids(rows: object) -> list[str]:
    """The ids of rows as texts.

    Raises:
        InputError: One is neither a text nor a whole number.
    """
    named = list(rows) if isinstance(rows, Iterable) and not isinstance(rows, str) else [rows]
    return [_read_id(one) for one in named]


def _read_id(one: object) -> str:
    if isinstance(one, str):
        return one
    if isinstance(one, bool) or not isinstance(one, SupportsIndex):
        raise InputError(
            f"{one!r} is not the id of a row", expected="a row_id, as `doubts` and `queue` have it"
        )
    return str(int(one))
