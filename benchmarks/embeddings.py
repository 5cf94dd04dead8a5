"""What a column of embeddings adds to a scan of texts: CPU seconds and average precision.

Usage: python benchmarks/embeddings.py [ROWS]      (`make bench-embeddings` takes 3,000)

The texts are made up: 8 to 20 words out of 5,000, a fifth of them specific to the class; one label in ten is
another class. Beside them is a column of 256 numbers: the place of the class and noise, or noise alone.
The table goes to standard output and, with 3,000 rows, into benchmarks/README.md.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from page import PAGE, markdown_table, write_between
from sets import Task
from tools import DOUBT, measure

BEGIN, END = "<!-- embeddings: begin -->", "<!-- embeddings: end -->"
ROWS, CLASSES, N_DIMENSIONS = 3_000, (2, 77), 256
N_WORDS, N_OWN_WORDS, OWN_SHARE, WRONG = 5_000, 300, 0.2, 0.1
SIGNALS = {"none": None, "of the class": 0.2, "noise": 0.0}
"""How far apart the classes are, in standard deviations of one number."""


def main() -> None:
    """Scan each file, and write the table."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    rows = []
    for n_classes in CLASSES:
        without = None
        for name, signal in SIGNALS.items():
            result = measure(DOUBT, make_task(n_rows, n_classes, signal))["doubt"]
            seconds = result.cost.cpu_seconds
            without = without or seconds
            figures = [f"{seconds:.1f}", f"{seconds / without:.2f}", f"{result.average_precision:.3f}"]
            rows.append([str(n_classes), name, *figures])
    table = markdown_table(["classes", "embeddings", "CPU seconds", "ratio", "AP"], rows)
    print(table)
    if n_rows == ROWS:
        write_between(PAGE, BEGIN, END, f"{n_rows:,} rows:\n\n{table}")


def make_task(n_rows: int, n_classes: int, signal: float | None) -> Task:
    """Texts with labels, a tenth of them wrong, and vectors unless `signal` is None."""
    rng = np.random.default_rng(n_classes)
    truth = rng.integers(0, n_classes, n_rows)
    is_error = rng.permutation(n_rows) < round(WRONG * n_rows)
    labels = np.where(is_error, (truth + rng.integers(1, n_classes, n_rows)) % n_classes, truth)
    own = [rng.permutation(N_WORDS)[:N_OWN_WORDS] for _ in range(n_classes)]
    table = pd.DataFrame({"id": np.arange(n_rows), "label": [f"class {label}" for label in labels]})
    table["text"] = [write_text(rng, own[label]) for label in truth]
    if signal is not None:
        places = rng.normal(size=(n_classes, N_DIMENSIONS)) * signal
        vectors = places[truth] + rng.normal(size=(n_rows, N_DIMENSIONS))
        table["embedding"] = list(vectors.astype(np.float32))
    return Task("texts", table, is_error)


def write_text(rng: np.random.Generator, own: np.ndarray) -> str:
    """Words by number, some of them from the class's own."""
    n_words = rng.integers(8, 21)
    is_own = rng.random(n_words) < OWN_SHARE
    words = np.where(is_own, rng.choice(own, n_words), rng.integers(0, N_WORDS, n_words))
    return " ".join(f"w{np.base_repr(word, 26).lower()}" for word in words)


if __name__ == "__main__":
    main()
