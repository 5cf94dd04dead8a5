"""`doubt compare`: what relabelling changed between two audits, and what it gained."""

from __future__ import annotations

from typing import Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.console import LOADING, Color, OutputFormat, choose_progress, print_result
from doubtcli.errors import ExitCode


def compare(
    before: Annotated[
        str, typer.Argument(metavar="BEFORE", help="The audit of the old labels: a folder from `doubt scan`.")
    ],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The audit of the new labels.")],
    *,
    output_format: options.FullOrJson = OutputFormat.FULL,
    no_progress: options.NoProgress = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Compare two audits: what became of doubted labels, and what relabelling gained.

    A model is trained on the old labels and on the new ones, and tested on the rows whose label stayed.
    """
    progress = choose_progress(wanted=not no_progress)
    with progress.stage(LOADING):
        from doubtcli.pipelines.compare import compare_audits
        from doubtcli.report.compared import print_comparison
        from doubtcli.report.documents import render_comparison

    comparison = compare_audits(before, after, progress=progress)
    print_result(output_format, color, render_comparison, print_comparison, comparison)
    return ExitCode.DONE
