"""The options that several commands have: what is in the file, and how to judge it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from functools import wraps
from typing import Annotated, Any

import typer

from doubtcli.cli.console import Color, OutputFormat
from doubtcli.errors import SettingsError
from doubtcli.settings import FILE_KEYS, ScanSettings

FILE = "What is in the file"
JUDGE = "How to judge"
OUTPUT = "Output"

DEFAULTS = {item.name.replace("_", "-"): item.default for item in fields(ScanSettings)}


def option(key: str, panel: str, metavar: str, *names: str, otherwise: str | None = None) -> Any:  # noqa: ANN401
    """An option for a setting, with the setting's own words and default as its help."""
    default = otherwise if otherwise is not None else DEFAULTS[key]
    shown = f" [default: {default}]" if default not in ((), None) else ""
    return typer.Option(
        *names, f"--{key}", metavar=metavar, help=FILE_KEYS[key].about + shown, rich_help_panel=panel
    )


def choice(list_names: Callable[[], Sequence[str]], *names: str, metavar: str, help: str, panel: str) -> Any:  # noqa: A002, ANN401
    """An option for one word of several, such as an installed tool's name.

    Args:
        list_names: Gives the words; called once one was given, or is to be completed.
        names: Of the option.
        metavar: What stands for the word in the help.
        help: What the help says.
        panel: The help's section.
    """

    def check(word: str) -> str:
        known = list_names()
        if word not in known:
            raise typer.BadParameter(f"{word!r} is not one of {', '.join(map(repr, known))}.")
        return word

    def complete(incomplete: str) -> list[str]:
        return [name for name in list_names() if name.startswith(incomplete)]

    return typer.Option(
        *names, metavar=metavar, help=help, callback=check, autocompletion=complete, rich_help_panel=panel
    )


Words = list[str] | None


Data = Annotated[
    str, typer.Argument(metavar="DATA", help="CSV, Parquet, JSON Lines, …; - for standard input.")
]
Label = Annotated[str | None, option("label", FILE, "COLUMN", otherwise="a usual name")]
Text = Annotated[Words, option("text", FILE, "COLUMNS")]
Numeric = Annotated[Words, option("numeric", FILE, "COLUMNS")]
Categorical = Annotated[Words, option("categorical", FILE, "COLUMNS")]
Datetime = Annotated[Words, option("datetime", FILE, "COLUMNS")]
Embedding = Annotated[Words, option("embedding", FILE, "COLUMNS")]
Embeddings = Annotated[str | None, option("embeddings", FILE, "FILE")]
Id = Annotated[str | None, option("id", FILE, "COLUMN")]
Annotators = Annotated[Words, option("annotators", FILE, "COLUMNS")]
Group = Annotated[str | None, option("group", FILE, "COLUMN")]
Ignore = Annotated[Words, option("ignore", FILE, "COLUMNS")]
Use = Annotated[Words, option("use", FILE, "COLUMNS")]
InputFormat = Annotated[str | None, option("input-format", FILE, "FORMAT", otherwise="by name")]
Encoding = Annotated[str | None, option("encoding", FILE, "NAME", otherwise="found out")]
Delimiter = Annotated[str | None, option("delimiter", FILE, "CHARACTER", otherwise="found out")]
Quoting = Annotated[str | None, option("quoting", FILE, "STYLE", otherwise="minimal")]
PredProbs = Annotated[str | None, option("pred-probs", JUDGE, "FILE")]
Verdicts = Annotated[Words, option("verdicts", JUDGE, "FILE")]
Reasons = Annotated[Words, option("reasons", JUDGE, "NAMES", otherwise="all")]
Skip = Annotated[Words, option("skip", JUDGE, "NAMES")]
Seed = Annotated[int | None, option("seed", JUDGE, "NUMBER")]
Folds = Annotated[int | None, option("folds", JUDGE, "NUMBER")]
Repeats = Annotated[int | None, option("repeats", JUDGE, "NUMBER")]
Fast = Annotated[bool | None, typer.Option("--fast", help=FILE_KEYS["fast"].about, rich_help_panel=JUDGE)]
Threads = Annotated[int | None, option("threads", JUDGE, "NUMBER", otherwise="all cores")]
Config = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Read this settings file, not the nearest.", rich_help_panel=JUDGE),
]
Isolated = Annotated[bool, typer.Option("--isolated", help="Read no settings file.", rich_help_panel=JUDGE)]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", help="Take no audit from the user's cache folder, keep none.", rich_help_panel=JUDGE
    ),
]
NoProgress = Annotated[
    bool, typer.Option("--no-progress", help="Show no progress bars.", rich_help_panel=OUTPUT)
]
FullOrJson = Annotated[
    OutputFormat,
    typer.Option(metavar="full|json", help="What to print. [default: full]", rich_help_panel=OUTPUT),
]
ColorWhen = Annotated[
    Color,
    typer.Option(
        metavar="auto|always|never", help="When to use colour. [default: auto]", rich_help_panel=OUTPUT
    ),
]
Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Print nothing but problems.", rich_help_panel=OUTPUT)
]

OF_THE_FILE = {
    "label": Label,
    "text": Text,
    "numeric": Numeric,
    "categorical": Categorical,
    "datetime": Datetime,
    "embedding": Embedding,
    "embeddings": Embeddings,
    "id": Id,
    "annotators": Annotators,
    "group": Group,
    "ignore": Ignore,
    "use": Use,
    "input_format": InputFormat,
    "encoding": Encoding,
    "delimiter": Delimiter,
    "quoting": Quoting,
}
OF_THE_SCAN = OF_THE_FILE | {
    "pred_probs": PredProbs,
    "verdicts": Verdicts,
    "reasons": Reasons,
    "skip": Skip,
    "seed": Seed,
    "folds": Folds,
    "repeats": Repeats,
    "fast": Fast,
    "threads": Threads,
}
"""Every option that says what is in a file and how to judge it, by field of `ScanSettings`."""

Flags = Mapping[str, Any]
"""What was given of `OF_THE_SCAN`, by field of `ScanSettings`; None where it was not."""


def with_scan_options(*, without: Collection[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for commands that read a file: it gives them all these options.

    In place of the command's parameter `scan` come the options; what was given of them is handed to it.

    Args:
        without: Options that the command does not have.
    """
    given = {name: kind for name, kind in OF_THE_SCAN.items() if name not in without}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def expanded(*positional: Any, **named: Any) -> Any:  # noqa: ANN401  # as the command has it
            return command(*positional, scan={name: _given(name, named.pop(name)) for name in given}, **named)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            parameters += _of(given) if parameter.name == "scan" else [parameter]
        expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        expanded.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return expanded

    return decorate


def _given(name: str, value: object) -> object:
    """What was said of a setting; of two files of verdicts the first would go unread without a word."""
    if name != "verdicts" or not isinstance(value, list):
        return value
    if len(value) > 1:
        raise SettingsError(
            f"{len(value)} files are given",
            where="--verdicts",
            expected="one file",
            hint="put them into one, or write them back first: `doubt apply` takes several",
        )
    return next(iter(value), None)


def _of(given: Mapping[str, Any]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in given.items()
    ]
