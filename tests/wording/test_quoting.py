from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import unicodedata

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.wording.quoting import (
    break_runner_commands,
    escape_unprintable,
    json_document,
    json_text,
    path_bytes,
    printable,
    printable_path,
    printable_text,
    quote_json,
    quote_toml,
    shell_word,
    shorten_quoted,
    toml_item,
    toml_key,
)

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
"""Any text that UTF-8 can encode."""
WORD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1)


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks bash")
@given(st.lists(WORD, min_size=20, max_size=20))
@settings(max_examples=10)
def test_words(texts: list[str]) -> None:
    """A shell reads each word back unchanged, and none as an option."""
    words = " ".join(map(shell_word, texts))

    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {words}"],
        env={"LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    )

    seen = done.stdout.decode().split("\0")[:-1]
    assert [word.removeprefix("./") for word in seen] == [text.removeprefix("./") for text in texts]
    assert [word for word in seen if word.startswith("-")] == []


def test_escape_unprintable() -> None:
    """Control characters are escaped."""
    assert escape_unprintable("a\x1b[31m\u202eb\n\udc80é") == r"a\x1b[31m\u202eb\n\udc80é"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("::add-mask::a", ": :add-mask::a"),
        ("  ::stop-commands::x", "  : :stop-commands::x"),
        ("a\n::error::b", "a\n: :error::b"),
        ("see a::b", "see a::b"),
        ("label ##[group]", "label # #[group]"),
        ("## [group]", "## [group]"),
    ],
)
def test_break_runner_commands(text: str, safe: str) -> None:
    """What GitHub's runner would take for a command is broken, and only that."""
    assert break_runner_commands(text) == safe


def test_json_has_no_runner_commands() -> None:
    """A command of GitHub's runner in a text is escaped in JSON, and is read back unchanged."""
    text = json_text({"##[a]": "##[b]"})

    assert "##[" not in text
    assert json.loads(text) == {"##[a]": "##[b]"}


def test_printable() -> None:
    """White space becomes one space, joiners of emoji stay, and control characters are escaped."""
    assert printable("a \t\n b\u200d\x07") == "a b\u200d\\x07"


def test_printable_text() -> None:
    """Invisible characters at the ends of a text are left out."""
    assert printable_text("\ufeff a \u200b") == "a"


def test_printable_path() -> None:
    """A path keeps its spaces."""
    assert printable_path("a  b\r.csv") == r"a  b\r.csv"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no names that are not UTF-8")
def test_path_bytes() -> None:
    """A byte that is not UTF-8 is unchanged, and a lone surrogate that is not a byte is replaced."""
    assert path_bytes("é\udc80\ud800") == b"\xc3\xa9\x80\xef\xbf\xbd"


@given(st.text())
def test_json_has_no_control_characters(text: str) -> None:
    """No control character and no mark that turns a text around is in a JSON text, and it is read back."""
    shown = json_text([text])

    assert json.loads(shown) == [text]
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} or c in "\u202e\u2066\u2028" for c in shown)


def test_json_text() -> None:
    """Characters are not escaped, except for lone surrogates, for which UTF-8 has no bytes."""
    assert json_text({"é": "\udc80"}) == '{"é": "\\udc80"}'


def test_json_document() -> None:
    """A file is indented, and its last line has an end."""
    assert json_document({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}\n'


def test_no_json() -> None:
    """Infinity and NaN are refused, since JSON can't represent them."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(float("nan"))


@given(st.text(st.characters()))
def test_json_reads_any_text_back(text: str) -> None:
    """A quoted text is read back from JSON unchanged, also with lone surrogates, and is valid UTF-8."""
    assert json.loads(quote_json(text).encode()) == text


@given(st.text(st.characters()))
def test_one_line(text: str) -> None:
    """A quoted text is on one line, for any line end in it."""
    assert len(quote_json(text).splitlines()) == 1


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
    """Visible characters stay; invisible ones, and those that turn the text around, are escaped."""
    assert quote_json(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("it's", '"it\'s"'), ("a\n", r"'a\n'"), ("x" * 60, f"'{'x' * 60}'"), ("x" * 61, f"'{'x' * 59}…'")],
    ids=["quote", "newline", "60 characters", "61 characters"],
)
def test_shorten_quoted(text: str, expected: str) -> None:
    """A text in a sentence is in quotes, with 60 characters at most."""
    assert shorten_quoted(text) == expected


@given(TEXT, TEXT)
def test_toml_reads_any_text_back(name: str, text: str) -> None:
    """Any key and text are read back from TOML unchanged."""
    assert tomllib.loads(f"{toml_key(name).as_string()} = {quote_toml(text)}") == {name: text}


@given(st.lists(TEXT))
def test_toml_arrays(values: list[str]) -> None:
    """An array of texts is read back unchanged."""
    assert tomllib.loads(f"x = {toml_item(values).as_string()}") == {"x": values}


@pytest.mark.parametrize("setting", [True, False, 7, 0, "a", ("a", "b"), ()])
def test_toml_values(setting: object) -> None:
    """Settings of every kind are read back from TOML."""
    assert tomllib.loads(f"x = {toml_item(setting).as_string()}") == {
        "x": list(setting) if isinstance(setting, tuple) else setting
    }


@given(TEXT)
def test_yaml(text: str) -> None:
    """YAML reads a text as TOML does."""
    assert yaml.safe_load(quote_toml(text)) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('say "no"', r'"say \"no\""'),
        ("C:\\data", r'"C:\\data"'),
        ("a\nb\r\tc", r'"a\nb\r\tc"'),
        ("\x00\x1b\x7f", r'"\u0000\u001B\u007F"'),
        ("Größe 😀", '"Größe 😀"'),
        ("a\u200cb", '"a\u200cb"'),
        ("\u202eabc\u2028", r'"\u202Eabc\u2028"'),
        ("\U000e0041", r'"\U000E0041"'),
    ],
)
def test_toml_escapes(text: str, written: str) -> None:
    """Visible characters stay; invisible ones, and those that turn the text around, are escaped."""
    assert quote_toml(text) == written


@pytest.mark.parametrize(("name", "written"), [("max-new", "max-new"), ("a b", '"a b"'), ("", '""')])
def test_toml_keys(name: str, written: str) -> None:
    """A key is without quotes where TOML allows it."""
    assert toml_key(name).as_string() == written
