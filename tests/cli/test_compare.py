from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import main

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {"fruit": ("apple", "pear", "cherry", "plum"), "tool": ("hammer", "saw", "chisel", "rasp")}
WRONG = (0, 9, 18, 27, 36, 45, 54)
QUICK = ("--fast", "--isolated", "--quiet", "--threads", "1")


def write(path: Path, wrong: tuple[int, ...] = ()) -> None:
    """Write texts of two kinds, some with the other kind's label."""
    chance = random.Random(0)
    lines = ["id,text,label"]
    for number in range(60):
        kind, other = ("fruit", "tool") if number % 2 == 0 else ("tool", "fruit")
        words = " ".join(chance.choices(WORDS[kind], k=3))
        lines.append(f"r{number:02},{words} n{number},{other if number in wrong else kind}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the audits of a file and of its correction."""
    folder = tmp_path_factory.mktemp("compare")
    write(folder / "old.csv", WRONG)
    write(folder / "new.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("old.csv", "new.csv"):
            assert main.run(["scan", name, *QUICK]) == 0
    return folder


@pytest.fixture
def compare(folder, monkeypatch, capfd):
    """Runs the command in that folder; returns its exit code, and what it printed on stdout and stderr."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        code = main.run(["compare", *arguments])
        printed = capfd.readouterr()
        return code, printed.out, printed.err

    return run


def test_full(compare):
    """Labels, doubts, noise, skill and the score are printed, and the command ends with 0."""
    code, out, err = compare("old.doubt", "new.doubt")

    assert (code, err) == (0, "")
    titles = [line.split("  ")[0] for line in out.splitlines() if line and line[0] != " "]
    assert titles == [
        "before",
        "after",
        "7 labels changed",
        "Doubted rows: 7 before, 0 after",
        "By label before",
        "Label noise",
        "Skill of the models",
        "What relabelling gained",
    ]


def test_json(compare):
    """The same as JSON, and the same bytes each time."""
    code, out, err = compare("old.doubt", "new.doubt", "--output-format", "json")

    document = json.loads(out)
    assert (code, err) == (0, "")
    assert (document["fates"]["fixed"], document["before"]["doubted"], document["after"]["doubted"]) == (
        7,
        7,
        0,
    )
    assert document["score"]["judged_on"] == 53
    assert compare("old.doubt", "new.doubt", "--output-format", "json") == (code, out, err)


def test_with_itself(compare):
    """An audit compared with itself has not changed."""
    code, out, _ = compare("old.doubt", "old.doubt")

    assert code == 0
    assert "Nothing changed" in out


def test_nothing_is_written(compare, folder):
    """The files in the folder are not changed."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    compare("old.doubt", "new.doubt")

    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_no_audit(compare):
    """If a file is named instead of an audit, the error names it, and the command ends with 2."""
    code, out, err = compare("old.csv", "new.doubt")

    assert (code, out) == (2, "")
    assert err.startswith("doubt: old.csv: ")


def test_one_audit(compare):
    """One audit can't be compared."""
    code, _, err = compare("old.doubt")

    assert code == 2
    assert "AFTER" in err


def test_changed_data(compare, folder):
    """If data have changed since their audit, the error names them, and the command ends with 2."""
    write(folder / "later.csv", WRONG)
    assert main.run(["scan", "later.csv", *QUICK]) == 0
    write(folder / "later.csv")

    code, _, err = compare("old.doubt", "later.doubt")

    assert code == 2
    assert "later.csv " in err


def test_after_applying_in_place(tmp_path, monkeypatch, capfd):
    """The audit of a file that was corrected in place is read with its backup, which is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    write(tmp_path / "data.csv", WRONG)
    verdicts = "".join(f"r{number:02},{('fruit', 'tool')[number % 2]}\n" for number in WRONG)
    (tmp_path / "verdicts.csv").write_text(f"doubt_id,verdict\n{verdicts}", encoding="utf-8")
    by_id = (*QUICK, "--id", "id")

    assert main.run(["scan", "data.csv", *by_id]) == 0
    assert main.run(["apply", "data.csv", "--verdicts", "verdicts.csv", "--in-place", "--quiet"]) == 0
    assert main.run(["scan", "data.csv", *by_id, "-o", "new.doubt"]) == 0
    code = main.run(["compare", "data.doubt", "new.doubt"])

    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [
        "before  data.doubt, of data.csv.bak: 60 rows",
        "after   new.doubt, of data.csv: 60 rows",
    ]
    assert "7 labels changed" in out


def test_colour(compare):
    """Colour is used only if it is asked for."""
    plain, coloured = (compare("old.doubt", "new.doubt", "--color", when)[1] for when in ("never", "always"))

    assert "\x1b[" not in plain
    assert "\x1b[" in coloured


def test_other_process(doubt_in, folder, compare):
    """The command as a process of its own prints the same JSON, with any hash seed."""
    doubt = doubt_in(folder)
    doubt.environment["PYTHONHASHSEED"] = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"

    done = doubt("compare", "old.doubt", "new.doubt", "--output-format", "json")

    assert (done.returncode, done.stdout, done.stderr) == compare(
        "old.doubt", "new.doubt", "--output-format", "json"
    )
