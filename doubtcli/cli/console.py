"""Where a command prints and asks: the report on stdout, in colour on a terminal; the rest on stderr."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import typer

from doubtcli.disk.paths import STANDARD_INPUT
from doubtcli.errors import UnclearLabelError
from doubtcli.progress import Silence, estimate_time_left
from doubtcli.wording.quoting import break_runner_commands, printable_path, quote_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TextIO

    from rich.console import Console, RenderableType
    from rich.progress import Progress as RichProgress
    from rich.progress import Task
    from rich.text import Text

    from doubtcli.progress import Advance, Progress
    from doubtcli.records import FileRead
    from doubtcli.settings import ScanSettings

Found = ParamSpec("Found")
LOADING = "Loading libraries"
"""The first stage of commands that use pandas and the like: these take a second to load."""
Answer = TypeVar("Answer")


class Color(StrEnum):
    """When to use colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class OutputFormat(StrEnum):
    """What to print."""

    FULL = "full"
    JSON = "json"


class StreamBefore:
    """A text stream to another one; all but writing is as that one has it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text."""
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as the stream has it
        return getattr(self._stream, name)


class RunnerLog(StreamBefore):
    """A text stream to the log of a GitHub runner, without the commands that it would find in the data."""

    def write(self, text: str) -> int:
        """Write a text with each command in it broken."""
        return super().write(break_runner_commands(text))


class RecordedStream(StreamBefore):
    """A text stream that remembers what was written."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.texts: list[str] = []

    def write(self, text: str) -> int:
        """Write a text, and remember it."""
        self.texts.append(text)
        return super().write(text)


def is_github_runner() -> bool:
    """Whether a step of GitHub Actions runs this process, so that it reads what is printed."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def can_open_browser() -> bool:
    """Whether a page may be opened: not in CI, nor on a Linux machine without a screen.

    There Python would find browsers for terminals only, which don't run the page's script.
    """
    if os.environ.get("CI"):
        return False
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(sys.platform != "linux" or has_screen or os.environ.get("BROWSER"))


def break_commands_in_log(content: bytes) -> bytes:
    """A text in UTF-8 as `RunnerLog` writes it, where a GitHub runner reads what is printed."""
    return break_runner_commands(content.decode()).encode() if is_github_runner() else content


def make_console(color: Color, stream: StreamBefore | None = None) -> Console:
    """A console on stdout; `auto` depends on NO_COLOR, FORCE_COLOR and whether stdout is a terminal.

    Args:
        color: When to use colour.
        stream: A stream before stdout.
    """
    from rich.console import Console

    class Pipe(Console):
        """A console that raises an error for a closed pipe, where rich would end the process with 1."""

        def on_broken_pipe(self) -> None:
            """Let `cli.main` end the process."""
            raise BrokenPipeError

    file = cast("TextIO | None", stream)
    if color is Color.ALWAYS:
        return Pipe(file=file, force_terminal=True, no_color=False, highlight=False)
    if color is Color.NEVER:
        return Pipe(file=file, color_system=None, highlight=False)
    return Pipe(file=file, highlight=False)


def print_result(
    output_format: OutputFormat,
    color: Color,
    render: Callable[Found, str],
    print_sheet: Callable[Concatenate[Console, Found], None],
    *found: Found.args,
    **more: Found.kwargs,
) -> None:
    """Print the result of a command.

    Args:
        output_format: As text or as JSON.
        color: When to use colour.
        render: Returns its JSON document.
        print_sheet: Prints it as text on a console.
        found: The result, as the arguments of these two.
        more: The same, by name.
    """
    if output_format is OutputFormat.JSON:
        print_bytes(render(*found, **more).encode())
    else:
        print_sheet(make_console(color), *found, **more)


class LiveReport:
    """The report of a scan or a bench, printed part by part as soon as a part is known.

    If a part can't be printed, since nobody reads any more or the disk is full, the work goes on, and the
    error is raised at the end.
    """

    def __init__(self, path: str, color: Color, *, verbose: bool = False) -> None:
        self._color, self.verbose = color, verbose
        self._failure: OSError | None = None
        self._has_notes = False
        if path == STANDARD_INPUT or Path(path).exists():
            self._try_to_print(partial(_print_path, path, color))

    def show_file(self, file: FileRead) -> None:
        """Print what was read."""
        from doubtcli.report.terminal import print_file

        self._try_to_print(partial(print_file, self._console, file, verbose=self.verbose))
        self._has_notes = bool(file.notes)

    def show_notes(self, notes: Sequence[str]) -> None:
        """Print notes below those printed before."""
        from doubtcli.report.terminal import print_notes

        self._try_to_print(partial(print_notes, self._console, notes, has_title=self._has_notes))
        self._has_notes = True

    def finish(
        self,
        print_sheet: Callable[Concatenate[Console, Found], None],
        *found: Found.args,
        **more: Found.kwargs,
    ) -> None:
        """Print the result.

        Args:
            print_sheet: Prints it as text on a console.
            found: The result, as the arguments of this function.
            more: The same, by name.

        Raises:
            OSError: An earlier part could not be printed.
        """
        if self._failure is not None:
            raise self._failure
        print_sheet(self._console, *found, **more)

    @property
    def printed(self) -> str:
        """What was printed below the first line."""
        return "".join(self._recorded.texts)

    def print_again(self, printed: str) -> None:
        """Print what an equal report printed before."""
        self._try_to_print(partial(typer.echo, printed, nl=False))
        if self._failure is not None:
            raise self._failure

    def list_conditions(self) -> tuple[object, ...]:
        """All that the printed text depends on besides the audit: the width of the terminal, and so on."""
        console = self._console
        return (
            *(console.width, console.is_terminal, console.color_system, console.no_color, console.encoding),
            *(console.legacy_windows, console.safe_box, self.verbose),
        )

    @cached_property
    def _recorded(self) -> RecordedStream:
        return RecordedStream(sys.stdout)

    @cached_property
    def _console(self) -> Console:
        return make_console(self._color, self._recorded)

    def _try_to_print(self, print_part: Callable[[], None]) -> None:
        if self._failure is None:
            try:
                print_part()
                sys.stdout.flush()
            except OSError as error:
                self._failure = error


