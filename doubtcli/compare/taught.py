"""Rows side by side -> what their labels teach a model, before and after, or why that can't be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.compare.inputs import take
from doubtcli.compare.score import TwiceLabelled, count_deals, score_labels, why_not
from doubtcli.evidence.graph import gather
from doubtcli.predict.engine import make_engine
from doubtcli.records import RelabelScore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from doubtcli.compare.matched import Matched
    from doubtcli.progress import Progress
    from doubtcli.records import Bools, Examples

_NO_INPUTS = "there are no inputs that a model could learn from"
_ONE_INPUT = "every row has the same input (or the same group), so none can be predicted from the others"


def score_taught(matched: Matched, examples: Examples, is_edited: Bools, progress: Progress) -> RelabelScore:
    """What the labels after teach that those before did not.

    Args:
        matched: Both sides.
        examples: The rows that both judge, as they were before.
        is_edited: Of these: rows with other inputs after, which no model is shown.
        progress: Told of each long stage.
    """
    rows = np.flatnonzero(~is_edited)
    before, after = (labels[matched.judged][rows] for labels in (matched.pairs.before, matched.pairs.after))
    unfit = _unskilled(matched) or why_not(before, after)
    if unfit:
        return RelabelScore(assessable=False, why=unfit)
    settings = matched.before.found.settings
    gathered = gather(take(examples, rows), frozenset(), settings, progress)
    features, together = gathered.features, gathered.together
    if features is None or len(np.unique(together)) < 2:  # noqa: PLR2004
        return RelabelScore(assessable=False, why=_NO_INPUTS if features is None else _ONE_INPUT)
    twice = TwiceLabelled(features, before, after, len(matched.pairs.class_names), together)
    with progress.stage("Training on either labels", 2 * count_deals(len(rows))) as advance:
        return score_labels(twice, settings, make_engine(settings.threads), advance)


def _unskilled(matched: Matched) -> str:
    """What to say where models know nothing of the labels on either side; "" where they do on one."""
    skills: list[Mapping[str, Any]] = [
        side.found.summary["skill"] for side in (matched.before, matched.after)
    ]
    if any(skill["assessable"] for skill in skills):
        return ""
    return f"models lack skill on the labels before and on those after: {skills[1]['why']}"
