"""Names -> a list on one line, and the name nearest to a misspelt one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_NAMED = 5
"""How many of the rows, labels or files a message names."""


def quote_names(names: Iterable[str], most: int = 30) -> str:
    """The first names in quotes in one line, and how many more there are."""
    return join_first([repr(name) for name in names], most)


def join_first(texts: Sequence[str], most: int, *, between: str = ", ", last: str = " ") -> str:
    """The first texts in one line, and how many more there are.

    Args:
        texts: All of them.
        most: How many are named.
        between: What separates them.
        last: What separates the words "and 3 more" from them.

    Example:
        >>> join_first(["a", "b", "c", "d"], 2)
        'a, b and 2 more'
    """
    rest = f"{last}and {len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + rest


def join_or(words: Iterable[str]) -> str:
    """The words as a choice: "csv, tsv or jsonl".

    Example:
        >>> join_or(["csv", "tsv", "jsonl"]), join_or(["csv"])
        ('csv, tsv or jsonl', 'csv')
    """
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def and_more(number: int, noun: str = "") -> str:
    """The words for the part that a list leaves out: "and 1,204 more rows"; empty if it leaves out none.

    Example:
        >>> and_more(1204, "row"), and_more(1, "row"), and_more(2), and_more(0)
        ('and 1,204 more rows', 'and 1 more row', 'and 2 more', '')
    """
    if number <= 0:
        return ""
    return f"and {number:,} more" + (f" {noun}{'' if number == 1 else 's'}" if noun else "")


def find_nearest(word: str, known: Iterable[str], fold: Callable[[str], str] = str) -> str | None:
    """The known word that is most like a misspelt one; None if none is like it.

    Args:
        word: As it was typed.
        known: The right words; of those that fold to the same, the first one counts.
        fold: What makes two words equal, such as `str.lower`.
    """
    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(fold(name), name)
    near = get_close_matches(fold(word), by_folded, n=1)
    return by_folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str], fold: Callable[[str], str] = str) -> str | None:
    """A hint with the known word that is most like a misspelt one; None if none is like it.

    Example:
        >>> did_you_mean("lable", ["text", "label"])
        "did you mean 'label'?"
    """
    near = find_nearest(word, known, fold)
    return None if near is None else f"did you mean {near!r}?"
