"""`doubt explain`: what one reason looks at, how it scores, when it misleads."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doubtcli.cli.console import Color, make_console, show
from doubtcli.errors import ExitCode, SettingsError
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from doubtcli.plugins import LoadedReason


def explain(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A reason's name, as `doubt reasons` lists it.")
    ],
    *,
    color: Annotated[
        Color, typer.Option(metavar="auto|always|never", help="When to use colour. [default: auto]")
    ] = Color.AUTO,
) -> ExitCode:
    """Explain a reason: why it doubts, how it scores, when it misleads."""
    from rich.markdown import Markdown

    show(make_console(color), Markdown(explanation(_find(name)), hyperlinks=False))
    return ExitCode.DONE


def _find(name: str) -> LoadedReason:
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


def explanation(loaded: LoadedReason) -> str:
    """All that there is to say of a reason, as Markdown: its docstring, needs, settings and worked rows."""
    reason = loaded.reason
    parts = [
        f"## {loaded.name}",
        f"*{loaded.family} reason of {loaded.package}*",
        inspect.getdoc(type(reason)) or "",
        f"**Needs.** {', '.join(f'`{need}`' for need in loaded.needs)}.",
        *_settings(reason),
        *_worked("Raises doubt", getattr(reason, "raises_doubt", ())),
        *_worked("Stays quiet", getattr(reason, "stays_quiet", ())),
    ]
    return "\n\n".join(parts)


def _settings(reason: Any) -> Iterator[str]:  # noqa: ANN401  # anybody's class
    values = [f"`{item.name.replace('_', '-')} = {getattr(reason, item.name)!r}`" for item in fields(reason)]
    if values:
        yield f"**Settings.** {', '.join(values)}."


def _worked(title: str, rows: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    lines = [f"- doubt {row['doubt']:.2f}: {row['because']}" for row in rows]
    if lines:
        yield "\n".join([f"**{title}.**", "", *lines])
