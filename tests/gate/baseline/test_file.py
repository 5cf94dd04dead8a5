from __future__ import annotations

import difflib
import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.gate.baseline.file import parse_section, read_baseline, render_baseline
from doubtcli.gate.baseline.rows import digest, in_lines
from doubtcli.gate.baseline.section import Baseline, KnownDoubt, Section, make_section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.records import AuditDocument, DoubtTable

    Make = Callable[..., DoubtTable]
    Describe = Callable[..., AuditDocument]

TWO_ROWS = """{
  "schema_version": 1,
  "tool": {"name": "doubt", "version": "VERSION"},
  "about": "Doubted labels that are known, so that `doubt gate` tells new ones; written by `doubt baseline`.",
  "files": {
    "data/a.csv": {
      "sha256": "f00d",
      "n_rows": 2,
      "label": "intent",
      "inputs": ["text", "l\\"ang"],
      "settings": {"seed": 0, "skip": ["outlier"], "reason_settings": {"x": {"k": 0.5, "why": "é\\u202e"}}, \
"fast": false},
      "version": "0.1.0",
      "doubts": [
        {"row": "00112233445566ff", "id": "r17", "given": "spam", "doubt": 0.93, "reasons": ["outlier", "b"]},
        {"row": "00112233445566ff", "n": 2, "id": "\\n", "given": "spam", "doubt": 0.5, "reasons": []}
      ],
      "borderline": {
        "": "9e050d82f8"
      },
      "rows": {
        "": "9e050d82f8 9e050d82f8"
      }
    },
    "z.csv": {
      "sha256": "0",
      "n_rows": 0,
      "label": "y",
      "inputs": [],
      "settings": {},
      "version": "0.2.0",
      "doubts": [],
      "borderline": {},
      "rows": {}
    }
  }
}
"""
SECTIONS = (
    Section("z.csv", "0", 0, "y", (), {}, "0.2.0", (), {}),
    Section(
        path="data/a.csv",
        sha256="f00d",
        n_rows=2,
        label="intent",
        inputs=("text", 'l"ang'),
        settings={
            "seed": 0,
            "skip": ["outlier"],
            "reason_settings": {"x": {"k": 0.5, "why": "é\u202e"}},
            "fast": False,
        },
        version="0.1.0",
        doubts=(
            KnownDoubt("00112233445566ff", 1, "r17", "spam", 0.93, ("outlier", "b")),
            KnownDoubt("00112233445566ff", 2, "\n", "spam", 0.5, ()),
        ),
        lines={"": "9e050d82f8 9e050d82f8"},
        borderline=("9e050d82f8",),
    ),
)


def read(text: str, folder: Path) -> Baseline:
    """The baseline in a file of this text."""
    path = folder / "known.json"
    path.write_bytes(text.encode())
    return replace(read_baseline(str(path)), path="known.json")


def refusal(text: str | bytes, folder: Path) -> str:
    """How a file is refused; its folder left out."""
    path = folder / "known.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        read_baseline(str(path))
    return str(caught.value).replace(f"{folder}/", "")


class TestText:
    """What stands in the file."""

    def test_by_hand(self) -> None:
        """One row a line, sections by path, what is hidden escaped, no time of writing."""
        assert render_baseline(SECTIONS) == TWO_ROWS.replace("VERSION", version("doubtcli"))

    def test_no_files(self) -> None:
        """A baseline of no file is valid JSON, too."""
        assert json.loads(render_baseline([]))["files"] == {}

    def test_order_does_not_matter(self) -> None:
        """The same sections in another order give the same text."""
        assert render_baseline(SECTIONS[::-1]) == render_baseline(SECTIONS)


# ---------------------------------------------------------------- any baseline

