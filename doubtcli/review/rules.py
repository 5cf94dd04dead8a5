"""Rules that a person makes of what they look at: proposed, counted, and kept in the settings file."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.disk.paths import relative_path
from doubtcli.errors import ConditionError, DoubtError, InputError, SettingsError
from doubtcli.records import Role
from doubtcli.report.page_rows import list_shown_columns
from doubtcli.review.conditions import write_column, write_value
from doubtcli.review.proposals import propose_conditions
from doubtcli.rules.condition import parse_condition
from doubtcli.settings import load_settings
from doubtcli.settings.add_rule import add_rule, choose_rules_file
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import Bools, Codes, Rule
    from doubtcli.review.filters import RowFilter
    from doubtcli.review.session import Session


class RuleBook:
    """The rules of a settings file, with those that are added while a person reviews.

    Args:
        rules: Those that the scan asked.
        config: The settings file that is read instead of the nearest.
        isolated: Whether no settings file is read.
        data_path: The data file whose rules are read again, as people also edit the settings file by hand;
            None where they are those of an audit.
    """

    def __init__(
        self,
        rules: Sequence[Rule] = (),
        config: str | None = None,
        *,
        isolated: bool = False,
        data_path: str | None = None,
    ) -> None:
        self._config, self._is_isolated, self._data_path = config, isolated, data_path
        self.rules = tuple(rules)
        """All of them, as the next scan asks them."""
        self.asked = self.rules
        """Those that were asked by the scan whose doubts are shown."""

    def keep(self, rule: Rule) -> Path:
        """Write a rule into the settings file, which is returned; one that is there is not written again.

        Raises:
            SettingsError: There is no settings file, or the rule is not valid.
            OutputError: The file can't be written; nothing has changed.
        """
        path = choose_rules_file(Path.cwd(), self._config, isolated=self._is_isolated)
        self.read_again()
        if rule not in self.rules:
            add_rule(Path(relative_path(path)), rule)
            self.rules = (*self.rules, rule)
        return path

    def read_again(self) -> None:
        """Take the rules from the settings file as it is now.

        Raises:
            SettingsError: It can't be read, or has a key or a rule that is not valid.
        """
        if self._is_isolated or self._data_path is None:
            return
        path = choose_rules_file(Path.cwd(), self._config)
        if path.is_file():
            self.rules = load_settings({"path": self._data_path}, start=Path.cwd(), config=str(path)).rules

    def has_news(self) -> bool:
        """Whether the next scan asks other rules, or says what is wrong with the settings file."""
        try:
            self.read_again()
        except SettingsError:
            return True
        return self.rules != self.asked


class Rules:
    """What the page asks about rules.

    Args:
        session: The review.
        book: Where rules are kept.
    """

    def __init__(self, session: Session, book: RuleBook) -> None:
        self._session = session
        self.book = book

    @property
    def columns(self) -> list[str]:
        """The columns that a condition can ask, as it writes them."""
        return [write_column(name) for name in self._session.conditions.columns]

    def describe(self) -> dict[str, Any]:
        """The rules that are kept, and how many rows each fires on and contradicts.

        While the settings file can't be read, they are those that were read last, with its `trouble`.
        """
        trouble = {}
        try:
            self.book.read_again()
        except SettingsError as error:
            trouble = {"trouble": str(error)}
        return {"rules": [self._describe_rule(rule) for rule in self.book.rules], **trouble}

    def preview(self, when: str, label: str = "") -> dict[str, Any]:
        """How many rows a condition fires on, and how many of them have a label and another one.

        Args:
            when: The condition.
            label: "" for the commonest given label of the rows that it fires on.

        Raises:
            DoubtError: It is no condition, or there is no such label.
        """
        names = self._session.audit.examples.class_names
        if label and label not in names:
            raise InputError(f"no row has the label {label!r}", hint=did_you_mean(label, names))
        try:
            parse_condition(when)
        except ConditionError as error:  # what can be written is on the page
            raise InputError(f"this is no condition: {error.found}", hint=error.hint) from error
        try:
            fires = self._session.conditions.find(when) & self._is_shown
        except ConditionError as error:
            raise InputError(error.found, hint=error.hint) from error
        given = self._session.audit.examples.given_labels
        counts = np.bincount(given[fires], minlength=len(names))
        commonest = names[int(counts.argmax())]
        n_same = int(counts[names.index(label or commonest)])
        n_fires = int(counts.sum())
        return {
            "fires": n_fires,
            "same": n_same,
            "contradicts": n_fires - n_same,
            "commonest": commonest if n_fires else "",
        }

    def propose(self, wanted: RowFilter, rows: Codes, among: Codes) -> dict[str, Any]:
        """Conditions that a rule may have: what a person searched for, and what separates the rows.

        Args:
            wanted: What a person looks for; a search alone needs no other condition than its own.
            rows: Those that it lets through.
            among: All rows to tell them from, and they themselves.
        """
        examples, text = self._session.audit.examples, wanted.text.strip()
        inside, outside = np.zeros((2, examples.n_rows), dtype=np.bool_)
        when = self._write_search(text, rows) if text else ""
        if not replace(wanted, text="" if when else text).is_empty:
            inside[rows], outside[among] = True, True
            outside[rows] = False
        return {
            "when": when,
            "rows": int(inside.sum()),
            "proposed": [
                [one.when, one.n_inside, one.n_outside]
                for one in propose_conditions(examples, inside, outside, self._session.conditions.find)
            ],
        }

    def keep(self, rule: Rule) -> dict[str, Any]:
        """Write a rule into the settings file, and say where it is and what it does.

        Raises:
            DoubtError: It can't be used or written; nothing has changed.
        """
        self.preview(rule.when, rule.label)
        if not rule.label:
            raise InputError("the rule has no label", hint="choose one")
        path = self.book.keep(rule)
        return {"file": path.name, **self.describe()}

    # ------------------------------------------------------------------ inside

    @cached_property
    def _is_shown(self) -> Bools:
        """Rows that are counted: of equal ones the one that is shown, as everywhere on the page."""
        heads = self._session.heads
        is_shown: Bools = heads == np.arange(len(heads))
        return is_shown

    def _describe_rule(self, rule: Rule) -> dict[str, Any]:
        about = {"name": rule.name, "when": rule.when, "label": rule.label, "why": rule.why}
        try:
            counted = self.preview(rule.when, rule.label)
        except DoubtError as error:
            return {**about, "trouble": error.found}
        counts = {name: counted[name] for name in ("fires", "contradicts")}
        return {**about, **counts, "isNew": rule not in self.book.asked}

    def _write_search(self, text: str, rows: Codes) -> str:
        """The condition that a search for a text is: the columns in which the rows that it shows have it.

        It is "" where they have it only as it is shown, such as a time that is written otherwise in the file.
        """
        audit, conditions = self._session.audit, self._session.conditions
        names = dict.fromkeys((*list_shown_columns(audit), *audit.roles.names(Role.IDENTIFIER)))
        known = [write_column(name) for name in names if name in conditions.columns]
        parts = [f"contains({name}, {write_value(text)})" for name in known]
        found = [part for part in parts if conditions.find(part)[rows].any()]
        return " or ".join(found if len(rows) else parts[:1])
