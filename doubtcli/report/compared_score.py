"""What the labels after teach a model -> the section of `doubt compare` on what relabelling bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.wording.numbers import count, percent
from doubtcli.wording.quoting import printable

if TYPE_CHECKING:
    from doubtcli.records import Gain, RelabelScore
    from doubtcli.wording.sheet import Sheet

_TENTH_OF_A_POINT = 0.001
EASIER = (
    "A gain says that the new labels are easier to learn, not that they are right: rows whose label changed "
    "are not asked, and where hard rows were changed to what models suggest, models predict more of the "
    "rest, even if the changes are wrong."
)


def print_score(sheet: Sheet, score: RelabelScore) -> None:
    """Whether a model learns more from the labels after, and how that was measured."""
    sheet.title("What relabelling bought")
    if score.accuracy is None or score.balanced_accuracy is None:
        sheet.hang(sheet.indent(), printable(f"Not assessable: {score.why}."))
        return
    sheet.hang(sheet.indent(), _bought(score, score.accuracy), "bold")
    gains = {"accuracy": score.accuracy, "balanced accuracy": score.balanced_accuracy}
    cells = max(map(len, gains))
    head = f"{'before':>6}  {'after':>6}  points ({score.level:.0%} interval)"
    sheet.print(sheet.indent(" " * cells, "  ", (head, "dim")))
    for name, gain in gains.items():
        shares = f"{percent(gain.before):>6}  {percent(gain.after):>6}"
        sheet.print(sheet.indent(name.ljust(cells), "  ", shares, "  ", _points_and_interval(gain)))
    sheet.hang(sheet.indent(), _how(score), "dim")
    if score.accuracy.low > 0:
        sheet.hang(sheet.indent(), EASIER, "dim")


def _bought(score: RelabelScore, gain: Gain) -> str:
    rows = f"the {count(score.n_judged, 'row')} whose label stayed"
    if gain.low > 0:
        return f"Trained on the new labels, a model predicts more of {rows}."
    if gain.high < 0:
        return f"Trained on the new labels, a model predicts fewer of {rows}."
    return f"No difference that {count(score.n_judged, 'row')} could show."


def _how(score: RelabelScore) -> str:
    repeats = {1: "once", 2: "twice"}.get(score.n_repeats, f"{score.n_repeats} times")
    return (
        f"{score.model.capitalize()} is trained on {count(score.n_trained, 'row')}, with the labels before "
        f"and with those after, and judged on the {count(score.n_judged)} whose label stayed, out of fold "
        f"({score.n_folds} folds, dealt {repeats}). Interval: a paired bootstrap over rows and deals."
    )


def _points_and_interval(gain: Gain) -> str:
    return f"{points(gain.difference)} ({points(gain.low)} to {points(gain.high)})"


def points(share: float) -> str:
    """A difference of two shares in percentage points, with its sign; one that is not 0 never reads as 0."""
    if not share:
        return "0"
    return f"{share * 100:+.1f}" if abs(share) >= _TENTH_OF_A_POINT / 2 else f"{share * 100:+.1g}"
