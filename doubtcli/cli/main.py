"""The command `doubt`: its help in titled sections, and the only place that turns errors into exit codes."""
# ruff: noqa: ANN401  # the classes behind commands and options are click's in some versions of typer, its own in others

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from doubtcli.cli.apply import apply
from doubtcli.cli.baseline import baseline
from doubtcli.cli.bench import bench
from doubtcli.cli.compare import compare
from doubtcli.cli.console import RunnerLog, is_github_runner
from doubtcli.cli.gate import gate
from doubtcli.cli.init import init
from doubtcli.cli.options import TOOL_NAMES
from doubtcli.cli.queue import queue
from doubtcli.cli.reasons import explain, reasons
from doubtcli.cli.scan import scan
from doubtcli.cli.undo import log, undo
from doubtcli.errors import DoubtError, ExitCode
from doubtcli.wording.quoting import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG = "--debug"


class DoubtCommand(TyperCommand):
    """A command whose help is plain text in titled sections: readable with 80 columns and in a pipe.

    Typer's own boxes look good, but drawing them takes longer than everything else in `doubt --help`.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002  # as typer calls it
        """The words after the command's name in the usage line."""
        return [str(self.options_metavar), *_argument_names(self.params)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write each section of arguments and options."""
        _write_sections(self.get_params(ctx), formatter)


class DoubtGroup(TyperGroup):
    """The command `doubt` itself."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands first, since readers look for them."""
        self.format_commands(ctx, formatter)
        _write_sections(self.get_params(ctx), formatter)

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *_: Any, **_rest: Any
    ) -> Any:
        """Run without catching errors: typer would end some with 1, which is the gate's exit code here."""
        self._main_shell_completion({}, str(prog_name))
        with self.make_context(prog_name, list(args or ())) as context:
            return self.invoke(context)


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
        help_ = help_.replace(TOOL_NAMES, _join_tools())
    return f"{names} {parameter.metavar or ''}".strip(), help_


def _join_tools() -> str:
    from doubtcli.tools.registry import list_tool_names
    from doubtcli.wording.lists import join_or

    return join_or(list_tool_names())


app = typer.Typer(
    cls=DoubtGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the gate did not pass, 2 an error, 130 interrupted.",
)
for command in (
    *(scan, queue, apply, compare, log, undo),
    *(gate, baseline, init),
    *(bench, reasons, explain),
):
    app.command(cls=DoubtCommand)(command)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # so typer calls it
    if wanted:
        from importlib.metadata import version

        typer.echo(f"doubt {version('doubtcli')}")
        raise typer.Exit


@app.callback()
def doubt(
    *,
    debug: Annotated[  # handled by `run`
        bool, typer.Option(DEBUG, help="Show the traceback of an error; may be anywhere in the command.")
    ] = False,
    version: Annotated[  # handled by its callback
        bool,
        typer.Option("-V", "--version", is_eager=True, callback=_print_version, help="Print the version."),
    ] = False,
) -> None:
    """Find the suspicious labels in any labelled file."""


def main() -> None:
    """Run `doubt` with the arguments of the process, and end the process."""
    if sys.stdout is None:  # closed by a caller that wants only the exit code
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that can't show some characters of the data still shows all others.
        sys.stdout.reconfigure(errors="backslashreplace")
    if is_github_runner():
        sys.stdout, sys.stderr = RunnerLog(sys.stdout), RunnerLog(sys.stderr)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of `doubt` with these arguments; errors are printed on stderr."""
    debug = DEBUG in arguments
    try:
        code = app([word for word in arguments if word != DEBUG], prog_name="doubt")
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # each is printed, and has its exit code
        return _end_with(error, debug=debug)
    return int(code or ExitCode.DONE)


def _end_with(error: BaseException, *, debug: bool) -> int:
    """Print what happened, and return the exit code."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if debug:
        traceback.print_exception(error)
    match error:
        case KeyboardInterrupt() | typer.Abort():
            _print_problem("interrupted; your files are whole, or as they were")
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            _abandon_stdout()
        case OSError(errno=errno.EINVAL, filename=None) if sys.platform == "win32":
            _abandon_stdout()  # so Windows says that nobody reads the pipe
        case OSError(errno=errno.ENOSPC):
            _abandon_stdout()
            _print_problem("can't write to standard output: the disk is full\nto do: free some space")
        case DoubtError():
            _print_problem(str(error))
        case _ if hasattr(error, "show"):  # a usage error; typer does not export its class
            error.show()
        case _:
            _print_problem(_describe_bug(error, debug=debug))
    return ExitCode.TROUBLE


def _print_problem(message: str) -> None:
    """Print a message on stderr, indented from its second line on, with control characters escaped."""
    first, *rest = map(escape_unprintable, message.split("\n"))
    print(f"doubt: {first}", *(f"  {line}" for line in rest), sep="\n", file=sys.stderr)  # noqa: T201


def _describe_bug(error: BaseException, *, debug: bool) -> str:
    found = f"{type(error).__name__}: {error}".rstrip(": ")
    again = "report it with the traceback above" if debug else "run it again with --debug, and report it"
    return f"{found}\nthis is a bug in doubt, not in your file\nto do: {again}"


def _abandon_stdout() -> None:
    """Keep Python from writing the rest to a closed stdout when it ends, which would fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
