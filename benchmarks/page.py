"""The page that the benchmarks write their tables to."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).with_name("README.md")
NOTHING = "-"
"""The cell of a measure that was not run, or does not exist."""


def markdown_table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table of the rows."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replace the text between two marks of a page."""
    before, found_begin, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"{page.name} lacks the marks {begin} and {end} in this order")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
