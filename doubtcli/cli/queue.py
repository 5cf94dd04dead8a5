"""`doubt queue`: from an audit to a folder of tasks for the people who relabel."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options  # typer reads the annotations
from doubtcli.cli.console import Color, make_console
from doubtcli.cli.options import OUTPUT
from doubtcli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence


CHOICE = "Which rows"
STRATEGY_HELP = (
    "How to choose them. top: most doubted first; balanced: classes and reasons in turn; random: a random "
    "sample, to measure the noise rate; budget: most corrections a minute; spot-check: the whole queue, with "
    "--size rows drawn at random first, to promise how many are wrong; or several by share: "
    "top=70%,random=30%. [default: top]"
)


def _list_tools() -> Sequence[str]:
    from doubtcli.tools.registry import list_tool_names

    return list_tool_names()


def queue(
    audit: Annotated[str, typer.Argument(metavar="AUDIT", help="The folder that `doubt scan` wrote.")],
    *,
    size: Annotated[
        int | None,
        options.declare_option(
            "--size", "How many rows. [default: those of the scan's queue.csv]", CHOICE, "NUMBER", least=1
        ),
    ] = None,
    strategy: Annotated[
        str,
        options.declare_option("--strategy", STRATEGY_HELP, CHOICE, "NAME"),
    ] = "top",
    seed: Annotated[
        int | None,
        options.declare_option(
            "--seed", "Seed of the random sample. [default: the scan's]", CHOICE, "NUMBER", least=0
        ),
    ] = None,
    waivers: Annotated[
        str | None,
        options.declare_option(
            "--waivers",
            "File of waivers: the rows in it are left out. [default: what `doubt gate` reads]",
            CHOICE,
            "FILE",
        ),
    ] = None,
    to: Annotated[
        str,
        options.declare_choice("--to", _list_tools, f"{options.TOOL_NAMES}. [default: csv]", OUTPUT, "TOOL"),
    ] = "csv",
    safe_cells: Annotated[
        bool,
        options.declare_option(
            "--safe-cells",
            "In CSV, put ' before cells that a spreadsheet would run as formulas; `doubt apply` removes it.",
            OUTPUT,
        ),
    ] = False,
    output: Annotated[
        str | None,
        options.declare_option(
            "--output", "The folder to write. [default: DATA.queue]", OUTPUT, "FOLDER", short="-o"
        ),
    ] = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Write the rows to relabel as a folder of tasks for the people who decide.

    A README.txt in it explains which rows these are, and how to get them into the tool and back.
    """
    from doubtcli.pipelines.queue import QueueRequest, write_queue
    from doubtcli.queue.readme import README_FILE
    from doubtcli.queue.strategies import QueueChoice, parse_shares
    from doubtcli.report.applied import print_queue

    choice = QueueChoice(parse_shares(strategy), size, seed)
    request = QueueRequest(
        audit, choice, to, output=output, force=force, waivers=waivers, safe_cells=safe_cells
    )
    made = write_queue(request, today=dt.datetime.now().astimezone().date())
    if not quiet:
        readme = str(request.folder / README_FILE)
        print_queue(make_console(color), made, request.tool.title, readme)
    return ExitCode.DONE
