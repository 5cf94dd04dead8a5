"""`doubt reasons` and `doubt explain`: the installed reasons, and what each looks at."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doubtcli.cli import options  # noqa: TC001  # typer reads the annotations
from doubtcli.cli.console import Color, OutputFormat, make_console, print_result, print_trimmed
from doubtcli.errors import ExitCode, SettingsError
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from doubtcli.plugins import LoadedReason


def reasons(
    *,
    output_format: options.FullOrJson = OutputFormat.FULL,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """List the reasons to doubt a row, and their packages."""
    from doubtcli.plugins import load_reasons
    from doubtcli.report.documents import render_reasons

    print_result(output_format, color, render_reasons, _print_reasons, load_reasons())
    return ExitCode.DONE


def _print_reasons(console: Console, loaded: Sequence[LoadedReason]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        "name", "family", "package", "doubted because …", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for column in table.columns[:3]:
        column.no_wrap = True
    for reason in loaded:
        table.add_row(*(Text(cell) for cell in (reason.name, reason.family, reason.package, reason.because)))
    print_trimmed(console, table)


def explain(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A reason's name, as `doubt reasons` lists it.")
    ],
    *,
    color: options.ColorWhen = Color.AUTO,
) -> ExitCode:
    """Explain a reason: why it doubts, how it scores, when it misleads."""
    from rich.markdown import Markdown

    print_trimmed(make_console(color), Markdown(describe_reason(_find_reason(name)), hyperlinks=False))
    return ExitCode.DONE


def _find_reason(name: str) -> LoadedReason:
    from doubtcli.plugins import list_reasons, load_reason

    listed = {reason.name: reason for reason in list_reasons()}
    if name in listed:
        return load_reason(listed[name])
    hint = did_you_mean(name, listed)
    raise SettingsError(
        f"there is no reason {name!r}",
        expected=None if hint else f"one of {', '.join(listed)}",
        hint=hint or "`doubt reasons` lists them all",
    )


def describe_reason(loaded: LoadedReason) -> str:
    """A reason as Markdown: its docstring, needs, settings and worked rows."""
    reason = loaded.reason
    parts = [
        f"## {loaded.name}",
        f"*{loaded.family} reason of {loaded.package}*",
        inspect.getdoc(type(reason)) or "",
        f"**Needs.** {', '.join(f'`{need}`' for need in loaded.needs)}.",
        *_describe_settings(reason),
        *_list_worked_rows("Raises doubt", getattr(reason, "raises_doubt", ())),
        *_list_worked_rows("Stays quiet", getattr(reason, "stays_quiet", ())),
    ]
    return "\n\n".join(parts)


def _describe_settings(reason: Any) -> Iterator[str]:  # noqa: ANN401  # any package's class
    values = [f"`{item.name.replace('_', '-')} = {getattr(reason, item.name)!r}`" for item in fields(reason)]
    if values:
        yield f"**Settings.** {', '.join(values)}."


def _list_worked_rows(title: str, rows: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    lines = [f"- doubt {row['doubt']:.2f}: {row['because']}" for row in rows]
    if lines:
        yield "\n".join([f"**{title}.**", "", *lines])
