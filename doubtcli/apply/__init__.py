"""An audit, its data file and people's verdicts -> a corrected file and its ledger; and the way back."""

from doubtcli.apply.correct import Request, apply
from doubtcli.apply.target import Where
from doubtcli.apply.undo import log, undo

__all__ = ["Request", "Where", "apply", "log", "undo"]
