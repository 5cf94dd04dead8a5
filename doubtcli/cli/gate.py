"""`doubt gate`: check the labels of files against limits, for CI."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doubtcli.cli import options
from doubtcli.cli.console import (
    LOADING,
    Color,
    break_commands_in_log,
    choose_progress,
    make_console,
    print_bytes,
)
from doubtcli.errors import ExitCode
from doubtcli.gate.formats import finish_gate, list_gate_formats, render_gate
from doubtcli.settings import GATE_KEYS, GateSettings, load_gate

if TYPE_CHECKING:
    from doubtcli.gate.result import GateResult

LIMITS, KNOWN = "Limits", "What is known"
FULL, CONCISE = "full", "concise"
"""The formats for people: the full report, and one line per finding."""
AS_TEXT = (CONCISE, "markdown")
"""The formats that can't write the commands of a runner with an escape."""
GATE_FLAGS = tuple(item.name for item in fields(GateSettings))

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATA]...",
        help="Labelled files, or audits (data.doubt). [default: the files in the settings file]",
    ),
]


def _list_formats() -> tuple[str, ...]:
    return FULL, *list_gate_formats()


def _limit_option(key: str, metavar: str, panel: str = LIMITS) -> Any:  # noqa: ANN401  # as `typer.Option`
    """An option for a setting of the gate, with the setting's description as its help."""
    return options.declare_option(f"--{key}", GATE_KEYS[key].about, panel, metavar)


def _switch_option(key: str) -> Any:  # noqa: ANN401  # as `typer.Option`
    return options.declare_option(f"--{key}", GATE_KEYS[key].about, LIMITS)


@options.with_scan_options()
def gate(
    paths: Paths = None,
    *,
    max_noise: Annotated[str | None, _limit_option("max-noise", "SHARE")] = None,
    max_doubted: Annotated[str | None, _limit_option("max-doubted", "LIMIT")] = None,
    max_contradicted: Annotated[str | None, _limit_option("max-contradicted", "LIMIT")] = None,
    max_per_class: Annotated[options.Words, _limit_option("max-per-class", "[LABEL=]LIMIT")] = None,
    max_per_reason: Annotated[options.Words, _limit_option("max-per-reason", "[REASON=]LIMIT")] = None,
    max_new: Annotated[str | None, _limit_option("max-new", "LIMIT")] = None,
    max_conflicts: Annotated[str | None, _limit_option("max-conflicts", "LIMIT")] = None,
    max_unlabelled: Annotated[str | None, _limit_option("max-unlabelled", "LIMIT")] = None,
    min_skill: Annotated[str | None, _limit_option("min-skill", "SHARE")] = None,
    require_measured: Annotated[
        int | None,
        options.declare_option(
            "--require-measured", GATE_KEYS["require-measured"].about, LIMITS, "NUMBER", least=1
        ),
    ] = None,
    require_reason: Annotated[options.Words, _limit_option("require-reason", "NAMES")] = None,
    strict: Annotated[bool | None, _switch_option("strict")] = None,
    allow_unassessable: Annotated[bool | None, _switch_option("allow-unassessable")] = None,
    baseline: Annotated[str | None, _limit_option("baseline", "FILE", KNOWN)] = None,
    waivers: Annotated[str | None, _limit_option("waivers", "FILE", KNOWN)] = None,
    no_cache: options.NoCache = False,
    scan: options.Flags,
    config: options.Config = None,
    isolated: options.Isolated = False,
    output_format: Annotated[
        str,
        options.declare_choice(
            "--output-format",
            _list_formats,
            f"What to print: {', '.join(_list_formats())}. [default: {FULL}]",
            options.OUTPUT,
            "FORMAT",
            "-f",
        ),
    ] = FULL,
    output_file: Annotated[
        str | None,
        options.declare_option(
            "--output-file",
            "Write that format to a file, and print one line per finding.",
            options.OUTPUT,
            "FILE",
            short="-o",
        ),
    ] = None,
    top: Annotated[
        int,
        options.declare_option("--top", "Rows to print. [default: 10]", options.OUTPUT, "NUMBER", least=0),
    ] = 10,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Check labels against limits: exit 0 if all are met, 1 if not.

    SHARE is a share such as 3% or 0.03; LIMIT is a share or a number of rows.
    Limits that need models fail if models predict the labels no better than
    chance.
    """
    given = {name: value for name, value in locals().items() if name in GATE_FLAGS}
    plan = load_gate(scan, given, start=Path.cwd(), config=config, isolated=isolated)

    progress = choose_progress(wanted=not (quiet or no_progress))
    with progress.stage(LOADING):
        from doubtcli.disk.file import check_writable, replace_file
        from doubtcli.pipelines.gate import Gate

    if output_file is not None:
        check_writable(Path(output_file), b"")  # before the labels are judged, which may take long
    needs_lines = output_format != FULL  # people find a row by its id, CI systems by its line
    found = Gate(plan, dt.datetime.now().astimezone().date(), progress, cache=not no_cache).run(
        paths or [], with_lines=needs_lines
    )
    if output_file is not None:
        known = (file.comparison.path for file in found.files if file.comparison is not None)
        inputs = [*(file.path for file in found.files), *known, found.waivers_path, plan.config]
        report = _render_found(found, output_format, top)
        data = [file.path for file in found.files]
        replace_file(Path(output_file), report, made_from=data, never=[path for path in inputs if path])
    if output_format != FULL:
        finish_gate(output_format, found)
    if not quiet:
        _print_found(found, output_format if output_file is None else CONCISE, color, top)
    return ExitCode.DONE if found.passed else ExitCode.GATE_FAILED


def _print_found(found: GateResult, output_format: str, color: Color, top: int) -> None:
    if output_format == FULL:
        from doubtcli.report.gate import print_gate

        print_gate(make_console(color), found, top=top)
    else:
        report = _render_found(found, output_format, top)
        print_bytes(break_commands_in_log(report) if output_format in AS_TEXT else report)


def _render_found(found: GateResult, output_format: str, top: int) -> bytes:
    """The report, always in UTF-8; the full one as it is printed into a pipe."""
    if output_format != FULL:
        return render_gate(output_format, found).encode(errors="backslashreplace")

    from io import StringIO

    from doubtcli.report.gate import print_gate

    console = make_console(Color.NEVER)
    console.file = StringIO()
    print_gate(console, found, top=top)
    return console.file.getvalue().encode(errors="backslashreplace")
