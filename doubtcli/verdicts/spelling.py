"""A label as a person, a tool or a spreadsheet wrote it -> the label of the file."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from doubtcli.files.values import show_value
from doubtcli.records.reading import reject_other_label
from doubtcli.verdicts.spreadsheet import DATE, find_own_value, find_value, is_rewritten, is_shortened
from doubtcli.wording.lists import join_or

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from doubtcli.records import Labels
    from doubtcli.records.answers import Answer

BETWEEN_LABELS = "#"
"""What doccano's CSV writes between labels. It is not escaped inside a label."""

WHOLE_NUMBER = re.compile(r"(-?[0-9]+)\.0")
"""A whole number as pandas writes it in a column with gaps: 3.0."""

BETWEEN_WORDS, LAST_STOP = re.compile(r"(?<=[^\W\d_])[_-](?=[^\W\d_])"), re.compile(r"(?<=[^\W\d_])\.$")
"""What people write between words for a space, and after them; beside a digit it may be part of a number."""
HAS_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True)
class ChosenLabels:
    """What an answer chose."""

    labels: tuple[str, ...]
    """The labels of the file that it names, each once, as they are shown."""
    unknown: tuple[str, ...] = ()
    """What else it names, as written, without spaces around it."""
    unclear: bool = False
    """Whether an unknown text may be several joined labels."""


