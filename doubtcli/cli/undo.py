"""`doubt undo`: take back what verdicts changed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.apply import DryRun, Force, InPlace, Written  # noqa: TC001
from doubtcli.cli.console import Color, OutputFormat, make_console, print_bytes
from doubtcli.errors import ExitCode

if TYPE_CHECKING:
    from doubtcli.apply.result import Undone


def undo(
    path: Annotated[str, typer.Argument(metavar="DATA", help="A file that `doubt apply` wrote.")],
    *,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The batch, as `doubt log` names it. [default: the last one in effect]"
        ),
    ] = None,
    output: Written = None,
    in_place: InPlace = False,
    force: Force = False,
    dry_run: DryRun = False,
    output_format: options.FullOrJson = OutputFormat.FULL,
    quiet: options.Quiet = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Take a batch of changes back, to the byte.

    If anybody has edited one of its rows since, nothing is taken back.
    Undoing is a batch of its own, which can be taken back.
    """
    from doubtcli.apply.target import Where
    from doubtcli.apply.undo import undo

    where = Where(output, in_place=in_place, force=force, dry_run=dry_run)
    undone = undo(path, where, batch=batch, now=dt.datetime.now(dt.UTC))
    if not quiet:
        _tell(undone, output_format, color)
    return ExitCode.DONE


def _tell(undone: Undone, output_format: OutputFormat, color: Color) -> None:
    if output_format is OutputFormat.JSON:
        from doubtcli.apply.document import render_undone

        print_bytes(render_undone(undone))
    else:
        from doubtcli.apply.printed import print_undone

        print_undone(make_console(color), undone)
