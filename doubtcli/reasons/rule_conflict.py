"""The reason `rule-conflict`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records.arrays import compute_by_block
from doubtcli.wording.lists import join_first
from doubtcli.wording.quoting import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import Rule
    from doubtcli.records.arrays import Codes, Floats

_MOST_NAMED = 3


@dataclass(frozen=True)
class RuleConflict:
    """A rule of the user's says that the row has another label.

    **Why doubt.** People know things about their data that no model has learned: who writes such texts, what
    a code means, what can't be. Where a rule that somebody wrote down contradicts a label, one of the two is
    wrong.

    **How it is scored.** Each rule whose condition is true on a row counts as an answer that is right with
    probability `reliability`: log(reliability / (1 - reliability)) is added where it contradicts the label,
    and subtracted where it gives the same one. The score is the probability that these log odds give.

    **When it misleads.** A rule counts by the word of who wrote it: nobody has measured how often it is
    right. Rules that look for the same words repeat each other, and count as often as they are written. A
    rule that was made by looking at the labels finds what they already say. A row on which no rule's
    condition is true has no score.

    **Source.** Labelling functions: Ratner et al., 2016, with a reliability that is given, not learned.
    """

    reliability: float = 0.9

    name = "rule-conflict"
    family = "error"
    because = "a rule of yours says otherwise"
    place = 75
    lowers_doubt = True

    raises_doubt = (
        {
            "given_labels": (0,),
            "rule_labels": ((1, -1),),
            "row": 0,
            "doubt": 0.9,
            "because": "a rule of reliability .9 says 1, the other one says nothing",
        },
        {
            "given_labels": (0,),
            "rule_labels": ((1, 1),),
            "row": 0,
            "doubt": 0.9878,
            "because": "two such rules say 1: .9² / (.9² + .1²)",
        },
        {
            "given_labels": (0,),
            "rule_labels": ((1, 0),),
            "row": 0,
            "doubt": 0.5,
            "because": "one rule says 1, and one the given label",
        },
    )
    stays_quiet = (
        {
            "given_labels": (0,),
            "rule_labels": ((0, -1),),
            "row": 0,
            "doubt": 0.1,
            "because": "the only rule whose condition is true says the given label",
        },
        {
            "given_labels": (0,),
            "rule_labels": ((-1, -1),),
            "row": 0,
            "doubt": float("nan"),
            "because": "no rule's condition is true",
        },
    )

    def __post_init__(self) -> None:
        if not 0.5 < self.reliability < 1:  # noqa: PLR2004  # a rule of .5 says nothing
            raise ValueError(f"reliability is {self.reliability:g}, and has to be more than 0.5 and below 1")

    def score(self, given_labels: Codes, rule_labels: Codes) -> Floats:
        """The probability that the label is wrong by the rules alone; NaN where none says anything."""
        from scipy.special import expit, logit

        weight = float(logit(self.reliability))

        def score(rows: slice) -> Floats:
            says = rule_labels[rows]
            n_same = (says == given_labels[rows, None]).sum(axis=1)
            n_all = (says >= 0).sum(axis=1)
            return np.where(n_all > 0, expit(weight * (n_all - 2 * n_same)), np.nan)

        return np.asarray(compute_by_block(score, *rule_labels.shape))

    def explain(
        self,
        rows: Codes,
        *,
        given_labels: Codes,
        rule_labels: Codes,
        rules: Sequence[Rule],
        class_names: Sequence[str],
    ) -> list[str]:
        """Which rules say what, those against the label first: "the rule 'links' says spam"."""
        return [
            _describe(rule_labels[row].tolist(), int(given_labels[row]), rules, class_names)
            for row in rows.tolist()
        ]


def _describe(says: Sequence[int], given: int, rules: Sequence[Rule], class_names: Sequence[str]) -> str:
    by_label: dict[int, list[Rule]] = {}
    for rule, label in zip(rules, says, strict=True):
        if label >= 0:
            by_label.setdefault(label, []).append(rule)
    order = sorted(by_label, key=lambda label: (label == given, -len(by_label[label]), label))
    parts = [_describe_group(by_label[label], class_names[label]) for label in order]
    return f"the {', '.join(parts)}" if parts else ""


def _describe_group(rules: Sequence[Rule], label: str) -> str:
    """What some rules say that say the same: "rules 'links' and 'offers' say spam"."""
    names = [repr(rule.name) for rule in rules]
    if len(rules) == 1:
        why = f" ({shorten(' '.join(rules[0].why.split()))})" if rules[0].why.strip() else ""
        return f"rule {names[0]} says {label}{why}"
    listed = join_first(names, _MOST_NAMED) if len(names) > 2 else " and ".join(names)  # noqa: PLR2004
    return f"rules {listed} say {label}"
