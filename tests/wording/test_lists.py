from __future__ import annotations

import pytest

from doubtcli.wording.lists import and_more, did_you_mean, find_nearest, join_first, join_or, listed


def test_listed() -> None:
    """Names are in quotes, and those that are left out are counted."""
    assert listed(iter(["a", "b"])) == "'a', 'b'"
    assert listed(["a", "b", "c"], 1) == "'a' and 2 more"
    assert listed([]) == ""


def test_join_first() -> None:
    """The separator and what leads the count are the caller's."""
    assert join_first(["a", "b", "c"], 2, between="; ", last="; ") == "a; b; and 1 more"
    assert join_first(["a", "b"], 2, between="; ") == "a; b"


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "row", ""),
        (-3, "", ""),
        (2, "", "and 2 more"),
        (1, "row", "and 1 more row"),
        (1204, "row", "and 1,204 more rows"),
    ],
)
def test_and_more(number: int, noun: str, words: str) -> None:
    """What is left out is counted, with its noun if there is one; nothing is said where nothing is."""
    assert and_more(number, noun) == words


def test_find_nearest() -> None:
    """A misspelt word is given as the known word that it is most like, spelt as that one is."""
    assert find_nearest("intnet", ["text", "Intent"], str.lower) == "Intent"
    assert find_nearest("INTENT", ["Intent", "intent"], str.lower) == "Intent"
    assert find_nearest("zzz", ["text", "Intent"]) is None


def test_did_you_mean() -> None:
    """The hint asks for the nearest word; there is none where nothing is near."""
    assert did_you_mean("lable", ["text", "label"]) == "did you mean 'label'?"
    assert did_you_mean("zzz", ["text", "label"]) is None


@pytest.mark.parametrize(
    ("words", "told"), [(["csv"], "csv"), (["csv", "tsv"], "csv or tsv"), (["a", "b", "c"], "a, b or c")]
)
def test_join_or(words: list[str], told: str) -> None:
    """Words are a choice, whose last one stands behind "or"."""
    assert join_or(words) == told
