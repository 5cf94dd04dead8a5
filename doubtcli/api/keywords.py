"""The keywords of the Python API: the flags of the commands, and objects in memory in place of files."""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar

import numpy as np
import pandas as pd

from doubtcli.errors import DoubtError, InputError, SettingsError, UnclearLabelError
from doubtcli.files.frame import is_pandas, is_table, name_kind, read_frame
from doubtcli.read.side_files import check_matrix
from doubtcli.records import InMemory, SideFile
from doubtcli.settings import load_gate
from doubtcli.store.audit_key import SIDE_FILES
from doubtcli.tools.load import list_frame_records
from doubtcli.tools.read import read_answer_files
from doubtcli.wording.lists import join_or

if TYPE_CHECKING:
    from doubtcli.files.frame import Frame
    from doubtcli.records import AnswersRead
    from doubtcli.settings import GatePlan
    from doubtcli.tools.load import Records

Names = str | Sequence[str]
"""One column or reason, or several."""
Limit = str | float
"""A share such as "2%" or 0.02, or a whole number of rows."""
Path = str | os.PathLike[str]
Data = Any
"""A pandas or polars DataFrame, a pyarrow Table, anything else that offers Arrow's C stream, or a path."""
Array = Any
"""A NumPy array of shape `(n_rows, n_columns)`, a table, or the path of a file."""


class ScanOptions(TypedDict, total=False):
    """The keywords of `scan`: the flags of `doubt scan`, with underscores for dashes."""

    label: str | None
    no_label: Names | None
    text: Names | None
    numeric: Names | None
    categorical: Names | None
    datetime: Names | None
    id: str | None
    annotators: Names | None
    embedding: Names | None
    embeddings: Array
    embed: Path | None
    pred_probs: Array
    verdicts: Data
    group: str | None
    pair: Names | Sequence[Sequence[str]] | None
    ignore: Names | None
    use: Names | None
    input_format: str | None
    encoding: str | None
    delimiter: str | None
    quoting: str | None
    no_header: bool | None
    sheet: str | None
    reasons: Names | None
    skip: Names | None
    reason_settings: Mapping[str, Mapping[str, Any]] | None
    rules: Sequence[Mapping[str, str]] | None
    seed: int | None
    folds: int | None
    repeats: int | None
    fast: bool | None
    threads: int | None
    memory: str | None
    queue_size: int | None
    audit_sample: int | None
    stop_below: float | str | None


class GateOptions(TypedDict, total=False):
    """The keywords of `Audit.gate`: the flags of `doubt gate`, with underscores for dashes."""

    max_noise: Limit | None
    max_doubted: Limit | None
    max_contradicted: Limit | None
    max_per_class: Limit | Mapping[str, Limit] | None
    max_per_reason: Limit | Mapping[str, Limit] | None
    max_new: Limit | None
    max_conflicts: Limit | None
    max_unlabelled: Limit | None
    min_skill: Limit | None
    require_measured: int | None
    require_reason: Names | None
    strict: bool | None
    allow_unassessable: bool | None
    baseline: Path | None
    waivers: Path | None


class LabelOptions(ScanOptions, GateOptions, total=False):
    """The keywords of `doubtcli.testing.assert_labels`."""

    config: Path | None
    progress: bool


FLAG = re.compile(r"--([a-z]+(?:-[a-z]+)*)(?: ([A-Z]+|[0-9]+%?)\b)?|(?<!\S)-o\b(?: ([A-Z]+))?")
"""A flag of the command line in a sentence, with its value if there is one."""
OF_APPLY = frozenset(
    {"output", "in_place", "force", "dry_run", "on_conflict", "new_labels", "spread", "confirmed", "drop"}
)


def say_in_keywords(text: str) -> str:
    """A sentence of the command line with keywords in place of flags: "--seed 3" becomes "seed=3"."""
    return FLAG.sub(_to_keyword, text)


def _to_keyword(flag: re.Match[str]) -> str:
    name = "output" if flag[1] is None else flag[1].replace("-", "_")
    if name not in LabelOptions.__annotations__.keys() | OF_APPLY:
        return flag[0]
    value = flag[2] or flag[3]
    return f"{name}={value}" if value else name


Given = ParamSpec("Given")
Result = TypeVar("Result")


