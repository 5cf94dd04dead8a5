"""Which character keeps the fields of a delimited file apart."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable, Iterator

    from doubtcli.files.parsed import Lines

DELIMITERS = (",", "\t", ";", "|")
"""The ones looked for; earlier ones win a tie."""

SAMPLE_RECORDS = 200
"""How many records are looked at: enough to tell a delimiter from a character of the text."""

SAMPLE_CHARACTERS = 2**20
"""Where the sample ends at the latest, as with a quote that is never closed."""


@dataclass(frozen=True)
class Guess:
    """One delimiter, and how well the sample fits it."""

    delimiter: str
    width: int
    """How many fields the header has."""
    share: float
    """The share of records with as many fields as the header."""


def guess_delimiter(lines: Lines, *, quoted: bool) -> tuple[str, tuple[str, ...]]:
    """The delimiter that gives most records as many fields as the header, more fields winning a tie.

    Text holds commas too, but seldom the same number in every record and in the header. The second part
    is a note where another delimiter fits no worse.
    """
    sample = list(takewhile(lambda _: lines.n_characters < SAMPLE_CHARACTERS, lines))
    guesses = [_try(delimiter, sample, quoted=quoted) for delimiter in DELIMITERS]
    guesses = [guess for guess in guesses if guess.width > 1]
    if not guesses:
        return DELIMITERS[0], ()
    best = max(guesses, key=_fit)  # the first of equals
    rivals = [guess.delimiter for guess in guesses if guess is not best and _fit(guess) == _fit(best)]
    return best.delimiter, _note(best.delimiter, rivals)


def csv_reader(lines: Iterable[str], delimiter: str, *, quoted: bool) -> Reader:
    """A strict reader; with `quoted` off, quotes are characters like any other."""
    if quoted:
        return csv.reader(lines, delimiter=delimiter, strict=True)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, quotechar=None)


def _fit(guess: Guess) -> tuple[float, int]:
    return guess.share, guess.width


def _try(delimiter: str, sample: list[str], *, quoted: bool) -> Guess:
    widths = [width for width in _widths(delimiter, sample, quoted=quoted) if width]
    width = widths[0] if widths else 0
    return Guess(delimiter, width, widths.count(width) / max(1, len(widths)))


def _widths(delimiter: str, sample: list[str], *, quoted: bool) -> Iterator[int]:
    """The number of fields of each record; -1 for one that can't be read, which ends the sample."""
    try:
        for record in islice(csv_reader(sample, delimiter, quoted=quoted), SAMPLE_RECORDS):
            yield len(record)
    except csv.Error:
        yield -1


def _note(delimiter: str, rivals: list[str]) -> tuple[str, ...]:
    if not rivals:
        return ()
    others = " or ".join(map(repr, rivals))
    return (f"fields could be kept apart by {others} as well as by {delimiter!r}: --delimiter says which",)
