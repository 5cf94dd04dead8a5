"""`doubt apply`: what people decided, written back into the file."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.console import Color, OutputFormat, print_result
from doubtcli.errors import ExitCode
from doubtcli.records import OnConflict

WHAT, WHERE = "What to apply", "Where it goes"

Written = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="FILE", help="The new file to write.", rich_help_panel=WHERE),
]
InPlace = Annotated[
    bool,
    typer.Option(
        "--in-place",
        help="Replace DATA itself; what it was is kept in DATA.bak, or DATA.bak2, ...",
        rich_help_panel=WHERE,
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace what stands at --output.", rich_help_panel=WHERE)
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print each change, and write nothing.", rich_help_panel=WHERE)
]


def apply(
    path: Annotated[str, typer.Argument(metavar="DATA", help="The labelled file.")],
    *,
    verdicts: Annotated[
        list[str],
        typer.Option(
            metavar="FILE",
            help="An annotation tool's export, or a queue.csv with its verdicts; may be given again.",
            rich_help_panel=WHAT,
        ),
    ],
    audit: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="The audit that the queue was made from. [default: beside DATA]",
            rich_help_panel=WHAT,
        ),
    ] = None,
    on_conflict: Annotated[
        OnConflict,
        typer.Option(
            metavar="HOW",
            help=f"What to do where people differ: {', '.join(OnConflict)}. [default: majority]",
            rich_help_panel=WHAT,
        ),
    ] = OnConflict.MAJORITY,
    new_labels: Annotated[
        bool,
        typer.Option("--new-labels", help="Allow labels that DATA doesn't have yet.", rich_help_panel=WHAT),
    ] = False,
    spread: Annotated[
        bool,
        typer.Option(
            "--spread",
            help="Decide on rows of the very same input and label, too.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    confirmed: Annotated[
        bool,
        typer.Option(
            "--confirmed",
            help="All rows were looked at, also those left as they were (doccano doesn't tell).",
            rich_help_panel=WHAT,
        ),
    ] = False,
    drop: Annotated[
        bool,
        typer.Option("--drop", help="Take out rows that were judged unusable.", rich_help_panel=WHAT),
    ] = False,
    output: Written = None,
    in_place: InPlace = False,
    force: Force = False,
    dry_run: DryRun = False,
    waivers: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Where to waive doubted rows whose label was kept. [default: where `doubt gate` finds them: "
            "as the settings file has it, else doubt-waivers.toml here or beside that file]",
            rich_help_panel=WHERE,
        ),
    ] = None,
    no_waive: Annotated[
        bool, typer.Option("--no-waive", help="Waive no rows.", rich_help_panel=WHERE)
    ] = False,
    output_format: options.FullOrJson = OutputFormat.FULL,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Write people's verdicts back: a new file, the same but for the labels.

    A row that is not certain, or was changed since the audit, is told and left as it is.
    Who changed what and why is added to the ledger beside the new file: `doubt log` reads it, `doubt undo`
    takes it back.
    """
    from doubtcli.apply.target import OutputOptions
    from doubtcli.cli.bars import choose_progress
    from doubtcli.pipelines.apply import ApplyRequest, apply_verdicts
    from doubtcli.report.applied import print_applied
    from doubtcli.report.documents import render_applied

    request = ApplyRequest(
        path,
        tuple(verdicts),
        OutputOptions(output, in_place=in_place, force=force, dry_run=dry_run),
        audit=audit,
        drop=drop,
        new_labels=new_labels,
        spread=spread,
        confirmed=confirmed,
        on_conflict=on_conflict,
        waivers=waivers,
        waive=not no_waive,
    )
    progress = choose_progress(wanted=not (quiet or no_progress))
    applied = apply_verdicts(request, now=dt.datetime.now(dt.UTC), progress=progress)
    if not quiet:
        print_result(
            output_format,
            color,
            document=lambda: render_applied(applied),
            sheet=lambda console: print_applied(console, applied),
        )
    return ExitCode.DONE
