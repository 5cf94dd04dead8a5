"""`doubt review`: a local page, or a terminal, where a person decides on doubtful labels."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli import options
from doubtcli.cli.console import LOADING, Color, LiveReport, can_open_browser, choose_progress, run_with_label
from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.errors import ExitCode, SettingsError
from doubtcli.settings import load_settings
from doubtcli.wording.numbers import format_count
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from doubtcli.progress import Progress
    from doubtcli.review.desk import Desk
    from doubtcli.settings import ScanSettings

REVIEW = "Review"


@options.with_scan_options()
def review(
    path: Annotated[
        str,
        typer.Argument(metavar="DATA", help="The labelled file, or the folder of its audit (DATA.doubt)."),
    ],
    *,
    scan: options.Flags,
    as_name: Annotated[
        str | None,
        options.declare_option("--as", "Who decides. [default: your user name]", REVIEW, "NAME"),
    ] = None,
    output: Annotated[
        str | None,
        options.declare_setting("output", options.OUTPUT, "FOLDER", "-o", otherwise="DATA.doubt"),
    ] = None,
    audit_sample: Annotated[
        int | None, options.declare_setting("audit-sample", options.OUTPUT, "NUMBER", otherwise="none")
    ] = None,
    folder: Annotated[
        str | None,
        options.declare_option(
            "--folder", "Where verdicts are kept. [default: DATA.verdicts]", REVIEW, "FOLDER"
        ),
    ] = None,
    export: Annotated[
        str | None,
        options.declare_option(
            "--export", "Write the review as one page, for somebody without doubt.", REVIEW, "PAGE.html"
        ),
    ] = None,
    port: Annotated[
        int,
        options.declare_option("--port", "The page's port. [default: a free one]", REVIEW, "NUMBER", least=0),
    ] = 0,
    no_browser: Annotated[
        bool, options.declare_option("--no-browser", "Only print the page's address.", REVIEW)
    ] = False,
    tui: Annotated[bool, options.declare_option("--tui", "Decide in the terminal.", REVIEW)] = False,
    config: options.Config = None,
    isolated: options.Isolated = False,
    force: options.Force = False,
    no_cache: options.NoCache = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Decide on doubtful labels: a local page with one card for each row, best used with the keyboard.

    The file is scanned first if it has no audit. Every decision is saved at once, in DATA.verdicts beside the
    file; `doubt apply DATA --verdicts DATA.verdicts` writes them back.
    """
    from doubtcli.pipelines.review import choose_name

    flags = {**scan, "path": path, "force": force, "output": output, "audit_sample": audit_sample}
    settings = load_settings(flags, start=Path.cwd(), config=config, isolated=isolated)
    report = None if quiet else LiveReport(settings.path, color)
    progress = choose_progress(wanted=not (quiet or no_progress))
    if export is not None:
        _check_stands_alone(tui=tui, port=port, no_browser=no_browser)
        write = partial(
            _export, page=Path(export), person=as_name, folder=folder, progress=progress, cache=not no_cache
        )
        left_out = run_with_label(write, settings, may_ask=report is not None)
        if not quiet:
            _say_exported(Path(export), left_out, settings.path)
        return ExitCode.DONE
    open_desk = partial(
        _open_desk,
        annotator=choose_name(as_name),
        folder=folder,
        isolated=isolated,
        progress=progress,
        cache=not no_cache,
    )
    with ExitStack() as opened:
        listening = None if tui else opened.enter_context(_listen(port))
        desk = run_with_label(open_desk, settings, may_ask=report is not None)
        _say_folder(desk)
        if listening is None:
            _run_in_terminal(desk)
        else:
            _serve_page(desk, listening, opens_browser=not no_browser)
    if not quiet:
        _say_next(desk)
    return ExitCode.DONE


def _open_desk(
    settings: ScanSettings,
    *,
    annotator: str,
    folder: str | None,
    isolated: bool,
    progress: Progress,
    cache: bool,
) -> Desk:
    with progress.stage(LOADING):
        from doubtcli.pipelines.review import ReviewRequest, open_review

    return open_review(ReviewRequest(settings, annotator, folder, isolated), progress=progress, cache=cache)


