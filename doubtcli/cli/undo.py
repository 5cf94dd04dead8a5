"""`doubt undo`: take back what verdicts changed."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.apply import DryRun, Force, InPlace, Written  # noqa: TC001
from doubtcli.cli.console import Color, OutputFormat, print_result
from doubtcli.errors import ExitCode


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
    from doubtcli.apply.target import OutputOptions
    from doubtcli.pipelines.undo import undo_batch
    from doubtcli.report.applied import print_undone
    from doubtcli.report.documents import render_undone

    where = OutputOptions(output, in_place=in_place, force=force, dry_run=dry_run)
    undone = undo_batch(path, where, batch=batch, now=dt.datetime.now(dt.UTC))
    if not quiet:
        print_result(
            output_format,
            color,
            document=lambda: render_undone(undone),
            sheet=lambda console: print_undone(console, undone),
        )
    return ExitCode.DONE
