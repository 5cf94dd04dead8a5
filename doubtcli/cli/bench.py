"""`doubt bench`: how many errors a scan of this file could find, to know before you trust it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from doubtcli.cli import options
from doubtcli.cli.console import (
    LOADING,
    Color,
    LiveReport,
    OutputFormat,
    choose_progress,
    print_bytes,
    run_with_label,
)
from doubtcli.errors import ExitCode
from doubtcli.settings import load_settings


@options.with_scan_options(without=("pred_probs", "fast"))
def bench(
    path: options.Data,
    *,
    scan: options.Flags,
    plantings: Annotated[
        int,
        options.declare_option(
            "--plantings", "How often to plant errors. [default: 1]", None, "NUMBER", least=1
        ),
    ] = 1,
    config: options.Config = None,
    isolated: options.Isolated = False,
    output_format: options.FullOrJson = OutputFormat.FULL,
    no_progress: options.NoProgress = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Plant errors in a copy of a file's labels, and show how many of them a scan would find.

    The file itself is not changed, and nothing is written.
    """
    settings = load_settings({**scan, "path": path}, start=Path.cwd(), config=config, isolated=isolated)

    report = LiveReport(settings.path, color) if output_format is OutputFormat.FULL else None
    progress = choose_progress(wanted=not no_progress)
    with progress.stage(LOADING):
        from doubtcli.pipelines.bench import measure_scan_power
        from doubtcli.report.documents import render_power
        from doubtcli.report.findings import print_power

    measure = partial(measure_scan_power, plantings=plantings, progress=progress, listener=report)
    power, class_names = run_with_label(measure, settings, may_ask=report is not None)
    if report is None:
        print_bytes(render_power(power, class_names).encode())
    else:
        report.finish(print_power, power, class_names)
    return ExitCode.DONE