def _check_stands_alone(*, tui: bool, port: int, no_browser: bool) -> None:
    """Refuse flags that are about deciding now.

    Raises:
        SettingsError: One is given.
    """
    given = [name for name, one in (("--tui", tui), ("--port", port), ("--no-browser", no_browser)) if one]
    if given:
        raise SettingsError(
            f"it writes a page for later, and {given[0]} is for deciding now",
            where="--export",
            hint=f"leave out {given[0]}, or --export",
        )


def _export(
    settings: ScanSettings,
    *,
    page: Path,
    person: str | None,
    folder: str | None,
    progress: Progress,
    cache: bool,
) -> list[str]:
    with progress.stage(LOADING):
        from doubtcli.pipelines.review import ReviewRequest, export_review

    request = ReviewRequest(settings, "", folder)
    return export_review(request, page, person=person or "", progress=progress, cache=cache)


def _say_exported(page: Path, left_out: Sequence[str], path: str) -> None:
    """Where the page is, and what to do with it and with what comes back."""
    typer.echo(f"The page: {page}")
    for sentence in left_out:
        typer.echo(sentence)
    typer.echo("It opens in a browser, without a network. Its reader decides, and downloads the verdicts.")
    if path != STANDARD_INPUT:
        typer.echo(f"To write them back: doubt apply {shell_word(path)} --verdicts NAME-DATE-TIME.jsonl")


def _run_in_terminal(desk: Desk) -> None:
    """The keys of the page where the extra is installed and this is a terminal; else line by line."""
    if sys.stdin.isatty() and sys.stdout.isatty() and find_spec("textual") is not None:
        from doubtcli.review.terminal import run_terminal

        run_terminal(desk)
    else:
        from doubtcli.review.prompt import run_prompt

        run_prompt(desk)


def _listen(port: int) -> socket.socket:
    """A socket for the page, before a scan that may take long."""
    from doubtcli.review.server import open_socket

    try:
        return open_socket(port)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is above 65535"
        raise SettingsError(
            f"port {port} can't be used: {why}", where="--port", hint="leave it out, or choose another"
        ) from error


def _serve_page(desk: Desk, listening: socket.socket, *, opens_browser: bool) -> None:
    from doubtcli.review.server import HOST, make_app, make_server, make_token

    token, port = make_token(), listening.getsockname()[1]
    server = make_server(make_app(desk, token, port))
    listening.listen()  # so that the page can be asked for as soon as its address is known
    address = f"http://{HOST}:{port}/{token}/"
    typer.echo(f"The page: {address}\nEvery decision is saved in {desk.session.journal.folder}. Ctrl-C ends.")
    if opens_browser and can_open_browser():
        import webbrowser

        webbrowser.open(address)
    with suppress(KeyboardInterrupt):  # the way to end it
        server.run(sockets=[listening])


def _say_folder(desk: Desk) -> None:
    """What is to be known of the verdicts that are there already."""
    from doubtcli.pipelines.review import explain_folder

    session = desk.session
    note = explain_folder(session.audit.source.path, session.journal.folder)
    if note:
        typer.echo(note, err=True)
    n = session.n_outdated
    if n:
        verdicts = format_count(n, "verdict")
        typer.echo(
            f"{verdicts} in {desk.session.journal.folder} don't count: their rows have changed since",
            err=True,
        )


def _say_next(desk: Desk) -> None:
    """What was decided, and how to write it back."""
    path = desk.session.audit.source.path
    states = desk.describe_progress()["states"]
    words = ", ".join(f"{n:,} {name}" for name, n in states.items() if n)
    typer.echo(words or "Nothing was decided.")
    if words and path != STANDARD_INPUT:
        folder = shell_word(str(desk.session.journal.folder))
        typer.echo(f"To write it back: doubt apply {shell_word(path)} --verdicts {folder}")
