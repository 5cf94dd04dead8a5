"""Which columns give the label away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.read.labels.find import OTHER_ANSWER, plain_name

if TYPE_CHECKING:
    from doubtcli.files.values import Distinct
    from doubtcli.records import Labels

LEAK = 0.99
"""The share of rows from which a column that pairs up with the label says the same as it."""
VALUES_A_CLASS = 2
"""With more values than this times the classes a column says more than the label does."""
CLASSES_PAIRED = 0.9
"""Tiny classes may lose their partner to a few wrong labels; to pair with the largest alone is no leak."""
MOSTLY_FILLED = 0.5
"""A column that is empty on more of the rows is not judged by the others."""
FEWEST_MEETINGS = 2
"""Values that stand on one row each go one to one with anything."""

LABEL_NAME = re.compile(r"^labels?_|_labels?$|^labels?$")
ANYBODYS_WORDS = frozenset({"yes", "no", "true", "false", "y", "n", "t", "f"})
"""Answers to any question: two columns that hold them need not answer the same one."""


def one_to_one(values: Distinct, labels: Labels) -> float:
    """The share of rows on which a column and the label go one to one, 0 where they don't pair up.

    A value and a class are a pair if each is the other's most frequent partner. Rows on which either
    is missing don't count.
    """
    n_classes = len(labels.class_names)
    known = (values.codes >= 0) & (labels.codes >= 0)
    met, met_codes = np.unique(values.codes[known], return_inverse=True)
    is_filled = known.sum() >= MOSTLY_FILLED * (labels.codes >= 0).sum()
    recurs = known.sum() >= FEWEST_MEETINGS * len(met)
    if len(met) > VALUES_A_CLASS * n_classes or not is_filled or not recurs:
        return 0.0
    pairs = np.bincount(met_codes * n_classes + labels.codes[known], minlength=len(met) * n_classes)
    table = pairs.reshape(len(met), n_classes)
    # ties go by the value's name, not by the row that it is met on first
    table = table[np.argsort(np.array([str(values.texts[int(code)]) for code in met], dtype=object))]
    partner = table.argmax(axis=1)
    paired = table.argmax(axis=0)[partner] == np.arange(len(table))
    if paired.sum() < CLASSES_PAIRED * n_classes:
        return 0.0
    return float(table.max(axis=1)[paired].sum() / known.sum())


def is_another_answer(name: str, values: Distinct, labels: Labels) -> bool:
    """Whether a column may hold another answer to the label's question, by its name or by its words."""
    plain = plain_name(name)
    if OTHER_ANSWER.search(plain) or LABEL_NAME.search(plain):
        return len(values.values) <= VALUES_A_CLASS * len(labels.class_names)
    words = set(labels.class_names)
    if all(word.lower() in ANYBODYS_WORDS or re.fullmatch(r"[\d.+-]+", word) for word in words):
        return False
    if len(values.values) > len(words):
        return False
    return set(values.texts.to_pylist()) <= words