TEXT = st.text(st.characters(), max_size=12)
HASH = st.sampled_from(["00", "0f", "f0", "ff"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def any_section(draw: st.DrawFn) -> Section:
    """What a baseline may know of a file: rows, some of them doubted."""
    labels = draw(st.lists(TEXT, min_size=1, max_size=2, unique=True))
    rows = draw(st.lists(st.tuples(HASH, st.sampled_from(labels)), max_size=70))
    doubted = sorted(row for row in rows if draw(st.booleans()))
    doubts = tuple(
        KnownDoubt(
            row_hash,
            doubted[:place].count((row_hash, label)) + 1,
            draw(TEXT),
            label,
            draw(st.integers(0, 100)) / 100,
            tuple(draw(st.lists(TEXT, max_size=2))),
        )
        for place, (row_hash, label) in enumerate(doubted)
    )
    return Section(
        path=draw(TEXT),
        sha256=draw(TEXT),
        n_rows=len(rows),
        label=draw(TEXT),
        inputs=tuple(draw(st.lists(TEXT, max_size=2))),
        settings=draw(st.dictionaries(TEXT, PLAIN, max_size=2)),
        version=draw(TEXT),
        doubts=doubts,
        lines=in_lines(digest(*row) for row in rows),
        borderline=tuple(sorted(digest(*row) for row in rows if draw(st.booleans()))),
    )


@given(st.lists(any_section(), max_size=2, unique_by=lambda section: section.path))
def test_any_baseline_is_read_back(sections: list[Section]) -> None:
    """What was written is read back as it was, whatever ids, labels and paths hold."""
    with TemporaryDirectory() as folder:
        found = read(render_baseline(sections), Path(folder))

    assert found == Baseline("known.json", tuple(sorted(sections, key=lambda section: section.path)))


ROWS = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["ham", "spam"]), st.booleans()),
    min_size=1,
    max_size=90,
)


@given(before=ROWS, added=st.tuples(st.integers(0, 10**6), st.just("ham"), st.booleans()))
def test_an_added_row_changes_few_lines(
    table: Make,
    document: Describe,
    before: list[tuple[int, str, bool]],
    added: tuple[int, str, bool],
) -> None:
    """An added row changes the number of rows, its digests' line and its doubt's line, and commas at most.

    Where lines get too long all digests are grouped anew: at 65 rows, 1,025, 16,385, and so on.
    """
    assume(len(before) != 64)

    old, new = (written(table, document, rows).splitlines() for rows in (before, [*before, added]))

    # a line that is no longer the last gets a comma; an empty list opens
    n_changed = sum(line.startswith("+ ") for line in difflib.ndiff(old, new))
    assert n_changed <= (1 + 2 + 3 if added[2] else 1 + 2)


def written(table: Make, document: Describe, rows: Sequence[tuple[int, str, bool]]) -> str:
    """The baseline of these rows: content, label, and whether it is doubted."""
    told = [
        {
            "row_hash": f"{number:016x}",
            "row_id": str(number),
            "given_label": label,
            "doubt": 0.9 if doubted else 0.05,
        }
        for number, label, doubted in rows
    ]
    return render_baseline([make_section("data.csv", "known.json", document(), table(*told))])


def test_small(table: Make, document: Describe) -> None:
    """20,000 rows, which stand in the shortest lines, take less than 12 bytes each."""
    text = written(table, document, [(number, "ham", False) for number in range(20_000)])

    assert len(text) < 20_000 * 12


# -------------------------------------------------------------------- refusals

GOOD = render_baseline(SECTIONS)
AGAIN = (
    "expected: a baseline as `doubt baseline` wrote it\n"
    "to do: write it again: doubt baseline DATA --force -o known.json; or take it back from git"
)


