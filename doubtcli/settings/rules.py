"""Rules of the user's own in settings: each is checked when it is read, its condition too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields

from doubtcli.errors import ConditionError, SettingsError
from doubtcli.records import Rule
from doubtcli.rules.condition import parse_condition
from doubtcli.settings.fields import Kind, check_known
from doubtcli.wording.lists import join_or
from doubtcli.wording.quoting import shorten_quoted

LONGEST_NAME = 60
MOST_RULES = 100
"""More than anybody can look after; each takes four bytes a row."""
_KEYS = tuple(item.name for item in fields(Rule))
_NEEDED = ("name", "when", "label")
_EXAMPLE = 'name = "links", when = \'contains(text, "http")\', label = "spam"'


def check_rules(value: object) -> tuple[Rule, ...]:
    """The rules in a list of tables.

    Raises:
        ValueError: It is not a list of tables.
        SettingsError: A rule has no name, condition or label, one that is not valid, or another's name; says
            which rule, and not where it is.
    """
    if not isinstance(value, list | tuple):
        raise ValueError  # noqa: TRY004  # as all checks of settings
    if len(value) > MOST_RULES:
        raise SettingsError(f"there are {len(value):,} rules", expected=f"at most {MOST_RULES}")
    rules = tuple(_check_rule(one, number) for number, one in enumerate(value, 1))
    names = [rule.name for rule in rules]
    for rule in rules:
        if names.count(rule.name) > 1:
            raise SettingsError(f"two rules have the name {rule.name!r}", expected="a name for each rule")
    return rules


RULES = Kind(
    "Rules of your own: a label for the rows on which a condition is true.",
    "tables [[rules]] (in pyproject.toml [[tool.doubt.rules]]), each with name, when, label and perhaps why",
    check_rules,
)
"""The key `rules` of a settings file."""


def _check_rule(value: object, number: int) -> Rule:
    table = asdict(value) if isinstance(value, Rule) else value
    if not isinstance(table, Mapping):
        raise ValueError  # noqa: TRY004  # as all checks of settings
    name = table.get("name")
    shown = f"rule {shorten_quoted(name)}" if isinstance(name, str) and name else f"rule {number}"
    for key in table:
        check_known(str(key), _KEYS, f"key of a rule ({shown})", where="")
    for key in _NEEDED:
        if key not in table:
            raise SettingsError(f"{shown} has no {key}", expected=f"a rule such as {_EXAMPLE}")
    rule = Rule(**{key: _check_text(item, key, shown) for key, item in table.items()})
    if len(name := rule.name) > LONGEST_NAME or not name.isprintable():
        raise SettingsError(
            f"{shown} has a name that is too long or can't be shown",
            expected=f"at most {LONGEST_NAME} characters on one line",
        )
    try:
        parse_condition(rule.when)
    except ConditionError as error:
        raise SettingsError(
            f"the condition of {shown} is not valid: {error.found}", expected=error.expected, hint=error.hint
        ) from error
    return rule


def _check_text(value: object, key: str, shown: str) -> str:
    """A text; a label may be a whole number in the file, as labels often are."""
    if key == "label" and type(value) is int:
        return str(value)
    is_text = isinstance(value, str) and (value.strip() or key == "why")
    if not is_text or not _is_unicode(str(value)):
        kinds = join_or(["a text", *(["a whole number"] if key == "label" else [])])
        raise SettingsError(f"{value!r} is not a valid {key} of {shown}", expected=kinds)
    return str(value)


def _is_unicode(text: str) -> bool:
    """Whether a text can be written to a file: halves of characters can't."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
