import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records import Labels
from doubtcli.records.answers import Answer
from doubtcli.verdicts.spelling import ChosenLabels, Spellings, count_most_marks, find_numerals, split_joined

NUMBERS = Spellings.of(Labels(np.array([0, 1]), ("1", "3"), (1, 3)))
CLASS_LABEL = Spellings.of(Labels(np.array([0, 1]), ("ham", "spam"), (0, 2)), listed=("ham", "egg", "spam"))
LANGUAGES = {name: name for name in ("C", "C#", "Java", "#", "F#Java")}
MOST = 1
"""How often "#" stands in one of them."""


@pytest.mark.parametrize(
    ("text", "label"), [("1", "1"), ("1.0", "1"), (" 3 ", "3"), ("3.00", None), ("", None)]
)
def test_whole_numbers(text: str, label: str | None) -> None:
    """Spaces and what pandas makes of a column with gaps are forgiven."""
    assert NUMBERS.find_label(text) == label


@pytest.mark.parametrize("text", ["v2.0", "2.0.0", "a.0", "-.0", ".0", "x 2.0"])
def test_what_only_ends_like_a_whole_number(text: str) -> None:
    """A version is no number: `v2.0` is not `v2`."""
    known = Spellings({name: name for name in ("v2", "2.0", "a", "-", "", "x 2")})

    assert known.find_label(text) is None


@pytest.mark.parametrize("text", ["-1.0", " -1.0 ", "-1"])
def test_a_negative_number(text: str) -> None:
    """It is whole, too."""
    assert Spellings({"-1": "-1"}).find_label(text) == "-1"


@pytest.mark.parametrize(
    ("text", "label"), [("spam", "spam"), ("2", "spam"), ("egg", "egg"), ("1", None), ("Spam", None)]
)
def test_a_class_label(text: str, label: str | None) -> None:
    """Its name, its code, and names that no row bears; case is kept."""
    assert CLASS_LABEL.find_label(text) == label


def test_a_name_wins_over_a_code() -> None:
    """Where a class is called as another one is coded, it is what it is called."""
    known = Spellings.of(Labels(np.array([0, 1]), ("1", "0"), (0, 1)))

    assert (known.find_label("0"), known.find_label("1")) == ("0", "1")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("C", ["C"]),
        ("C#Java", ["C", "Java"]),
        ("C##Java", ["C#", "Java"]),
        ("Java#C#", ["Java", "C#"]),
        ("F#Java#C", ["F#Java", "C"]),
        ("C####C", ["C#", "#", "C"]),
        ("Java#Rust", None),
        ("C#Java#", None),
        ("", None),
    ],
)
def test_labels_that_were_joined(text: str, parts: list[str] | None) -> None:
    """They are taken apart into known ones, though the mark stands inside some."""
    assert split_joined(text, "#", LANGUAGES, MOST) == parts


def test_a_long_text_is_no_trouble() -> None:
    """Ten thousand marks are ten thousand steps."""
    assert split_joined("C#" * 10_000 + "Java", "#", LANGUAGES, MOST) is not None
    assert split_joined("C#" * 10_000 + "Rust", "#", LANGUAGES, MOST) is None


@given(st.lists(st.text(st.sampled_from("ab#"), min_size=1), min_size=1, max_size=6))
def test_what_was_joined_can_always_be_taken_apart(names: list[str]) -> None:
    """Perhaps elsewhere than it was put together, but into known ones that make the same text."""
    parts = split_joined("#".join(names), "#", set(names), count_most_marks("#", names))

    assert parts is not None
    assert "#".join(parts) == "#".join(names)
    assert set(parts) <= set(names)


@pytest.mark.parametrize(("known", "most"), [(LANGUAGES, MOST), ({"a##b", "#"}, 2), ({"C"}, 0), (set(), 0)])
def test_how_often_a_mark_stands_in_one_of_them(known: set[str], most: int) -> None:
    """In the one that holds most of them."""
    assert count_most_marks("#", known) == most


class TestChoices:
    """What an answer chose."""

    @pytest.mark.parametrize(
        ("answer", "chosen"),
        [
            (Answer(1, "a", "C"), ChosenLabels(("C",))),
            (Answer(1, "a", " Java ", other_verdicts=("C", "Java")), ChosenLabels(("Java", "C"))),
            (Answer(1, "a", " Rust ", other_verdicts=("C", "Rust")), ChosenLabels(("C",), ("Rust",))),
            (Answer(1, "a", " "), ChosenLabels(())),
            (Answer(1, "a", "C##Java"), ChosenLabels((), ("C##Java",))),
        ],
    )
    def test_labels_are_known_or_not(self, answer: Answer, chosen: ChosenLabels) -> None:
        """Each counts once, and only a joined one is taken apart."""
        assert Spellings(LANGUAGES).find_chosen(answer) == chosen

    @pytest.mark.parametrize(
        ("verdict", "chosen"),
        [
            ("C#", ChosenLabels(("C#",))),
            ("C##Java", ChosenLabels(("C#", "Java"))),
            ("C#C", ChosenLabels(("C",))),
            ("Rust", ChosenLabels((), ("Rust",))),
            ("C#Rust", ChosenLabels((), ("C#Rust",), unclear=True)),
        ],
    )
    def test_a_joined_answer(self, verdict: str, chosen: ChosenLabels) -> None:
        """The whole of it wins; what can't be taken apart may be one label or several."""
        assert Spellings(LANGUAGES).find_chosen(Answer(1, "a", verdict, joined=True)) == chosen


def test_ids_that_are_whole_numbers() -> None:
    """Zeros before them and behind the point are left out, as are spaces; what is no whole number is none."""
    ids = ["00154", " 154 ", "154.00", "0", "000", "1.5", "-3", "r-7", "", "٣"]

    assert find_numerals(ids) == {"154", "0"}
