"""`doubt log`: who changed what in a file, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.console import Color, OutputFormat, print_result
from doubtcli.errors import ExitCode


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

    batches = read_log(path)
    print_result(
        output_format,
        color,
        document=lambda: render_log(batches),
        sheet=lambda console: print_log(console, path, batches),
    )
    return ExitCode.DONE
