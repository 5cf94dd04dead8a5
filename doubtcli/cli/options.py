"""The options that several commands have: what is in the file, and how to judge it."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any

import typer

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
Verdicts = Annotated[str | None, option("verdicts", JUDGE, "FILE")]
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
