"""The user's rules, and a table -> the label that each rule gives each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.read.answers import make_answer_key
from doubtcli.records import Role, RuleLabels
from doubtcli.rules.condition import parse_condition
from doubtcli.wording.lists import did_you_mean, quote_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.read.answers import AnswerKey
    from doubtcli.records import Codes, Labels, Roles, Rule, Table

_MOST_NAMED = 10


def find_rule_labels(
    table: Table, roles: Roles, rules: Sequence[Rule], labels: Labels, rows: Codes
) -> RuleLabels | None:
    """What the rules say about some rows of a table; None where there are no rules.

    They read the cells as the file has them, also of columns that are no inputs. A rule that does not fit the
    table is left out, since one settings file may be for several tables.

    Args:
        table: The file.
        roles: The roles of its columns; no rule may read the label.
        rules: The user's rules.
        labels: The labels of the table.
        rows: The places of the rows in the file.
    """
    if not rules:
        return None
    key = make_answer_key(labels)
    tried = [(rule, _fit_rule(rule, table, roles, labels, key)) for rule in rules]
    fitting = [(rule, found) for rule, found in tried if isinstance(found, int)]
    codes = np.full((len(rows), len(fitting)), -1, dtype=np.int32)
    for place, (rule, code) in enumerate(fitting):
        codes[parse_condition(rule.when).find(table.data)[rows], place] = code
    left_out = tuple((rule, found) for rule, found in tried if isinstance(found, str))
    return RuleLabels(tuple(rule for rule, _ in fitting), codes, left_out)


def _fit_rule(rule: Rule, table: Table, roles: Roles, labels: Labels, key: AnswerKey) -> int | str:
    """The code of a rule's label; or why the rule does not fit the table, as a clause."""
    names = table.data.column_names
    columns = parse_condition(rule.when).columns
    judged = next((name for name in roles.names(Role.LABEL) if name in columns), None)
    if judged is not None:
        return f"it reads the column {judged!r}, which is what is judged"
    missing = next((name for name in columns if name not in names), None)
    if missing is not None:
        return _with_hint(f"the file has no column {missing!r}", did_you_mean(missing, names, str.lower))
    if not labels.are_classes:
        return "the labels of the file are no classes"
    code = key.find_code(rule.label, by_words=False)
    if code is None:
        hint = did_you_mean(rule.label, labels.class_names) or _list_classes(labels)
        return _with_hint(f"no row has the label {rule.label!r}", hint)
    return code


def _with_hint(why: str, hint: str | None) -> str:
    return f"{why} ({hint})" if hint else why


def _list_classes(labels: Labels) -> str:
    return f"the labels are {quote_names(labels.class_names, _MOST_NAMED)}"
