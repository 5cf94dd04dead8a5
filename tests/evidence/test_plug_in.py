"""Another package adds evidence and a reason that reads it, in a whole scan."""

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
class LongText:
    """Its text is far longer than those of its label."""

    name = "long-text"
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
long-text = doubt_lengths:LongText
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
    """The audit.json of a scan with this reason alone."""
    flags = ("--id", "id", "--reasons", "long-text", "--quiet", "--no-progress", "--force")
    assert main.run(["scan", "rows.csv", *flags, *arguments]) == 0
    return json.loads(Path("rows.doubt/audit.json").read_text(encoding="utf-8"))


def test_a_reason_reads_evidence_of_another_package(folder):
    """The evidence is made, its note is kept, and the one long text is doubted most."""
    found = scan()

    assert [reason["name"] for reason in found["reasons"]["run"]] == ["long-text"]
    assert "the lengths of text were counted" in found["notes"]
    assert (folder / "rows.doubt" / "queue.csv").read_text().splitlines()[1].startswith("r07,")


def test_the_provider_says_why_its_evidence_is_missing(folder):
    """Without a text the reason is skipped, with the sentence of the provider."""
    (folder / "rows.csv").write_text("id,x,label\n" + "".join(f"r{n},{n},{'ab'[n % 2]}\n" for n in range(40)))

    found = scan("--numeric", "x")

    assert [one["why"] for one in found["reasons"]["skipped"]] == ["there is no text"]


@pytest.mark.usefixtures("folder")
def test_the_key_of_an_audit_depends_on_the_installed_evidence(monkeypatch):
    """Without the package, the audit of the same file has another key."""
    settings = ScanSettings(path="rows.csv")
    monkeypatch.setattr(audit_key, "list_reasons", tuple)
    ours_and_theirs = audit_key.make_audit_key(settings, "", {})

    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert audit_key.make_audit_key(settings, "", {}) != ours_and_theirs


@pytest.mark.usefixtures("folder")
def test_evidence_of_other_packages_can_be_switched_off(monkeypatch, capsys):
    """Without plug-ins, neither the evidence nor the reason is known."""
    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert main.run(["scan", "rows.csv", "--reasons", "long-text"]) == 2
    assert "'long-text'" in capsys.readouterr().err
