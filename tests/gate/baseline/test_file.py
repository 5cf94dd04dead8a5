from __future__ import annotations

import difflib
import json
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.gate.baseline.file import parse_section, read_baseline, render_baseline
from doubtcli.gate.baseline.rows import make_digest, pack_digests
from doubtcli.gate.baseline.section import Baseline, KnownDoubt, Section, make_section
from doubtcli.records import Embedder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.records import AuditDocument, DoubtTable
    from tests.conftest import Sentences

    Make = Callable[..., DoubtTable]
    Describe = Callable[..., AuditDocument]

TWO_ROWS = """{
  "schema_version": 2,
  "tool": {"name": "doubt", "version": "VERSION"},
  "about": "ABOUT",
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


def refusal(text: str | bytes, folder: Path) -> InputError:
    """How a file is refused, with its name without the folder."""
    path = folder / "known.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        read_baseline(str(path))
    error = caught.value
    error.where = (error.where or "").replace(f"{folder}/", "")
    error.hint = (error.hint or "").replace(f"{folder}/", "")
    return error


class TestText:
    """What is in the file."""

    def test_by_hand(self, sentences: Sentences) -> None:
        """One row per line, sections sorted by path, hidden characters escaped, no time of writing."""
        about = json.loads(render_baseline([]))["about"]

        expected = TWO_ROWS.replace("VERSION", version("doubtcli")).replace("ABOUT", about)
        assert render_baseline(SECTIONS) == expected
        sentences.check(about)

    def test_no_files(self) -> None:
        """A baseline without files is valid JSON, too."""
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
    """What a baseline can have on a file: rows, some of them doubted."""
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
    roles = draw(st.dictionaries(TEXT, st.sampled_from(["text", "label"]), max_size=2))
    names = {
        "id": draw(st.none() | TEXT),
        "numbers": draw(st.none() | st.tuples(TEXT)),
        "row_hash_version": 2,
    }
    return Section(
        **({"roles": roles} | names if roles else {}),
        path=draw(TEXT),
        sha256=draw(TEXT),
        n_rows=len(rows),
        label=draw(TEXT),
        inputs=tuple(draw(st.lists(TEXT, max_size=2))),
        settings=draw(st.dictionaries(TEXT, PLAIN, max_size=2)),
        version=draw(TEXT),
        doubts=doubts,
        lines=pack_digests(make_digest(*row) for row in rows),
        embedder=draw(st.none() | st.builds(Embedder, TEXT, TEXT)),
        borderline=tuple(sorted(make_digest(*row) for row in rows if draw(st.booleans()))),
    )


@settings(max_examples=50)
@given(st.lists(any_section(), max_size=2, unique_by=lambda section: section.path))
def test_any_baseline_is_read_back(sections: list[Section]) -> None:
    """What was written is read back as it was, with any ids, labels and paths."""
    with TemporaryDirectory() as folder:
        found = read(render_baseline(sections), Path(folder))

    assert found == Baseline("known.json", tuple(sorted(sections, key=lambda section: section.path)))


ROWS = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["ham", "spam"]), st.booleans()),
    min_size=1,
    max_size=90,
)


@settings(max_examples=40)
@given(before=ROWS, added=st.tuples(st.integers(0, 10**6), st.just("ham"), st.booleans()))
def test_an_added_row_changes_few_lines(
    table: Make,
    document: Describe,
    before: list[tuple[int, str, bool]],
    added: tuple[int, str, bool],
) -> None:
    """An added row changes at most the number of rows, the lines of its digests and its doubt, and commas.

    When lines get too long all digests are grouped again: at 65 rows, 1,025, 16,385, and so on.
    """
    assume(len(before) != 64)

    old, new = (written(table, document, rows).splitlines() for rows in (before, [*before, added]))

    # a line that is no longer the last gets a comma; an empty list opens
    n_changed = sum(line.startswith("+ ") for line in difflib.ndiff(old, new))
    assert n_changed <= (1 + 2 + 3 if added[2] else 1 + 2)


def written(table: Make, document: Describe, rows: Sequence[tuple[int, str, bool]]) -> str:
    """The baseline of these rows: content, label, and whether it is doubted."""
    doubts = [
        {
            "row_hash": f"{number:016x}",
            "row_id": str(number),
            "given_label": label,
            "doubt": 0.9 if doubted else 0.05,
        }
        for number, label, doubted in rows
    ]
    return render_baseline([make_section("data.csv", "known.json", document(), table(*doubts))])


def test_small(table: Make, document: Describe) -> None:
    """20,000 rows, for which lines are shortest, take less than 12 bytes each."""
    text = written(table, document, [(number, "ham", False) for number in range(20_000)])

    assert len(text) < 20_000 * 12


# -------------------------------------------------------------------- refusals

GOOD = render_baseline(SECTIONS)


class TestRefused:
    """Files that are not a baseline, or not a valid one any more."""

    def test_missing(self, tmp_path: Path) -> None:
        """For a missing file, the command that writes it is shown."""
        path = tmp_path / "none.json"

        with pytest.raises(InputError) as caught:
            read_baseline(str(path))

        assert caught.value.where == str(path)
        assert (caught.value.hint or "").endswith(f"doubt baseline DATA -o {path}")

    def test_broken_json(self, tmp_path: Path, sentences: Sentences) -> None:
        """Broken JSON is reported with its line."""
        error = refusal(GOOD.replace('"n_rows": 2,', '"n_rows": 2'), tmp_path)

        assert (error.where, error.line) == ("known.json", 9)
        sentences.check(error)

    @pytest.mark.parametrize(
        ("text", "fact"),
        [
            (b"\xff{}", "byte 1 "),
            ('{"a": NaN}', "NaN"),
            ('{"a": 1, "b": 2, "a": 1}', '"a"'),
            ("[" * 100_000, "JSON"),
            ("9" * 5000, "JSON"),
        ],
        ids=["bytes", "not a number", "twice", "deep", "long"],
    )
    def test_no_json(self, tmp_path: Path, text: str | bytes, fact: str) -> None:
        """Text that is not JSON, or has a key twice or NaN in it, is refused."""
        error = refusal(text, tmp_path)

        assert error.where == "known.json"
        assert fact in error.found

    @pytest.mark.parametrize("text", [b"\xff{}", '{"a": NaN}', '{"a": 1, "a": 1}'], ids=[1, 2, 3])
    def test_no_json_in_words(self, tmp_path: Path, text: str | bytes, sentences: Sentences) -> None:
        """The message shows what is wrong."""
        sentences.check(refusal(text, tmp_path).found)

    @pytest.mark.parametrize("ending", ["\n", "\r\n"])
    def test_merge_markers(self, tmp_path: Path, ending: str, sentences: Sentences) -> None:
        """The markers of an unfinished merge are recognised, and reported with their line."""
        ours, theirs = '      "n_rows": 2,', '      "n_rows": 3,'
        conflict = ["<<<<<<< HEAD", ours, "=======", theirs, ">>>>>>> other"]
        text = GOOD.replace(ours, "\n".join(conflict)).replace("\n", ending)

        error = refusal(text, tmp_path)

        assert (error.where, error.line) == ("known.json", 8)
        sentences.check(error)

    @given(data=st.data())
    def test_any_conflict(self, data: st.DataObject) -> None:
        """The markers of git are recognised in any place where two branches differ."""
        lines = GOOD.splitlines()
        start = data.draw(st.integers(0, len(lines)))
        end = data.draw(st.integers(start, len(lines)))
        conflict = ["<<<<<<< ours", *lines[start:end], "=======", ">>>>>>> theirs"]
        text = "\n".join([*lines[:start], *conflict, *lines[end:]])

        with TemporaryDirectory() as folder:
            error = refusal(text, Path(folder))

        assert error.line == start + 1
        assert "merge" in error.found

    @pytest.mark.parametrize(
        "text",
        [
            "[]",
            "{}",
            '{"schema_version": 1, "tool": {"name": "doubt", "version": "0.1.0"}, "input": {}}',
            GOOD.replace('"name": "doubt"', '"name": "bandit"'),
            GOOD.replace('"schema_version": 2', '"schema_version": "2"'),
        ],
        ids=["list", "empty", "an audit", "of another tool", "version of another kind"],
    )
    def test_no_baseline(self, tmp_path: Path, text: str) -> None:
        """Valid JSON that is not a baseline is refused."""
        error = refusal(text, tmp_path)

        assert error.where == "known.json"
        assert error.found == refusal("{}", tmp_path).found

    def test_no_baseline_in_words(self, tmp_path: Path, sentences: Sentences) -> None:
        """The message shows how to name or write one."""
        sentences.check(refusal("{}", tmp_path))

    @pytest.mark.parametrize("found", [3, 0], ids=["newer", "older"])
    def test_other_schema_version(self, tmp_path: Path, found: int, sentences: Sentences) -> None:
        """Another schema version is refused, with what to do about it."""
        error = refusal(GOOD.replace('"schema_version": 2', f'"schema_version": {found}'), tmp_path)

        assert error.where == "known.json"
        assert error.found.endswith(f"version {found}")
        sentences.check(error)

    def test_files_are_missing(self, tmp_path: Path, sentences: Sentences) -> None:
        """A baseline without its files is refused."""
        text = '{"schema_version": 1, "tool": {"name": "doubt"}, "about": "", "files": []}'

        sentences.check(refusal(text, tmp_path))


DOUBT = {"row": "00112233445566ff", "id": "a", "given": "spam", "doubt": 0.93, "reasons": ["outlier"]}


def body(**changes: Any) -> dict[str, Any]:
    """The entry for a file with two equal rows, one of them doubted; with changes."""
    sound = {
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
    return sound | changes


def section_refusal(part: object) -> str:
    """Why the entry for a.csv is refused."""
    with pytest.raises(InputError) as caught:
        parse_section("a.csv", part, "known.json")
    assert caught.value.where == "known.json"
    return caught.value.found


def test_sound() -> None:
    """An entry that is as it was written becomes a section."""
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


NAMES = {
    "id": "no",
    "numbers": ["size"],
    "roles": {"no": "identifier", "text": "text", "intent": "label"},
    "row_hash_version": 2,
}


def test_names() -> None:
    """An entry has the roles of columns, and how rows were named; one of an earlier version has neither."""
    found, earlier = (parse_section("a.csv", part, "known.json") for part in (body(**NAMES), body()))

    assert (found.id, found.numbers, found.row_hash_version) == ("no", ("size",), 2)
    assert [*found.roles.items()] == [("no", "identifier"), ("text", "text"), ("intent", "label")]
    assert (earlier.id, earlier.numbers, earlier.roles, earlier.row_hash_version) == (None, None, {}, 1)


def test_a_later_hash(sentences: Sentences) -> None:
    """Rows that a later version hashed in another way are refused, with what to do."""
    sentences.check(section_refusal(body(**NAMES | {"row_hash_version": 3})))


def test_more_than_we_know() -> None:
    """A key that a later version may add is ignored."""
    assert parse_section("a.csv", body(more=1), "known.json").n_rows == 2


@pytest.mark.parametrize(
    "part",
    [
        [],
        {key: value for key, value in body().items() if key != "label"},
        body(n_rows="2"),
        body(n_rows=True),
        body(inputs=[1]),
        body(settings=[]),
        body(doubts={}),
        body(rows=[]),
        body(**NAMES | {"id": 1}),
        body(**NAMES | {"numbers": "a"}),
        body(**NAMES | {"roles": {"a": 1}}),
        body(**NAMES | {"row_hash_version": True}),
        body(roles={}),
    ],
    ids=[
        *("list", "no label", "text", "flag", "columns", "settings", "doubts", "rows"),
        *("id", "numbers", "roles", "version", "roles alone"),
    ],
)
def test_malformed(part: object) -> None:
    """An entry in which something is missing or of another type is refused."""
    assert section_refusal(part) == section_refusal({})


def test_embedding_model() -> None:
    """The embedding model is read back; one without a hash is refused, and none is no model."""
    assert parse_section("a.csv", body(), "known.json").embedder is None
    model = {"name": "small", "sha256": "ab" * 32}
    assert parse_section("a.csv", body(embedder=model), "known.json").embedder == Embedder(**model)
    assert "malformed" in section_refusal(body(embedder={"name": "small"}))


def test_empty_entry(sentences: Sentences) -> None:
    """An empty entry is refused."""
    sentences.check(section_refusal({}))


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
    """A malformed doubt is refused, with its number."""
    found = section_refusal(body(doubts=[DOUBT | {"n": 2}, DOUBT | change]))

    assert found == section_refusal(body(doubts=[DOUBT, "00112233445566ff"]))


def test_doubt_that_is_no_object(sentences: Sentences) -> None:
    """A doubt of another type is refused."""
    sentences.check(section_refusal(body(doubts=["00112233445566ff"])))


def test_doubt_that_occurs_twice(sentences: Sentences) -> None:
    """A doubt that occurs twice, as after a merge, is refused."""
    sentences.check(section_refusal(body(doubts=[DOUBT, DOUBT])))


@pytest.mark.parametrize("given", ["ham", "\ud800"])
def test_doubt_on_no_row(given: str, sentences: Sentences) -> None:
    """A doubt whose content and label no row has is refused."""
    sentences.check(section_refusal(body(doubts=[DOUBT | {"given": given}])))


def test_more_doubts_than_rows(sentences: Sentences) -> None:
    """More equal doubts than equal rows are refused."""
    doubts = [DOUBT | {"n": n} for n in (1, 2, 3)]

    sentences.check(section_refusal(body(doubts=doubts)))


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
    """A line of digests in which nothing could be looked up is refused."""
    found = section_refusal(body(doubts=[], rows=rows))

    assert f"the line {next(iter(rows))!r} of digests" in found


@pytest.mark.parametrize("near", [{"": "9e050d82f"}, {"": 3}, {"9": "e050d82f8"}])
def test_malformed_borderline(near: dict[str, Any]) -> None:
    """A malformed line of borderline rows is refused, too."""
    found = section_refusal(body(borderline=near))

    assert f"the line {next(iter(near))!r} of digests" in found


def test_malformed_line_in_words(sentences: Sentences) -> None:
    """The message has the first digits of the line."""
    sentences.check(section_refusal(body(rows={"9": "e050d82f8 e050d82f8"})))


def test_many_borderline_rows() -> None:
    """Borderline rows that need several lines are read back."""
    many = sorted(f"{number:03x}e050d82" for number in range(100))

    assert parse_section("a.csv", body(borderline=pack_digests(many)), "known.json").borderline == tuple(many)


def test_lost_lines(sentences: Sentences) -> None:
    """Fewer digests than rows, as after a merge, are refused."""
    sentences.check(section_refusal(body(rows={"": "9e050d82f8"})))
