from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import OutputError, SettingsError
from doubtcli.records import Rule
from doubtcli.settings import ScanSettings, load_gate, load_settings, render_flags
from doubtcli.settings.add_rule import add_rule, choose_rules_file

LINKS = Rule("links", 'contains(text, "http")', "spam", "people who write to us send no links")
CALLS = Rule("calls", "stars <= 2", "ham")
PROJECT = """\
[tool.doubt]
seed = 3

[[tool.doubt.rules]]
name = "links"
when = 'contains(text, "http")'
label = "spam"
why = "people who write to us send no links"

[[tool.doubt.rules]]
name = "calls"
when = "stars <= 2"
label = "ham"
"""


def load(start: Path, **flags) -> ScanSettings:
    """The settings of a scan in a folder."""
    return load_settings({"path": "data.csv", **flags}, start=start)


def trouble(start: Path, text: str) -> SettingsError:
    """The error for a settings file of this text."""
    (start / "doubt.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(start)
    return caught.value


def test_from_a_project(tmp_path):
    """Rules are blocks of a project's settings, in the order in which they are written."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)

    assert load(tmp_path).rules == (LINKS, CALLS)


def test_of_one_file(tmp_path, monkeypatch):
    """Rules in a data file's own table are those of this file."""
    own = PROJECT.replace("tool.doubt]", "gate]").replace("tool.doubt.rules", 'gate.files."b.csv".rules')
    (tmp_path / "doubt.toml").write_text(own.replace("seed = 3", ""))

    monkeypatch.chdir(tmp_path)

    plan = load_gate({}, {}, start=tmp_path)

    assert plan.scan("b.csv").rules == (LINKS, CALLS)
    assert plan.scan("a.csv").rules == ()


def test_a_label_may_be_a_whole_number(tmp_path):
    """A label that is a number in the file need not be in quotes."""
    (tmp_path / "doubt.toml").write_text('[[rules]]\nname = "a"\nwhen = "x > 1"\nlabel = 1\n')

    assert load(tmp_path).rules == (Rule("a", "x > 1", "1"),)


def test_from_python(tmp_path):
    """Python gives rules as mappings, and they take the place of those in a settings file."""
    (tmp_path / "doubt.toml").write_text(PROJECT.replace("tool.doubt.", "").replace("[tool.doubt]", ""))

    assert load(tmp_path, rules=({"name": "a", "when": "x > 1", "label": "b"},)).rules == (
        Rule("a", "x > 1", "b"),
    )


def test_no_flags():
    """Rules have no flag."""
    assert render_flags(ScanSettings("data.csv", rules=(LINKS,))) == ""


def write_rule(**keys: object) -> str:
    """A block with some keys, by default those of a good rule."""
    written = {"name": "'links'", "when": "'x > 1'", "label": "'spam'"} | keys
    return "[[rules]]\n" + "".join(f"{key} = {value}\n" for key, value in written.items() if value)


@pytest.mark.parametrize(
    "text",
    [
        write_rule(name=""),
        write_rule(when=""),
        write_rule(label=""),
        write_rule(wen="'x > 1'"),
        write_rule(name="' '"),
        write_rule(name=f"'{'a' * 61}'"),
        write_rule(name=r'"a\nb"'),
        write_rule(when="1"),
        write_rule(label="1.5"),
        write_rule(why="true"),
        write_rule() + write_rule(),
        write_rule(when='\'__import__("os").system("touch hacked")\''),
        write_rule(when="'x = 1'"),
        "".join(write_rule(name=f"'rule {number}'") for number in range(101)),
        "rules = 'x > 1'",
        "rules = ['x > 1']",
    ],
)
def test_trouble(tmp_path, text, sentences):
    """An error names the settings file and the rule."""
    error = trouble(tmp_path, text)

    assert error.where == "doubt.toml"
    sentences.check(error)


@pytest.mark.parametrize(
    "when",
    [
        '__import__("os").system("touch hacked")',
        'text.__class__.__mro__[-1].__subclasses__()[0]("touch hacked") == 1',
        '(lambda: __import__("os").system("touch hacked"))() == 1',
        'text in [__import__("os").system("touch hacked") for _ in [1]]',
        'text == f\'{__import__("os").system("touch hacked")}\'',
        "(" * 10_000 + ")" * 10_000,
        "(" * 900 + "x == 1" + ")" * 900,
        "not " * 450 + "x == 1",
        'matches(text, "((a{0,99}){0,99}){0,99}")',
        "x == " + "9" * 1900,
        "open('hacked', 'w') == 1",
    ],
)
def test_hostile(tmp_path, monkeypatch, when):
    """A condition that tries to run something, or to take for ever, is refused, and nothing is run."""
    monkeypatch.chdir(tmp_path)

    error = trouble(tmp_path, f"[[rules]]\nname = 'links'\nwhen = '''{when}'''\nlabel = 'spam'\n")

    assert "condition of rule 'links' is not valid" in error.found
    assert sorted(path.name for path in tmp_path.iterdir()) == ["doubt.toml"]


# ----------------------------------------------------------------------- rules are added


def test_a_new_file(tmp_path):
    """The first rule makes a settings file."""
    path = choose_rules_file(tmp_path)

    add_rule(path, LINKS)

    assert path == tmp_path / "doubt.toml"
    assert path.read_text() == (
        '[[rules]]\nname = "links"\nwhen = \'contains(text, "http")\'\nlabel = "spam"\n'
        'why = "people who write to us send no links"\n'
    )
    assert load(tmp_path).rules == (LINKS,)


def test_the_file_in_use(tmp_path):
    """A rule is added to the project's settings above the working directory, and other bytes stay."""
    before = '# ours\r\n[project]\r\nname = "ü"  \r\n[tool.doubt]\r\nseed=3\r\n[tool.other]'
    (tmp_path / "pyproject.toml").write_bytes(before.encode())
    (tmp_path / "data").mkdir()
    path = choose_rules_file(tmp_path / "data")

    add_rule(path, CALLS)
    add_rule(path, LINKS)

    after = path.read_bytes().decode()
    assert path == tmp_path / "pyproject.toml"
    assert after.startswith(
        before
        + '\r\n\r\n[[tool.doubt.rules]]\r\nname = "calls"\r\nwhen = "stars <= 2"\r\nlabel = "ham"\r\n'
        + '\r\n[[tool.doubt.rules]]\r\nname = "links"\r\n'
    )
    assert load(tmp_path / "data").rules == (CALLS, LINKS)
    assert load(tmp_path / "data").seed == 3


def test_a_byte_order_mark_stays(tmp_path):
    """A file that begins with the mark of UTF-8 still does, and its rules are read."""
    path = tmp_path / "doubt.toml"
    path.write_bytes(b"\xef\xbb\xbfseed = 3\n")

    add_rule(path, CALLS)

    assert path.read_bytes().startswith(b"\xef\xbb\xbfseed = 3\n\n[[rules]]\n")
    assert load(tmp_path).rules == (CALLS,)
    assert load(tmp_path).seed == 3


def test_the_file_that_is_named(tmp_path):
    """With --config, a rule is added to that file."""
    (tmp_path / "mine.toml").write_text("seed = 3\n")
    path = choose_rules_file(tmp_path, "mine.toml")

    add_rule(path, CALLS)

    assert load_settings({"path": "a"}, start=tmp_path, config="mine.toml").rules == (CALLS,)


def test_isolated(tmp_path, sentences):
    """Where no settings file is read, a rule can't be kept."""
    with pytest.raises(SettingsError) as caught:
        choose_rules_file(tmp_path, isolated=True)

    sentences.check(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "rules = []\n",
        'rules = [{name = "a", when = "x > 1", label = "b"}]\n',
        "rules = 5\n",
        "seed = \n",
        write_rule(name='"calls"'),
        write_rule(when="'x +'"),
        "rules.name = 5\n",
    ],
)
def test_files_that_are_left_alone(tmp_path, text, sentences, monkeypatch):
    """A file to which no valid block can be added stays as it is, and the error says why."""
    monkeypatch.chdir(tmp_path)
    path = Path("doubt.toml")
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        add_rule(path, CALLS)

    assert path.read_text(encoding="utf-8") == text
    sentences.check(caught.value)


