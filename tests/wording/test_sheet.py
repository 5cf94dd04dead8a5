from __future__ import annotations

from io import StringIO

from rich.console import Console

from doubtcli.wording.sheet import Sheet


def test_print_list() -> None:
    """A section has one entry a line, and is left out if there are no entries."""
    printed = StringIO()
    sheet = Sheet(Console(file=printed, width=20, color_system=None))

    sheet.print_list("Notes", iter(["one\x07", "a note that needs two lines"]))
    sheet.print_list("Nothing", [])

    assert printed.getvalue() == "\nNotes\n  - one\\x07\n  - a note that\n    needs two lines\n"
