"""The classes behind the command `doubt`: help in titled sections, and errors of usage in plain words."""
# ruff: noqa: ANN401  # the classes behind commands and options are click's in some versions of typer, its own in others

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from doubtcli.cli.options import TOOL_NAMES
from doubtcli.errors import ExitCode, SettingsError
from doubtcli.settings.fields import INSTALLED_FORMATS
from doubtcli.wording.lists import did_you_mean
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SCAN = "scan"
"""The command that a path without a command means."""
QUIET = {"-q", "--quiet"}
WHOLE = 1000
"""More characters than any description of a command has."""


class DoubtCommand(TyperCommand):
    """A command whose help is plain text in titled sections: readable with 80 columns and in a pipe.

    Typer's own boxes look good, but drawing them takes longer than everything else in `doubt --help`.
    """

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, with `--help`."""
        return _take_values_as_given(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002  # as typer calls it
        """The words after the command's name in the usage line."""
        return [str(self.options_metavar), *_argument_names(self.params)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write each section of arguments and options."""
        _write_sections(self.get_params(ctx), formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; refuse a second value of an option for one, and a word too many."""
        ctx.allow_extra_args = True  # they are refused below
        with _name_command(ctx):
            _, _, given = self.make_parser(ctx).parse_args(args=list(args))
            rest = super().parse_args(ctx, args)
        _check_given_once(given)
        if rest and not ctx.resilient_parsing:
            raise SettingsError(
                f"{rest[0]!r} is one word too many",
                expected=f"`{ctx.command_path} {' '.join(_argument_names(self.params))}`".replace(" `", "`"),
                hint="a value with spaces in it needs quotes",
            )
        return rest


class DoubtGroup(TyperGroup):
    """The command `doubt` itself."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, with `--help`."""
        return _take_values_as_given(super().get_params(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands first, since readers look for them, each with its whole description."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section(typer.style("Commands", bold=True)):
            formatter.write_dl([(name, one.get_short_help_str(WHOLE)) for name, one in commands if one])
        _write_sections(self.get_params(ctx), formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is named; the path of a file or folder alone means to scan it."""
        name = args[0]
        if self.get_command(ctx, name) is not None or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        if Path(name).exists():
            if not QUIET.intersection(args):
                typer.echo(
                    f"doubt: no command is given, so this is `doubt {SCAN} {shell_word(name)}`", err=True
                )
            return SCAN, self.get_command(ctx, SCAN), args
        near = did_you_mean(name, self.list_commands(ctx))
        raise SettingsError(
            f"there is no command {name!r}, and no file of that name",
            hint=near or "`doubt --help` lists the commands",
        )

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **_rest: Any
    ) -> Any:
        """Run without catching errors: typer would end some with 1, which is the gate's exit code here."""
        self._main_shell_completion({}, str(prog_name))
        if not args:
            with self.make_context(prog_name, [], resilient_parsing=True) as context:
                typer.echo(self.get_help(context), err=True)
            return ExitCode.TROUBLE
        with self.make_context(prog_name, list(args or ())) as context:
            return self.invoke(context)


def _take_values_as_given(parameters: list[Any]) -> list[Any]:
    """The same parameters, but the callback of each checks its value, and nobody else.

    Typer itself would load a library to convert values: that takes longer than all of `doubt --help`, and the
    messages would be that library's.
    """
    for parameter in parameters:
        parameter.process_value = partial(_take_value, parameter)
    return parameters


def _take_value(parameter: Any, context: Any, value: Any) -> Any:
    if parameter.required and value in (None, (), []):
        raise _describe_missing(parameter, context)
    if value is None and (parameter.nargs == -1 or getattr(parameter, "multiple", False)):
        value = ()
    return value if parameter.callback is None else parameter.callback(context, parameter, value)


@contextmanager
def _name_command(context: Any) -> Iterator[None]:
    """Give each error of usage the command that it is about: some have none."""
    try:
        yield
    except Exception as error:
        if getattr(error, "ctx", context) is None:
            error.ctx = context  # type: ignore[attr-defined]
        raise


def _check_given_once(given: Iterable[Any]) -> None:
    """Refuse an option for one value that is given twice: only one of the values would be used."""
    single = Counter(
        max(one.opts, key=len)
        for one in given
        if one.param_type_name == "option" and not one.multiple and not one.is_flag
    )
    for name, number in single.items():
        if number > 1:
            raise SettingsError(f"it is given {number} times", where=name, expected="one value")


def describe_usage(error: Any) -> SettingsError:
    """What is wrong with the words of a command, of an error that typer raised.

    Args:
        error: Typer does not export its classes, so it is known by what it has.
    """
    context, command = error.ctx, error.ctx.command
    name: str = getattr(error, "option_name", "")
    if hasattr(error, "possibilities"):
        return _describe_unknown_option(name, context)
    if name:
        option = next(one for one in command.get_params(context) if name in one.opts)
        if option.is_flag:
            return SettingsError("it takes no value", where=name)
        return SettingsError("its value is missing", where=name, expected=f"{name} {option.metavar}")
    return SettingsError(str(error.format_message()), hint=f"`{context.command_path} --help` has the usage")


def _describe_missing(parameter: Any, context: Any) -> SettingsError:
    if parameter.param_type_name == "option":
        where = max(parameter.opts, key=len)
        return SettingsError("it is missing", where=where, expected=f"{where} {parameter.metavar}")
    usage = f"`{context.command_path} {' '.join(_argument_names(context.command.params))}`"
    name = parameter.metavar
    return SettingsError(f"{name} is missing", expected=f"{usage}, with {name}: {parameter.help}")


def _describe_unknown_option(name: str, context: Any) -> SettingsError:
    command = context.command
    if isinstance(command, DoubtGroup) and name in _list_options(command.commands[SCAN]):
        hint = f"name the command first, as in `{context.command_path} {SCAN} DATA {name} …`"
    else:
        near = did_you_mean(name, _list_options(command))
        hint = near or f"`{context.command_path} --help` lists the options"
    return SettingsError(f"`{context.command_path}` has no such option", where=name, hint=hint)


def _list_options(command: Any) -> list[str]:
    return [name for one in command.params for name in one.opts if name.startswith("--")]


def _argument_names(parameters: Sequence[Any]) -> list[str]:
    return [str(parameter.metavar) for parameter in parameters if parameter.param_type_name == "argument"]


def _write_sections(parameters: Sequence[Any], formatter: Any) -> None:
    for title, members in _by_section(
        [parameter for parameter in parameters if not parameter.hidden]
    ).items():
        with formatter.section(typer.style(title, bold=True)):
            formatter.write_dl([_help_row(parameter) for parameter in members])


def _by_section(parameters: Sequence[Any]) -> dict[str, list[Any]]:
    """Parameters by title, arguments first, those without a title last."""
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    options = [parameter for parameter in parameters if parameter.param_type_name == "option"]
    panels = {id(option): getattr(option, "rich_help_panel", None) for option in options}  # not of `--help`
    titles = dict.fromkeys(panel for panel in panels.values() if panel)
    sections = {
        "Arguments": arguments,
        **{title: [option for option in options if panels[id(option)] == title] for title in titles},
        "Options": [option for option in options if not panels[id(option)]],
    }
    return {title: members for title, members in sections.items() if members}


def _help_row(parameter: Any) -> tuple[str, str]:
    names = "" if parameter.param_type_name == "argument" else ", ".join(sorted(parameter.opts, key=len))
    help_ = parameter.help or ""
    if INSTALLED_FORMATS in help_:
        from doubtcli.files.formats import fill_in_formats

        help_ = fill_in_formats(help_)
    if TOOL_NAMES in help_:
        help_ = help_.replace(TOOL_NAMES, _join_tools())
    return f"{names} {parameter.metavar or ''}".strip(), help_


def _join_tools() -> str:
    from doubtcli.tools.registry import list_tool_names
    from doubtcli.wording.lists import join_or

    return join_or(list_tool_names())
