"""cleanlab's `find_label_issues` alone, on probabilities that are there already.

Usage: python find_issues_script.py DATA OUT      (the probabilities are in probabilities.npy beside DATA)
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from cleanlab.filter import find_label_issues
from inputs import write_scores


def main() -> None:
    """Rank the rows of one file by self-confidence."""
    source, target = sys.argv[1:]
    column = pq.read_table(source, columns=["label"]).column("label").combine_chunks().dictionary_encode()
    names = column.dictionary.to_pylist()
    in_order = np.argsort(np.argsort(names))
    labels = in_order[column.indices.to_numpy()]
    probs = np.load(Path(source).with_name("probabilities.npy"))
    issues = find_label_issues(labels, probs)
    write_scores(target, {"cleanlab": 1 - probs[np.arange(len(labels)), labels]}, issues)


if __name__ == "__main__":
    main()
