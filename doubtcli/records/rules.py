"""Rules of the user's own, and what they say about the rows of a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from doubtcli.records.arrays import Codes


@dataclass(frozen=True)
class Rule:
    """Where its condition is true, a row has this label, says the user."""

    name: str
    """A short text that no other rule of the user's has: "links"."""
    when: str
    """Its condition, in the language of `doubtcli.rules.condition`."""
    label: str
    """The label of the rows on which it is true, as a class's name."""
    why: str = ""
    """For people: why this is so."""


@dataclass(frozen=True)
class RuleLabels:
    """The rules that fit a file, and the label that each gives each row."""

    rules: tuple[Rule, ...]
    codes: NDArray[np.int32]
    """Shape `(n_rows, n_rules)`; -1 where a rule's condition is not true."""
    left_out: tuple[tuple[Rule, str], ...] = ()
    """The rules that don't fit, each with why, as a clause: "the file has no column 'txt'"."""

    def take(self, rows: Codes) -> RuleLabels:
        """What they say about some of the rows, in the order of `rows`."""
        return replace(self, codes=self.codes[rows])


@dataclass(frozen=True)
class RuleCount:
    """A rule, and on how many rows its condition is true."""

    rule: Rule
    n_true: int = 0
    """Labelled rows on which its condition is true."""
    n_contradicted: int = 0
    """Those of them that have another label."""
    left_out: str = ""
    """Why it does not fit the file, as a clause; "" if it does."""

    @property
    def n_agreed(self) -> int:
        """Those of them that have its label."""
        return self.n_true - self.n_contradicted