def with_keywords_in_errors(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The same function, whose errors name keywords where the command line has flags."""

    @wraps(function)
    def call(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except DoubtError as error:
            for name in ("where", "found", "expected", "hint"):
                text = getattr(error, name)
                setattr(error, name, None if text is None else say_in_keywords(text))
            if isinstance(error, UnclearLabelError) and error.candidates:
                error.hint = f"name it: {join_or(f'label={name!r}' for name in error.candidates)}"
            raise

    return call


def is_path(given: object) -> bool:
    """Whether somebody gave a path rather than what a file holds."""
    return isinstance(given, str | os.PathLike)


def find_config(config: Path | None) -> dict[str, Any]:
    """No settings file but the one that is named: what a script does must not depend on where it runs."""
    named = None if config is None else os.fspath(config)
    return {"config": named, "isolated": config is None, "dashes": ""}


def plan_gate(limits: Mapping[str, Any], config: Path | None = None) -> GatePlan:
    """What a gate is asked to do by its keywords.

    Raises:
        SettingsError: A limit is not valid, or there is none.
    """
    flags = {name: as_flag(limit) for name, limit in limits.items()}
    plan = load_gate({}, flags, start=pathlib.Path.cwd(), **find_config(config))
    if config is None and not plan.limits("").has_limit:
        raise SettingsError(
            "no limit is given",
            where="gate",
            expected="at least one limit, to pass or fail",
            hint='add one, such as max_doubted="2%"',
        )
    return plan


def as_flag(value: Any) -> Any:  # noqa: ANN401  # of any kind
    """A keyword's value as settings have it: names in a tuple, a path as text."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return value.item()
    is_many = isinstance(value, Iterable) and not isinstance(value, str | Mapping)
    return tuple(value) if is_many else value


def as_column(value: Any) -> Any:  # noqa: ANN401  # a name, or several
    """Names of columns as texts: a frame's columns may be called by numbers."""
    named = as_flag(value)
    if isinstance(named, tuple):
        return tuple(map(str, named))
    return named if named is None else str(named)


def as_couples(value: Any) -> Any:  # noqa: ANN401  # names, or couples of them
    """Names of columns that are compared as texts, left and right in turn."""
    named = as_flag(value)
    if not isinstance(named, tuple):
        return as_column(named)
    return tuple(as_column(item) if isinstance(item, list | tuple) else str(item) for item in named)


def as_one_column(value: Any) -> Any:  # noqa: ANN401  # a name, which is a tuple where a frame has levels
    """The name of one column as text."""
    return value if value is None else str(value)


CONVERT: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("label", "id", "group"), as_one_column),
    **dict.fromkeys(
        (
            *("text", "numeric", "categorical", "datetime", "annotators", "embedding", "ignore", "use"),
            "no_label",
        ),
        as_column,
    ),
    "pair": as_couples,
}
"""How the keywords that name columns, or values of one, are read."""


def take_from_memory(options: Mapping[str, Any], frame: Frame | None) -> tuple[dict[str, Any], InMemory]:
    """The options as flags have them, names in place of what is in memory; and what is."""
    arrays, side_files, answers = {}, {}, None
    for name in SIDE_FILES:
        given = options[name]
        if given is None or is_path(given):
            continue
        if name == "verdicts":
            records = list_records(given)
            answers = read_answer_files([records])
            side_files[name] = SideFile(records.path, records.sha256)
        else:
            arrays[name], side_files[name] = _read_array(given, frame)
    flags = {
        name: CONVERT.get(name, as_flag)(value) for name, value in options.items() if name not in side_files
    }
    flags |= {name: side_file.path for name, side_file in side_files.items()}
    table = None if frame is None else frame.table
    return flags, InMemory(table, arrays, answers, side_files)


def _read_array(given: Array, frame: Frame | None) -> tuple[Any, SideFile]:
    """An array or a table, and what stands for it where a file would be named."""
    if is_table(given):
        if is_pandas(given) and frame is not None and is_pandas(frame.given):
            given = _align_rows(given, frame.index)
        table = read_frame(given).table
        return table.data, SideFile(table.source.path, table.source.sha256)
    array = np.asarray(given)
    name = name_kind(given)
    check_matrix(array, name)
    content = f"{array.shape} {array.dtype.str} ".encode() + array.tobytes()
    return array, SideFile(name, hashlib.sha256(content).hexdigest())


def _align_rows(table: pd.DataFrame, index: pd.Index[Any]) -> pd.DataFrame:
    """A pandas table with its rows in the order of an index; one without an index of its own as it is.

    Raises:
        InputError: It has an index of its own, and that is another one.
    """
    if table.index.equals(index) or table.index.equals(pd.RangeIndex(len(table))):
        return table
    if table.index.is_unique and index.is_unique and set(table.index) == set(index):
        return table.loc[index]
    raise InputError(
        "its index is not the index of the table that is scanned",
        where=name_kind(table),
        expected="the same index in any order, or none (0, 1, 2, ...)",
        hint="reset_index(drop=True), if its rows are in the order of the table",
    )


def read_answers_in_memory(sources: Sequence[Any], *, confirmed: bool) -> AnswersRead:
    """The answers in tables, in labels by row id, and in files; several of each."""
    read = (os.fspath(one) if is_path(one) else list_records(one) for one in sources)
    return read_answer_files(read, confirmed=confirmed)


def list_records(verdicts: Data) -> Records:
    """The records of a table of verdicts, or of labels by row id."""
    if type(verdicts).__name__ == "Series" and hasattr(verdicts, "to_dict"):
        verdicts = verdicts.to_dict()
    if isinstance(verdicts, Mapping):
        where, columns = name_kind(verdicts), {"doubt_id": map(str, verdicts), "verdict": verdicts.values()}
        verdicts = pd.DataFrame({name: list(values) for name, values in columns.items()})
        return list_frame_records(read_frame(verdicts).table.data, where)
    table = read_frame(verdicts).table
    return list_frame_records(table.data, table.source.path)
