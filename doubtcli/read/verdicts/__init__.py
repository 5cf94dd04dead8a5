"""What people decided on rows, in any annotation tool's export or a file of ours."""

from __future__ import annotations

from doubtcli.read.verdicts.recognise import read_answers
from doubtcli.read.verdicts.together import read_together
from doubtcli.records.answers import Answer, AnswerFile

__all__ = ["Answer", "AnswerFile", "read_answers", "read_together"]
