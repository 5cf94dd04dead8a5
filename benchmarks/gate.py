"""How much `doubt gate` costs on an audit of a million rows, compared with reading the audit's Parquet file.

Usage: python benchmarks/gate.py [ROWS]      (`make bench-gate` takes 1,000,000)

The audit is that of a made-up table of 2,000 rows, repeated; the data are repeated too, with new ids.
Processes run one after the other, three times, and the least CPU time of each counts: starting Python with
pyarrow, reading the Parquet file, hashing the data, and the gate, which has to do all of these.
The table goes to standard output and, with 1,000,000 rows, into benchmarks/README.md.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from measure import run_process
from page import PAGE, markdown_table, write_between

BEGIN, END = "<!-- gate: begin -->", "<!-- gate: end -->"
MANY, SMALL, RUNS = 1_000_000, 2_000, 3
START = "import pyarrow.parquet as pq"
READ = "pq.read_table({!r})"
HASH = "import hashlib; hashlib.file_digest(open({!r}, 'rb'), 'sha256')"
LIMITS = {
    "--max-doubted 50%": ["--max-doubted", "50%"],
    "--max-doubted 50% --max-new 0": ["--max-doubted", "50%", "--max-new", "0", "--baseline", "known.json"],
}


def main() -> None:
    """Measure everything and write the table."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_audit(folder, n_rows)
        runs = RUNS if n_rows == MANY else 1
        start = least_cpu_seconds(["-c", START], folder, runs)
        read = (
            least_cpu_seconds(["-c", f"{START}; {READ.format('data.doubt/doubts.parquet')}"], folder, runs)
            - start
        )
        hashing = least_cpu_seconds(["-c", HASH.format("data.csv")], folder, runs) - least_cpu_seconds(
            ["-c", ""], folder, runs
        )
        rows = [["start of Python with pyarrow", f"{start:.2f}", ""]]
        rows += [["reading its Parquet", f"{read:.2f}", "1"], ["hashing the data", f"{hashing:.2f}", ""]]
        for shown, limits in LIMITS.items():
            cost = least_cpu_seconds(["-m", "doubtcli", "gate", "data.doubt", *limits], folder, runs)
            over = (cost - start - hashing) / read
            rows.append([f"`doubt gate data.doubt {shown}`", f"{cost:.2f}", f"{over:.1f}"])
    head = ["", "CPU seconds", "times reading, start and hashing taken off"]
    table = markdown_table(head, rows)
    print(table)
    if n_rows == MANY:
        write_between(PAGE, BEGIN, END, f"{n_rows:,} rows:\n\n{table}")


def least_cpu_seconds(arguments: list[str], folder: Path, runs: int) -> float:
    """The least CPU seconds of a Python process in some runs."""
    command = ["sh", "-c", 'cd "$0" && exec "$@"', str(folder), sys.executable, *arguments]
    return min(run_process(command).cpu_seconds for _ in range(runs))


def write_audit(folder: Path, n_rows: int) -> None:
    """Write `data.csv`, its audit and a baseline."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, SMALL)
    values = rng.normal(truth[:, None], 0.7, (SMALL, 3)).round(4)
    small = pd.DataFrame(values, columns=list("abc")).assign(label=np.where(truth == 0, "ham", "spam"))
    small.to_csv(folder / "data.csv", index=False)
    run_doubt(["scan", "data.csv", "-q", "--fast", "--no-cache"], folder)
    repeats = n_rows // SMALL
    pd.concat([small] * repeats).assign(id=range(SMALL * repeats)).to_csv(folder / "data.csv", index=False)
    _repeat_doubts(folder / "data.doubt" / "doubts.parquet", repeats)
    _repeat_document(folder / "data.doubt" / "audit.json", folder / "data.csv", repeats)
    run_doubt(["baseline", "data.doubt", "-o", "known.json", "-q"], folder)


def run_doubt(arguments: list[str], folder: Path) -> None:
    """Run `doubt` in a folder."""
    subprocess.run([sys.executable, "-m", "doubtcli", *arguments], cwd=folder, check=True)


def _repeat_doubts(path: Path, repeats: int) -> None:
    """Make the table of doubts that many times as long, each row with its own id and content."""
    table = pa.concat_tables([pq.read_table(path)] * repeats)
    n_rows = table.num_rows
    own = {
        "row_id": [f"{row:08x}" for row in range(n_rows)],
        "row": range(1, n_rows + 1),
        "rank": range(1, n_rows + 1),
        "row_hash": [hashlib.blake2b(str(row).encode(), digest_size=8).hexdigest() for row in range(n_rows)],
    }
    for name, column in own.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(column, table.schema.field(name).type))
    pq.write_table(table, path, compression="zstd", row_group_size=2**16)


def _repeat_document(path: Path, data: Path, repeats: int) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    document["input"] |= {"sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "rows": SMALL * repeats}
    document["doubts_sha256"] = hashlib.sha256(path.with_name("doubts.parquet").read_bytes()).hexdigest()
    document["counts"] = {name: count * repeats for name, count in document["counts"].items()}
    document["classes"] = [
        one | {"given": one["given"] * repeats, "doubted": one["doubted"] * repeats}
        for one in document["classes"]
    ]
    path.write_text(json.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    main()