@dataclass(frozen=True)
class Spellings:
    """The labels of a file, and all ways to write them."""

    by_text: Mapping[str, str]
    """All ways to write a label -> the label as it is shown."""
    parse_other: Callable[[str], str | None] = reject_other_label
    """As in `Labels`."""

    @classmethod
    def of(cls, labels: Labels, listed: Iterable[str] = ()) -> Spellings:
        """The spellings of a file's labels.

        Args:
            labels: The labels of the file.
            listed: Labels that no row has but the file lists, such as those of a ClassLabel.
        """
        named = zip(labels.class_values, labels.class_names, strict=True)
        values = {show_value(value) or "": name for value, name in named}
        known = {name: name for name in listed} | values | {name: name for name in labels.class_names}
        return cls(known, labels.parse_other)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels, each once: first the listed ones, then those of the rows in the order of classes."""
        return tuple(dict.fromkeys(self.by_text.values()))

    @cached_property
    def in_order(self) -> tuple[str, ...]:
        """All ways to write labels, in string order."""
        return tuple(sorted(self.by_text))

    @cached_property
    def most_marks(self) -> int:
        """The largest number of marks between joined labels that is inside one label."""
        return count_most_marks(BETWEEN_LABELS, self.by_text)

    @cached_property
    def _by_fold(self) -> Mapping[str, frozenset[str]]:
        return _index_labels(self.by_text, fold_spelling)

    @cached_property
    def _by_value(self) -> Mapping[str, frozenset[str]]:
        return _index_labels(self.by_text, find_own_value)

    def find_label(self, text: str, *, rewritten: bool = False) -> str | None:
        """The label that a text means; None if none fits, or several fit equally.

        A label may be in another case, or as a spreadsheet has rewritten it.

        Args:
            text: What was written.
            rewritten: Whether a spreadsheet has rewritten labels of the same file: then an exact label may
                have been another one before.
        """
        exact = self.find_exact(text)
        if exact is not None and not rewritten:
            return exact
        fitting = self.list_rewritten(text) if exact else self.list_fitting(text)
        labels = {*fitting, exact} if exact else {*fitting}
        return labels.pop() if len(labels) == 1 else None

    def list_fitting(self, text: str) -> tuple[str, ...]:
        """The labels that fit a text by case, by number or as a boolean, in string order."""
        by_case = self._by_fold.get(fold_spelling(text), frozenset())
        return tuple(sorted(by_case.union(self.list_rewritten(text))))

    def list_rewritten(self, text: str) -> tuple[str, ...]:
        """The labels that a spreadsheet may have saved as this text, in string order."""
        found = self._by_value.get(find_value(text) or "", frozenset())
        if is_shortened(text):
            found |= {label for own, label in self.by_text.items() if is_rewritten(text, own)}
        return tuple(sorted(found))

    def explain_unknown(self, text: str) -> str | None:
        """Why a text is no label, if several labels fit it or a spreadsheet changed it; else None."""
        fitting = self.list_rewritten(text)
        if len(fitting) > 1:
            return f"a spreadsheet rewrote the labels: {text!r} may be {join_or(map(repr, fitting))}"
        fitting = self.list_fitting(text)
        if len(fitting) > 1:
            return f"{text!r} may be {join_or(map(repr, fitting))}: write it as the file does"
        if DATE.fullmatch(text) and any(map(HAS_DIGIT.search, self.by_text)):
            return f"a spreadsheet rewrote the labels: it saved one of them as the date {text!r}"
        return None

    def find_exact(self, text: str) -> str | None:
        """The label that a text is, apart from spaces around it and the ".0" of a whole number."""
        whole = WHOLE_NUMBER.fullmatch(text.strip())
        forms = (text, text.strip(), *(whole.groups() if whole else ()))
        known = next((self.by_text[form] for form in forms if form in self.by_text), None)
        return self.parse_other(text.strip()) if known is None else known

    def find_chosen(self, answer: Answer) -> ChosenLabels:
        """The labels that an answer chose; empty if it has none."""
        labels: list[str] = []
        unknown: list[str] = []
        for text in filter(str.strip, (answer.verdict, *answer.other_verdicts)):
            found = self._find_all(text, answer)
            labels += found
            unknown += [] if found else [text.strip()]
        unclear = answer.joined and any(BETWEEN_LABELS in text for text in unknown)
        return ChosenLabels(tuple(dict.fromkeys(labels)), tuple(dict.fromkeys(unknown)), unclear)

    def _find_all(self, text: str, answer: Answer) -> list[str]:
        """The label that a text means, or the several labels that it joins; empty if not known."""
        label = self.find_label(text, rewritten=answer.rewritten)
        if label is not None or not answer.joined:
            return [] if label is None else [label]
        parts = split_joined(text, BETWEEN_LABELS, self.by_text, self.most_marks)
        return [self.by_text[part] for part in parts or ()]


def _index_labels(by_text: Mapping[str, str], key: Callable[[str], str | None]) -> dict[str, frozenset[str]]:
    """The labels by a key of the texts that are written for them; texts without a key are left out."""
    found: dict[str, set[str]] = {}
    for text, label in by_text.items():
        own = key(text)
        if own is not None:
            found.setdefault(own, set()).add(label)
    return {own: frozenset(labels) for own, labels in found.items()}


def count_most_marks(mark: str, known: Iterable[str]) -> int:
    """The largest number of times that a mark is in one of the texts."""
    return max((one.count(mark) for one in known), default=0)


def split_joined(text: str, mark: str, known: Collection[str], most: int) -> list[str] | None:
    """Split a text into the known texts that were joined by a mark; None if that isn't possible.

    The mark may also be inside a known text. If there is more than one way to split, the one with the longest
    first part is used.

    Args:
        text: What was joined.
        mark: What is written between the joined texts.
        known: The texts that may have been joined.
        most: The largest number of marks in a known text, from `count_most_marks`. The caller counts once
            for all texts that it splits.

    Example:
        >>> split_joined("C#Java", "#", {"C", "C#Java", "Java"}, most=1)
        ['C#Java']
        >>> split_joined("C##Java", "#", {"C", "C#", "Java"}, most=1)
        ['C#', 'Java']
        >>> split_joined("C#Rust", "#", {"C", "Java"}, most=0) is None
        True
    """
    pieces, longest = text.split(mark), most + 1
    ends: list[int | None] = [*[None] * len(pieces), len(pieces)]
    # from the end: where the part that starts at each piece ends, if the rest of the text can be split
    for start in reversed(range(len(pieces))):
        to_try = range(min(start + longest, len(pieces)), start, -1)
        fits = (end for end in to_try if ends[end] is not None and mark.join(pieces[start:end]) in known)
        ends[start] = next(fits, None)
    parts, start = [], 0
    while start < len(pieces):
        end = ends[start]
        if end is None:
            return None
        parts.append(mark.join(pieces[start:end]))
        start = end
    return parts


def fold_spelling(text: str) -> str:
    """A text in lower case, with single spaces between words, composed letters and no full stop at the end.

    Example:
        >>> list(map(fold_spelling, ("Technical_Issue ", "technical-issue.", "-1", "1.0")))
        ['technical issue', 'technical issue', '-1', '1.0']
    """
    words = " ".join(unicodedata.normalize("NFC", text.casefold()).split())
    return LAST_STOP.sub("", BETWEEN_WORDS.sub(" ", words))
