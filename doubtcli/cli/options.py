"""The options that several commands have: what is in the file, and how to scan it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from doubtcli.cli.console import Color, OutputFormat
from doubtcli.errors import SettingsError
from doubtcli.settings import FILE_KEYS, ScanSettings
from doubtcli.wording.lists import did_you_mean, join_or

if TYPE_CHECKING:
    from enum import StrEnum
    from typing import TypeAlias

    ColorWord: TypeAlias = Color
    FormatWord: TypeAlias = OutputFormat
else:
    ColorWord = FormatWord = str  # where typer knows of an enum, some versions lose a word that is not in it

FILE_PANEL = "What is in the file"
JUDGE = "How to judge"
OUTPUT = "Output"
WHERE = "Where it goes"
NUMBER = "NUMBER"
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
TOOL_NAMES = "{tools}"
"""In a help text: replaced by the names of the installed annotation tools when the help is shown."""

DEFAULTS = {item.name.replace("_", "-"): item.default for item in fields(ScanSettings)}


def declare_setting(key: str, panel: str, metavar: str, *names: str, otherwise: str | None = None) -> Any:  # noqa: ANN401
    """An option for a setting, with the setting's description and default as its help."""
    default = otherwise if otherwise is not None else DEFAULTS[key]
    shown = f" [default: {default}]" if default not in ((), None) else ""
    return typer.Option(
        *names,
        f"--{key}",
        metavar=metavar,
        callback=_read_number if metavar == NUMBER else None,
        help=FILE_KEYS[key].about + shown,
        rich_help_panel=panel,
    )


def _read_number(text: Any) -> Any:  # noqa: ANN401  # the text itself where it is not a number
    """A number for a setting; the settings refuse anything else, in the words that they have for it."""
    return int(text) if text is not None and WHOLE_NUMBER.fullmatch(text) else text


def declare_option(  # as a line of a table
    name: str,
    about: str,
    panel: str | None = None,
    metavar: str | None = None,
    *,
    short: str | None = None,
    least: int | None = None,
) -> Any:  # noqa: ANN401  # as `typer.Option`
    """An option that is not a setting; a switch if it has no metavar.

    Args:
        name: With its dashes.
        about: What the help says.
        panel: The help's section.
        metavar: The name of the value in the help.
        short: The short form of the option: "-o".
        least: The least number that is accepted.
    """
    names = [*([short] if short else []), name]

    def read(given: Any) -> Any:  # noqa: ANN401  # a text, or the default
        if given is None:
            return None
        if WHOLE_NUMBER.fullmatch(str(given)) and int(given) >= (least or 0):
            return int(given)
        raise SettingsError(
            f"{given!r} is not valid", where=name, expected=f"a whole number of at least {least}"
        )

    callback = None if least is None else read
    return typer.Option(*names, metavar=metavar, callback=callback, help=about, rich_help_panel=panel)


def declare_word(name: str, words: type[StrEnum], about: str, panel: str, metavar: str) -> Any:  # noqa: ANN401
    """An option for one word of a few.

    Args:
        name: With its dashes.
        words: All of them.
        about: What the help says.
        panel: The help's section.
        metavar: The name of the value in the help.
    """

    def read(text: Any) -> Any:  # noqa: ANN401  # one of the words
        if text in list(words):
            return words(text)
        raise _refuse_word(name, text, [word.value for word in words])

    def complete(incomplete: str) -> list[str]:
        return [word.value for word in words if word.startswith(incomplete)]

    return typer.Option(
        name, metavar=metavar, callback=read, autocompletion=complete, help=about, rich_help_panel=panel
    )


def _refuse_word(option: str, word: str, known: Sequence[str]) -> SettingsError:
    return SettingsError(
        f"{word!r} is not valid", where=option, expected=join_or(known), hint=did_you_mean(word, known)
    )


