"""`doubt queue`: from an audit to a folder of tasks for the people who relabel."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.command import TOOL_NAMES
from doubtcli.cli.console import Color, make_console
from doubtcli.cli.options import OUTPUT
from doubtcli.errors import ExitCode

if TYPE_CHECKING:
    from doubtcli.pipelines.queue import QueueRequest
    from doubtcli.records.queue import Queue

CHOICE = "Which rows"


def _check_tool(name: str) -> str:
    """Refuse a tool that is not installed."""
    from doubtcli.tools.registry import list_tool_names

    names = list_tool_names()
    if name not in names:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(map(repr, names))}.")
    return name


def complete_tool(incomplete: str) -> list[str]:
    """The tools whose names start as what was typed does."""
    from doubtcli.tools.registry import list_tool_names

    return [name for name in list_tool_names() if name.startswith(incomplete)]


def queue(
    audit: Annotated[str, typer.Argument(metavar="AUDIT", help="The folder that `doubt scan` wrote.")],
    *,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            help="How many rows. [default: all that are doubted]",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="top: by doubt; balanced: classes and reasons take turns; audit: at random, to measure the "
            "noise rate on; budget: most corrections a minute; or several by share: top=70%,audit=30%. "
            "[default: top]",
            rich_help_panel=CHOICE,
        ),
    ] = "top",
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=0,
            help="What an audit is drawn from. [default: the scan's]",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    waivers: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Leave out rows that a person wants left as they are. [default: what `doubt gate` reads]",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            metavar="TOOL",
            help=f"{TOOL_NAMES}. [default: csv]",
            callback=_check_tool,
            autocompletion=complete_tool,
            rich_help_panel=OUTPUT,
        ),
    ] = "csv",
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="The folder to write. [default: DATA.queue]",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace whatever is in the way.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: options.Quiet = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Write the rows to relabel as a folder of tasks for the people who decide.

    A README.txt in it tells which rows these are, and how they get into the tool and back.
    """
    from doubtcli.pipelines.queue import QueueRequest, write_queue
    from doubtcli.queue.strategies import QueueChoice, parse_shares

    choice = QueueChoice(parse_shares(strategy), size, seed)
    request = QueueRequest(audit, choice, to, output=output, force=force, waivers=waivers)
    made = write_queue(request, today=dt.datetime.now().astimezone().date())
    if not quiet:
        _print_written(made, request, color)
    return ExitCode.DONE


def _print_written(made: Queue, request: QueueRequest, color: Color) -> None:
    from rich.text import Text

    from doubtcli.queue.readme import README_FILE, count_by_strategy
    from doubtcli.wording.numbers import count
    from doubtcli.wording.quoting import printable, printable_path
    from doubtcli.wording.sheet import Sheet

    sheet = Sheet(make_console(color))
    by_strategy = count_by_strategy(made)
    sheet.print((f"{count(len(made.rows), 'row')} for {request.tool.title}: {by_strategy}.", "bold"))
    for note in made.notes:
        sheet.hang(Text("Note: "), f"{printable(note)}.")
    readme = printable_path(str(request.folder / README_FILE))
    sheet.print(f"How to load them, and how to bring them back: {readme}")
