"""A plug-in's kind of input, as a role and a block, from a scan into a queue."""

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
    """Colours as in HTML: #ff8800."""

    name: ClassVar = "colour"
    asked_at: ClassVar = 5
    may_leak: ClassVar = True
    shown: ClassVar = "value"

    def fits(self, column):
        if "broken" in column.name:
            raise ValueError("not a colour")
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


def write_rows(folder):
    """A file with reds and blues, one of them mislabelled; a plug-in for colours."""
    info = folder / "site" / "doubt_colours-2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubt-colours\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (folder / "site" / "doubt_colours.py").write_text(COLOURS)
    rng, lines = np.random.default_rng(0), ["id,paint,size,label"]
    for row in range(90):
        strong, weak = rng.integers(190, 256), rng.integers(0, 60)
        colour = f"#{strong:02x}00{weak:02x}" if row % 2 else f"#{weak:02x}00{strong:02x}"
        label = "red" if (row % 2) != (row == 8) else "blue"
        lines.append(f"r{row:02},{colour},{rng.normal():.3f},{label}")
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    """A folder with the audit of these rows; the plug-in is installed."""
    folder = tmp_path_factory.mktemp("colours")
    write_rows(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "site"))
        patch.delitem(sys.modules, "doubt_colours", raising=False)
        patch.chdir(folder)
        flags = ("--id", "id", "--fast", "--folds", "2", "--quiet")
        assert main.run(["scan", "rows.csv", *flags]) == 0
        yield folder


def test_its_columns_are_found_and_used(audit):
    """Models of colours find the blue that is labelled red; our own block is used, too."""
    found = json.loads((audit / "rows.doubt" / "audit.json").read_text())
    columns = {column["name"]: (column["role"], column["why"]) for column in found["columns"]}
    assert columns["paint"] == ("colour", "colours")
    assert columns["size"][0] == "numeric"
    assert "logistic regression on colours" in found["skill"]["by_model"]
    assert (audit / "rows.doubt" / "queue.csv").read_text().splitlines()[1].startswith("r08,red,blue")


def test_people_see_it_in_a_queue(audit, monkeypatch, capsys):
    """Its value is on the card of a row; the audit is read back with its role."""
    monkeypatch.chdir(audit)

    assert main.run(["queue", "rows.doubt", "--to", "label-studio", "--size", "1"]) == 0
    task = (audit / "rows.queue" / "tasks.json").read_text()
    assert "paint: #" in task
    capsys.readouterr()


def test_a_crash_names_the_role(audit, capsys):
    """A role that crashes ends the scan."""
    (audit / "broken.csv").write_text("broken,label\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(9)))

    assert main.run(["scan", str(audit / "broken.csv")]) == 2
    printed = capsys.readouterr().err
    assert "role 'colour'" in printed
    assert "ValueError: not a colour" in printed


def test_the_audit_can_be_read_without_the_package(audit, monkeypatch):
    """An audit that was made with the plug-in is read back, and gated, where it is not installed."""
    monkeypatch.chdir(audit)
    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert main.run(["gate", "rows.doubt", "--max-doubted", "50%"]) == 0
