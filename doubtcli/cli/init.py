"""`doubt init`: a commented settings file for a data file, and the next steps."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from doubtcli.cli import options
from doubtcli.cli.console import run_with_label
from doubtcli.errors import ExitCode, InputError, OutputError, SettingsError
from doubtcli.settings import load_settings

CONFIG = "doubt.toml"


@options.with_scan_options(without=("threads", "memory"))
def init(
    path: Annotated[str, typer.Argument(metavar="DATA", help="The labelled file to gate.")],
    *,
    scan: options.Flags,
    output: Annotated[
        str,
        options.declare_option(
            "--output",
            "The settings file to write. [default: doubt.toml]",
            options.OUTPUT,
            "FILE",
            short="-o",
        ),
    ] = CONFIG,
    force: Annotated[
        bool, options.declare_option("--force", "Replace an existing file.", options.OUTPUT)
    ] = False,
) -> ExitCode:
    """Write a commented settings file for `doubt gate`, and print the next steps.

    It looks at the columns, and does not scan the labels yet.
    """
    config = Path(output)
    _check_data(path)
    _check_config(config, force=force)
    settings = load_settings({**scan, "path": path}, start=Path.cwd(), isolated=True)

    from doubtcli.cli.console import choose_progress
    from doubtcli.disk.file import replace_file
    from doubtcli.disk.paths import relative_path
    from doubtcli.read.examples import read_examples
    from doubtcli.starter.config import collect_flags, render_config
    from doubtcli.starter.steps import parent_folder, render_next_steps
    from doubtcli.tasks.registry import find_task

    read = partial(read_examples, task=find_task(), progress=choose_progress(wanted=True))
    _, roles, _, examples = run_with_label(read, settings, may_ask=True)
    folder = parent_folder(config)
    shown = relative_path(path, folder)
    flags = collect_flags(settings, folder)
    replace_file(config, render_config(shown, flags, roles, examples).encode(), overwrite=force)
    typer.echo(f"Wrote {output}\n\n{render_next_steps(path, config)}", nl=False)
    return ExitCode.DONE


def _check_data(path: str) -> None:
    """Refuse a path that a settings file can't contain, or a gate can't scan."""
    from doubtcli.store.folder import is_audit

    if path == "-":
        raise SettingsError(
            "standard input can't be read again by a gate", where="DATA", expected="a file's path"
        )
    if not path.isascii() and any("\ud800" <= character <= "\udfff" for character in path):
        raise InputError(
            "the file's name is not UTF-8, so a settings file can't contain it",
            where=ascii(path)[1:-1],
            hint="rename the file",
        )
    if is_audit(path):
        raise InputError("is an audit's directory", where=path, hint="name the data file of the audit")


def _check_config(config: Path, *, force: bool) -> None:
    """Refuse to replace a file, or to hide another settings file."""
    where = str(config)
    if config.name == "pyproject.toml":
        raise SettingsError(
            "everything else in it would be lost", where=where, hint="write a doubt.toml, and copy from it"
        )
    if config.is_dir():
        raise OutputError("is a folder", where=where, hint="name a file with --output")
    if force:
        return
    if os.path.lexists(config):
        raise OutputError(
            "already exists",
            where=where,
            hint="name another file with --output, or replace it with --force",
        )
    read = load_settings({"path": ""}, start=config.absolute().parent).config
    if config.name == CONFIG and read is not None:
        raise OutputError(
            f"with this file, {read} would no longer be read here, since {CONFIG} comes first",
            where=where,
            hint=f"name another file with --output and copy from it, or write {CONFIG} with --force",
        )
