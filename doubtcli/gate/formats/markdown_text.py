"""A text of the data -> Markdown that shows it: nothing of it is markup, HTML, a link or a mention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from doubtcli.gate.formats.sentences import on_a_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MARKS = re.compile(
    r"""[\\`*{}\[\]<>()#+!|~&@$^"']|(?<=[wW])\.|:(?!\s|$)|(?<![^\W_])_|_(?![^\W_])"""
    r"""|^[-=]|^\d(?=\d*\.(?:\s|$))"""
)
"""What begins anything in GitHub's Markdown, within a line or at its start; as character references they
begin nothing. What is no mark stays readable: `a_b`, `a: b`, `0.97`."""
_AFTER_MARKS = re.compile("(&#(?:58|64|35);)")
"""Of `:`, `@` and `#`: GitHub looks for emoji names, people and issues once references are characters."""
_IN_ADDRESSES = re.compile(r"(&#64;)(?=[\w.-]|&#95;)")
"""They are linked even in typewriter letters."""
_NOTHING = r"\1<!-- -->"
"""A comment, which parts a mark from what follows, and nobody sees."""
_FENCE = "```"


def words(text: str, most: int) -> str:
    """A sentence, cut to so many characters."""
    return _AFTER_MARKS.sub(_NOTHING, _referenced(text.strip(), most))


def code(text: str, most: int) -> str:
    """A name in typewriter letters, cut to so many characters; one that nobody could see is put in quotes."""
    seen = text if text.strip() else f'"{text}"'
    return f"<code>{_IN_ADDRESSES.sub(_NOTHING, _referenced(seen, most))}</code>"


def _referenced(text: str, most: int) -> str:
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", on_a_line(text, most))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; the cells are Markdown."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def block(lines: Sequence[str]) -> list[str]:
    """Lines shown as they are, between fences that none of them can close."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(len(_FENCE), longest + 1)
    return [f"{fence}text", *lines, fence]
