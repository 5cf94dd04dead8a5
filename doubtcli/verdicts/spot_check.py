"""Answers on a queue of which some rows were drawn at random -> which were drawn, and what was found.

A row that was drawn and left undecided counts as a miss if a row drawn after it is decided: people may have
passed over the hard ones. The rows drawn after the last decided one were not reached, and don't count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import HIT, MISS, UNKNOWN, SpotCheck, SpotCheckPlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from doubtcli.records.answers import Answer

SEVERAL = "the verdicts are on more than one spot check, which can't be counted together"


def list_spot_check(answers: Iterable[Answer]) -> dict[str, SpotCheckPlace]:
    """By row id, the place of each row that was in a spot check, drawn or not."""
    read = ((answer.row_id, SpotCheckPlace.parse(answer.stratum)) for answer in answers)
    known = [(row_id, place) for row_id, place in read if place is not None]
    # A larger spot check of the same queue draws the same rows first, and then others.
    return dict(sorted(known, key=lambda one: one[1].draw is not None))


def count_spot_check(places: Mapping[str, SpotCheckPlace], is_hit: Mapping[str, bool]) -> SpotCheck | None:
    """What was found in a spot check; None where no row was drawn.

    Args:
        places: By row id, as `list_spot_check` gives them.
        is_hit: By row id, what was found in the decided rows; also in rows that were not drawn.
    """
    drawn = {row_id: one for row_id, one in places.items() if one.draw is not None}
    if not drawn:
        return None
    n_flagged = next(one.n_flagged for one in drawn.values())
    n_drawn = max(one.n_drawn or 0 for one in drawn.values())
    if not _are_of_one(places, n_flagged, n_drawn):
        none = np.zeros(0, dtype=np.intp)
        return SpotCheck(none, none.astype(np.bool_), n_drawn, obstacle=SEVERAL)
    outcomes = np.full(n_flagged, UNKNOWN, dtype=np.intp)
    counted = np.zeros(n_flagged, dtype=np.bool_)
    for row_id, one in places.items():
        if row_id in is_hit:
            outcomes[one.place - 1] = HIT if is_hit[row_id] else MISS
    last = max((one.draw or 0 for row_id, one in drawn.items() if row_id in is_hit), default=0)
    reached = [one.place - 1 for one in drawn.values() if (one.draw or 0) <= last]
    counted[reached] = True
    outcomes[counted & (outcomes == UNKNOWN)] = MISS
    return SpotCheck(outcomes, counted, n_drawn, n_lost=last - len(reached))


def _are_of_one(places: Mapping[str, SpotCheckPlace], n_flagged: int, n_drawn: int) -> bool:
    """Whether all rows are of one queue and one draw: no place of the queue or draw is taken twice."""
    draws = [one.draw for one in places.values() if one.draw is not None]
    return (
        len({one.place for one in places.values()}) == len(places)
        and len(set(draws)) == len(draws)
        and all(0 < draw <= n_drawn for draw in draws)
        and all(0 < one.place <= n_flagged == one.n_flagged for one in places.values())
        and len({one.audit for one in places.values()}) == 1
    )