def declare_choice(
    name: str, list_names: Callable[[], Sequence[str]], about: str, panel: str, metavar: str, *short: str
) -> Any:  # noqa: ANN401  # as `typer.Option`
    """An option for one word of several, such as an installed tool's name.

    Args:
        name: With its dashes.
        list_names: Returns the words; called only to check or to complete one.
        about: What the help says.
        panel: The help's section.
        metavar: The name of the value in the help.
        short: The short form of the option: "-f".
    """

    def check(word: str) -> str:
        known = list_names()
        if word not in known:
            raise _refuse_word(name, word, known)
        return word

    def complete(incomplete: str) -> list[str]:
        return [word for word in list_names() if word.startswith(incomplete)]

    return typer.Option(
        *short,
        name,
        metavar=metavar,
        help=about,
        callback=check,
        autocompletion=complete,
        rich_help_panel=panel,
    )


Words = list[str] | None


Data = Annotated[
    str, typer.Argument(metavar="DATA", help="CSV, Excel, Parquet, JSON Lines, …; - for standard input.")
]
Label = Annotated[str | None, declare_setting("label", FILE_PANEL, "COLUMN", otherwise="found by its name")]
NoLabel = Annotated[Words, declare_setting("no-label", FILE_PANEL, "VALUES")]
Text = Annotated[Words, declare_setting("text", FILE_PANEL, "COLUMNS")]
Numeric = Annotated[Words, declare_setting("numeric", FILE_PANEL, "COLUMNS")]
Categorical = Annotated[Words, declare_setting("categorical", FILE_PANEL, "COLUMNS")]
Datetime = Annotated[Words, declare_setting("datetime", FILE_PANEL, "COLUMNS")]
Embedding = Annotated[Words, declare_setting("embedding", FILE_PANEL, "COLUMNS")]
Embeddings = Annotated[str | None, declare_setting("embeddings", FILE_PANEL, "FILE")]
Id = Annotated[str | None, declare_setting("id", FILE_PANEL, "COLUMN")]
Annotators = Annotated[Words, declare_setting("annotators", FILE_PANEL, "COLUMNS")]
Group = Annotated[str | None, declare_setting("group", FILE_PANEL, "COLUMN")]
Pair = Annotated[Words, declare_setting("pair", FILE_PANEL, "LEFT,RIGHT", otherwise="found by their names")]
Ignore = Annotated[Words, declare_setting("ignore", FILE_PANEL, "COLUMNS")]
Use = Annotated[Words, declare_setting("use", FILE_PANEL, "COLUMNS")]
InputFormat = Annotated[
    str | None, declare_setting("input-format", FILE_PANEL, "FORMAT", otherwise="by the file's name")
]
Encoding = Annotated[str | None, declare_setting("encoding", FILE_PANEL, "NAME", otherwise="detected")]
Delimiter = Annotated[str | None, declare_setting("delimiter", FILE_PANEL, "CHARACTER", otherwise="detected")]
Quoting = Annotated[str | None, declare_setting("quoting", FILE_PANEL, "STYLE", otherwise="detected")]
NoHeader = Annotated[bool | None, declare_option("--no-header", FILE_KEYS["no-header"].about, FILE_PANEL)]
Sheet = Annotated[
    str | None, declare_setting("sheet", FILE_PANEL, "NAME", otherwise="the only one with a table")
]
Embed = Annotated[str | None, declare_setting("embed", JUDGE, "MODEL", otherwise="wordllama, if installed")]
PredProbs = Annotated[str | None, declare_setting("pred-probs", JUDGE, "FILE")]
VerdictFile = Annotated[str | None, declare_setting("verdicts", JUDGE, "FILE")]
Reasons = Annotated[Words, declare_setting("reasons", JUDGE, "NAMES", otherwise="all")]
Skip = Annotated[Words, declare_setting("skip", JUDGE, "NAMES")]
Seed = Annotated[int | None, declare_setting("seed", JUDGE, "NUMBER")]
Folds = Annotated[int | None, declare_setting("folds", JUDGE, "NUMBER")]
Repeats = Annotated[int | None, declare_setting("repeats", JUDGE, "NUMBER")]
Fast = Annotated[bool | None, declare_option("--fast", FILE_KEYS["fast"].about, JUDGE)]
Threads = Annotated[int | None, declare_setting("threads", JUDGE, "NUMBER", otherwise="all cores")]
Memory = Annotated[str | None, declare_setting("memory", JUDGE, "SIZE", otherwise="half of what is free")]
Config = Annotated[
    str | None, declare_option("--config", "Read this settings file, not the nearest one.", JUDGE, "FILE")
]
Isolated = Annotated[bool, declare_option("--isolated", "Read no settings file.", JUDGE)]
NoCache = Annotated[
    bool, declare_option("--no-cache", "Don't use or keep anything in the user's cache folder.", JUDGE)
]
NoProgress = Annotated[bool, declare_option("--no-progress", "Show no progress bars.", OUTPUT)]
FullOrJson = Annotated[
    FormatWord,
    declare_word("--output-format", OutputFormat, "What to print. [default: full]", OUTPUT, "full|json"),
]
ColorWhen = Annotated[
    ColorWord,
    declare_word("--color", Color, "When to use colour. [default: auto]", OUTPUT, "auto|always|never"),
]
Quiet = Annotated[bool, declare_option("--quiet", "Print only errors.", OUTPUT, short="-q")]
Verbose = Annotated[
    bool,
    declare_option("--verbose", "Print all that was found, and each column on a line.", OUTPUT, short="-v"),
]
Force = Annotated[bool, declare_option("--force", "Replace files that are in the way.", OUTPUT)]