@pytest.mark.parametrize(
    "rule",
    [Rule("", "x > 1", "a"), Rule("a", "x", "a"), Rule("a", "x > 1", ""), Rule("a", "x > 1", "\ud800")],
)
def test_rules_that_are_not_written(tmp_path, rule):
    """A rule that a scan would refuse is not written."""
    with pytest.raises(SettingsError):
        add_rule(tmp_path / "doubt.toml", rule)

    assert not (tmp_path / "doubt.toml").exists()


def test_not_utf8(tmp_path):
    """A file in another encoding stays as it is."""
    (tmp_path / "doubt.toml").write_bytes(b"# \xff\n")

    with pytest.raises(SettingsError, match="is not a text in UTF-8"):
        add_rule(tmp_path / "doubt.toml", CALLS)

    assert (tmp_path / "doubt.toml").read_bytes() == b"# \xff\n"


def test_a_file_that_would_be_too_large(tmp_path):
    """A file that would be refused with one more rule stays as it is."""
    path = tmp_path / "doubt.toml"
    path.write_text("#" * (2**17 - 60) + "\n")

    with pytest.raises(SettingsError, match="would be too large with one more rule"):
        add_rule(path, LINKS)

    assert path.stat().st_size == 2**17 - 59


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    """A folder that can't be written is an error of writing."""
    tmp_path.chmod(0o500)

    with pytest.raises(OutputError):
        add_rule(tmp_path / "doubt.toml", CALLS)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
NAMES = TEXTS.filter(str.isprintable)


@given(NAMES, TEXTS, TEXTS | st.just(""), st.sampled_from(["", "seed = 3", "# a\r\n[gate]\r\n"]))
def test_any_rule_is_read_back(tmp_path_factory, name, label, why, before):
    """Any rule is read back as it was written."""
    folder = tmp_path_factory.mktemp("any")
    path = folder / "doubt.toml"
    path.write_bytes(before.encode())
    rule = Rule(name, f"contains(text, {label!a})", label, why)

    add_rule(path, rule)

    assert load(folder).rules == (rule,)
    assert path.read_bytes().startswith(before.encode())
    assert len(tomllib.loads(path.read_text(encoding="utf-8"))["rules"]) == 1
