"""The labelled sets with known errors, without the columns that give the errors away."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from peers.inputs import text_columns

if TYPE_CHECKING:
    import numpy as np

DATA = Path(os.environ.get("DOUBT_DATA", "../shared/data"))

KNOWN_OF_ERRORS = ("true_label", "is_error", "label_", "n_rules", "n_answers", "original_class")
"""Columns with these prefixes give the errors away, and are hidden from every tool."""
OF_WORDS = "token"
"""How a set's task starts if its labels are those of words."""
ANSWERED_BY_PEOPLE = ("rte_crowd", "crowd_sentiment_sp", "crowd_music_ms")
"""Sets whose `annotations.parquet` has people's answers; in other sets it was used to find the errors."""
ANSWER = "annotator_"
"""The prefix of columns with people's answers."""
INJECTED = "inj_"
"""The prefix of sets whose errors were injected; in all others people made them."""


@dataclass(frozen=True)
class Task:
    """One file with known errors."""

    name: str
    table: pd.DataFrame
    is_error: np.ndarray
    is_given: bool = True
    """Whether its labels are the set's `label`, and not another kind of noise."""

    @property
    def is_injected(self) -> bool:
        """Whether the errors were injected."""
        return self.name.startswith(INJECTED)

    @property
    def inputs(self) -> pd.DataFrame:
        """All columns except ids, labels and people's answers."""
        return self.table[[c for c in self.table if c not in ("id", "label") and not is_answer(c)]]

    @property
    def has_answers(self) -> bool:
        """Whether there are people's answers, which the peers can't read."""
        return any(map(is_answer, self.table))

    @property
    def has_inputs(self) -> bool:
        """Whether there is anything for a model to learn from."""
        return not self.inputs.empty

    @property
    def is_text(self) -> bool:
        """Whether there is a column of written text."""
        return bool(text_columns(self.inputs))


def read_all_tasks(wanted: list[str]) -> list[Task]:
    """The tasks of the wanted sets under `DOUBT_DATA`, or of all sets."""
    folders = [folder for folder in sorted(DATA.iterdir()) if not wanted or folder.name in wanted]
    return [task for folder in folders for task in read_tasks(folder)]


def read_tasks(folder: Path) -> list[Task]:
    """A task for each column of given labels, without the columns that give the errors away."""
    path = folder / "data.parquet"
    if not path.exists():
        return []
    data = pd.read_parquet(path)
    if "is_error" not in data or pd.api.types.is_float_dtype(data["label"]):
        return []
    inputs = select_inputs(folder, data)
    if inputs is None:
        return []
    tasks = []
    for kind, labels in list_noise_kinds(folder.name, data).items():
        is_given = labels.equals(data["label"])
        wrong = data["is_error"] if is_given else labels != data["true_label"]
        known = wrong.notna().to_numpy()
        table = inputs.assign(id=data["id"], label=labels)
        if folder.name in ANSWERED_BY_PEOPLE:
            table = table.merge(read_answers(folder), on="id", how="left")
        table = table[known].reset_index(drop=True)
        is_error = wrong[known].to_numpy(dtype=bool)
        tasks.append(Task(f"{folder.name} {kind}".strip(), table, is_error, is_given))
    return tasks


def select_inputs(folder: Path, data: pd.DataFrame) -> pd.DataFrame | None:
    """The columns that a set's `meta.json` names as its inputs; without one, all that do not name errors.

    None where a label belongs to a word and not to a row.
    """
    described = folder / "meta.json"
    if not described.exists():
        return data[[c for c in data if c not in ("id", "label") and not c.startswith(KNOWN_OF_ERRORS)]]
    meta = json.loads(described.read_text(encoding="utf-8"))
    if meta["task"].startswith(OF_WORDS):
        return None
    return data[[c for c in data if any(fnmatch(c, pattern) for pattern in meta["inputs"])]]


def list_noise_kinds(name: str, data: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns of given labels by kind of noise, `label` first, under its kind's name where it has one."""
    kinds = [c for c in data if c.startswith("label_")] if name.startswith(INJECTED) else []
    same = [kind for kind in kinds if data[kind].equals(data["label"])]
    given = {(same or [""])[0].removeprefix("label_"): data["label"]}
    return given | {kind.removeprefix("label_"): data[kind] for kind in kinds if kind not in same}


def read_answers(folder: Path) -> pd.DataFrame:
    """The annotators' answers, one column each."""
    long = pd.read_parquet(folder / "annotations.parquet")
    wide = long.drop_duplicates(["id", "annotator"]).pivot_table(
        index="id", columns="annotator", values="label", aggfunc="first"
    )
    return wide.add_prefix(ANSWER).reset_index()


def is_answer(column: str) -> bool:
    """Whether a column has one person's answers."""
    return column.startswith(ANSWER)