CorrectedFile = Annotated[
    str | None, declare_option("--output", "The new file to write.", WHERE, "FILE", short="-o")
]
InPlace = Annotated[
    bool,
    declare_option(
        "--in-place", "Replace DATA itself; the old file is kept as DATA.bak, or DATA.bak2, ...", WHERE
    ),
]
ForceNewFile = Annotated[bool, declare_option("--force", "Replace the file at --output.", WHERE)]
DryRun = Annotated[bool, declare_option("--dry-run", "Print each change, and write nothing.", WHERE)]
"""The options for the corrected file of `doubt apply` and `doubt undo`."""

OF_THE_FILE = {
    "label": Label,
    "no_label": NoLabel,
    "text": Text,
    "numeric": Numeric,
    "categorical": Categorical,
    "datetime": Datetime,
    "embedding": Embedding,
    "embeddings": Embeddings,
    "id": Id,
    "annotators": Annotators,
    "group": Group,
    "pair": Pair,
    "ignore": Ignore,
    "use": Use,
    "input_format": InputFormat,
    "encoding": Encoding,
    "delimiter": Delimiter,
    "quoting": Quoting,
    "no_header": NoHeader,
    "sheet": Sheet,
}
OF_THE_SCAN = OF_THE_FILE | {
    "embed": Embed,
    "pred_probs": PredProbs,
    "verdicts": VerdictFile,
    "reasons": Reasons,
    "skip": Skip,
    "seed": Seed,
    "folds": Folds,
    "repeats": Repeats,
    "fast": Fast,
    "threads": Threads,
    "memory": Memory,
}
"""All options for what is in a file and how to scan it, by field of `ScanSettings`."""

Flags = Mapping[str, Any]
"""The values given for `OF_THE_SCAN`, by field of `ScanSettings`; None if not given."""


def with_scan_options(*, without: Collection[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for commands that read a file: it adds all these options.

    The options replace the command's parameter `scan`, which gets the values given for them.

    Args:
        without: Options that the command does not have.
    """
    given = {name: kind for name, kind in OF_THE_SCAN.items() if name not in without}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def expanded(*positional: Any, **named: Any) -> Any:  # noqa: ANN401  # as the command has it
            return command(*positional, scan={name: named.pop(name) for name in given}, **named)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            parameters += _make_parameters(given) if parameter.name == "scan" else [parameter]
        expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        expanded.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return expanded

    return decorate


def _make_parameters(given: Mapping[str, Any]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in given.items()
    ]
