"""A rule is added to a settings file, which stays as it is otherwise."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from doubtcli.disk.file import replace_file
from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import SettingsError
from doubtcli.settings.load import MOST_BYTES, find_settings_file
from doubtcli.settings.rules import RULES
from doubtcli.wording.quoting import quote_toml

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Rule

PROJECT, OWN = "pyproject.toml", "doubt.toml"


def choose_rules_file(start: Path, config: str | None = None, *, isolated: bool = False) -> Path:
    """The settings file that a rule of a working directory belongs to: the one that is read there.

    If none is read, it is a `doubt.toml` in the working directory, which need not exist yet.

    Args:
        start: The working directory.
        config: The settings file that is read instead of the nearest.
        isolated: Whether no settings file is read.

    Raises:
        SettingsError: No settings file may be read, or it can't be.
    """
    if isolated:
        raise SettingsError(
            "no settings file is read, so a rule can't be kept in one",
            where="--isolated",
            hint="leave out --isolated",
        )
    return find_settings_file(start, config) or start / OWN


def add_rule(path: Path, rule: Rule) -> None:
    """Write a rule to the end of a settings file, which is made if it is not there.

    All other bytes of the file stay, and it is replaced at once.

    Args:
        path: `doubt.toml`, `pyproject.toml`, or another settings file.
        rule: The rule.

    Raises:
        SettingsError: The rule is not valid, another rule has its name, or the file can't have one more.
        OutputError: The file can't be written; it is unchanged.
    """
    with lock_folders_of(path):  # so that of two rules that are added at once none is lost
        old = _read_text(path)
        rules = _find_rules(old, path)
        _check_rules([*rules, asdict(rule)], path)
        new = old + _write_block(rule, old, _name_table(path))
        if not _has_rules(new, [*rules, _list_keys(rule)], path):
            raise SettingsError(
                "has rules that no block can be added to",
                where=str(path),
                expected=f"rules in blocks [[{_name_table(path)}]], or none",
                hint="write its rules in this way, or add this one to them yourself",
            )
        content = new.encode()
        if len(content) > MOST_BYTES:
            found = "would be too large with one more rule"
            raise SettingsError(found, where=str(path), expected=f"at most {MOST_BYTES:,} bytes")
        replace_file(path, content)


def _read_text(path: Path) -> str:
    """The text of a settings file, its line ends and mark of UTF-8 as they are; empty if there is no file."""
    if not path.exists():
        return ""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise SettingsError(f"can't be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise SettingsError("is not a text in UTF-8", where=str(path)) from error


def _find_rules(text: str, path: Path) -> list[Any]:
    """The rules in the text of a settings file as they are written."""
    try:
        keys: Any = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"is not valid TOML: {error}", where=str(path)) from error
    *tables, last = _name_table(path).split(".")
    for table in tables:
        keys = keys.get(table, {}) if isinstance(keys, dict) else {}
    rules = keys.get(last, []) if isinstance(keys, dict) else []
    return rules if isinstance(rules, list) else [rules]


def _has_rules(text: str, rules: list[Any], path: Path) -> bool:
    try:
        return _find_rules(text, path) == rules
    except SettingsError:
        return False


def _check_rules(rules: list[Any], path: Path) -> None:
    RULES.check_value(rules, found="its rules are not valid", where=str(path))


def _name_table(path: Path) -> str:
    return "tool.doubt.rules" if path.name == PROJECT else "rules"


def _list_keys(rule: Rule) -> dict[str, str]:
    """A rule as it is written: without a reason where it has none."""
    return {key: value for key, value in asdict(rule).items() if value or key != "why"}


def _write_block(rule: Rule, text: str, table: str) -> str:
    """A rule as a block of TOML, to follow a text; with the line ends of the text."""
    end = "\r\n" if "\r\n" in text else "\n"
    before = [] if not text else [""] if text.endswith("\n") else ["", ""]
    lines = [f"{key} = {_quote(value)}" for key, value in _list_keys(rule).items()]
    return "".join(line + end for line in [*before, f"[[{table}]]", *lines])


def _quote(text: str) -> str:
    """A text as TOML; in single quotes where it has double ones, as conditions have."""
    is_plain = "'" not in text and all(character.isprintable() for character in text)
    return f"'{text}'" if is_plain and set(text) & set('"\\') else quote_toml(text)
