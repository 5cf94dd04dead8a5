from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from doubtcli.gate.formats.markdown import (
    escape_words,
    format_code,
    make_block,
    make_markdown_table,
    render_markdown,
)
from doubtcli.gate.result import LABEL_CONFLICT, RULES, LapsedWaiver, Outcome, Waiver
from doubtcli.gate.sentences import fit_on_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown_it.token import Token

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from tests.conftest import Sentences

PARSER = MarkdownIt("commonmark").enable("table")
FAILED = Outcome.FAILED
MOST_BYTES = 1024 * 1024
"""GitHub does not show a longer summary at all."""


def tables_of(markdown: str) -> list[list[str]]:
    """The lines of each table, without its head."""
    parts = [part.splitlines() for part in markdown.split("\n\n")]
    return [lines[2:] for lines in parts if lines[0].startswith("| ")]


def test_summary(full_result: GateResult, sentences: Sentences) -> None:
    """The outcome, the file, the limits, the rows over one, lapsed waivers and what to do, in this order."""
    sentences.check(render_markdown(full_result))


def test_passed(a_result: Callable[..., GateResult], sentences: Sentences) -> None:
    """A gate that passed has its limits, and no next steps."""
    sentences.check(render_markdown(a_result()))


def test_many_files(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """Of several files the failed ones come first, and each line has its file."""
    bad = a_file(path="bad.csv", checks=(a_check(outcome=FAILED),), findings=(a_finding(failed=("x",)),))

    text = render_markdown(a_result(a_file(path="good.csv"), bad))

    limits, (row,) = tables_of(text)
    assert text.index("- <code>bad.csv</code>") < text.index("- <code>good.csv</code>")
    assert [line.split(" | ")[0] for line in [*limits, row]] == [
        "| <code>bad.csv</code>",
        "| <code>good.csv</code>",
        "| <code>bad.csv</code>",
    ]


def test_caps(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """At most 50 rows, 100 limits, 20 files and 20 waivers are listed, and the rest are counted."""
    rows = tuple(a_finding(row_id=f"R{n}", fingerprint=f"{n:016x}", failed=("x",)) for n in range(51))
    files = [a_file(path=f"{n}.csv", checks=(a_check(), a_check(limit="max-new")) * 3) for n in range(22)]
    bad = a_file(path="bad.csv", checks=(a_check(limit="min-skill", outcome=FAILED),), findings=rows)
    lapsed = tuple(LapsedWaiver(Waiver(f"T{n}", n), "expired") for n in range(22))

    text = render_markdown(a_result(*files, bad, lapsed=lapsed))

    limits, listed = tables_of(text)
    assert (len(limits), len(listed)) == (100, 50)
    assert "min-skill" in limits[0]
    assert "\nand 33 more limits\n" in text
    assert "\nand 1 more row\n" in text
    assert "\n- and 3 more files\n" in text
    assert "\n- and 2 more waivers\n" in text


def test_labels(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row has its line if that is known; without a better label none is suggested."""
    same = a_finding(suggested_label="refund", rule=LABEL_CONFLICT, why="", failed=("x",), lines=(18, 20))

    (_, (row,)) = tables_of(render_markdown(a_result(a_file(findings=(same,)), rules=RULES)))

    cells = "| <code>T0017</code>, line 18 | <code>refund</code> |  | 0.97 |"
    assert row == f"{cells} {RULES[LABEL_CONFLICT]} |"


@pytest.mark.parametrize("text", ["@@", "@a", "😀"])
def test_size(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    text: str,
) -> None:
    """Even with long texts full of marks, the summary is not too large for GitHub."""
    long = text * 50_000
    texts = {"row_id": long, "given_label": long, "suggested_label": f"!{long}", "why": long}
    files = [
        a_file(
            path=f"{n}{long}",
            checks=tuple(a_check(limit=f"{m}{long}", outcome=FAILED, why=long) for m in range(10)),
            findings=tuple(a_finding(**texts, failed=(f"{m}{long}",)) for m in range(10)),
            notes=(long,) * 50,
        )
        for n in range(30)
    ]
    lapsed = (LapsedWaiver(Waiver(long, 1), long),) * 30

    summary = render_markdown(a_result(*files, waivers_path=long, lapsed=lapsed))

    assert len(summary.encode()) < MOST_BYTES
    assert "### Next" not in summary


def test_any_text(nasty_result: GateResult) -> None:
    """No text in the data makes a title, a list, a table or any other markup."""
    tokens = PARSER.parse(render_markdown(nasty_result))

    kinds = [token.type for token in tokens]
    inline = [child for token in tokens for child in token.children or []]
    assert kinds.count("table_open") == 2
    titles = [after.content for one, after in pairwise(tokens) if one.type == "heading_open"]
    assert len(titles) - ("Next" in titles) == 1 + 3
    assert kinds.count("td_open") == (3 + 2) * 5
    assert "html_block" not in kinds
    assert {child.content for child in inline if child.type == "html_inline"} <= {
        "<code>",
        "</code>",
        "<!-- -->",
    }
    assert not {child.type for child in inline} & {"link_open", "image", "em_open", "code_inline"}


TEXT_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {"<code>", "</code>", "<!-- -->"}


def cells_of(markdown: str) -> list[list[Token]]:
    """What a Markdown parser finds in each cell of the only table."""
    tokens = TEXT_PARSER.parse(markdown)
    assert [token.type for token in tokens if token.type == "table_open"] == ["table_open"]
    return [token.children or [] for token in tokens if token.type == "inline"]


def shown(tokens: list[Token]) -> str:
    """The text of a cell, in which there is no markup except ours."""
    assert {token.type for token in tokens} <= {"text", "text_special", "html_inline"}
    assert {token.content for token in tokens if token.type == "html_inline"} <= OURS
    return "".join(token.content for token in tokens if token.type != "html_inline")


def in_a_table(cell: str) -> list[list[Token]]:
    """The cells of a table of one row, between two others."""
    return cells_of("\n".join(make_markdown_table(["a", "b", "c"], [["x", cell, "y"]])))[3:]


def test_any_cell(nasty: str) -> None:
    """A text is shown as it is, in a cell of its own, and is not markup."""
    before, cell, after = in_a_table(escape_words(nasty, 300))

    assert (shown(before), shown(after)) == ("x", "y")
    assert shown(cell) == fit_on_line(nasty.strip(), 300)


@given(st.text(st.sampled_from("a_*`|\\<>&#:@[]()!~w. 1-+$^\"'/"), max_size=40))
def test_any_marks(text: str) -> None:
    """A text and a name are shown as they are, with any sequence of marks."""
    _, cell, _ = in_a_table(escape_words(f"x {text} x", 300))
    _, name, _ = in_a_table(format_code(f"x{text}x", 300))

    assert shown(cell) == f"x {text} x"
    assert shown(name) == f"x{text}x"


@pytest.mark.parametrize(("text", "expected"), [("", '""'), (" ", '" "'), ("a b", "a b")])
def test_names(text: str, expected: str) -> None:
    """A name is shown as code; a blank one is in quotes."""
    _, (start, *middle, end), _ = in_a_table(format_code(text, 80))

    assert (start.content, end.content) == ("<code>", "</code>")
    assert "".join(token.content for token in middle) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@ada", "&#64;<!-- -->ada"),
        ("a:smile:", "a&#58;<!-- -->smile:"),
        ("see #1", "see &#35;<!-- -->1"),
        ("https://a", "https&#58;<!-- -->//a"),
        ("www.a.b", "www&#46;a.b"),
        ("a_b: 0.97, c", "a_b: 0.97, c"),
    ],
)
def test_what_github_adds(text: str, expected: str) -> None:
    """Nobody is mentioned, nothing is linked and no emoji is made; plain words stay readable."""
    assert escape_words(text, 80) == expected


def test_addresses() -> None:
    """An address is not a link in code either, although GitHub's own parser would make it one."""
    assert format_code("ada@b.co #1", 80) == "<code>ada&#64;<!-- -->b.co &#35;1</code>"


@pytest.mark.parametrize("text", ["- a", "---", "===", "+ a", "12. a", "1) a", "# a", "> a", "    a", "~~~"])
def test_start_of_a_line(text: str) -> None:
    """A text at the start of a line begins no list, title or block."""
    tokens = TEXT_PARSER.parse(f"- x\n  - {escape_words(text, 80)}")

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
    assert escape_words("@" * 10_000, 3) == "&#64;<!-- -->&#64;<!-- -->…"


def test_block() -> None:
    """Lines that could close their block are put into one that they can't close."""
    (token,) = TEXT_PARSER.parse("\n".join(make_block(["a ```` b", "```", "<b>"])))

    assert (token.type, token.content) == ("fence", "a ```` b\n```\n<b>\n")
    assert make_block(["a"]) == ["```text", "a", "```"]
