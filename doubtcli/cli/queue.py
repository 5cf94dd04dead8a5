"""`doubt queue`: from an audit to a folder of tasks for the people who relabel."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli.options import OUTPUT
from doubtcli.errors import ExitCode

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue

CHOICE = "Which rows"


class Tool(StrEnum):
    """What a queue may be written for."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    LABEL_STUDIO = "label-studio"
    ARGILLA = "argilla"
    PRODIGY = "prodigy"
    DOCCANO = "doccano"


def queue(
    audit: Annotated[str, typer.Argument(metavar="AUDIT", help="The folder that `doubt scan` wrote.")],
    *,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=1,
            help="How many rows. [default: all that are doubted]",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="top: by doubt; balanced: classes and reasons take turns; audit: at random, to measure the "
            "noise rate on; budget: most corrections a minute; or several by share: top=70%,audit=30%. "
            "[default: top]",
            rich_help_panel=CHOICE,
        ),
    ] = "top",
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            min=0,
            help="What an audit is drawn from. [default: the scan's]",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    to: Annotated[
        Tool,
        typer.Option(
            metavar="TOOL",
            help="csv, jsonl, parquet, label-studio, argilla, prodigy or doccano. [default: csv]",
            rich_help_panel=OUTPUT,
        ),
    ] = Tool.CSV,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="The folder to write. [default: DATA.queue]",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace whatever is in the way.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print nothing but problems.", rich_help_panel=OUTPUT)
    ] = False,
) -> ExitCode:
    """Write the rows to relabel as a folder of tasks for the people who decide.

    A README.txt in it tells which rows these are, and how they get into the tool and back.
    """
    from doubtcli.relabel.choose.shares import parse_shares
    from doubtcli.relabel.place import default_place

    shares = parse_shares(strategy)
    folder = Path(output) if output else default_place(Path(audit))
    made = _write(audit, folder, to, shares=shares, size=size, seed=seed, force=force)
    if not quiet:
        _tell(made, folder, to)
    return ExitCode.DONE


def _write(
    audit: str,
    folder: Path,
    to: Tool,
    *,
    shares: dict[str, int],
    size: int | None,
    seed: int | None,
    force: bool,
) -> Queue:
    """Make the queue of an audit and write it."""
    from doubtcli.audits import given_audit
    from doubtcli.relabel.formats.every import FORMATS
    from doubtcli.relabel.head import HEAD_FILE, Origin, write_head
    from doubtcli.relabel.place import check_place
    from doubtcli.relabel.queue import make_queue
    from doubtcli.settings import as_flags
    from doubtcli.store.folder import told
    from doubtcli.store.whole import write_whole

    found = given_audit(audit)
    made = make_queue(
        found.summary, found.doubts, found.read_data().data, shares=shares, size=size, seed=seed
    )
    format_ = FORMATS[to]
    head = write_head(made, format_, Origin(found.data_path, audit, as_flags(found.settings)))
    files = {**format_.render(made), HEAD_FILE: head}
    with told(folder):
        check_place(folder, files, force=force)
        write_whole(folder, files)
    return made


def _tell(made: Queue, folder: Path, to: Tool) -> None:
    from doubtcli.relabel.formats.every import FORMATS
    from doubtcli.relabel.head import HEAD_FILE, brought

    typer.echo(f"{len(made.tasks):,} rows for {FORMATS[to].title}: {brought(made)}.")
    for note in made.notes:
        typer.echo(f"Note: {note}.")
    typer.echo(f"How to load them, and how to bring them back: {folder / HEAD_FILE}")
