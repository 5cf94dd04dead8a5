"""The command `doubt`: the one place that turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli.apply import apply
from doubtcli.cli.baseline import baseline
from doubtcli.cli.bench import bench
from doubtcli.cli.command import Command, Group
from doubtcli.cli.compare import compare
from doubtcli.cli.explain import explain
from doubtcli.cli.gate import gate
from doubtcli.cli.init import init
from doubtcli.cli.log import log
from doubtcli.cli.queue import queue
from doubtcli.cli.reasons import reasons
from doubtcli.cli.scan import scan
from doubtcli.cli.undo import undo
from doubtcli.errors import DoubtError, ExitCode
from doubtcli.wording.quoting import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG = "--debug"

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the gate did not pass, 2 trouble, 130 interrupted.",
)
for command in (
    *(scan, queue, apply, compare, log, undo),
    *(gate, baseline, init),
    *(bench, reasons, explain),
):
    app.command(cls=Command)(command)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # so typer calls it
    if wanted:
        from importlib.metadata import version

        typer.echo(f"doubt {version('doubtcli')}")
        raise typer.Exit


@app.callback()
def doubt(
    *,
    debug: Annotated[  # `run` sees to it
        bool, typer.Option(DEBUG, help="Show where an error came from; may stand anywhere.")
    ] = False,
    version: Annotated[  # its callback sees to it
        bool,
        typer.Option("-V", "--version", is_eager=True, callback=_print_version, help="Print the version."),
    ] = False,
) -> None:
    """Find the suspicious labels in any labelled file."""


def main() -> None:
    """Run `doubt` on the process's arguments and end the process."""
    if sys.stdout is None:  # closed by the caller, who wants the exit code alone
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks the letters of the data still gets the rest.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of `doubt` on these arguments; says on stderr whatever kept it from its work."""
    debug = DEBUG in arguments
    try:
        code = app([word for word in arguments if word != DEBUG], prog_name="doubt")
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # each is told, and ends with its code
        return _end(error, debug=debug)
    return int(code or ExitCode.DONE)


def _end(error: BaseException, *, debug: bool) -> int:
    """Say what happened, and give the code it ends with."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if debug:
        traceback.print_exception(error)
    match error:
        case KeyboardInterrupt() | typer.Abort():
            _say("interrupted; nothing half written is left behind")
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            _leave_stdout()
        case OSError(errno=errno.ENOSPC):
            _leave_stdout()
            _say("standard output can't be written: no space is left\nto do: free some, or print elsewhere")
        case DoubtError():
            _say(str(error))
        case _ if hasattr(error, "show"):  # a usage error; typer keeps its class to itself
            error.show()
        case _:
            _say(_bug(error, debug=debug))
    return ExitCode.TROUBLE


def _say(message: str) -> None:
    """Print a message on stderr, indented from its second line on, without control characters of the data."""
    first, *rest = map(escape_unprintable, message.split("\n"))
    print(f"doubt: {first}", *(f"  {line}" for line in rest), sep="\n", file=sys.stderr)  # noqa: T201


def _bug(error: BaseException, *, debug: bool) -> str:
    found = f"{type(error).__name__}: {error}".rstrip(": ")
    again = "report it with the traceback above" if debug else "run it again with --debug and report it"
    return f"{found}\nthis is a bug in doubt, not in your file\nto do: {again}"


def _leave_stdout() -> None:
    """Nobody reads stdout any more: keep Python from writing the rest, and failing, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
