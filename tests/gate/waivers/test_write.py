from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.gate.result import Waiver
from doubtcli.gate.waivers.read import parse_waivers
from doubtcli.gate.waivers.write import add_waivers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Sentences

HALF = "a\udc80"
FULL = Waiver(
    "row-17",
    9,
    label='a "b"\\',
    reasons=("outlier", "ambiguous"),
    until=dt.date(2027, 6, 30),
    why="naïve 🙂\nsaid anna",
    files=("data/train.csv",),
)
FULL_TEXT = r"""[[waive]]
id = "row-17"
label = "a \"b\"\\"
reasons = ["outlier", "ambiguous"]
until = 2027-06-30
file = "data/train.csv"
why = "naïve 🙂\nsaid anna"
"""


def test_by_hand() -> None:
    """Each key with a value is on its own line."""
    assert add_waivers("", [FULL]) == FULL_TEXT


def test_several_files() -> None:
    """Several files are a list."""
    waiver = Waiver("a", 1, files=("a.csv", "b.csv"))

    assert add_waivers("", [waiver]) == '[[waive]]\nid = "a"\nfile = ["a.csv", "b.csv"]\n'


def test_only_the_id() -> None:
    """A key without a value is left out."""
    assert add_waivers("", [Waiver("a", 1)]) == '[[waive]]\nid = "a"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# ours\n", '# ours\n\n[[waive]]\nid = "a"\n\n[[waive]]\nid = "b"\n'),
        ("# ours", '# ours\n\n[[waive]]\nid = "a"\n\n[[waive]]\nid = "b"\n'),
        (
            "[[waive]] # no\r\nid='x'\r\n",
            '[[waive]] # no\r\nid=\'x\'\r\n\r\n[[waive]]\r\nid = "a"\r\n\r\n[[waive]]\r\nid = "b"\r\n',
        ),
        ("\ufeff# ours\n", '\ufeff# ours\n\n[[waive]]\nid = "a"\n\n[[waive]]\nid = "b"\n'),
    ],
    ids=["comment", "no last newline", "windows", "byte-order mark"],
)
def test_the_text_so_far_is_kept(text: str, expected: str) -> None:
    """New waivers come after the text so far, with an empty line before each and the file's line ends."""
    assert add_waivers(text, [Waiver("a", 1), Waiver("b", 2)]) == expected


LAYOUTS = (
    "  # indented\n\n[[ waive ]]  # spaced\n  id   =\t'x'   # why not\n\n# at the end",
    '[[waive]]\nid = """\nx\\\n   y"""\nreasons = [ # one\n  "a", # two\n  "b",\n]\n\n\n',
    "[['waive']]\r\n\"id\" = 'x'\r\nuntil = 2027-01-02\r\n[[waive]]\nid = '''y'''\n# mixed\r\n",
)


@pytest.mark.parametrize("text", LAYOUTS, ids=["blanks and comments", "several lines", "mixed line ends"])
def test_layout_is_kept(text: str) -> None:
    """However a person laid out the file, all of it is kept as it was, before what is new."""
    added = add_waivers(text, [FULL])

    assert added.startswith(text)
    assert parse_waivers(added, "w.toml")[-1].row_id == "row-17"


class TestKnown:
    """Waivers that are in the file already."""

    def test_all(self) -> None:
        """If all are in the file already the text stays as it is, with or without a last newline."""
        text = FULL_TEXT.rstrip()

        assert add_waivers(text, [FULL, replace(FULL, reasons=FULL.reasons[::-1], why="again")]) == text

    def test_one_that_is_new_twice(self) -> None:
        """Of new ones that waive the same, only the first is written."""
        text = add_waivers("", [Waiver("a", 1, why="one"), Waiver("b", 1), Waiver("a", 2, why="two")])

        assert [(waiver.row_id, waiver.why) for waiver in parse_waivers(text, "w.toml")] == [
            ("a", "one"),
            ("b", ""),
        ]

    @pytest.mark.parametrize(
        "change", [{"until": dt.date(2028, 1, 1)}, {"label": None}, {"reasons": ()}, {"files": ()}], ids=str
    )
    def test_another(self, change: dict[str, object]) -> None:
        """One that waives more or less than one in the file is written."""
        new = replace(FULL, **change)

        assert len(parse_waivers(add_waivers(FULL_TEXT, [new]), "w.toml")) == 2

    @pytest.mark.parametrize(
        ("files", "left"),
        [
            (("data/train.csv", "b.csv"), ("b.csv",)),
            (("b.csv", "a.csv"), ("b.csv", "a.csv")),
            ((), ()),
        ],
    )
    def test_for_more_files(self, files: tuple[str, ...], left: tuple[str, ...]) -> None:
        """For more files than before, it is written only for the new ones."""
        added = add_waivers(FULL_TEXT, [replace(FULL, files=files)])

        assert [one.files for one in parse_waivers(added, "w.toml")] == [("data/train.csv",), left]

    def test_for_fewer_files(self) -> None:
        """Nothing is written for fewer files than before, or if it applies to all files already."""
        several = add_waivers("", [replace(FULL, files=("a.csv", "b.csv"))])
        everywhere = add_waivers("", [replace(FULL, files=())])

        assert add_waivers(several, [replace(FULL, files=("b.csv",))]) == several
        assert add_waivers(everywhere, [FULL]) == everywhere


