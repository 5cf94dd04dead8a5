"""What people decided on rows, in any annotation tool's export or a file of ours."""

from __future__ import annotations

from doubtcli.read.verdicts.follow import read_verdicts, with_verdicts
from doubtcli.read.verdicts.match import match
from doubtcli.read.verdicts.recognise import read_answers
from doubtcli.read.verdicts.seen import rows_audited
from doubtcli.read.verdicts.settle import settle
from doubtcli.read.verdicts.spelling import spellings
from doubtcli.read.verdicts.together import read_together
from doubtcli.records.answers import Answer, AnswerFile

__all__ = [
    "Answer",
    "AnswerFile",
    "match",
    "read_answers",
    "read_together",
    "read_verdicts",
    "rows_audited",
    "settle",
    "spellings",
    "with_verdicts",
]
