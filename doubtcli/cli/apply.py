"""`doubt apply`: write what people decided back into the file."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options
from doubtcli.cli.console import Color, OutputFormat, print_result
from doubtcli.errors import ExitCode
from doubtcli.records.choices import OnConflict

if TYPE_CHECKING:
    from typing import TypeAlias

    ConflictWord: TypeAlias = OnConflict
else:
    ConflictWord = str  # as `options.ColorWord`

WHAT = "What to apply"


def apply(
    path: Annotated[str, typer.Argument(metavar="DATA", help="The labelled file.")],
    *,
    verdicts: Annotated[
        list[str],
        options.declare_option(
            "--verdicts",
            "An annotation tool's export, or a queue.csv with verdicts; may be repeated.",
            WHAT,
            "FILE",
        ),
    ],
    audit: Annotated[
        str | None,
        options.declare_option(
            "--audit", "The audit that the queue was made from. [default: next to DATA]", WHAT, "FOLDER"
        ),
    ] = None,
    on_conflict: Annotated[
        ConflictWord,
        options.declare_word(
            "--on-conflict",
            OnConflict,
            f"What to do where people disagree: {', '.join(OnConflict)}. [default: majority]",
            WHAT,
            "HOW",
        ),
    ] = OnConflict.MAJORITY,
    new_labels: Annotated[
        bool, options.declare_option("--new-labels", "Allow labels that DATA doesn't have yet.", WHAT)
    ] = False,
    spread: Annotated[
        bool,
        options.declare_option(
            "--spread", "Apply each decision to all rows equal to it, also those of a random sample.", WHAT
        ),
    ] = False,
    confirmed: Annotated[
        bool,
        options.declare_option(
            "--confirmed",
            "All rows were looked at, including unchanged ones (doccano doesn't record it).",
            WHAT,
        ),
    ] = False,
    accept: Annotated[
        bool,
        options.declare_option(
            "--accept-suggestions",
            "Also take suggestions on undecided rows, as far as verdicts on a spot check vouch for them.",
            WHAT,
        ),
    ] = False,
    at_least: Annotated[
        str | None,
        options.declare_option(
            "--at-least", "The share of these that must be right. [default: 95%]", WHAT, "SHARE"
        ),
    ] = None,
    strict: Annotated[
        bool,
        options.declare_option(
            "--strict",
            "Write nothing, and end with 2, if any verdict can't be used, or no suggestion be accepted.",
            WHAT,
        ),
    ] = False,
    drop: Annotated[
        bool, options.declare_option("--drop", "Remove rows that were judged unusable.", WHAT)
    ] = False,
    output: options.CorrectedFile = None,
    in_place: options.InPlace = False,
    force: options.ForceNewFile = False,
    dry_run: options.DryRun = False,
    waivers: Annotated[
        str | None,
        options.declare_option(
            "--waivers",
            "The file for waivers of doubted rows whose label was kept. [default: the one that `doubt gate` "
            "reads: the settings file names it, else doubt-waivers.toml here or next to that file]",
            options.WHERE,
            "FILE",
        ),
    ] = None,
    no_waive: Annotated[bool, options.declare_option("--no-waive", "Waive no rows.", options.WHERE)] = False,
    output_format: options.FullOrJson = OutputFormat.FULL,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Write people's verdicts back: a new file in which only labels differ.

    A row that can't be identified for certain, or was changed since the audit, is reported and left as it is.
    If no verdict can be used, nothing is written, and the exit code is 2.
    Who changed what and why is added to the ledger next to the new file: `doubt log` prints it, `doubt undo`
    undoes the changes.
    """
    from doubtcli.apply.accept import parse_at_least
    from doubtcli.apply.target import OutputOptions
    from doubtcli.cli.console import choose_progress
    from doubtcli.pipelines.apply import ApplyRequest, correct_labels, refuse_unusable
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
        strict=strict,
        at_least=parse_at_least(at_least, accept=accept),
        on_conflict=on_conflict,
        waivers=waivers,
        waive=not no_waive,
    )
    progress = choose_progress(wanted=not (quiet or no_progress))
    applied = correct_labels(request, now=dt.datetime.now(dt.UTC), progress=progress)
    if not quiet:
        print_result(output_format, color, render_applied, print_applied, applied)
    refuse_unusable(applied.refusal, applied.path)
    return ExitCode.DONE
