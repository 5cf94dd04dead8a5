"""The cost of a process, and how well its scores rank known errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

N_BINS = 10
LOOK_EVERY = 0.05
"""Seconds between two looks at the memory in use."""


@dataclass(frozen=True)
class Cost:
    """What a process and its children used, start-up included."""

    cpu_seconds: float
    peak_megabytes: float
    wall_seconds: float


def run_process(command: list[str]) -> Cost:
    """Run a command to its end, and give its cost. The peak is of the sum over all processes at one time."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watched, peak, pid = psutil.Process(process.pid), 0, 0
    while not pid:
        peak = max(peak, memory_of(watched), read_own_peak(process.pid))
        time.sleep(LOOK_EVERY)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, peak / 2**20, time.perf_counter() - start)


def read_own_peak(pid: int) -> int:
    """The most bytes that a process has used so far, without its children; 0 where the system does not say.

    The figure that is left when a process has ended is no use: it counts the memory of the process that
    started it, too.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def memory_of(process: psutil.Process) -> int:
    """Bytes that a process and its children use now; 0 where one of them has just ended."""
    try:
        return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def errors_among_first(is_error: np.ndarray, doubt: np.ndarray, n_first: int) -> float:
    """How many of the first rows are errors; ties at the cut count by their share of errors."""
    cut = np.sort(doubt)[::-1][n_first - 1]
    above, tied = doubt > cut, doubt == cut
    return float(is_error[above].sum() + (n_first - above.sum()) * is_error[tied].mean())


def precision_at_errors(is_error: np.ndarray, doubt: np.ndarray) -> float:
    """The share of errors among as many first rows as there are errors."""
    n_errors = int(is_error.sum())
    return errors_among_first(is_error, doubt, n_errors) / n_errors


def recall_in_tenth(is_error: np.ndarray, doubt: np.ndarray) -> float:
    """The share of all errors in the first 10% of the rows, rounded up to whole rows."""
    n_first = -(-len(doubt) // 10)
    return errors_among_first(is_error, doubt, n_first) / float(is_error.sum())


def calibration_error(is_error: np.ndarray, probability: np.ndarray) -> float:
    """Expected calibration error: the gap between stated and true error rates, in bins of equal width.

    Each bin is weighted by its rows; a probability on a border is in the bin above it, and 1 in the last.
    """
    bins = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    gaps = [abs((probability[bins == one] - is_error[bins == one]).sum()) for one in range(N_BINS)]
    return float(sum(gaps) / len(is_error))
