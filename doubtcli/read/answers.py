"""What a person or a model answered -> the class that is meant: in another case, or with words around it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.files.values import find_distinct, show_value
from doubtcli.read.labels import NULL_WRITTEN, class_label_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.files.values import Distinct
    from doubtcli.records import Codes, Labels, Table

MARKS = " \t\r\n\"'`*_.,;:!?()[]{}<>|“”‘’«»"  # noqa: RUF001  # curly quotes
"""What may be around a word: blanks, quotes, brackets, Markdown and the end of a sentence."""
SAID = re.compile(
    r"(?:label|answer|category|class|classification|verdict|intent|sentiment|topic|rating|score|result|output)"
    r"[\"'*_` ]*(?:[:=]|\bis\b)",
    re.IGNORECASE,
)
"""What comes before the class in an answer of several words: "Label: billing", "the answer is billing"."""
DENIAL = re.compile(
    r"\b(?:not|no|never|nor|neither|none|without|isn't|aren't|doesn't|rather|instead|unsure|unclear|"
    r"either|or|maybe|can't|cannot)\b",
    re.IGNORECASE,
)
"""Words that may turn an answer around, or leave it open; such an answer isn't matched by its words."""
MOST_WORDS = 12
"""Longer answers give reasons, and name classes that they don't mean."""


def encode_answers(table: Table, column: str, labels: Labels, *, by_words: bool = False) -> tuple[Codes, int]:
    """One annotator's answers as codes of the labels' classes, -1 where there is no answer.

    An answer in another case, or with marks around it, is the class that it means, if it is only one. An
    answer that is not a class counts as missing: there is nothing to compare it with.

    Args:
        table: The file.
        column: The annotator's column.
        labels: The labels of the file.
        by_words: Whether an answer may have other words around the class, as a model's has.

    Returns:
        The codes, shape `(n_rows_in_file,)`, and the number of rows whose answer is not a class.
    """
    values = find_distinct(table.data.column(column))
    answers, key = _list_answers(values, table, column), make_answer_key(labels)
    meant = [None if answer is None else key.find_code(answer, by_words=by_words) for answer in answers]
    of_value = np.array([-1 if code is None else code for code in meant], dtype=np.intp)
    codes = np.asarray(values.on_rows(of_value, missing=-1), dtype=np.intp)
    is_answer = values.on_rows(
        np.array([answer is not None for answer in answers], dtype=bool), missing=False
    )
    return codes, int((is_answer & (codes < 0)).sum())


def find_loose_answer(table: Table, column: str, labels: Labels) -> str | None:
    """An answer that is not written as a class but means one; None if there is none."""
    key = make_answer_key(labels)
    answers = _list_answers(find_distinct(table.data.column(column)), table, column)
    others = (answer for answer in answers if answer is not None and answer not in key.codes)
    return next((answer for answer in others if key.find_code(answer, by_words=True) is not None), None)


def _list_answers(values: Distinct, table: Table, column: str) -> list[str | None]:
    """What each distinct value says, None for one that says nothing."""
    listed = class_label_names(table, column)
    found = values.values.to_pylist()
    if listed:
        named: dict[int, str | None] = {**dict(enumerate(listed)), -1: None}
        return [named.get(code, str(code)) for code in found]
    return [None if value in ("", NULL_WRITTEN) else show_value(value) for value in found]


def make_answer_key(labels: Labels) -> AnswerKey:
    """The classes of a label by what they are called, and by their values in the file."""
    known = {show_value(value) or "": code for code, value in enumerate(labels.class_values)}
    return AnswerKey(known | {name: code for code, name in enumerate(labels.class_names)})


@dataclass(frozen=True)
class AnswerKey:
    """The classes of a label, by all that an answer may say for them."""

    codes: Mapping[str, int]
    """Ways to write a class -> its code."""

    def find_code(self, answer: str, *, by_words: bool) -> int | None:
        """The code of the class that an answer means; None if none fits, or several fit equally.

        Args:
            answer: As it was written.
            by_words: Whether the answer may have other words around the class.

        Example:
            >>> key = AnswerKey({"billing": 0, "delivery": 1})
            >>> answers = ("BILLING", "Label: **Delivery**", "not billing")
            >>> [key.find_code(answer, by_words=True) for answer in answers]
            [0, 1, None]
        """
        exact = self.codes.get(answer)
        if exact is not None:
            return exact
        folded = self._by_fold.get(fold_answer(answer))
        if folded is not None or not by_words:
            return None if folded is None else self._only(folded)
        return self._find_by_words(answer)

    @cached_property
    def _by_fold(self) -> Mapping[str, frozenset[int]]:
        found: dict[str, frozenset[int]] = {}
        for name, code in self.codes.items():
            key = fold_answer(name)
            found[key] = found.get(key, frozenset()) | {code}
        return found

    @cached_property
    def _any_class(self) -> re.Pattern[str]:
        """Any class as whole words, longer ones first, so that "billing error" isn't "billing"."""
        names = sorted(filter(None, self._by_fold), key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")

    def _find_by_words(self, answer: str) -> int | None:
        said = SAID.split(answer)
        if len(said) > 1:
            first = self._find_named(said[-1].strip(MARKS).splitlines()[:1])
            return self._only(first)
        if len(answer.split()) > MOST_WORDS or self._is_open(answer):
            return None
        return self._only(self._find_named([answer]))

    def _is_open(self, answer: str) -> bool:
        return any(word.casefold() not in self._by_fold for word in DENIAL.findall(answer))

    def _find_named(self, lines: list[str]) -> frozenset[int]:
        """The codes of all classes in the line."""
        if not lines or self._is_open(lines[0]):
            return frozenset()
        words = self._any_class.findall(fold_answer(lines[0]))
        return frozenset().union(*(self._by_fold[word] for word in words))

    def _only(self, codes: frozenset[int]) -> int | None:
        return next(iter(codes)) if len(codes) == 1 else None


def fold_answer(text: str) -> str:
    """A text in lower case, without marks around its words, with blanks for dashes and underscores.

    Example:
        >>> fold_answer("**Late_Delivery**.")
        'late delivery'
    """
    words = re.split(r"[\s_\-‐-—]+", unicodedata.normalize("NFC", text.casefold()))  # noqa: RUF001  # dashes
    return " ".join(filter(None, (word.strip(MARKS) for word in words)))


FAIR_AGREEMENT = 0.4
"""Cohen's kappa from which on columns are taken for answers to the label's question: moderate agreement, by
Landis and Koch, 1977. Attributes with the same words as the label, such as low and high, agree by less."""


def agree_with_labels(answers: Sequence[Codes], labels: Labels) -> bool:
    """Whether each column agrees with the labels beyond chance, and none is a mere copy of them.

    Args:
        answers: A column each, of shape `(n_rows_in_file,)`, from `encode_answers`.
        labels: The labels.
    """
    return all(FAIR_AGREEMENT <= _measure_kappa(codes, labels) < 1 for codes in answers)


def _measure_kappa(codes: Codes, labels: Labels) -> float:
    """Cohen's kappa of a column and the labels, where both are known; 0 if it can't be computed."""
    both = (codes >= 0) & (labels.codes >= 0)
    if not both.any():
        return 0.0
    n_classes = len(labels.class_names)
    of_column = np.bincount(codes[both], minlength=n_classes) / both.sum()
    of_label = np.bincount(labels.codes[both], minlength=n_classes) / both.sum()
    by_chance = float(of_column @ of_label)
    observed = float((codes[both] == labels.codes[both]).mean())
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
