from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from doubtcli.errors import InputError, SettingsError
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers.read import (
    choose_waivers_to_read,
    choose_waivers_to_write,
    find_waivers_file,
    read_waivers,
)
from doubtcli.settings import load_gate

if TYPE_CHECKING:
    from tests.conftest import Sentences

REASONS = ("outlier", "low-self-confidence", "ambiguous")


def read(folder: Path, text: str | bytes) -> tuple[Waiver, ...]:
    """The waivers in a file of this text."""
    path = folder / "w.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_waivers(str(path), REASONS)


def refusal(folder: Path, text: str | bytes) -> InputError:
    """How a file is refused, with its name without the folder."""
    with pytest.raises(InputError) as caught:
        read(folder, text)
    caught.value.where = (caught.value.where or "").replace(f"{folder}/", "")
    return caught.value


class TestRead:
    """Waivers files that are valid."""

    def test_every_key(self, tmp_path: Path) -> None:
        """Each key is read, and waivers are numbered in the order of the file."""
        found = read(
            tmp_path,
            """
            # checked in spring
            [[waive]]
            id = "row-17"
            [[waive]]
            id = "18"
            label = "positive"
            reasons = ["outlier", "ambiguous", "outlier"]
            until = 2027-06-30
            why = "checked by anna: sarcasm"
            file = "data/train.csv"
            """,
        )

        assert found == (
            Waiver("row-17", 1),
            Waiver(
                "18",
                2,
                label="positive",
                reasons=("outlier", "ambiguous"),
                until=dt.date(2027, 6, 30),
                why="checked by anna: sarcasm",
                files=("data/train.csv",),
            ),
        )

    @pytest.mark.parametrize("text", ["", "# nothing yet\n", "waive = []"])
    def test_none(self, tmp_path: Path, text: str) -> None:
        """A file can have no waiver in it."""
        assert read(tmp_path, text) == ()

    def test_other_spellings(self, tmp_path: Path) -> None:
        """One reason or file needs no list, a day may be a text, why may be empty."""
        (waiver,) = read(tmp_path, '[[waive]]\nid = "a"\nreasons = "outlier"\nuntil = "2027-06-30"\nwhy = ""')
        several = '[[waive]]\nid = "a"\nfile = ["a.csv", "b.csv"]'

        assert read(tmp_path, several) == (Waiver("a", 1, files=("a.csv", "b.csv")),)
        assert waiver == Waiver("a", 1, reasons=("outlier",), until=dt.date(2027, 6, 30))

    def test_inline(self, tmp_path: Path) -> None:
        """Tables can be on one line, as TOML allows."""
        assert read(tmp_path, 'waive = [{id = "a"}, {id = "b"}]') == (Waiver("a", 1), Waiver("b", 2))

    def test_as_windows_saves_it(self, tmp_path: Path) -> None:
        """A byte-order mark and the line ends of Windows don't matter."""
        assert read(tmp_path, b'\xef\xbb\xbf[[waive]]\r\nid = "a"\r\n') == (Waiver("a", 1),)

    def test_a_waiver_that_was_renewed(self, tmp_path: Path) -> None:
        """The same waiver with another last day is another one."""
        text = '[[waive]]\nid = "a"\nuntil = 2026-01-01\n[[waive]]\nid = "a"\nuntil = 2027-01-01'

        assert [waiver.until for waiver in read(tmp_path, text) if waiver.until] == [
            dt.date(2026, 1, 1),
            dt.date(2027, 1, 1),
        ]

    def test_any_reason(self, tmp_path: Path) -> None:
        """Without a list of known reasons, any name is valid."""
        path = tmp_path / "w.toml"
        path.write_text('[[waive]]\nid = "a"\nreasons = "mine"')

        assert read_waivers(str(path)) == (Waiver("a", 1, reasons=("mine",)),)


