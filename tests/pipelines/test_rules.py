"""Rules of the user's own, from a settings file to an audit and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import doubtcli
from doubtcli.cli import main
from doubtcli.pipelines.scan import make_audit
from doubtcli.predict import crossfit
from doubtcli.progress import Silence
from doubtcli.records import Rule
from doubtcli.settings import ScanSettings
from doubtcli.settings.add_rule import add_rule
from doubtcli.store.document import parse_document, render_document
from doubtcli.store.open import open_judged_audit

SAWS = Rule("saws", 'contains(text, "saw")', "tool", "a saw is a tool")
SWEET = Rule("sweet", "sugar > 5", "fruit")
FLAGS = ("--id", "id", "--fast", "--folds", "2", "--threads", "1", "--no-progress")
NOISE = np.random.default_rng(0).choice(["fruit", "tool"], 40).tolist()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a file of 40 rows, of which the first saw is called a fruit."""
    monkeypatch.chdir(tmp_path)
    words = ["saw", "apple"] * 20
    frame = pd.DataFrame(
        {
            "id": [f"r{number:02}" for number in range(40)],
            "text": [f"the {word} number {number} of the shop" for number, word in enumerate(words)],
            "sugar": ["0" if word == "saw" else "12" for word in words],
            "label": ["tool" if word == "saw" else "fruit" for word in words],
            "noise": NOISE,
        }
    )
    frame.loc[0, "label"] = "fruit"
    frame.to_csv("rows.csv", index=False)
    return tmp_path


def scan(*flags: str, label: str = "label", ignore: str = "sugar,noise") -> pd.DataFrame:
    """The doubts of the file by row id."""
    command = ["scan", "rows.csv", "--label", label, "--ignore", ignore, *FLAGS, *flags]
    assert main.run(command) == 0
    return pd.read_parquet("rows.doubt/doubts.parquet").set_index("row_id")


def document() -> dict[str, object]:
    """What `audit.json` has."""
    found: dict[str, object] = json.loads(Path("rows.doubt/audit.json").read_text(encoding="utf-8"))
    return found


def test_a_rule_of_the_settings_file(capsys):
    """It doubts the row that it contradicts, says so, and suggests its label."""
    add_rule(Path("doubt.toml"), SAWS)

    doubts = scan()

    assert doubts["reason:rule-conflict"]["r00"] == pytest.approx(0.9)
    assert doubts["reason:rule-conflict"]["r02"] == pytest.approx(0.1)
    assert np.isnan(doubts["reason:rule-conflict"]["r01"])
    assert doubts["rank"]["r00"] == 1
    assert doubts["suggested_label"]["r00"] == "tool"
    assert "the rule 'saws' says tool (a saw is a tool)" in doubts["why"]["r00"]
    assert "- 'saws' says tool on 20 rows, of which 1 has another label" in capsys.readouterr().out


def test_what_an_audit_has_of_rules():
    """It has each rule with its counts, those that don't fit with why, and is read back as it was written."""
    odd = Rule("odd", "txt == 'a'", "tool")
    for rule in (odd, SAWS, SWEET):
        add_rule(Path("doubt.toml"), rule)

    scan()

    counts = {"true": 20, "agreed": 19, "contradicted": 1, "left_out": ""}
    of_sweet = {"true": 20, "agreed": 20, "contradicted": 0, "left_out": ""}
    none = {"true": 0, "agreed": 0, "contradicted": 0}
    assert document()["rules"] == [
        {**vars(SAWS), **counts},
        {**vars(SWEET), **of_sweet},
        {**vars(odd), **none, "left_out": "the file has no column 'txt' (did you mean 'text'?)"},
    ]
    text = Path("rows.doubt/audit.json").read_text(encoding="utf-8")
    assert render_document(parse_document(text.encode(), "audit.json")) == text
    assert open_judged_audit("rows.doubt").settings.rules == (odd, SAWS, SWEET)
    assert "the rule 'odd' is left out: the file has no column 'txt' (did you mean 'text'?)" in str(
        document()["notes"]
    )


def test_without_rules(capsys):
    """Nothing is printed or written about rules, and the reason is skipped."""
    doubts = scan()

    assert "reason:rule-conflict" not in doubts.columns
    assert "ule" not in capsys.readouterr().out
    assert document()["rules"] == []
    (skipped,) = [one for one in document()["reasons"]["skipped"] if one["name"] == "rule-conflict"]  # type: ignore[index]
    assert "there are no rules for this file" in skipped["why"]


def test_models_that_know_nothing():
    """Where models can't predict the labels, rows that a rule contradicts come first, with its label."""
    add_rule(Path("doubt.toml"), replace(SWEET, label="tool", when="sugar == 12"))

    doubts = scan(label="noise", ignore="sugar,label")

    contradicted = [f"r{number:02}" for number in range(1, 40, 2) if NOISE[number] == "fruit"]
    assert sorted(doubts.index[: len(contradicted)]) == contradicted
    assert set(doubts["suggested_label"][contradicted]) == {"tool"}
    assert document()["skill"]["assessable"] is False  # type: ignore[index]


