"""The most expected corrections a minute, by a simple model of how long a row takes a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Codes, Floats
    from doubtcli.relabel.choose.pool import Pool

CHARACTERS_A_MINUTE = 1430
"""Silent reading: 238 words a minute (Brysbaert, 2019), taken at five letters and a space each."""
LONGEST_READ = 1.0
"""Minutes: an assumption. Nobody reads pages to pick a label."""
LOOK = 2 / 60
"""Minutes to take in a new row, or its image: an assumption."""
ONE_CLICK = 1.5 / 60
"""Minutes to accept a suggestion that is right: an assumption."""
OWN_CHOICE = 5 / 60
"""Minutes to find a label among the others: an assumption."""


def budget(pool: Pool, rows: Codes) -> Codes:
    """The rows by their expected corrections a minute, most first; ties as they were.

    A correction is expected with the row's doubt as its probability. Whether the row is doubted makes no
    difference here: a short row of less doubt may be worth more than a long one of much.

    Args:
        pool: What is known of the rows.
        rows: Row numbers, most doubted first.
    """
    worth = pool.doubt[rows] / minutes(pool.n_characters[rows], pool.suggestion[rows])
    return rows[np.argsort(-worth, kind="stable")]


def minutes(n_characters: NDArray[np.integer[Any]], suggestion: Floats) -> Floats:
    """How many minutes a person takes to decide each row, about.

    A row takes 2 seconds to look at, the time to read it, and the time to answer: 1,430 characters are read a
    minute, and no more than one minute is read; an answer takes 1.5 seconds where the suggested label is
    right, since that is one click, else 5 seconds. The reading speed is measured (238 words a minute:
    Brysbaert, 2019), all others of these numbers are assumptions: trust the order more than the sum.

    Args:
        n_characters: Of the texts to read.
        suggestion: How likely the suggested label is right, 0 to 1; 0 where nothing is suggested.

    Example:
        >>> minutes(np.array([715]), np.array([0.0])).round(3).tolist()
        [0.617]
    """
    reading = np.minimum(n_characters / CHARACTERS_A_MINUTE, LONGEST_READ)
    answering = suggestion * ONE_CLICK + (1 - suggestion) * OWN_CHOICE
    return np.asarray(LOOK + reading + answering, dtype=np.float64)