class TestRefused:
    """Files that can't be read as waivers."""

    def test_missing(self, tmp_path: Path, sentences: Sentences) -> None:
        """A missing file is an error, because it was asked for."""
        path = str(tmp_path / "none.toml")

        with pytest.raises(InputError) as caught:
            read_waivers(path)
        assert caught.value.where == path
        sentences.check(caught.value)

    def test_bytes(self, tmp_path: Path, sentences: Sentences) -> None:
        """A file that is not UTF-8 is refused, with the number of the byte."""
        error = refusal(tmp_path, b"# \xe9")

        assert error.where == "w.toml"
        assert "byte 3 " in error.found
        sentences.check(error)

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ('[[waive]]\nid "a"', 2),
            ('[[waive]]\nid = "a\n\n', 2),
            ('[[waive]]\nid = "a"\nuntil = 2027-02-30', 3),
            ('[[waive]]\nid = "a"\nid = "b"', 3),
            ("a = " + "[" * 5000, None),
            ("a = " + "9" * 5000, None),
        ],
        ids=["syntax", "end of file", "no such day", "twice", "deep", "long"],
    )
    def test_broken(self, tmp_path: Path, text: str, line: int | None) -> None:
        """Broken TOML is reported with its line: the last one with text, if the end of the file is wrong."""
        error = refusal(tmp_path, text)

        assert (error.where, error.line, "TOML" in error.found) == ("w.toml", line, True)

    @pytest.mark.parametrize(
        "text",
        ["ignore = []", 'id = "a"', '[waive]\nid = "a"', 'waive = ["a"]'],
        ids=["another table", "outside", "one pair of brackets", "list of texts"],
    )
    def test_no_tables(self, tmp_path: Path, text: str, sentences: Sentences) -> None:
        """Anything other than a [[waive]] table is refused."""
        error = refusal(tmp_path, text)

        assert error.where == "w.toml"
        sentences.check(error)

    @pytest.mark.parametrize(
        ("lines", "fact"),
        [
            ('id = "a"\nlable = "x"', "did you mean 'label'?"),
            ('id = "a"\nzzz = 1', "id, label, reasons, until, why, file"),
            ('id = "a"\nreasons = ["outlier", "ambigous"]', "did you mean 'ambiguous'?"),
            ('id = "a"\nreasons = "zzz"', "outlier, low-self-confidence, ambiguous"),
            ('label = "x"', 'id = "…"'),
        ],
        ids=["near key", "far key", "near reason", "far reason", "no id"],
    )
    def test_unknown(self, tmp_path: Path, lines: str, fact: str, sentences: Sentences) -> None:
        """For an unknown name, the nearest known one is suggested, or all are listed."""
        error = refusal(tmp_path, f'[[waive]]\nid = "first"\n[[waive]]\n{lines}')

        assert error.where == "w.toml, waiver 2"
        assert fact in str(error)
        sentences.check(error)

    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ('id = ""', "id = ''"),
            ("id = 17", "id = 17"),
            ('label = ""', "label = ''"),
            ("label = true", "label = True"),
            ("reasons = []", "reasons = []"),
            ("reasons = [1]", "reasons = [1]"),
            ("until = 2027-06-30T12:00:00", "until = 2027-06-30T12:00:00"),
            ("until = 12:00:00", "until = 12:00:00"),
            ('until = "soon"', "until = 'soon'"),
            ('until = "20270630"', "until = '20270630'"),
            ('until = "2027-02-30"', "until = '2027-02-30'"),
            ("until = 2027", "until = 2027"),
            ("why = 1", "why = 1"),
            ('file = ""', "file = ''"),
        ],
    )
    def test_wrong_value(self, tmp_path: Path, line: str, shown: str) -> None:
        """A value that is not valid is shown as it was read, with what was expected."""
        rest = "" if line.startswith("id") else 'id = "a"\n'

        error = refusal(tmp_path, f"[[waive]]\n{rest}{line}")

        assert error.where == "w.toml, waiver 1"
        assert error.found.startswith(shown)
        assert error.expected

    @pytest.mark.parametrize("key", ["id", "label", "reasons", "until", "why", "file"])
    def test_what_was_expected(self, tmp_path: Path, key: str, sentences: Sentences) -> None:
        """The message shows what each key takes."""
        rest = "" if key == "id" else 'id = "a"\n'

        sentences.check(refusal(tmp_path, f"[[waive]]\n{rest}{key} = 0001-01-01T00:00:00Z"))

    @pytest.mark.parametrize(
        "second",
        ['reasons = ["ambiguous", "outlier"]', 'reasons = ["outlier", "ambiguous"]\nwhy = "seen"'],
        ids=["order", "why"],
    )
    def test_twice(self, tmp_path: Path, second: str, sentences: Sentences) -> None:
        """Two waivers that waive the same are refused, even if they have another `why`."""
        first = 'id = "a"\nreasons = ["outlier", "ambiguous"]'

        error = refusal(tmp_path, f'[[waive]]\n{first}\n[[waive]]\nid = "a"\n{second}')

        assert error.where == "w.toml, waiver 2"
        assert "waiver 1" in error.found
        sentences.check(error)


USUAL = "doubt-waivers.toml"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a settings file; the working directory is a folder in it."""
    (tmp_path / "doubt.toml").write_text("")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    return tmp_path


def found_path(**flags: str) -> str:
    """The waivers file of a gate that is run from here."""
    return find_waivers_file(load_gate({}, flags, start=Path.cwd()))


def test_no_file_yet(root: Path) -> None:
    """Where there is none, a gate reads none, and a new one goes next to the settings file."""
    assert (found_path(), choose_waivers_to_read(None)) == ("", "")
    assert choose_waivers_to_write(None) == f"../{USUAL}"

    (root / USUAL).write_text("")

    assert found_path() == f"../{USUAL}"


def test_place_without_settings(root: Path) -> None:
    """Without a settings file it goes into the working directory."""
    (root / "doubt.toml").unlink()

    assert choose_waivers_to_write(None) == USUAL


@pytest.mark.parametrize(
    ("folders", "expected"),
    [(("",), f"../{USUAL}"), (("sub",), USUAL), (("", "sub"), USUAL)],
)
def test_usual_places(root: Path, folders: tuple[str, ...], expected: str) -> None:
    """The one in the working directory goes before the one next to the settings file, for every command."""
    for folder in folders:
        (root / folder / USUAL).write_text("")

    assert {found_path(), choose_waivers_to_read(None), choose_waivers_to_write(None)} == {expected}


@pytest.mark.parametrize("exists", [False, True])
def test_named_by_settings(root: Path, *, exists: bool) -> None:
    """The one that the settings name goes before any other, even if it does not exist."""
    (root / "doubt.toml").write_text('[gate]\nwaivers = "conf/keep.toml"\n')
    (root / "sub" / USUAL).write_text("")
    if exists:
        (root / "conf").mkdir()
        (root / "conf" / "keep.toml").write_text("")

    assert {found_path(), choose_waivers_to_read(None), choose_waivers_to_write(None)} == {
        "../conf/keep.toml"
    }


def test_named_by_the_user(root: Path) -> None:
    """The one that the user names goes before all others, and the settings file is not read."""
    (root / "doubt.toml").write_text('[gate]\nwaivers = "keep.toml"\n')
    assert found_path(waivers="mine.toml") == "mine.toml"

    (root / "doubt.toml").write_text("no TOML")

    assert (choose_waivers_to_read("mine.toml"), choose_waivers_to_write("mine.toml")) == (
        "mine.toml",
        "mine.toml",
    )
    with pytest.raises(SettingsError) as caught:
        choose_waivers_to_write(None)
    assert caught.value.where == "../doubt.toml"
