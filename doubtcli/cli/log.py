"""`doubt log`: who changed what in a file, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.console import Color, OutputFormat, make_console, print_bytes
from doubtcli.errors import ExitCode


def log(
    path: Annotated[str, typer.Argument(metavar="DATA", help="A file that `doubt apply` wrote.")],
    *,
    output_format: options.FullOrJson = OutputFormat.FULL,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """List what verdicts changed in a file, the newest batch first."""
    from doubtcli.apply.undo import log

    batches = log(path)
    if output_format is OutputFormat.JSON:
        from doubtcli.apply.document import render_log

        print_bytes(render_log(batches))
    else:
        from doubtcli.apply.printed import print_log

        print_log(make_console(color), path, batches)
    return ExitCode.DONE
