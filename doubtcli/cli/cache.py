"""`doubt cache`: how much scans and gates keep for later ones, and how to remove it."""

from __future__ import annotations

from typing import Annotated

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.errors import ExitCode, SettingsError
from doubtcli.wording.numbers import format_count, format_size
from doubtcli.wording.quoting import printable_path

CLEAR = "clear"


def cache(
    action: Annotated[
        str | None,
        typer.Argument(metavar="[clear]", help="Remove all of it. [default: show how much it is]"),
    ] = None,
    *,
    quiet: options.Quiet = False,
) -> ExitCode:
    """Show or clear what is kept so that nothing is computed twice."""
    if action not in {None, CLEAR}:
        raise SettingsError(f"{action!r} is not valid", where="doubt cache", expected=f"{CLEAR}, or nothing")

    from doubtcli.store import cache as kept

    with kept.os_errors_of_cache():
        if action == CLEAR:
            kept.clear_cache()
        folder, entries = kept.find_cache(), kept.list_kept()
    if not quiet:
        n_audits = sum(one.is_audit for one in entries)
        n_bytes = sum(one.n_bytes for one in entries)
        most = "" if action == CLEAR else f" of at most {format_size(kept.read_limit())}"
        typer.echo(printable_path(str(folder)))
        typer.echo(
            f"  {format_count(n_audits, 'audit')} of gates and "
            f"{format_count(len(entries) - n_audits, 'part')} of scans: {format_size(n_bytes)}{most}"
        )
        typer.echo(
            "  It is made from your files, and has texts of theirs; only you may read it."
            if entries
            else "  Nothing is kept."
        )
    return ExitCode.DONE
