"""Files beside the table: a vector a row, or the user's own probabilities."""

from __future__ import annotations

from doubtcli.read.side_files.embeddings import read_embeddings
from doubtcli.read.side_files.pred_probs import read_pred_probs

__all__ = ["read_embeddings", "read_pred_probs"]