class TestRefused:
    """Files that are no baseline, or no longer one."""

    def test_missing(self, tmp_path: Path) -> None:
        """A missing file is told with the command that writes it."""
        path = tmp_path / "none.json"

        with pytest.raises(InputError) as caught:
            read_baseline(str(path))

        assert caught.value.found == "can't be read: No such file or directory"
        assert caught.value.hint == f"write it: doubt baseline DATA -o {path}"

    def test_broken_json(self, tmp_path: Path) -> None:
        """Broken JSON is told with its line."""
        text = GOOD.replace('"n_rows": 2,', '"n_rows": 2')

        told = refusal(text, tmp_path)

        assert told == f"known.json, line 9: is no valid JSON: Expecting ',' delimiter\n{AGAIN}"

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            (b"\xff{}", "known.json: is no UTF-8: byte 1 can't be read"),
            ('{"a": NaN}', "known.json: is no valid JSON: NaN is no number"),
            ('{"a": 1, "b": 2, "a": 1}', 'known.json: is no valid JSON: "a" stands twice'),
            ("[" * 100_000, "known.json: is no valid JSON: "),
            ("9" * 5000, "known.json: is no valid JSON: Exceeds the limit"),
        ],
        ids=["bytes", "no number", "twice", "deep", "long"],
    )
    def test_no_json(self, tmp_path: Path, text: str | bytes, found: str) -> None:
        """What is no JSON, or no sound one, is refused."""
        assert refusal(text, tmp_path).startswith(found)

    @pytest.mark.parametrize("ending", ["\n", "\r\n"])
    def test_merge_markers(self, tmp_path: Path, ending: str) -> None:
        """The markers of a merge that was not settled are told for what they are, with their line."""
        ours, theirs = '      "n_rows": 2,', '      "n_rows": 3,'
        conflict = ["<<<<<<< HEAD", ours, "=======", theirs, ">>>>>>> other"]
        text = GOOD.replace(ours, "\n".join(conflict)).replace("\n", ending)

        told = refusal(text, tmp_path)

        found = "git's merge markers stand in it: two branches changed it"
        assert told == f"known.json, line 8: {found}\n{AGAIN}"

    @given(data=st.data())
    def test_any_conflict(self, data: st.DataObject) -> None:
        """Wherever two branches differ, the file with git's markers is refused."""
        lines = GOOD.splitlines()
        start = data.draw(st.integers(0, len(lines)))
        end = data.draw(st.integers(start, len(lines)))
        conflict = ["<<<<<<< ours", *lines[start:end], "=======", ">>>>>>> theirs"]
        text = "\n".join([*lines[:start], *conflict, *lines[end:]])

        with TemporaryDirectory() as folder:
            assert f"line {start + 1}: git's merge markers" in refusal(text, Path(folder))

    @pytest.mark.parametrize(
        "text",
        [
            "[]",
            "{}",
            '{"schema_version": 1, "tool": {"name": "doubt", "version": "0.1.0"}, "input": {}}',
            GOOD.replace('"name": "doubt"', '"name": "bandit"'),
            GOOD.replace('"schema_version": 1', '"schema_version": "1"'),
        ],
        ids=["list", "empty", "an audit", "of another tool", "version of another kind"],
    )
    def test_no_baseline(self, tmp_path: Path, text: str) -> None:
        """Sound JSON that is no baseline is refused as such."""
        assert refusal(text, tmp_path) == (
            "known.json: is no baseline of doubt\n"
            "expected: a file that `doubt baseline` wrote\n"
            "to do: name it with --baseline, or write one: doubt baseline DATA -o FILE"
        )

    @pytest.mark.parametrize(
        ("found", "hint"),
        [
            (2, "update doubt: a newer one wrote this baseline"),
            (0, "write it again: doubt baseline DATA --force -o known.json; or take it back from git"),
        ],
    )
    def test_other_schema_version(self, tmp_path: Path, found: int, hint: str) -> None:
        """Another schema version is refused, with what to do about it."""
        text = GOOD.replace('"schema_version": 1', f'"schema_version": {found}')

        assert refusal(text, tmp_path) == (
            f"known.json: has schema version {found}\nexpected: schema version 1\nto do: {hint}"
        )

    def test_no_files(self, tmp_path: Path) -> None:
        """A baseline without its files is refused."""
        text = '{"schema_version": 1, "tool": {"name": "doubt"}, "about": "", "files": []}'

        assert refusal(text, tmp_path) == f"known.json: its files are missing\n{AGAIN}"


DOUBT = {"row": "00112233445566ff", "id": "a", "given": "spam", "doubt": 0.93, "reasons": ["outlier"]}


def body(**changes: Any) -> dict[str, Any]:
    """What a baseline says of a file with two equal rows, one of them doubted; with changes."""
    told = {
        "sha256": "f00d",
        "n_rows": 2,
        "label": "intent",
        "inputs": ["text"],
        "settings": {},
        "version": "0.1.0",
        "doubts": [DOUBT],
        "borderline": {"": "9e050d82f8"},
        "rows": {"": "9e050d82f8 9e050d82f8"},
    }
    return told | changes


def section_refusal(told: object) -> str:
    """Why what is said of a.csv is refused."""
    with pytest.raises(InputError) as caught:
        parse_section("a.csv", told, "known.json")
    assert caught.value.where == "known.json"
    return caught.value.found


def test_sound() -> None:
    """What is as it was written becomes a section."""
    assert parse_section("a.csv", body(), "known.json") == Section(
        path="a.csv",
        sha256="f00d",
        n_rows=2,
        label="intent",
        inputs=("text",),
        settings={},
        version="0.1.0",
        doubts=(KnownDoubt("00112233445566ff", 1, "a", "spam", 0.93, ("outlier",)),),
        lines={"": "9e050d82f8 9e050d82f8"},
        borderline=("9e050d82f8",),
    )


