from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from doubtcli.errors import InputError, SettingsError
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers.read import find_waivers, read_waivers, waivers_to_add_to, waivers_to_read
from doubtcli.settings import load_gate

REASONS = ("outlier", "low-self-confidence", "ambiguous")


def read(folder: Path, text: str | bytes) -> tuple[Waiver, ...]:
    """The waivers in a file of this text."""
    path = folder / "w.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_waivers(str(path), REASONS)


def refusal(folder: Path, text: str | bytes) -> str:
    """How a file is refused; its folder left out."""
    with pytest.raises(InputError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


class TestRead:
    """Files of waivers that can be meant."""

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
        """A file may hold no waiver."""
        assert read(tmp_path, text) == ()

    def test_other_spellings(self, tmp_path: Path) -> None:
        """One reason or file needs no list, a day may be a text, why may be empty."""
        (waiver,) = read(tmp_path, '[[waive]]\nid = "a"\nreasons = "outlier"\nuntil = "2027-06-30"\nwhy = ""')
        several = '[[waive]]\nid = "a"\nfile = ["a.csv", "b.csv"]'

        assert read(tmp_path, several) == (Waiver("a", 1, files=("a.csv", "b.csv")),)
        assert waiver == Waiver("a", 1, reasons=("outlier",), until=dt.date(2027, 6, 30))

    def test_inline(self, tmp_path: Path) -> None:
        """Tables may stand on one line, as TOML has it."""
        assert read(tmp_path, 'waive = [{id = "a"}, {id = "b"}]') == (Waiver("a", 1), Waiver("b", 2))

    def test_as_windows_saves_it(self, tmp_path: Path) -> None:
        """A byte-order mark and Windows' line ends are no matter."""
        assert read(tmp_path, b'\xef\xbb\xbf[[waive]]\r\nid = "a"\r\n') == (Waiver("a", 1),)

    def test_a_waiver_that_was_renewed(self, tmp_path: Path) -> None:
        """The same waiver with another last day is another one."""
        text = '[[waive]]\nid = "a"\nuntil = 2026-01-01\n[[waive]]\nid = "a"\nuntil = 2027-01-01'

        assert [waiver.until for waiver in read(tmp_path, text) if waiver.until] == [
            dt.date(2026, 1, 1),
            dt.date(2027, 1, 1),
        ]

    def test_any_reason(self, tmp_path: Path) -> None:
        """Where nobody says which reasons there are, any name will do."""
        path = tmp_path / "w.toml"
        path.write_text('[[waive]]\nid = "a"\nreasons = "mine"')

        assert read_waivers(str(path)) == (Waiver("a", 1, reasons=("mine",)),)


class TestRefused:
    """Files that can't be read as waivers."""

    def test_missing(self, tmp_path: Path) -> None:
        """A missing file is an error: it was asked for."""
        with pytest.raises(InputError, match="can't be read: No such file or directory"):
            read_waivers(str(tmp_path / "none.toml"))

    def test_bytes(self, tmp_path: Path) -> None:
        """A file that is no UTF-8 is refused, with the byte."""
        assert refusal(tmp_path, b"# \xe9") == (
            "w.toml: is no UTF-8: byte 3 can't be read\nto do: save it as UTF-8"
        )

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('[[waive]]\nid "a"', "w.toml, line 2: is no valid TOML: Expected '=' after a key"),
            ('[[waive]]\nid = "a\n\n', "w.toml, line 2: is no valid TOML: "),
            ('[[waive]]\nid = "a"\nuntil = 2027-02-30', "w.toml, line 3: is no valid TOML: "),
            ('[[waive]]\nid = "a"\nid = "b"', "w.toml, line 3: is no valid TOML: Cannot overwrite"),
            ("a = " + "[" * 5000, "w.toml: is no valid TOML: "),
            ("a = " + "9" * 5000, "w.toml: is no valid TOML: "),
        ],
        ids=["syntax", "end of file", "no such day", "twice", "deep", "long"],
    )
    def test_broken(self, tmp_path: Path, text: str, expected: str) -> None:
        """Broken TOML is told with its line: the last one that says something, where the end is to blame."""
        assert refusal(tmp_path, text).startswith(expected)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("ignore = []", "w.toml: 'ignore' is no known key\nexpected: [[waive]] tables"),
            (
                'id = "a"',
                "w.toml: 'id' is no known key\nexpected: [[waive]] tables\nto do: put it under [[waive]]",
            ),
            (
                '[waive]\nid = "a"',
                "w.toml: 'waive' is no list of tables\nexpected: [[waive]], in two pairs of brackets",
            ),
            (
                'waive = ["a"]',
                "w.toml: 'waive' is no list of tables\nexpected: [[waive]], in two pairs of brackets",
            ),
        ],
        ids=["another table", "outside", "one pair of brackets", "list of texts"],
    )
    def test_no_tables(self, tmp_path: Path, text: str, expected: str) -> None:
        """What is no [[waive]] table is refused."""
        assert refusal(tmp_path, text) == expected

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (
                'id = "a"\nlable = "x"',
                "'lable' is no known key\nto do: did you mean 'label'?",
            ),
            (
                'id = "a"\nzzz = 1',
                "'zzz' is no known key\nexpected: one of id, label, reasons, until, why, file",
            ),
            (
                'id = "a"\nreasons = ["outlier", "ambigous"]',
                "'ambigous' is no known reason\nto do: did you mean 'ambiguous'?",
            ),
            (
                'id = "a"\nreasons = "zzz"',
                "'zzz' is no known reason\nexpected: one of outlier, low-self-confidence, ambiguous",
            ),
            ('label = "x"', 'it names no row\nexpected: id = "…", the row\'s doubt_id'),
        ],
        ids=["near key", "far key", "near reason", "far reason", "no id"],
    )
    def test_unknown(self, tmp_path: Path, lines: str, expected: str) -> None:
        """A name that nobody knows is told with the nearest one, or with all."""
        text = f'[[waive]]\nid = "first"\n[[waive]]\n{lines}'

        assert refusal(tmp_path, text) == f"w.toml, waiver 2: {expected}"

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
        """A value that can't be meant is told as it stands there."""
        rest = "" if line.startswith("id") else 'id = "a"\n'

        assert refusal(tmp_path, f"[[waive]]\n{rest}{line}").startswith(
            f"w.toml, waiver 1: {shown} won't do\nexpected: "
        )

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("id = 17", 'a text that is not empty: id = "17"'),
            ("reasons = []", "a reason's name, or a list of them; or nothing, for every reason"),
            ("until = 0001-01-01T00:00:00Z", "a day: until = 2027-06-30"),
        ],
    )
    def test_what_was_expected(self, tmp_path: Path, line: str, expected: str) -> None:
        """Each key says what it takes."""
        rest = "" if line.startswith("id") else 'id = "a"\n'

        assert refusal(tmp_path, f"[[waive]]\n{rest}{line}").endswith(f"\nexpected: {expected}")

    @pytest.mark.parametrize(
        "second",
        ['reasons = ["ambiguous", "outlier"]', 'reasons = ["outlier", "ambiguous"]\nwhy = "seen"'],
        ids=["order", "why"],
    )
    def test_twice(self, tmp_path: Path, second: str) -> None:
        """Two waivers that waive the same are refused, whatever they say why."""
        first = 'id = "a"\nreasons = ["outlier", "ambiguous"]'

        assert refusal(tmp_path, f'[[waive]]\n{first}\n[[waive]]\nid = "a"\n{second}') == (
            "w.toml, waiver 2: it waives the same as waiver 1: 'a'\nto do: take one of the two out"
        )


