"""The command `doubt`, and the only place that turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from doubtcli.cli.apply import apply
from doubtcli.cli.baseline import baseline
from doubtcli.cli.bench import bench
from doubtcli.cli.cache import cache
from doubtcli.cli.commands import DoubtCommand, DoubtGroup, describe_usage
from doubtcli.cli.compare import compare
from doubtcli.cli.console import RunnerLog, is_github_runner, name_commands
from doubtcli.cli.gate import gate
from doubtcli.cli.init import init
from doubtcli.cli.queue import queue
from doubtcli.cli.reasons import explain, reasons
from doubtcli.cli.review import review
from doubtcli.cli.scan import scan
from doubtcli.cli.undo import log, undo
from doubtcli.errors import DoubtError, ExitCode, UnclearLabelError
from doubtcli.wording.quoting import escape_unprintable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

DEBUG = "--debug"
FEWEST_COLUMNS = 20
"""In narrower lines no word of a report would fit: they are taken for a mistake, and 80 columns are used."""
NO_MEMORY = (
    "there is too little memory\n"
    "to do: free some, or scan fewer rows or columns; --fast and --threads 1 need less"
)
MEMORY_WORDS = ("Cannot allocate memory", "failed to map segment", "can't start new thread")
"""In the messages of errors that are no MemoryError: of the system, and of libraries that can't be loaded."""
NO_FOLDER = "the working directory no longer exists\nto do: change to a folder that exists, with cd"


app = typer.Typer(
    cls=DoubtGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 the gate did not pass, 2 an error, 130 interrupted.",
)
for command in (
    *(scan, review, queue, apply, compare, log, undo),
    *(gate, baseline, init),
    *(bench, reasons, explain, cache),
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that can't show some characters of the data still shows all others.
        sys.stdout.reconfigure(errors="backslashreplace")
    columns = os.environ.get("COLUMNS", "")
    if not columns.isdecimal() or int(columns) < FEWEST_COLUMNS:  # some terminals report 0
        os.environ.pop("COLUMNS", None)
    if is_github_runner():
        sys.stdout, sys.stderr = RunnerLog(sys.stdout), RunnerLog(sys.stderr)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of `doubt` with these arguments; errors are printed on stderr."""
    debug = DEBUG in arguments
    try:
        code = app([word for word in arguments if word != DEBUG], prog_name="doubt")
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001  # each has its exit code
        if isinstance(error, UnclearLabelError):
            name_commands(error, arguments)
        return _end_with(error, debug=debug)
    return int(code or ExitCode.DONE)


def _end_with(error: BaseException, *, debug: bool) -> int:
    """Print what happened, and return the exit code."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):  # of a library: 1 is the gate's alone
        return ExitCode.TROUBLE if error.code else ExitCode.DONE
    if debug:
        _print_lines("".join(traceback.format_exception(error)).splitlines())
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        _print_problem("interrupted; your files are whole, or as they were")
        return ExitCode.INTERRUPTED
    if _is_of_closed_pipe(error):
        _abandon(sys.stdout)
    else:
        _print_problem(_describe_problem(error, debug=debug))
    return ExitCode.TROUBLE


def _is_of_closed_pipe(error: BaseException) -> bool:
    """Whether nobody reads standard output; on Windows the error has no class of its own."""
    if isinstance(error, OSError) and sys.platform == "win32" and error.errno == errno.EINVAL:
        return error.filename is None
    return isinstance(error, BrokenPipeError)


def _describe_problem(error: BaseException, *, debug: bool) -> str:
    """What happened and what to do, in a few lines."""
    if _lacks_memory(error):
        return NO_MEMORY
    match error:
        case DoubtError():
            return str(error)
        case OSError(errno=errno.ENOSPC):
            _abandon(sys.stdout)
            return "can't write to standard output: the disk is full\nto do: free some space"
        case _ if hasattr(error, "format_message"):  # a usage error
            return str(describe_usage(error))
        case OSError() if not _has_working_folder():
            return NO_FOLDER
    found = f"{type(error).__name__}: {error}".rstrip(": ")
    again = "report it with the traceback above" if debug else "run it again with --debug, and report it"
    return f"{found}\nthis is a bug in doubt, not in your file\nto do: {again}"


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that it was made from, is that memory is used up."""
    while error is not None:
        if isinstance(error, MemoryError) or any(words in str(error) for words in MEMORY_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109  # as Path.cwd
    except OSError:
        return False
    return True


def _print_problem(message: str) -> None:
    """Print a message on stderr, indented from its second line on, with control characters escaped."""
    first, *rest = message.split("\n")
    _print_lines([f"doubt: {first}", *(f"  {line}" for line in rest)])


def _print_lines(lines: Iterable[str]) -> None:
    """Print lines on stderr, with control characters escaped; if that fails, the exit code is left."""
    try:
        print(*map(escape_unprintable, lines), sep="\n", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        _abandon(sys.stderr)


def _abandon(stream: TextIO) -> None:
    """Keep Python from writing the rest to a stream when it ends, which would fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
