"""What `doubt scan` costs on many texts, beside the script that a careful user would write today.

Usage: python benchmarks/size.py [ROWS]      (`make bench-size` takes 100,000)

The texts are made up: 10 classes, 20 to 50 words each out of 60,000 (Zipf's law), an eighth of them of the
class's own, one label in twenty wrong. Both tools run as processes of their own on the same CSV file, one
after the other; CPU seconds are those of a process and all its children, and the peak is the sum over them.
The line goes to standard output and into benchmarks/README.md.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL, Popen

import numpy as np
import pandas as pd
import psutil
from ranking import PAGE, REFERENCE, write_between
from sklearn.metrics import average_precision_score

BEGIN, END = "<!-- size: begin -->", "<!-- size: end -->"
N_CLASSES, N_WORDS, N_OWN_WORDS, OWN_SHARE, NOISE = 10, 60_000, 3_000, 0.12, 0.05


def main() -> None:
    """Measure both tools and write the table."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.csv"
        wrong = write_texts(path, n_rows)
        scan = [sys.executable, "-m", "doubtcli", "scan", str(path), "--id", "id", "--quiet"]
        ours = measure([*scan, "-o", folder + "/out"])
        peer = measure([sys.executable, str(REFERENCE), str(path), folder + "/reference.parquet"])
        doubt = pd.read_parquet(folder + "/out/doubts.parquet").sort_values("row")["doubt"]
        reference = pd.read_parquet(folder + "/reference.parquet").sort_values("row")["doubt"]
    scores = [average_precision_score(wrong, doubts) for doubts in (doubt, reference)]
    table = "\n".join(
        [
            "| | `doubt scan` | peer | ratio |",
            "|---|---|---|---|",
            f"| CPU seconds | {ours[0]:.0f} | {peer[0]:.0f} | {ours[0] / peer[0]:.2f} |",
            f"| peak memory, MB | {ours[1]:,.0f} | {peer[1]:,.0f} | {ours[1] / peer[1]:.2f} |",
            f"| AP | {scores[0]:.3f} | {scores[1]:.3f} | {scores[0] / scores[1]:.2f} |",
        ]
    )
    print(table)
    write_between(PAGE, BEGIN, END, f"{n_rows:,} rows:\n\n{table}")


def write_texts(path: Path, n_rows: int) -> np.ndarray:
    """Write the file; which labels are wrong."""
    rng = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    words = np.array(["".join(rng.choice(letters, rng.integers(3, 11))) for _ in range(N_WORDS)])
    often = np.cumsum(1 / np.arange(1, N_WORDS + 1) ** 1.05)
    own = [rng.permutation(N_WORDS)[:N_OWN_WORDS] for _ in range(N_CLASSES)]
    truth = rng.integers(0, N_CLASSES, n_rows)
    wrong = rng.random(n_rows) < NOISE
    labels = np.where(wrong, (truth + rng.integers(1, N_CLASSES, n_rows)) % N_CLASSES, truth)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        for row in range(n_rows):
            n_words = rng.integers(20, 51)
            text = np.searchsorted(often, rng.random(n_words) * often[-1])
            is_own = rng.random(n_words) < OWN_SHARE
            text[is_own] = rng.choice(own[truth[row]], is_own.sum())
            writer.writerow([row, " ".join(words[text]), f"class {labels[row]}"])
    return wrong


def measure(command: list[str]) -> tuple[float, float]:
    """CPU seconds and peak megabytes of a process and all that it starts."""
    process = Popen(command, stdout=DEVNULL)
    watched, cpu, peak = psutil.Process(process.pid), {}, 0
    while process.poll() is None:
        try:
            alive = [watched, *watched.children(recursive=True)]
            times = {one.pid: one.cpu_times() for one in alive}
            peak = max(peak, sum(one.memory_info().rss for one in alive))
        except psutil.Error:  # one ended between the question and the answer: ask again
            continue
        cpu |= {pid: spent.user + spent.system for pid, spent in times.items()}
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return sum(cpu.values()), peak / 2**20


if __name__ == "__main__":
    main()