def _print_path(path: str, color: Color) -> None:
    """Print a report's first line, without the libraries for the others: they take time to load."""
    shown = "standard input" if path == STANDARD_INPUT else printable_path(path)
    typer.echo(typer.style(shown, bold=True), color={Color.ALWAYS: True, Color.NEVER: False}.get(color))


def print_bytes(content: bytes) -> None:
    """Print a document as it is, in UTF-8 on any terminal."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def print_trimmed(console: Console, content: RenderableType) -> None:
    """Print content; in a pipe without the spaces at the ends of lines."""
    if console.is_terminal:
        console.print(content)
        return
    with console.capture() as printed:
        console.print(content)
    console.file.writelines(line.rstrip() + "\n" for line in printed.get().splitlines())


# ---------------------------------------------------------------------------- bars


class Bars:
    """One bar for each running stage, removed when the stage is done."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Open a stage with its own bar; the bar of a stage inside it is below."""
        if not self._bars.tasks:
            self._bars.start()
        task = self._bars.add_task(title, total=total)
        try:
            yield lambda steps: self._bars.advance(task, steps)
        finally:
            self._bars.remove_task(task)
            if not self._bars.tasks:
                self._bars.stop()


def choose_progress(*, wanted: bool) -> Progress:
    """Bars if they are wanted and stderr is a terminal; else none."""
    if not (wanted and sys.stderr.isatty()):
        return Silence()

    from rich.console import Console

    return Bars(make_bars(Console(stderr=True)))


def make_bars(console: Console) -> RichProgress:
    """Bars with title, share done and time left; stdout is not touched, since the report goes there."""
    from rich.progress import BarColumn, ProgressColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as RichProgress
    from rich.text import Text

    class LeftColumn(ProgressColumn):
        """The time left; for a stage of unknown length, the steps done."""

        def render(self, task: Task) -> Text:
            """The text for one stage."""
            if task.total is None:
                return Text(f"{task.completed:,.0f}" if task.completed else "")
            return Text(estimate_time_left(task.completed, task.total, task.elapsed or 0.0))

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), LeftColumn())
    return RichProgress(*columns, console=console, transient=True, redirect_stdout=False)


# ----------------------------------------------------------------------- questions


def run_with_label(run: Callable[[ScanSettings], Answer], settings: ScanSettings, *, may_ask: bool) -> Answer:
    """Run a command; in a terminal, ask for the label column if it is not clear, and run it again.

    Args:
        run: The work, which fails if the label is not clear.
        settings: What the user asked for.
        may_ask: Whether output is for people.

    Raises:
        UnclearLabelError: The label is not clear, and there is nobody to ask: in scripts, in pipes and in CI.
    """
    try:
        return run(settings)
    except UnclearLabelError as error:
        if not (may_ask and error.candidates and is_interactive()):
            raise
        label = ask_for_label(error)
    return run(replace(settings, label=label))


def name_commands(error: UnclearLabelError, arguments: Sequence[str]) -> None:
    """Name the command that was typed, once for each candidate, in what to do about the error."""
    command = " ".join(["doubt", *map(quote_word, arguments)])
    lines = [f"\n  {command} --label {quote_word(name)}" for name in error.candidates]
    if lines:
        error.hint = f"name it:{''.join(lines)}"


def is_interactive() -> bool:
    """Whether a person is at the terminal: questions go to standard error, answers come from the keyboard."""
    streams = (sys.stdin, sys.stderr)
    return not os.environ.get("CI") and all(stream is not None and stream.isatty() for stream in streams)


def ask_for_label(error: UnclearLabelError) -> str:
    """The column that a person at the terminal names, by its number in the list or by its name.

    Raises:
        typer.Abort: The person pressed Ctrl-C.
    """
    names = list(error.candidates)
    width = max(map(len, names))
    typer.echo(f"\n{error.found}. The most likely columns:", err=True)
    for number, (name, values) in enumerate(error.candidates.items(), start=1):
        typer.echo(f"  {number}  {printable_path(name):{width}}  {values}", err=True)
    answer = str(typer.prompt("Which column holds the labels? Its number or name", err=True)).strip()
    by_number = {str(number): name for number, name in enumerate(names, start=1)}
    label = answer if answer in names else by_number.get(answer, answer)
    typer.echo(f"Next time: --label {quote_word(label)}\n", err=True)
    return label
