"""Evidence that somebody else brings, and a reason that asks for it, through a whole scan."""

import json
import sys
from pathlib import Path

import pytest

from doubtcli.cli import main
from doubtcli.settings import ScanSettings
from doubtcli.store import audit_key

LENGTHS = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from doubtcli.records import Need


@dataclass(frozen=True)
class TextLengths:
    """How long the first text of each row is."""

    makes: ClassVar = {
        "text_lengths": Need("Characters.", "there is no text", source="lengths", axes=("rows",)),
    }
    is_costly: ClassVar = True
    is_fast: ClassVar = True

    def make(self, examples, note):
        names = examples.columns_of("text")
        if not names:
            return {}
        note(f"the lengths of {names[0]} were counted")
        return {"text_lengths": pc.utf8_length(examples.inputs[names[0]]).to_numpy().astype(float)}


@dataclass(frozen=True)
class ShoutedDown:
    """Its text is far longer than those of its label."""

    name = "shouted-down"
    family = "error"
    because = "its text is far longer than those of its label"

    def score(self, given_labels, text_lengths):
        codes = range(given_labels.max() + 1)
        usual = np.array([np.median(text_lengths[given_labels == code]) for code in codes])
        return np.where(text_lengths > 3 * usual[given_labels], 1.0, 0.0)
'''
POINTS = """[doubtcli.evidence]
text-lengths = doubt_lengths:TextLengths
[doubtcli.reasons]
shouted-down = doubt_lengths:ShoutedDown
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with labelled texts, one of them long, where a package with the reason is installed."""
    info = tmp_path / "site" / "doubt_lengths-2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubt-lengths\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "site" / "doubt_lengths.py").write_text(LENGTHS)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "doubt_lengths", raising=False)
    lines = [f"r{row:02},{'word ' * (30 if row == 7 else 3)}n{row},{'ab'[row % 2]}" for row in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["id,text,label", *lines]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(*arguments):
    """What a scan by this reason writes into audit.json."""
    flags = ("--id", "id", "--reasons", "shouted-down", "--quiet", "--no-progress", "--force")
    assert main.run(["scan", "rows.csv", *flags, *arguments]) == 0
    return json.loads(Path("rows.doubt/audit.json").read_text(encoding="utf-8"))


def test_a_reason_asks_for_evidence_of_somebody_elses(folder):
    """It is made, its note is told, and the one long text is doubted most."""
    found = scan()

    assert [reason["name"] for reason in found["reasons"]["run"]] == ["shouted-down"]
    assert "the lengths of text were counted" in found["notes"]
    assert (folder / "rows.doubt" / "queue.csv").read_text().splitlines()[1].startswith("r07,")


def test_evidence_that_is_missing_is_told_in_its_own_words(folder):
    """Without a text the reason is skipped, with the sentence that the provider has for it."""
    (folder / "rows.csv").write_text("id,x,label\n" + "".join(f"r{n},{n},{'ab'[n % 2]}\n" for n in range(40)))

    found = scan("--numeric", "x")

    assert [one["why"] for one in found["reasons"]["skipped"]] == ["there is no text"]


@pytest.mark.usefixtures("folder")
def test_an_audit_knows_whose_evidence_it_is_made_of(monkeypatch):
    """Without the package, the audit of the same file has another key, and is another one."""
    settings = ScanSettings(path="rows.csv")
    monkeypatch.setattr(audit_key, "list_reasons", tuple)
    ours_and_theirs = audit_key.make_audit_key(settings, "", {})

    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert audit_key.make_audit_key(settings, "", {}) != ours_and_theirs


@pytest.mark.usefixtures("folder")
def test_other_peoples_evidence_can_be_left_out(monkeypatch, capsys):
    """With plug-ins switched off nobody knows of it, nor of the reason."""
    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert main.run(["scan", "rows.csv", "--reasons", "shouted-down"]) == 2
    assert "there is no reason 'shouted-down'" in capsys.readouterr().err
