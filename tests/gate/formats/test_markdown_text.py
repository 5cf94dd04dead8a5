from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from doubtcli.gate.formats.markdown_text import block, code, table, words
from doubtcli.gate.formats.sentences import on_a_line

if TYPE_CHECKING:
    from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {"<code>", "</code>", "<!-- -->"}


def cells_of(markdown: str) -> list[list[Token]]:
    """What an outside parser finds in each cell of the only table."""
    tokens = PARSER.parse(markdown)
    assert [token.type for token in tokens if token.type == "table_open"] == ["table_open"]
    return [token.children or [] for token in tokens if token.type == "inline"]


def shown(tokens: list[Token]) -> str:
    """The text of a cell, which holds no markup but ours."""
    assert {token.type for token in tokens} <= {"text", "text_special", "html_inline"}
    assert {token.content for token in tokens if token.type == "html_inline"} <= OURS
    return "".join(token.content for token in tokens if token.type != "html_inline")


def in_a_table(cell: str) -> list[list[Token]]:
    """The cells of a table of one row, between two others."""
    return cells_of("\n".join(table(["a", "b", "c"], [["x", cell, "y"]])))[3:]


def test_any_text(nasty: str) -> None:
    """A text shows as it is, in a cell of its own, and is no markup."""
    before, cell, after = in_a_table(words(nasty, 300))

    assert (shown(before), shown(after)) == ("x", "y")
    assert shown(cell) == on_a_line(nasty.strip(), 300)


@given(st.text(st.sampled_from("a_*`|\\<>&#:@[]()!~w. 1-+$^\"'/"), max_size=40))
def test_any_marks(text: str) -> None:
    """However marks follow each other, a text and a name show as they are."""
    _, cell, _ = in_a_table(words(f"x {text} x", 300))
    _, name, _ = in_a_table(code(f"x{text}x", 300))

    assert shown(cell) == f"x {text} x"
    assert shown(name) == f"x{text}x"


@pytest.mark.parametrize(("text", "told"), [("", '""'), (" ", '" "'), ("a b", "a b")])
def test_names(text: str, told: str) -> None:
    """A name stands in typewriter letters; one that nobody could see stands in quotes."""
    _, (start, *middle, end), _ = in_a_table(code(text, 80))

    assert (start.content, end.content) == ("<code>", "</code>")
    assert "".join(token.content for token in middle) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("@ada", "&#64;<!-- -->ada"),
        ("a:smile:", "a&#58;<!-- -->smile:"),
        ("see #1", "see &#35;<!-- -->1"),
        ("https://a", "https&#58;<!-- -->//a"),
        ("www.a.b", "www&#46;a.b"),
        ("a_b: 0.97, c", "a_b: 0.97, c"),
    ],
)
def test_what_github_adds(text: str, told: str) -> None:
    """Nobody is mentioned, nothing is linked and no emoji is made; plain words stay readable."""
    assert words(text, 80) == told


def test_addresses() -> None:
    """An address is no link in typewriter letters either; GitHub's own reader would make it one."""
    assert code("ada@b.co #1", 80) == "<code>ada&#64;<!-- -->b.co &#35;1</code>"


@pytest.mark.parametrize("text", ["- a", "---", "===", "+ a", "12. a", "1) a", "# a", "> a", "    a", "~~~"])
def test_start_of_a_line(text: str) -> None:
    """A text that stands first in its line begins no list, title or block."""
    tokens = PARSER.parse(f"- x\n  - {words(text, 80)}")

    inline = [token for token in tokens if token.type == "inline"]
    assert [shown(token.children or []) for token in inline] == ["x", text.strip()]
    assert [token.type for token in tokens].count("bullet_list_open") == 2
    assert not {token.type for token in tokens} & {
        "heading_open",
        "ordered_list_open",
        "blockquote_open",
        "fence",
    }


def test_cut() -> None:
    """A long text is cut before it is escaped."""
    assert words("@" * 10_000, 3) == "&#64;<!-- -->&#64;<!-- -->…"


def test_block() -> None:
    """Lines that would close their block stand in one that they can't close."""
    (token,) = PARSER.parse("\n".join(block(["a ```` b", "```", "<b>"])))

    assert (token.type, token.content) == ("fence", "a ```` b\n```\n<b>\n")
    assert block(["a"]) == ["```text", "a", "```"]
