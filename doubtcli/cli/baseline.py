"""`doubt baseline`: write the doubts of today to a file, so that a gate can find new ones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from doubtcli.cli import options
from doubtcli.cli.console import LOADING, choose_progress
from doubtcli.cli.gate import Paths  # noqa: TC001  # typer reads the annotations
from doubtcli.errors import ExitCode
from doubtcli.settings import BASELINE_FILE, load_gate


@options.with_scan_options()
def baseline(
    paths: Paths = None,
    *,
    waivers: Annotated[
        str | None,
        options.declare_option(
            "--waivers", "Rows to leave out. [default: doubt-waivers.toml if it exists]", metavar="FILE"
        ),
    ] = None,
    no_cache: options.NoCache = False,
    scan: options.Flags,
    config: options.Config = None,
    isolated: options.Isolated = False,
    output: Annotated[
        str | None,
        options.declare_option(
            "--output",
            f"The file to write. [default: the one in the settings file, else {BASELINE_FILE}]",
            options.OUTPUT,
            "FILE",
            short="-o",
        ),
    ] = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> ExitCode:
    """Write today's doubts to a file, for `doubt gate --max-new`.

    If the file exists, its entries for other data files are kept.
    """
    plan = load_gate(scan, {"waivers": waivers}, start=Path.cwd(), config=config, isolated=isolated)

    progress = choose_progress(wanted=not (quiet or no_progress))
    with progress.stage(LOADING):
        from doubtcli.pipelines.gate import Gate

    path = output or plan.limits("").baseline or BASELINE_FILE
    gate = Gate(plan, dt.datetime.now().astimezone().date(), progress, cache=not no_cache)
    made = gate.write_baseline(paths or [], path, overwrite=force)
    if not quiet:
        for section in made.sections:
            typer.echo(f"{section.path}: {len(section.doubts):,} doubted of {section.n_rows:,} rows")
        typer.echo(f"Written to {path}; commit it, and run doubt gate with --max-new 0 --baseline {path}")
    return ExitCode.DONE
