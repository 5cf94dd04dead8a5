"""`doubt queue`: from an audit to a folder of tasks for the people who relabel."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.console import Color, make_console
from doubtcli.cli.options import OUTPUT
from doubtcli.errors import ExitCode

if TYPE_CHECKING:
    from doubtcli.relabel.pipeline import Request
    from doubtcli.relabel.task import Queue

CHOICE = "Which rows"


class Tool(StrEnum):
    """What a queue may be written for."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    LABEL_STUDIO = "label-studio"
    ARGILLA = "argilla"
    PRODIGY = "prodigy"
    DOCCANO = "doccano"


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
        Tool,
        typer.Option(
            metavar="TOOL",
            help="csv, jsonl, parquet, label-studio, argilla, prodigy or doccano. [default: csv]",
            rich_help_panel=OUTPUT,
        ),
    ] = Tool.CSV,
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
    from doubtcli.relabel.choose.choose import Choice
    from doubtcli.relabel.choose.shares import parse_shares
    from doubtcli.relabel.pipeline import Request, write_queue

    choice = Choice(parse_shares(strategy), size, seed)
    request = Request(audit, choice, to, output=output, force=force, waivers=waivers)
    made = write_queue(request, today=dt.datetime.now().astimezone().date())
    if not quiet:
        _tell(made, request, color)
    return ExitCode.DONE


def _tell(made: Queue, request: Request, color: Color) -> None:
    from rich.text import Text

    from doubtcli.relabel.head import HEAD_FILE, brought
    from doubtcli.wording.numbers import count
    from doubtcli.wording.quoting import printable, printable_path
    from doubtcli.wording.sheet import Sheet

    sheet = Sheet(make_console(color))
    sheet.print((f"{count(len(made.tasks), 'row')} for {request.format.title}: {brought(made)}.", "bold"))
    for note in made.notes:
        sheet.hang(Text("Note: "), f"{printable(note)}.")
    readme = printable_path(str(request.folder / HEAD_FILE))
    sheet.print(f"How to load them, and how to bring them back: {readme}")