def test_rows_in_another_order():
    """Rows in another order keep their doubts."""
    add_rule(Path("doubt.toml"), SAWS)
    before = scan()
    pd.read_csv("rows.csv").sample(frac=1, random_state=1).to_csv("rows.csv", index=False)

    after = scan()

    pd.testing.assert_series_equal(after["doubt"].sort_index(), before["doubt"].sort_index())


def test_a_new_rule_fits_no_model_again(monkeypatch):
    """What an earlier scan kept of models is used where only a rule is new."""
    settings = ScanSettings("rows.csv", label="label", id="id", ignore=("sugar", "noise"), folds=2, repeats=1)
    fitted = []
    fit = crossfit.cross_fit

    def note_fit(*given, **named):
        fitted.append(1)
        return fit(*given, **named)

    monkeypatch.setattr(crossfit, "cross_fit", note_fit)

    make_audit(settings, progress=Silence(), cache=True)
    before = len(fitted)
    found, _ = make_audit(replace(settings, rules=(SAWS,)), progress=Silence(), cache=True)

    assert [reason.name for reason in found.reasons if reason.voice == "rules"] == ["rule-conflict"]
    assert (before, len(fitted)) == (1, 1)


def test_verdicts_are_judged_with_rules():
    """Rules stay with their rows where people decided some and called others unusable."""
    add_rule(Path("doubt.toml"), SAWS)
    Path("v.csv").write_text(
        "doubt_id,verdict,verdict_status\nr01,tool,\nr02,,unusable\nr04,tool,\n", encoding="utf-8"
    )

    doubts = scan("--verdicts", "v.csv")

    assert doubts["reason:rule-conflict"]["r00"] == pytest.approx(0.9)
    assert np.isnan(doubts["reason:rule-conflict"]["r01"])
    assert doubts["reason:rule-conflict"]["r04"] == pytest.approx(0.1)
    assert document()["rules"][0]["true"] == 19  # type: ignore[index]


def test_a_gate_on_an_audit(capsys):
    """A gate takes the audit that has the rules of the settings file, and refuses one with others."""
    add_rule(Path("doubt.toml"), SAWS)
    scan()

    assert main.run(["gate", "rows.doubt", "--max-doubted", "50%"]) == 0
    assert 'rules = ["saws"]' in capsys.readouterr().out
    add_rule(Path("doubt.toml"), SWEET)
    assert main.run(["gate", "rows.doubt", "--max-doubted", "50%"]) == 2
    assert "it was made with other rules" in capsys.readouterr().err


def test_from_python():
    """`doubtcli.scan` takes rules as mappings, and they are those of the command line."""
    rows = pd.read_csv("rows.csv")
    rules = [{"name": "saws", "when": 'contains(text, "saw")', "label": "tool", "why": "a saw is a tool"}]
    options = {"label": "label", "id": "id", "ignore": ["sugar", "noise"], "fast": True, "folds": 2}

    found = doubtcli.scan(rows, rules=rules, progress=False, **options)

    add_rule(Path("doubt.toml"), SAWS)
    theirs = scan()["doubt"].sort_index()
    ours = found.doubts.set_index("row_id")["doubt"].sort_index()
    np.testing.assert_array_equal(ours.to_numpy(), theirs.to_numpy())


def test_a_rule_that_is_not_valid_in_python():
    """The error names the keyword and the rule."""
    rules = [{"name": "saws", "when": "text.upper() == 1", "label": "tool"}]

    with pytest.raises(doubtcli.errors.SettingsError) as caught:
        doubtcli.scan(pd.read_csv("rows.csv"), label="label", rules=rules, progress=False)

    assert caught.value.where == "rules"
    assert "condition of rule 'saws'" in caught.value.found


@pytest.mark.parametrize(
    "when",
    [
        '__import__("os").system("touch hacked")',
        "text.__class__ == 1",
        "(lambda: 1)() == 1",
        "text in [x for x in text]",
        "text == f'{text}'",
        "(" * 10_000,
        'matches(text, "(a{0,99}){0,99}{0,99}")',
    ],
)
def test_hostile_settings(when, capsys, folder):
    """A settings file from somebody else can run nothing: exit code 2, and one message with the rule."""
    Path("doubt.toml").write_text(
        f"[[rules]]\nname = 'bad'\nwhen = '''{when}'''\nlabel = 'tool'\n", encoding="utf-8"
    )
    before = sorted(folder.iterdir())

    assert main.run(["scan", "rows.csv", *FLAGS]) == 2

    printed = capsys.readouterr().err
    assert printed.count("the condition of rule 'bad' is not valid") == 1
    assert "Traceback" not in printed
    assert sorted(folder.iterdir()) == before


def test_a_baseline_of_other_rules(capsys):
    """A gate says that a baseline was written with other rules, also where it was written without any."""
    assert main.run(["baseline", "rows.csv", "--label", "label", "--ignore", "sugar,noise", *FLAGS]) == 0
    add_rule(Path("doubt.toml"), SAWS)
    capsys.readouterr()

    limits = ["--max-new", "9", "--baseline", ".doubt-baseline.json"]
    assert main.run(["gate", "rows.csv", "--label", "label", "--ignore", "sugar,noise", *FLAGS, *limits]) == 0

    assert "the baseline was written with other rules" in " ".join(capsys.readouterr().out.split())
