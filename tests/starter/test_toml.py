from __future__ import annotations

import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.starter.toml import comment, key, string, strings, value

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
"""Anything that UTF-8 can hold."""


@given(TEXT, TEXT)
def test_round_trip(name: str, text: str) -> None:
    """Whatever a key and a text hold, TOML reads them back as they were."""
    assert tomllib.loads(f"{key(name)} = {string(text)}") == {name: text}


@given(st.lists(TEXT))
def test_arrays(values: list[str]) -> None:
    """An array of texts is read back as it was."""
    assert tomllib.loads(f"x = {strings(values)}") == {"x": values}


@pytest.mark.parametrize("setting", [True, False, 7, 0, "a", ("a", "b"), ()])
def test_values(setting: object) -> None:
    """Whatever kind of value a setting has, TOML reads it back."""
    assert tomllib.loads(f"x = {value(setting)}") == {
        "x": list(setting) if isinstance(setting, tuple) else setting
    }


@given(TEXT)
def test_yaml(text: str) -> None:
    """YAML reads a text as TOML does."""
    assert yaml.safe_load(string(text)) == text


@given(TEXT)
def test_comments(text: str) -> None:
    """Whatever a comment holds, it ends with its line and says nothing to TOML."""
    assert tomllib.loads(f"# {comment(text)}\nx = 1") == {"x": 1}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('say "no"', r'"say \"no\""'),
        ("C:\\data", r'"C:\\data"'),
        ("a\nb\r\tc", r'"a\nb\r\tc"'),
        ("\x00\x1b\x7f", r'"\u0000\u001B\u007F"'),
        ("Größe 😀", '"Größe 😀"'),
        ("\u202eabc\u2028", r'"\u202Eabc\u2028"'),
        ("\U000e0041", r'"\U000E0041"'),
    ],
)
def test_escapes(text: str, written: str) -> None:
    """What can be seen stands as it is; what can't, or turns the direction of writing, is escaped."""
    assert string(text) == written


@pytest.mark.parametrize(("name", "written"), [("max-new", "max-new"), ("a b", '"a b"'), ("", '""')])
def test_keys(name: str, written: str) -> None:
    """A key is bare where TOML lets it be, else quoted."""
    assert key(name) == written


def test_long_comments() -> None:
    """A comment of more than 160 characters is cut there."""
    assert comment("x" * 160) == "x" * 160
    assert comment("x" * 161) == "x" * 159 + "…"
