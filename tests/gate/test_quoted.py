from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.gate.quoted import quoted, shortly


@given(st.text(st.characters()))
def test_json_reads_any_text_back(text: str) -> None:
    """JSON reads what is quoted back as it was, halves of characters too, and UTF-8 has bytes for it."""
    assert json.loads(quoted(text).encode()) == text


@given(st.text())
def test_toml_reads_any_text_back(text: str) -> None:
    """TOML reads what is quoted back as it was."""
    assert tomllib.loads(f"text = {quoted(text)}") == {"text": text}


@given(st.text(st.characters()))
def test_one_line(text: str) -> None:
    """What is quoted is one line, whatever is taken for the end of one."""
    assert len(quoted(text).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("naïve 🙂 ::%", '"naïve 🙂 ::%"'),
        ('"\\', r'"\"\\"'),
        ("a\nb\tc\0", r'"a\nb\tc\u0000"'),
        ("\u202egnp\u200b\x7f", r'"\u202egnp\u200b\u007f"'),
        ("\ud800", r'"\ud800"'),
    ],
    ids=["seen", "quotes", "control", "hidden", "half a character"],
)
def test_hidden_characters_are_escaped(text: str, expected: str) -> None:
    """What can be seen stays as it is; what can't, or turns the text around, is escaped."""
    assert quoted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("it's", '"it\'s"'), ("a\n", r"'a\n'"), ("x" * 60, f"'{'x' * 60}'"), ("x" * 61, f"'{'x' * 59}…'")],
    ids=["quote", "newline", "60 characters", "61 characters"],
)
def test_shortly(text: str, expected: str) -> None:
    """In a sentence a text stands in quotes, with 60 characters at most."""
    assert shortly(text) == expected
