"""A table -> its label column as codes of classes."""

from __future__ import annotations

from doubtcli.read.labels.encode import encode_answers, encode_labels
from doubtcli.read.labels.find import find_label_column

__all__ = ["encode_answers", "encode_labels", "find_label_column"]
