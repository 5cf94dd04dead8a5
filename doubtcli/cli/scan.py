"""`doubt scan`: from a labelled file to a ranked report and a relabel queue."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options
from doubtcli.cli.console import (
    LOADING,
    Color,
    LiveReport,
    OutputFormat,
    can_open_browser,
    choose_progress,
    print_bytes,
    run_with_label,
)
from doubtcli.errors import ExitCode
from doubtcli.settings import load_settings

if TYPE_CHECKING:
    from doubtcli.progress import Progress
    from doubtcli.settings import ScanSettings


@options.with_scan_options()
def scan(
    path: options.Data,
    *,
    scan: options.Flags,
    config: options.Config = None,
    isolated: options.Isolated = False,
    output: Annotated[
        str | None, options.declare_setting("output", options.OUTPUT, "FOLDER", "-o", otherwise="DATA.doubt")
    ] = None,
    force: options.Force = False,
    no_cache: options.NoCache = False,
    queue_size: Annotated[
        int | None,
        options.declare_setting("queue-size", options.OUTPUT, "NUMBER", otherwise="all doubted rows"),
    ] = None,
    audit_sample: Annotated[
        int | None, options.declare_setting("audit-sample", options.OUTPUT, "NUMBER", otherwise="none")
    ] = None,
    stop_below: Annotated[
        str | None, options.declare_setting("stop-below", options.OUTPUT, "SHARE", otherwise="none")
    ] = None,
    top: Annotated[
        int | None,
        options.declare_option(
            "--top",
            "How many doubted rows to print. [default: as many as fit on a screen]",
            options.OUTPUT,
            "NUMBER",
            least=0,
        ),
    ] = None,
    verbose: options.Verbose = False,
    open_page: Annotated[
        bool, options.declare_option("--open", "Open the page in a browser.", options.OUTPUT)
    ] = False,
    output_format: options.FullOrJson = OutputFormat.FULL,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Rank a file's labels by doubt; write a report and a relabel queue.

    An option for several names takes a list (a,b), or is given several times.
    A name with a comma in it needs quotes: '"last, first"'.
    """
    flags = {
        **scan,
        "path": path,
        "output": output,
        "force": force,
        "queue_size": queue_size,
        "audit_sample": audit_sample,
        "stop_below": stop_below,
    }
    settings = load_settings(flags, start=Path.cwd(), config=config, isolated=isolated)
    shows_report = not quiet and output_format is OutputFormat.FULL
    report = LiveReport(settings.path, color, verbose=verbose) if shows_report else None
    progress = choose_progress(wanted=not (quiet or no_progress))
    scan_with = partial(_scan, progress=progress, report=report, top=top, cache=not no_cache)
    folder = run_with_label(scan_with, settings, may_ask=report is not None)
    if report is None and not quiet:
        _print_json(folder)
    if open_page:
        _open_page(folder / "report.html", quiet=quiet)
    return ExitCode.DONE


def _scan(
    settings: ScanSettings, *, progress: Progress, report: LiveReport | None, top: int | None, cache: bool
) -> Path:
    """Scan the file, write its audit and print it; returns the audit's folder."""
    with progress.stage(LOADING):
        from doubtcli.pipelines.known_scan import find_known_scan
        from doubtcli.store.folder import check_folder, default_folder, write_audit_files

    folder = Path(settings.output) if settings.output else default_folder(settings.path)
    check_folder(folder, settings.path, force=settings.force, verdicts=settings.verdicts)
    printing = (*report.list_conditions(), top, str(folder)) if report is not None else ()
    known = find_known_scan(settings, printing) if cache else None
    if known is None:
        _scan_now(settings, folder, printing, progress=progress, report=report, top=top, cache=cache)
    else:
        write_audit_files(known.files, folder, settings.path, known.side_files, force=settings.force)
        if report is not None:
            report.print_again(known.printed)
    return folder


def _scan_now(
    settings: ScanSettings,
    folder: Path,
    printing: tuple[object, ...],
    *,
    progress: Progress,
    report: LiveReport | None,
    top: int | None,
    cache: bool,
) -> None:
    """Scan the file, write its audit and print it, where no earlier scan did the same."""
    with progress.stage(LOADING):
        from doubtcli.pipelines.known_scan import keep_known_scan
        from doubtcli.pipelines.scan import make_audit
        from doubtcli.queue.make import write_scan_queue
        from doubtcli.records.arrays import give_back_memory
        from doubtcli.report.page import render_html
        from doubtcli.report.terminal import print_found
        from doubtcli.store.folder import write_audit

    found, table = make_audit(settings, progress=progress, listener=report, cache=cache)
    with progress.stage("Writing the audit"):
        give_back_memory()
        queue, page = write_scan_queue(found, table, settings.queue_size), render_html(found)
        give_back_memory()
        files = write_audit(found, folder, queue_csv=queue, report_html=page, force=settings.force)
    if report is not None:
        report.finish(print_found, found, folder=folder, top=top, verbose=report.verbose)
    if cache:
        keep_known_scan(settings, found, files, "" if report is None else report.printed, printing)


def _print_json(folder: Path) -> None:
    """Print `audit.json`, in UTF-8 on any terminal."""
    from doubtcli.store.folder import DOCUMENT

    print_bytes((folder / DOCUMENT).read_bytes())


def _open_page(page: Path, *, quiet: bool) -> None:
    """Open the page in the user's browser; where there is none, and in CI, say the page's address."""
    import webbrowser

    address = page.resolve().as_uri()
    if can_open_browser() and webbrowser.open(address):
        if not quiet:
            typer.echo(f"Opened {address}", err=True)
    else:
        typer.echo(f"No browser can be opened here. The page is at {address}", err=True)
