"""The product is written in plain English: words that read as translated stay out of it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
WRITTEN = (
    "doubtcli",
    "tests",
    "docs",
    "benchmarks",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Makefile",
)
ENDINGS = {".py", ".md", ".html", ".js", ".css", ".toml", ".json", ""}
"""Not the kept sentences: they quote data, and are written from the product."""

PLAIN = {
    r"tells|told|foretells?|foretold": "says, shows, names, was given, predicts",
    r"stands(?! for)|stood": "is, is in, has",
    r"bears?|bore|borne": "has, with",
    r"anew": "again, new",
    r"(?:un)?heard": "counted, used; left out",
    r"parted": "separated",
    r"won't do|makes? no sense|can't be meant": "is not a valid …, and what was expected",
    r"whatever|wherefrom|whereof|thereof|whence": "any, all, from where",
    r"learnt": "learned, fitted",
    r"wobbles?": "varies",
    r"came of|comes? of": "the result of",
    r"out of the ordinary|as it were": "plain words",
}
"""What is not written, and what to write in its place."""


@cache
def read_texts() -> dict[str, str]:
    """Every file that people read, by its path."""
    roots = (PROJECT / name for name in WRITTEN)
    files = (path for root in roots for path in ([root] if root.is_file() else sorted(root.rglob("*"))))
    return {
        path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8")
        for path in files
        if path.is_file()
        and path.suffix in ENDINGS
        and "__pycache__" not in path.parts
        and path != Path(__file__)
    }


@pytest.mark.parametrize("words", PLAIN)
def test_plain_words_are_used(words: str) -> None:
    """No file has a word or phrase that an English data scientist would not use here."""
    pattern = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    found = [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for path, text in read_texts().items()
        for match in pattern.finditer(text)
    ]

    assert not found, f"write instead: {PLAIN[words]}"
