from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.wording.quoting import (
    escape_unprintable,
    json_document,
    json_text,
    path_bytes,
    printable,
    printable_path,
    printable_text,
    shell_word,
)

WORD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1)


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks bash")
@given(st.lists(WORD, min_size=20, max_size=20))
@settings(max_examples=10)
def test_words(texts: list[str]) -> None:
    """A shell reads each word back as it was, and none as an option."""
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
    """What a terminal would obey is shown, not obeyed."""
    assert escape_unprintable("a\x1b[31m\u202eb\n\udc80é") == r"a\x1b[31m\u202eb\n\udc80é"


def test_printable() -> None:
    """White space is one space, a joiner of emoji stays, and what a terminal would obey is shown."""
    assert printable("a \t\n b\u200d\x07") == "a b\u200d\\x07"


def test_printable_text() -> None:
    """What nobody sees at the ends of a text is left out."""
    assert printable_text("\ufeff a \u200b") == "a"


def test_printable_path() -> None:
    """A path keeps its spaces."""
    assert printable_path("a  b\r.csv") == r"a  b\r.csv"


def test_path_bytes() -> None:
    """A byte that is no UTF-8 comes back, and half a character that stands for none is replaced."""
    assert path_bytes("é\udc80\ud800") == b"\xc3\xa9\x80\xef\xbf\xbd"


def test_json_text() -> None:
    """Characters stand as they are, but for halves of them, which UTF-8 has no bytes for."""
    assert json_text({"é": "\udc80"}) == '{"é": "\\udc80"}'


def test_json_document() -> None:
    """A file is indented and ends its last line."""
    assert json_document({"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}\n'


def test_no_json() -> None:
    """A number that JSON has no word for is refused."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(float("nan"))
