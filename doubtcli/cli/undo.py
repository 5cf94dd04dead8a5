"""`doubt undo` and `doubt log`: undo what verdicts changed, and list it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options
from doubtcli.cli.console import Color, OutputFormat, print_result
from doubtcli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from doubtcli.records.relabelling import Batch


def undo(
    path: Annotated[str, typer.Argument(metavar="DATA", help="A file that `doubt apply` wrote.")],
    *,
    batch: Annotated[
        str | None,
        options.declare_option(
            "--batch",
            "The batch, as `doubt log` names it. [default: the last one in effect]",
            metavar="ID",
        ),
    ] = None,
    output: options.CorrectedFile = None,
    in_place: options.InPlace = False,
    force: options.ForceNewFile = False,
    dry_run: options.DryRun = False,
    output_format: options.FullOrJson = OutputFormat.FULL,
    quiet: options.Quiet = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Undo a batch of changes: the file is again what it was, byte for byte.

    If anybody has edited one of its rows since, nothing is undone.
    An undo is a batch, too, and can be undone.
    """
    from doubtcli.apply.target import OutputOptions
    from doubtcli.pipelines.undo import undo_batch
    from doubtcli.report.applied import print_undone
    from doubtcli.report.documents import render_undone

    where = OutputOptions(output, in_place=in_place, force=force, dry_run=dry_run)
    undone = undo_batch(path, where, batch=batch, now=dt.datetime.now(dt.UTC))
    if not quiet:
        print_result(output_format, color, render_undone, print_undone, undone)
    return ExitCode.DONE


def log(
    path: Annotated[str, typer.Argument(metavar="DATA", help="A file that `doubt apply` wrote.")],
    *,
    output_format: options.FullOrJson = OutputFormat.FULL,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """List what verdicts changed in a file, the newest batch first."""
    from doubtcli.pipelines.undo import read_log
    from doubtcli.report.applied import print_log
    from doubtcli.report.documents import render_log

    def print_batches(console: Console, batches: Sequence[Batch]) -> None:
        print_log(console, path, batches)

    print_result(output_format, color, render_log, print_batches, read_log(path))
    return ExitCode.DONE
