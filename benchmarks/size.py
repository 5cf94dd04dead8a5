"""How much `doubt scan` costs on many texts, compared with the script that a careful user would write.

Usage: python benchmarks/size.py [ROWS]      (`make bench-size` takes 100,000)

The texts are made up: 10 classes, 20 to 50 words each out of 60,000 (Zipf's law), an eighth of them
specific to the class; one label in twenty is wrong. Each tool runs as a separate process on the same CSV
file, one after the other; CPU seconds and peak memory include all child processes.
The table goes to standard output and, with 100,000 rows, into benchmarks/README.md.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from page import PAGE, markdown_table, write_between
from sklearn.metrics import average_precision_score
from tools import DOUBT, REFERENCE, Tool, run_tool, sort_by_row

BEGIN, END = "<!-- size: begin -->", "<!-- size: end -->"
MANY = 100_000
N_CLASSES, N_WORDS, N_OWN_WORDS, OWN_SHARE, NOISE = 10, 60_000, 3_000, 0.12, 0.05


def main() -> None:
    """Measure both tools and write the table."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrong = write_texts(folder / "texts.csv", n_rows)
        figures = {tool: measure_on_texts(tool, folder, wrong) for tool in (DOUBT, REFERENCE)}
    rows = []
    for measured, places in {"CPU seconds": 0, "peak memory, MB": 0, "AP": 3}.items():
        ours, theirs = (figures[tool][measured] for tool in (DOUBT, REFERENCE))
        rows.append([measured, f"{ours:,.{places}f}", f"{theirs:,.{places}f}", f"{ours / theirs:.2f}"])
    table = markdown_table(["", *(tool.name for tool in figures), "ratio"], rows)
    print(table)
    if n_rows == MANY:
        write_between(PAGE, BEGIN, END, f"{n_rows:,} rows:\n\n{table}")


def measure_on_texts(tool: Tool, folder: Path, wrong: np.ndarray) -> dict[str, float]:
    """One tool's cost on the texts, and its average precision."""
    scores = folder / f"{tool.name}.parquet"
    cost = run_tool(tool, folder / "texts.csv", scores)
    doubt = sort_by_row(pd.read_parquet(scores), len(wrong))[tool.methods[0]]
    precision = float(average_precision_score(wrong, doubt))
    return {"CPU seconds": cost.cpu_seconds, "peak memory, MB": cost.peak_megabytes, "AP": precision}


def write_texts(path: Path, n_rows: int) -> np.ndarray:
    """Write the file, and give which labels are wrong."""
    rng = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    words = np.array(["".join(rng.choice(letters, rng.integers(3, 11))) for _ in range(N_WORDS)])
    often = np.cumsum(1 / np.arange(1, N_WORDS + 1) ** 1.05)
    own = [rng.permutation(N_WORDS)[:N_OWN_WORDS] for _ in range(N_CLASSES)]
    truth = rng.integers(0, N_CLASSES, n_rows)
    wrong = rng.random(n_rows) < NOISE
    labels = np.where(wrong, (truth + rng.integers(1, N_CLASSES, n_rows)) % N_CLASSES, truth)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        for row in range(n_rows):
            n_words = rng.integers(20, 51)
            text = np.searchsorted(often, rng.random(n_words) * often[-1])
            is_own = rng.random(n_words) < OWN_SHARE
            text[is_own] = rng.choice(own[truth[row]], is_own.sum())
            writer.writerow([row, " ".join(words[text]), f"class {labels[row]}"])
    return wrong


if __name__ == "__main__":
    main()
