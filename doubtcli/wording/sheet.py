"""A console -> lines that we lay out: hanging indents, cropped names, no spaces at the end of a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from doubtcli.wording.quoting import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console

    Part = str | Text | tuple[str, str]

WIDEST = 140
"""Cells of a line at most, on any terminal: longer lines are hard to read."""
NARROWEST = 16
"""Cells of a text after its lead at least, on any terminal."""
BAR_CELLS = 10
INDENT = "  "
ID_CELLS = 24
"""Cells of a row's id at most, in a line with other words."""
HIGH_DOUBT = 0.8
"""From here on a doubt is red: as a probability, four of five of these labels are wrong."""


@dataclass(frozen=True)
class Sheet:
    """A console, and the ways to print on it."""

    console: Console

    @property
    def width(self) -> int:
        """Cells of a line."""
        return min(self.console.width, WIDEST)

    @property
    def arrow(self) -> str:
        """The sign between a given label and the suggested one."""
        return "->" if self.console.options.ascii_only else "→"

    @property
    def ellipsis(self) -> str:
        """The sign for text that was left out."""
        return "..." if self.console.options.ascii_only else "…"

    def print(self, *parts: Part) -> None:
        """Print one line as it is, at any length."""
        self.console.print(Text.assemble(*parts), soft_wrap=True)

    def count_lines(self, *prints: Callable[[], None]) -> int:
        """How many lines these functions print, without printing them."""
        with self.console.capture() as printed:
            for print_part in prints:
                print_part()
        return printed.get().count("\n")

    def title(self, title: str, aside: str = "") -> None:
        """Print a section's title below an empty line."""
        self.print()
        self.print((title, "bold"), (f"  {aside}" if aside else "", "dim"))

    def print_list(self, title: str, items: Iterable[str]) -> None:
        """Print a section with one entry a line; nothing if there are no entries."""
        entries = tuple(items)
        if entries:
            self.title(title)
        for entry in entries:
            self.hang(self.indent("- "), printable(entry))

    def indent(self, *parts: Part) -> Text:
        """The lead of a line in a section."""
        return Text.assemble(INDENT, *parts)

    def hang(self, lead: Text, text: str, style: str = "", *, most_lines: int | None = None) -> None:
        """Print a text wrapped next to its lead, cropped after so many lines."""
        for number, line in enumerate(self.wrap(text, self.width - lead.cell_len, most_lines)):
            self.print(Text(" " * lead.cell_len) if number else lead, (line, style))

    def wrap(self, text: str, cells: int, most_lines: int | None = None) -> list[str]:
        """A text as lines of at most so many cells, cropped after so many lines; no lines if it is empty."""
        if not text:
            return []
        room = max(cells, NARROWEST)
        lines = [line.plain.rstrip() for line in Text(text).wrap(self.console, room)]
        if most_lines is not None and len(lines) > most_lines:
            lines[most_lines - 1 :] = [self.crop(" ".join(lines[most_lines - 1 :]), room)]
        return lines

    def crop(self, text: str, cells: int) -> str:
        """A text of at most so many cells."""
        if cell_len(text) <= cells:
            return text
        return set_cell_size(text, max(cells - len(self.ellipsis), 0)).rstrip() + self.ellipsis

    def pad(self, text: str, cells: int) -> str:
        """A text with spaces up to so many cells."""
        return set_cell_size(text, cells)

    def bar(self, share: float, style: str) -> Text:
        """A share as a bar on a terminal; nothing in a pipe."""
        if not self.console.is_terminal:
            return Text()
        full, rest = ("#", ".") if self.console.options.ascii_only else ("━", "─")
        cells = round(share * BAR_CELLS)
        return Text.assemble(" ", (full * cells, style), (rest * (BAR_CELLS - cells), "dim"))


def label_change(sheet: Sheet, given: str, suggested: str, cells: int, style: str = "bold green") -> Text:
    """A given label and the suggested one, in at most so many cells."""
    if suggested == given:
        aside = " (no better label found)"
        return Text.assemble((sheet.crop(printable(given), cells - len(aside)), "bold"), (aside, "dim"))
    between = f" {sheet.arrow} "
    room = cells - len(between)
    one, other = printable(given), printable(suggested)
    one = sheet.crop(one, max(room // 2, room - cell_len(other)))
    other = sheet.crop(other, room - cell_len(one))
    return Text.assemble((one, "bold"), between, (other, style))
