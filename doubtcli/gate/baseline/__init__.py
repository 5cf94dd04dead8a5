"""The doubts that are known: written to a file for review, and told from new ones."""

from doubtcli.gate.baseline.compare import compare_with_baseline, measure_wobble
from doubtcli.gate.baseline.file import read_baseline, render_baseline
from doubtcli.gate.baseline.section import (
    Baseline,
    KnownDoubt,
    Section,
    find_section,
    make_section,
    update_baseline,
)

__all__ = [
    "Baseline",
    "KnownDoubt",
    "Section",
    "compare_with_baseline",
    "find_section",
    "make_section",
    "measure_wobble",
    "read_baseline",
    "render_baseline",
    "update_baseline",
]
