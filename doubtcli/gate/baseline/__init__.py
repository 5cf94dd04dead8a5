"""The doubts that are known: written to a file for review, and told from new ones."""

from doubtcli.gate.baseline.compare import compare, wobble
from doubtcli.gate.baseline.file import read_baseline, render_baseline
from doubtcli.gate.baseline.find import find_section
from doubtcli.gate.baseline.section import Baseline, KnownDoubt, Section, make_section, update_baseline

__all__ = [
    "Baseline",
    "KnownDoubt",
    "Section",
    "compare",
    "find_section",
    "make_section",
    "read_baseline",
    "render_baseline",
    "update_baseline",
    "wobble",
]
