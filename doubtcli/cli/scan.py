"""`doubt scan`: from a labelled file to a ranked report and a relabel queue."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doubtcli.cli.console import Color, OutputFormat, make_console
from doubtcli.errors import ExitCode
from doubtcli.settings import FILE_KEYS, ScanSettings, load_settings

if TYPE_CHECKING:
    from doubtcli.records import Audit

FILE = "What is in the file"
JUDGE = "How to judge"
OUTPUT = "Output"

DEFAULTS = {item.name.replace("_", "-"): item.default for item in fields(ScanSettings)}


def _option(key: str, panel: str, metavar: str, *names: str, otherwise: str | None = None) -> Any:  # noqa: ANN401
    """An option for a setting, with the setting's own words and default as its help."""
    default = otherwise if otherwise is not None else DEFAULTS[key]
    shown = f" [default: {default}]" if default not in ((), None) else ""
    return typer.Option(
        *names, f"--{key}", metavar=metavar, help=FILE_KEYS[key].about + shown, rich_help_panel=panel
    )


Words = list[str] | None

SCAN_FLAGS = tuple(
    item.name for item in fields(ScanSettings) if item.name not in ("config", "reason_settings")
)


def scan(
    path: Annotated[
        str, typer.Argument(metavar="DATA", help="CSV, Parquet, JSON Lines, …; - for standard input.")
    ],
    *,
    label: Annotated[str | None, _option("label", FILE, "COLUMN", otherwise="a usual name")] = None,
    text: Annotated[Words, _option("text", FILE, "COLUMNS")] = None,
    numeric: Annotated[Words, _option("numeric", FILE, "COLUMNS")] = None,
    categorical: Annotated[Words, _option("categorical", FILE, "COLUMNS")] = None,
    datetime: Annotated[Words, _option("datetime", FILE, "COLUMNS")] = None,
    embedding: Annotated[Words, _option("embedding", FILE, "COLUMNS")] = None,
    embeddings: Annotated[str | None, _option("embeddings", FILE, "FILE")] = None,
    id: Annotated[str | None, _option("id", FILE, "COLUMN")] = None,  # noqa: A002  # the flag's name
    annotators: Annotated[Words, _option("annotators", FILE, "COLUMNS")] = None,
    group: Annotated[str | None, _option("group", FILE, "COLUMN")] = None,
    ignore: Annotated[Words, _option("ignore", FILE, "COLUMNS")] = None,
    use: Annotated[Words, _option("use", FILE, "COLUMNS")] = None,
    input_format: Annotated[str | None, _option("input-format", FILE, "FORMAT", otherwise="by name")] = None,
    encoding: Annotated[str | None, _option("encoding", FILE, "NAME", otherwise="found out")] = None,
    delimiter: Annotated[str | None, _option("delimiter", FILE, "CHARACTER", otherwise="found out")] = None,
    quoting: Annotated[str | None, _option("quoting", FILE, "STYLE", otherwise="minimal")] = None,
    pred_probs: Annotated[str | None, _option("pred-probs", JUDGE, "FILE")] = None,
    verdicts: Annotated[str | None, _option("verdicts", JUDGE, "FILE")] = None,
    reasons: Annotated[Words, _option("reasons", JUDGE, "NAMES", otherwise="all")] = None,
    skip: Annotated[Words, _option("skip", JUDGE, "NAMES")] = None,
    seed: Annotated[int | None, _option("seed", JUDGE, "NUMBER")] = None,
    folds: Annotated[int | None, _option("folds", JUDGE, "NUMBER")] = None,
    repeats: Annotated[int | None, _option("repeats", JUDGE, "NUMBER")] = None,
    threads: Annotated[int | None, _option("threads", JUDGE, "NUMBER", otherwise="all cores")] = None,
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Read this settings file, not the nearest.", rich_help_panel=JUDGE),
    ] = None,
    isolated: Annotated[
        bool, typer.Option("--isolated", help="Read no settings file.", rich_help_panel=JUDGE)
    ] = False,
    output: Annotated[str | None, _option("output", OUTPUT, "FOLDER", "-o", otherwise="DATA.doubt")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace whatever is in the way.", rich_help_panel=OUTPUT)
    ] = False,
    queue_size: Annotated[
        int | None, _option("queue-size", OUTPUT, "NUMBER", otherwise="all that are doubted")
    ] = None,
    audit_sample: Annotated[int | None, _option("audit-sample", OUTPUT, "NUMBER", otherwise="none")] = None,
    top: Annotated[
        int,
        typer.Option(
            metavar="NUMBER", min=0, help="Doubted rows to print. [default: 10]", rich_help_panel=OUTPUT
        ),
    ] = 10,
    output_format: Annotated[
        OutputFormat,
        typer.Option(metavar="full|json", help="What to print. [default: full]", rich_help_panel=OUTPUT),
    ] = OutputFormat.FULL,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print nothing but problems.", rich_help_panel=OUTPUT)
    ] = False,
    no_progress: Annotated[
        bool, typer.Option("--no-progress", help="Show no progress bars.", rich_help_panel=OUTPUT)
    ] = False,
    color: Annotated[
        Color,
        typer.Option(
            metavar="auto|always|never", help="When to use colour. [default: auto]", rich_help_panel=OUTPUT
        ),
    ] = Color.AUTO,
) -> ExitCode:
    """Rank a file's labels by doubt; write a report and a relabel queue.

    An option that takes several names takes a list (a,b) or is given again.
    A name with a comma in it stands in quotes: '"last, first"'.
    """
    flags = {name: value for name, value in locals().items() if name in SCAN_FLAGS}
    settings = load_settings(flags, start=Path.cwd(), config=config, isolated=isolated)
    audit, folder = _scan(settings, bars=not (quiet or no_progress))
    if output_format is OutputFormat.JSON:
        _print_json(audit)
    elif not quiet:
        _print_report(audit, folder, color=color, top=top)
    return ExitCode.DONE


def _scan(settings: ScanSettings, *, bars: bool) -> tuple[Audit, Path]:
    """Judge the file and write its audit; gives the audit and its folder."""
    from doubtcli import audit, store
    from doubtcli.cli.bars import choose_progress
    from doubtcli.report.html import render_html

    folder = Path(settings.output) if settings.output else store.default_folder(settings.path)
    store.check_folder(folder, settings.path, force=settings.force, verdicts=settings.verdicts)
    progress = choose_progress(wanted=bars)
    found, table = audit.scan(settings, progress=progress)
    with progress.stage("Writing the audit"):
        page = render_html(found)
        store.write_audit(
            found, table, folder, report_html=page, force=settings.force, queue_size=settings.queue_size
        )
    return found, folder


def _print_json(audit: Audit) -> None:
    """Print `audit.json`, in UTF-8 whatever the terminal speaks."""
    from doubtcli.store import render_json

    sys.stdout.flush()
    sys.stdout.buffer.write(render_json(audit).encode())


def _print_report(audit: Audit, folder: Path, *, color: Color, top: int) -> None:
    from doubtcli.report.terminal import print_report

    print_report(make_console(color), audit, folder=folder, top=top)
