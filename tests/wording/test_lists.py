from __future__ import annotations

import pytest

from doubtcli.wording.lists import and_more, did_you_mean, find_nearest, join_first, join_or, quote_names


def test_listed() -> None:
    """Names are in quotes, and those that are left out are counted."""
    assert quote_names(iter(["a", "b"])) == "'a', 'b'"
    assert quote_names(["a", "b", "c"], 1) == "'a' and 2 more"
    assert quote_names([]) == ""


def test_join_first() -> None:
    """The separators are the caller's."""
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
    """The names left out are counted, with a noun if there is one; the text is empty if there are none."""
    assert and_more(number, noun) == words


def test_find_nearest() -> None:
    """For a misspelt word, the known word that is most like it."""
    assert find_nearest("intnet", ["text", "Intent"], str.lower) == "Intent"
    assert find_nearest("INTENT", ["Intent", "intent"], str.lower) == "Intent"
    assert find_nearest("zzz", ["text", "Intent"]) is None


def test_did_you_mean() -> None:
    """The hint has the nearest word; there is no hint if no word is near."""
    assert did_you_mean("lable", ["text", "label"]) == "did you mean 'label'?"
    assert did_you_mean("zzz", ["text", "label"]) is None


@pytest.mark.parametrize(
    ("words", "text"), [(["csv"], "csv"), (["csv", "tsv"], "csv or tsv"), (["a", "b", "c"], "a, b or c")]
)
def test_join_or(words: list[str], text: str) -> None:
    """Words are joined as a choice, with "or" before the last one."""
    assert join_or(words) == text
