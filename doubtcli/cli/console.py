"""Where a report is printed: in colour when a person looks, plain when piped."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class OutputFormat(StrEnum):
    """What to print."""

    FULL = "full"
    JSON = "json"


def make_console(color: Color) -> Console:
    """A console on stdout; `auto` heeds NO_COLOR, FORCE_COLOR and whether stdout is a terminal."""
    from rich.console import Console

    class Pipe(Console):
        """A console that lets a closed pipe through: rich would end the process with 1, the gate's code."""

        def on_broken_pipe(self) -> None:
            """Let `cli.main` end the process."""
            raise BrokenPipeError

    if color is Color.ALWAYS:
        return Pipe(force_terminal=True, no_color=False, highlight=False)
    if color is Color.NEVER:
        return Pipe(color_system=None, highlight=False)
    return Pipe(highlight=False)


def print_result(
    output_format: OutputFormat,
    color: Color,
    *,
    document: Callable[[], str],
    sheet: Callable[[Console], None],
) -> None:
    """Print what came of a command: its document, or what a person reads on a console."""
    if output_format is OutputFormat.JSON:
        print_bytes(document().encode())
    else:
        sheet(make_console(color))


def print_bytes(content: bytes) -> None:
    """Print a document as it is, in UTF-8 whatever the terminal speaks."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def show(console: Console, content: RenderableType) -> None:
    """Print something; in a pipe without the blanks that fill each line up."""
    if console.is_terminal:
        console.print(content)
        return
    with console.capture() as printed:
        console.print(content)
    console.file.writelines(line.rstrip() + "\n" for line in printed.get().splitlines())
