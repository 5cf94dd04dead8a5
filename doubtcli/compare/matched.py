"""Two sides -> their rows side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.compare.count import NO_LABEL, Pairs
from doubtcli.compare.match import match_rows
from doubtcli.compare.sides import nothing_shared

if TYPE_CHECKING:
    from doubtcli.compare.sides import Side
    from doubtcli.records import Bools, Codes


@dataclass(frozen=True)
class Matched:
    """Two sides, and which row of the one is which row of the other."""

    before: Side
    after: Side
    by_id: bool
    """Whether rows are known by their ids; else they are known by what stands in them."""
    rows_before: Codes
    """Shape `(n_pairs,)`: places in the file before."""
    rows_after: Codes
    pairs: Pairs

    @property
    def judged(self) -> Codes:
        """Which of the pairs both audits judge: rows with a label on either side, called unusable on none."""
        return np.flatnonzero(self.before.judged[self.rows_before] & self.after.judged[self.rows_after])


def match_sides(before: Side, after: Side) -> Matched:
    """Which row of the one file is which row of the other.

    Raises:
        InputError: There is no row that both have.
    """
    by_id = before.has_ids and after.has_ids
    found = match_rows(before.known_rows(by_id=by_id), after.known_rows(by_id=by_id))
    if not found:
        raise nothing_shared(before, after)
    rows_before, rows_after = np.array(found, dtype=np.intp).T
    names = tuple(sorted({*before.labels.class_names, *after.labels.class_names}))
    pairs = Pairs(
        class_names=names,
        before=_codes(before, names)[rows_before],
        after=_codes(after, names)[rows_after],
        doubted_before=before.doubted[rows_before],
        doubted_after=after.doubted[rows_after],
        judged_after=after.judged[rows_after],
    )
    return Matched(before, after, by_id, rows_before, rows_after, pairs)


def _codes(side: Side, names: tuple[str, ...]) -> Codes:
    """The labels of a file as codes of the classes of both."""
    place = {name: code for code, name in enumerate(names)}
    places = [place[name] for name in side.labels.class_names]
    return np.array([*places, NO_LABEL], dtype=np.intp)[side.labels.codes]  # the last one stands for -1


def answers_given(matched: Matched) -> dict[str, Bools]:
    """By annotator, shape `(n_pairs,)`: whether the label before is what they answered."""
    examples = matched.before.examples
    if examples.annotations is None:
        return {}
    annotators = examples.annotations.annotators
    agrees = np.zeros((len(matched.before.judged), len(annotators)), dtype=np.bool_)
    agrees[examples.positions] = examples.annotations.codes == examples.given_labels[:, np.newaxis]
    return dict(zip(annotators, agrees[matched.rows_before].T, strict=True))