class TestRefused:
    """Texts to which nothing can be appended, and texts that can't be written."""

    def test_no_waivers_file(self) -> None:
        """A text that is not a waivers file is refused in the same way as when it is read."""
        with pytest.raises(InputError) as caught:
            add_waivers("waive", [FULL], where="my.toml")
        assert (caught.value.where, caught.value.line) == ("my.toml", 1)

    def test_inline(self, sentences: Sentences) -> None:
        """Nothing can be appended to a TOML list on one line: the message shows what to do."""
        with pytest.raises(InputError) as caught:
            add_waivers("waive = []", [FULL])
        assert caught.value.where == "doubt-waivers.toml"
        sentences.check(caught.value)

    @pytest.mark.parametrize(
        ("name", "half"),
        [("id", {"row_id": HALF}), ("label", {"label": HALF}), ("file", {"files": ("b", HALF)})],
    )
    def test_half_a_character(self, name: str, half: dict[str, Any], sentences: Sentences) -> None:
        """A text that decides which row is waived is never written in another form."""
        with pytest.raises(InputError) as caught:
            add_waivers("", [replace(FULL, **half)])
        assert caught.value.found.startswith(f"{name} = 'a\\udc80'")
        sentences.check(caught.value)

    def test_half_a_character_in_why(self) -> None:
        """In a text that only people read, it is replaced by a mark."""
        (waiver,) = parse_waivers(add_waivers("", [Waiver("a", 1, why="a\udc80b")]), "w.toml")

        assert waiver.why == "a\N{REPLACEMENT CHARACTER}b"


WORD = st.text(min_size=1, max_size=12)
FEW = st.sampled_from(["a", "b"])
WAIVERS = st.lists(
    st.builds(
        Waiver,
        row_id=FEW | WORD,
        number=st.just(0),
        label=st.none() | WORD,
        reasons=st.lists(WORD, max_size=2, unique=True).map(tuple),
        until=st.none() | st.dates(),
        why=st.text(),
        files=st.lists(FEW | WORD, max_size=3, unique=True).map(tuple),
    ),
    max_size=4,
)


def waived(waivers: Sequence[Waiver]) -> list[tuple[object, ...]]:
    """What waivers waive, file by file; None means any file."""
    return [
        (one.row_id, one.label, frozenset(one.reasons), one.until, file)
        for one in waivers
        for file in one.files or (None,)
    ]


@given(old=WAIVERS, new=WAIVERS)
def test_any_waiver_is_read_back(old: list[Waiver], new: list[Waiver]) -> None:
    """Appended waivers are read back after the old ones: all of them, and none twice."""
    text = "# ours\n" + add_waivers("", old)
    known = parse_waivers(text, "w.toml")

    added = add_waivers(text, new)

    read = parse_waivers(added, "w.toml")
    assert added.startswith(text)
    assert read[: len(known)] == known
    assert {*waived(read)} <= {*waived(old), *waived(new)}
    assert all(one in waived(read) or (*one[:-1], None) in waived(read) for one in waived([*old, *new]))
    assert len(set(waived(read))) == len(waived(read))
    assert add_waivers(added, new) == added


@given(st.lists(WORD, max_size=3))
def test_lines(reasons: list[str]) -> None:
    """A waiver takes one line per key, even if its texts have line ends in them."""
    (waiver,) = [Waiver("a\u2028b", 1, reasons=tuple(dict.fromkeys(reasons)), why="\r\n\x85")]

    assert len(add_waivers("", [waiver]).splitlines()) == (4 if reasons else 3)
