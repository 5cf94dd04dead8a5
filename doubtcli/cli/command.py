"""How commands look and end: help in titled sections, and every error left to `cli.main`."""
# ruff: noqa: ANN401  # the classes behind commands and options are click's in some versions of typer, its own in others

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence


TOOL_NAMES = "{tools}"
"""Within a help text: the names of the annotation tools that are installed, looked up when it is shown."""


class Command(TyperCommand):
    """A command whose help is plain text in titled sections: readable at 80 columns and in a pipe.

    Typer's own boxes look well, but drawing them takes longer than all the rest of `doubt --help`.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002  # as typer calls it
        """The words behind the command's name in the usage line."""
        return [str(self.options_metavar), *_argument_names(self.params)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write each section of arguments and options."""
        _write_sections(self.get_params(ctx), formatter)


class Group(TyperGroup):
    """The command `doubt` itself."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands first: they are what a reader looks for."""
        self.format_commands(ctx, formatter)
        _write_sections(self.get_params(ctx), formatter)

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **_rest: Any
    ) -> Any:
        """Run, and let every error through: typer would end some with 1, which here is the gate's."""
        self._main_shell_completion({}, str(prog_name))
        with self.make_context(prog_name, list(args or ())) as context:
            return self.invoke(context)


def _argument_names(parameters: Sequence[Any]) -> list[str]:
    return [str(parameter.metavar) for parameter in parameters if parameter.param_type_name == "argument"]


def _write_sections(parameters: Sequence[Any], formatter: Any) -> None:
    for title, members in _sections([parameter for parameter in parameters if not parameter.hidden]).items():
        with formatter.section(typer.style(title, bold=True)):
            formatter.write_dl([_help_row(parameter) for parameter in members])


def _sections(parameters: Sequence[Any]) -> dict[str, list[Any]]:
    """Parameters by title, arguments first, what has no title of its own last."""
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    options = [parameter for parameter in parameters if parameter.param_type_name == "option"]
    titles = dict.fromkeys(option.rich_help_panel for option in options if option.rich_help_panel)
    sections = {
        "Arguments": arguments,
        **{title: [option for option in options if option.rich_help_panel == title] for title in titles},
        "Options": [option for option in options if not option.rich_help_panel],
    }
    return {title: members for title, members in sections.items() if members}


def _help_row(parameter: Any) -> tuple[str, str]:
    from doubtcli.files.formats import fill_in_formats

    names = "" if parameter.param_type_name == "argument" else ", ".join(sorted(parameter.opts, key=len))
    help_ = fill_in_formats(parameter.help or "")
    if TOOL_NAMES in help_:
        help_ = help_.replace(TOOL_NAMES, _list_tools())
    return f"{names} {parameter.metavar or ''}".strip(), help_


def _list_tools() -> str:
    from doubtcli.tools.registry import list_tool_names
    from doubtcli.wording.lists import join_or

    return join_or(list_tool_names())