def test_more_than_we_know() -> None:
    """A key that a later doubt may add is passed over."""
    assert parse_section("a.csv", body(more=1), "known.json").n_rows == 2


@pytest.mark.parametrize(
    "told",
    [
        [],
        {key: value for key, value in body().items() if key != "label"},
        body(n_rows="2"),
        body(n_rows=True),
        body(inputs=[1]),
        body(settings=[]),
        body(doubts={}),
        body(rows=[]),
    ],
    ids=["list", "no label", "text", "flag", "columns", "settings", "doubts", "rows"],
)
def test_malformed(told: object) -> None:
    """A part that is missing or of another kind is refused."""
    assert section_refusal(told) == "what it says of 'a.csv' is malformed, or a part of it is missing"


@pytest.mark.parametrize(
    "change",
    [
        {"row": 17},
        {"id": None},
        {"given": 1},
        {"doubt": "0.93"},
        {"doubt": True},
        {"doubt": 1.01},
        {"doubt": -0.01},
        {"reasons": "outlier"},
        {"reasons": [None]},
        {"n": 0},
        {"n": 1.0},
        {"n": True},
    ],
    ids=str,
)
def test_malformed_doubt(change: dict[str, Any]) -> None:
    """A doubt that is not as it was written is refused, with its place."""
    assert (
        section_refusal(body(doubts=[DOUBT | {"n": 2}, DOUBT | change])) == "doubt 2 of 'a.csv' is malformed"
    )


def test_doubt_that_is_no_object() -> None:
    """A doubt of another kind is refused."""
    assert section_refusal(body(doubts=["00112233445566ff"])) == "doubt 1 of 'a.csv' is malformed"


def test_doubt_that_stands_twice() -> None:
    """A doubt that stands twice, as after a merge, is refused."""
    assert section_refusal(body(doubts=[DOUBT, DOUBT])) == "the doubt on row 'a' of 'a.csv' stands twice"


@pytest.mark.parametrize("given", ["ham", "\ud800"])
def test_doubt_on_no_row(given: str) -> None:
    """A doubt whose content and label no row has is refused."""
    assert (
        section_refusal(body(doubts=[DOUBT | {"given": given}]))
        == "the doubt on row 'a' of 'a.csv' is on none of its rows"
    )


def test_more_doubts_than_rows() -> None:
    """More equal doubts than equal rows are refused."""
    doubts = [DOUBT | {"n": n} for n in (1, 2, 3)]

    assert section_refusal(body(doubts=doubts)) == "the doubt on row 'a' of 'a.csv' is on none of its rows"


@pytest.mark.parametrize(
    "rows",
    [
        {"": "9e050d82f8  9e050d82f8"},
        {"": "9e050d82f8 9e050d82f"},
        {"": "9E050D82F8 9e050d82f8"},
        {"": "9e050d82f8 9e050d82f8 "},
        {"": ""},
        {"": ["9e050d82f8", "9e050d82f8"]},
        {"9": "e050d82f8 e050d82f8"},
    ],
    ids=["blanks", "short", "capital", "blank at the end", "empty", "list", "prefix"],
)
def test_malformed_line(rows: dict[str, Any]) -> None:
    """A line of digests that could not be looked up is refused."""
    assert (
        section_refusal(body(doubts=[], rows=rows))
        == f"the line {next(iter(rows))!r} of the rows of 'a.csv' is malformed"
    )


@pytest.mark.parametrize("near", [{"": "9e050d82f"}, {"": 3}, {"9": "e050d82f8"}])
def test_malformed_borderline(near: dict[str, Any]) -> None:
    """So is one of a borderline row."""
    found = section_refusal(body(borderline=near))

    assert found == f"the line {next(iter(near))!r} of the rows of 'a.csv' is malformed"


def test_many_borderline_rows() -> None:
    """As many borderline rows as need several lines are read back."""
    many = sorted(f"{number:03x}e050d82" for number in range(100))

    assert parse_section("a.csv", body(borderline=in_lines(many)), "known.json").borderline == tuple(many)


def test_lost_lines() -> None:
    """Fewer digests than rows, as after a merge, are refused."""
    assert section_refusal(body(rows={"": "9e050d82f8"})) == "it says that 'a.csv' has 2 rows, and lists 1"
