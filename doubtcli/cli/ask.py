"""Questions that a command asks in a terminal: which column holds the labels."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import typer

from doubtcli.errors import UnclearLabelError
from doubtcli.wording.quoting import printable_path, quote_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.settings import ScanSettings

Result = TypeVar("Result")


def run_with_label(run: Callable[[ScanSettings], Result], settings: ScanSettings, *, may_ask: bool) -> Result:
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
