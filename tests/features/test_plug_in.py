"""A kind of input that somebody else brings, as a role and a block, through a scan and into a queue."""

import json
import sys

import numpy as np
import pytest

from doubtcli.cli import main

COLOURS = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from doubtcli.features.table import TableBlock
from doubtcli.files.values import as_text
from doubtcli.records import Fit


@dataclass(frozen=True)
class ColourRole:
    """Colours as the web writes them: #ff8800."""

    name: ClassVar = "colour"
    asked_at: ClassVar = 5
    may_leak: ClassVar = True
    shown: ClassVar = "value"

    def fits(self, column):
        if "sick" in column.name:
            raise ValueError("no colour at all")
        known = column.values
        return Fit("colours") if len(known.texts) and known.share_like("^#[0-9a-f]{6}$") == 1 else None

    def convert(self, table, name):
        return as_text(table.data.column(name))


def colour_block(examples):
    """Red, green and blue of each colour."""
    names = examples.columns_of("colour")
    if not names:
        return None
    (texts,) = (examples.inputs[name].to_pylist() for name in names)
    parts = [[int(text[place : place + 2], 16) / 255 for place in (1, 3, 5)] for text in texts]
    return TableBlock(np.array(parts, dtype=np.float32), " on colours")
'''
POINTS = """[doubtcli.roles]
colour = doubt_colours:ColourRole
[doubtcli.blocks]
colour = doubt_colours:colour_block
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with reds and blues, one of them mislabelled; a package that knows colours is installed."""
    info = tmp_path / "site" / "doubt_colours-2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubt-colours\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "site" / "doubt_colours.py").write_text(COLOURS)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "doubt_colours", raising=False)
    rng, lines = np.random.default_rng(0), ["id,paint,size,label"]
    for row in range(90):
        strong, weak = rng.integers(190, 256), rng.integers(0, 60)
        colour = f"#{strong:02x}00{weak:02x}" if row % 2 else f"#{weak:02x}00{strong:02x}"
        label = "red" if (row % 2) != (row == 8) else "blue"
        lines.append(f"r{row:02},{colour},{rng.normal():.3f},{label}")
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(*arguments):
    """What a scan ends with."""
    flags = ("--id", "id", "--fast", "--folds", "2", "--no-progress")
    return main.run(["scan", "rows.csv", *flags, *arguments])


def test_its_columns_are_found_and_learnt_from(folder, capsys):
    """Models of colours find the blue that is labelled red; a block of ours stands beside theirs."""
    assert scan() == 0

    assert "paint  colour      colours" in capsys.readouterr().out
    found = json.loads((folder / "rows.doubt" / "audit.json").read_text())
    roles = {column["name"]: column["role"] for column in found["columns"]}
    assert (roles["paint"], roles["size"]) == ("colour", "numeric")
    assert "logistic regression on colours" in found["skill"]["by_model"]
    assert (folder / "rows.doubt" / "queue.csv").read_text().splitlines()[1].startswith("r08,red,blue")


def test_people_see_it_in_a_queue(folder, capsys):
    """It stands on the card of a row, as a value; the audit is read back with its role."""
    assert scan("--quiet") == 0

    assert main.run(["queue", "rows.doubt", "--to", "label-studio", "--size", "1"]) == 0
    task = (folder / "rows.queue" / "tasks.json").read_text()
    assert "paint: #" in task
    capsys.readouterr()


def test_a_crash_names_the_role(folder, capsys):
    """It is never passed over."""
    (folder / "rows.csv").write_text("sick,label\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(9)))

    assert main.run(["scan", "rows.csv"]) == 2
    assert "role 'colour': it crashed: ValueError: no colour at all" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_an_audit_outlives_the_package(monkeypatch):
    """What was judged with its help is read back, and gated, where the package is not installed."""
    assert scan("--quiet") == 0
    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert main.run(["gate", "rows.doubt", "--max-noise", "50%"]) == 0
