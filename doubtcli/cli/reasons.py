"""`doubt reasons`: the reasons that are installed, ours and other people's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.console import Color, OutputFormat, print_result, show
from doubtcli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from doubtcli.plugins import LoadedReason


def reasons(
    *,
    output_format: options.FullOrJson = OutputFormat.FULL,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """List the reasons to doubt a row, and the packages they come from."""
    from doubtcli.plugins import load_reasons
    from doubtcli.report.documents import render_reasons

    loaded = load_reasons()
    print_result(
        output_format,
        color,
        document=lambda: render_reasons(loaded),
        sheet=lambda console: show(console, _as_table(loaded)),
    )
    return ExitCode.DONE


def _as_table(loaded: Sequence[LoadedReason]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        "name", "family", "package", "doubted because …", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for column in table.columns[:3]:
        column.no_wrap = True
    for reason in loaded:
        table.add_row(*(Text(cell) for cell in (reason.name, reason.family, reason.package, reason.because)))
    return table