USUAL = "doubt-waivers.toml"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a settings file, in a folder below which we are."""
    (tmp_path / "doubt.toml").write_text("")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    return tmp_path


def found_path(**flags: str) -> str:
    """What a gate that is run from here reads."""
    return find_waivers(load_gate({}, flags, start=Path.cwd()))


def test_no_file_yet(root: Path) -> None:
    """Where there is none, a gate reads none, and a new one is to stand beside the settings file."""
    assert (found_path(), waivers_to_read(None)) == ("", "")
    assert waivers_to_add_to(None) == f"../{USUAL}"

    (root / USUAL).write_text("")

    assert found_path() == f"../{USUAL}"


def test_place_without_settings(root: Path) -> None:
    """Without a settings file it stands where we are."""
    (root / "doubt.toml").unlink()

    assert waivers_to_add_to(None) == USUAL


@pytest.mark.parametrize(
    ("there", "expected"),
    [(("",), f"../{USUAL}"), (("sub",), USUAL), (("", "sub"), USUAL)],
)
def test_usual_places(root: Path, there: tuple[str, ...], expected: str) -> None:
    """Of the usual ones that here goes before that beside the settings file; all ways lead to the same."""
    for folder in there:
        (root / folder / USUAL).write_text("")

    assert {found_path(), waivers_to_read(None), waivers_to_add_to(None)} == {expected}


@pytest.mark.parametrize("is_there", [False, True])
def test_named_by_settings(root: Path, *, is_there: bool) -> None:
    """The one that the settings name goes before any other, be it there or not."""
    (root / "doubt.toml").write_text('[gate]\nwaivers = "conf/keep.toml"\n')
    (root / "sub" / USUAL).write_text("")
    if is_there:
        (root / "conf").mkdir()
        (root / "conf" / "keep.toml").write_text("")

    assert {found_path(), waivers_to_read(None), waivers_to_add_to(None)} == {"../conf/keep.toml"}


def test_named_by_the_user(root: Path) -> None:
    """The one that the user names goes before all, and no settings file is asked."""
    (root / "doubt.toml").write_text('[gate]\nwaivers = "keep.toml"\n')
    assert found_path(waivers="mine.toml") == "mine.toml"

    (root / "doubt.toml").write_text("no TOML")

    assert (waivers_to_read("mine.toml"), waivers_to_add_to("mine.toml")) == ("mine.toml", "mine.toml")
    with pytest.raises(SettingsError, match="no valid TOML"):
        waivers_to_add_to(None)
