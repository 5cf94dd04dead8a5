"""A label or an id as a person, a tool or a spreadsheet wrote it -> the one that the file means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from doubtcli.files.values import show_value
from doubtcli.records.reading import reject_other_label

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from doubtcli.records import Labels
    from doubtcli.records.answers import Answer

BETWEEN_LABELS = "#"
"""What doccano's CSV writes between labels, and does not escape inside them."""

WHOLE_NUMBER = re.compile(r"(-?[0-9]+)\.0")
"""A whole number as pandas writes it in a column with gaps: 3.0."""

LOST_ZEROS = "ids may have lost leading zeros, or been saved as numbers: save the column as text"
NUMERAL = re.compile(r"0*([0-9]+)(?:\.0+)?")


@dataclass(frozen=True)
class ChosenLabels:
    """What an answer chose."""

    labels: tuple[str, ...]
    """The labels of the file that it names, as they are shown, each once."""
    unknown: tuple[str, ...] = ()
    """What it names beside them, as it is written there without spaces around it."""
    unclear: bool = False
    """Whether something unknown may be several labels joined."""


@dataclass(frozen=True)
class Spellings:
    """The labels of a file, and every way to write them."""

    by_text: Mapping[str, str]
    """Each label as it is shown, by every way to write it."""
    parse_other: Callable[[str], str | None] = reject_other_label
    """As `Labels` has it."""

    @classmethod
    def of(cls, labels: Labels, listed: Iterable[str] = ()) -> Spellings:
        """The spellings of a file's labels.

        Args:
            labels: The labels of the file.
            listed: More that it names but no row has, such as a ClassLabel's.
        """
        named = zip(labels.class_values, labels.class_names, strict=True)
        values = {show_value(value) or "": name for value, name in named}
        known = {name: name for name in listed} | values | {name: name for name in labels.class_names}
        return cls(known, labels.parse_other)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels, each once: the listed ones first, then the file's in the order of its classes."""
        return tuple(dict.fromkeys(self.by_text.values()))

    @cached_property
    def in_order(self) -> tuple[str, ...]:
        """All ways to write them, in string order."""
        return tuple(sorted(self.by_text))

    @cached_property
    def most_marks(self) -> int:
        """How often the mark between joined labels is part of one of them at most."""
        return count_most_marks(BETWEEN_LABELS, self.by_text)

    def find_label(self, text: str) -> str | None:
        """The label that a text means; None if it means none."""
        whole = WHOLE_NUMBER.fullmatch(text.strip())
        forms = (text, text.strip(), *(whole.groups() if whole else ()))
        known = next((self.by_text[form] for form in forms if form in self.by_text), None)
        return self.parse_other(text.strip()) if known is None else known

    def find_chosen(self, answer: Answer) -> ChosenLabels:
        """The labels that an answer chose; none if it is open."""
        labels: list[str] = []
        unknown: list[str] = []
        for text in filter(str.strip, (answer.verdict, *answer.other_verdicts)):
            found = self._find_all(text, joined=answer.joined)
            labels += found
            unknown += [] if found else [text.strip()]
        unclear = answer.joined and any(BETWEEN_LABELS in text for text in unknown)
        return ChosenLabels(tuple(dict.fromkeys(labels)), tuple(dict.fromkeys(unknown)), unclear)

    def _find_all(self, text: str, *, joined: bool) -> list[str]:
        """The labels that a text means, or several joined in it; empty if it means none."""
        label = self.find_label(text)
        if label is not None or not joined:
            return [] if label is None else [label]
        parts = split_joined(text, BETWEEN_LABELS, self.by_text, self.most_marks)
        return [self.by_text[part] for part in parts or ()]


def count_most_marks(mark: str, known: Iterable[str]) -> int:
    """How often a mark is part of that one of the texts which has most of them."""
    return max((one.count(mark) for one in known), default=0)


def split_joined(text: str, mark: str, known: Collection[str], most: int) -> list[str] | None:
    """The known texts that were joined by a mark, which may also be part of them; None if they were not.

    Where there is more than one way to take the text apart, the one with the longest first part is taken.

    Args:
        text: What was joined.
        mark: What is written between.
        known: What may have been joined.
        most: How many marks one of the known texts has at most, as `count_most_marks` says: it is asked of
            all of them once, not for each text.

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
    # from the end: where the part that starts at each piece ends, if all from there on can be taken apart
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


def find_numerals(ids: Iterable[str]) -> frozenset[str]:
    """Those of some ids that are whole numbers, as a spreadsheet writes them.

    Example:
        >>> sorted(find_numerals(["00154", "7.0", "a7", "0"]))
        ['0', '154', '7']
    """
    found = (NUMERAL.fullmatch(row_id.strip()) for row_id in ids)
    return frozenset(match[1] for match in found if match)
