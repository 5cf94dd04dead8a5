"""A label as a person, a tool or a spreadsheet wrote it -> the label that the file means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from doubtcli.files.values import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from doubtcli.records import Labels
    from doubtcli.records.answers import Answer

BETWEEN_LABELS = "#"
"""What doccano's CSV writes between labels, and does not escape inside them."""

WHOLE = re.compile(r"(-?[0-9]+)\.0")
"""A whole number as pandas writes it in a column with gaps: 3.0."""

LOST_ZEROS = "ids may have lost leading zeros, or been saved as numbers: save the column as text"
_NUMERAL = re.compile(r"0*([0-9]+)(?:\.0+)?")


@dataclass(frozen=True)
class Choice:
    """What an answer chose."""

    labels: tuple[str, ...]
    """The labels of the file that it names, as they are shown, each once."""
    unknown: tuple[str, ...] = ()
    """What it names beside them, as it stands there without spaces around it."""
    unclear: bool = False
    """Whether something unknown may be several labels joined."""


def spellings(labels: Labels, listed: Iterable[str] = ()) -> dict[str, str]:
    """Each label as it is shown, by every way to write it.

    Args:
        labels: The labels of the file.
        listed: More that it names but bears on no row, such as a ClassLabel's.
    """
    values = {
        shown(value) or "": name for value, name in zip(labels.class_values, labels.class_names, strict=True)
    }
    return {name: name for name in listed} | values | {name: name for name in labels.class_names}


def label_of(text: str, known: Mapping[str, str]) -> str | None:
    """The label that a text means; None if it means none."""
    whole = WHOLE.fullmatch(text.strip())
    forms = (text, text.strip(), *(whole.groups() if whole else ()))
    return next((known[form] for form in forms if form in known), None)


def likely_label(text: str, known: Iterable[str]) -> str | None:
    """The label that a text which is none was probably meant as, capitals or not; None if it is like none."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(text.strip().casefold(), by_folded, n=1)
    return by_folded[near[0]] if near else None


def choice(answer: Answer, known: Mapping[str, str]) -> Choice:
    """The labels that an answer chose; none if it is open."""
    labels: list[str] = []
    unknown: list[str] = []
    for text in filter(str.strip, (answer.verdict, *answer.also)):
        found = label_of(text, known)
        parts = [found] if found is not None else _parts(text, known) if answer.joined else None
        labels += parts or []
        unknown += [text.strip()] if parts is None else []
    unclear = answer.joined and any(BETWEEN_LABELS in text for text in unknown)
    return Choice(tuple(dict.fromkeys(labels)), tuple(dict.fromkeys(unknown)), unclear)


def _parts(text: str, known: Mapping[str, str]) -> list[str] | None:
    found = known_parts(text, BETWEEN_LABELS, known, most_marks(BETWEEN_LABELS, known))
    return None if found is None else [known[part] for part in found]


def most_marks(mark: str, known: Iterable[str]) -> int:
    """How often a mark stands in that one of the texts which holds most of them."""
    return max((one.count(mark) for one in known), default=0)


def known_parts(text: str, mark: str, known: Collection[str], most: int) -> list[str] | None:
    """The known texts that were joined by a mark, which may also stand inside them; None if they were not.

    Where there is more than one way to take the text apart, the one with the longest first part is taken.

    Args:
        text: What was joined.
        mark: What stands between.
        known: What may have been joined.
        most: How many marks one of the known texts holds at most, as `most_marks` tells it: it is asked of
            all of them once, not for each text.

    Example:
        >>> known_parts("C#Java", "#", {"C", "C#Java", "Java"}, most=1)
        ['C#Java']
        >>> known_parts("C##Java", "#", {"C", "C#", "Java"}, most=1)
        ['C#', 'Java']
        >>> known_parts("C#Rust", "#", {"C", "Java"}, most=0) is None
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


def numerals(ids: Iterable[str]) -> frozenset[str]:
    """Those of some ids that are whole numbers, as a spreadsheet writes them.

    Example:
        >>> sorted(numerals(["00154", "7.0", "a7", "0"]))
        ['0', '154', '7']
    """
    found = (_NUMERAL.fullmatch(row_id.strip()) for row_id in ids)
    return frozenset(match[1] for match in found if match)
