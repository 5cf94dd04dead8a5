import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records import Labels
from doubtcli.records.answers import Answer
from doubtcli.verdicts.spelling import (
    ChosenLabels,
    Spellings,
    count_most_marks,
    split_joined,
)

NUMBERS = Spellings.of(Labels(np.array([0, 1]), ("1", "3"), (1, 3)))
CLASS_LABEL = Spellings.of(Labels(np.array([0, 1]), ("ham", "spam"), (0, 2)), listed=("ham", "egg", "spam"))
LANGUAGES = {name: name for name in ("C", "C#", "Java", "#", "F#Java")}
MOST = 1
"""The largest number of "#" in one of them."""


@pytest.mark.parametrize(
    ("text", "label"), [("1", "1"), ("1.0", "1"), (" 3 ", "3"), ("3.00", "3"), ("three", None), ("", None)]
)
def test_whole_numbers(text: str, label: str | None) -> None:
    """Spaces are ignored, and so is the ".0" that pandas writes in a column with gaps."""
    assert NUMBERS.find_label(text) == label


@pytest.mark.parametrize("text", ["v2.0", "2.0.0", "a.0", "-.0", ".0", "x 2.0"])
def test_what_only_ends_like_a_whole_number(text: str) -> None:
    """A version is not a number: `v2.0` is not `v2`."""
    known = Spellings({name: name for name in ("v2", "2.0", "a", "-", "", "x 2")})

    assert known.find_label(text) is None


@pytest.mark.parametrize("text", ["-1.0", " -1.0 ", "-1"])
def test_a_negative_number(text: str) -> None:
    """A negative whole number loses its ".0", too."""
    assert Spellings({"-1": "-1"}).find_label(text) == "-1"


@pytest.mark.parametrize(
    ("text", "label"),
    [("spam", "spam"), ("2", "spam"), ("egg", "egg"), ("1", None), ("Spam", "spam"), ("s pam", None)],
)
def test_a_class_label(text: str, label: str | None) -> None:
    """A class is known by its name and its code, also if no row has it, and in another case."""
    assert CLASS_LABEL.find_label(text) == label


def test_a_name_wins_over_a_code() -> None:
    """If one class has the code of another as its name, the name counts."""
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
    """Joined labels are split into known ones, even if some contain the mark."""
    assert split_joined(text, "#", LANGUAGES, MOST) == parts


def test_a_long_text_is_split_fast() -> None:
    """Ten thousand marks take ten thousand steps."""
    assert split_joined("C#" * 10_000 + "Java", "#", LANGUAGES, MOST) is not None
    assert split_joined("C#" * 10_000 + "Rust", "#", LANGUAGES, MOST) is None


@given(st.lists(st.text(st.sampled_from("ab#"), min_size=1), min_size=1, max_size=6))
def test_joined_labels_can_always_be_split(names: list[str]) -> None:
    """The parts may differ from the original ones, but they are known and give the same text."""
    parts = split_joined("#".join(names), "#", set(names), count_most_marks("#", names))

    assert parts is not None
    assert "#".join(parts) == "#".join(names)
    assert set(parts) <= set(names)


@pytest.mark.parametrize(("known", "most"), [(LANGUAGES, MOST), ({"a##b", "#"}, 2), ({"C"}, 0), (set(), 0)])
def test_most_marks_in_one_text(known: set[str], most: int) -> None:
    """The text with the most marks counts."""
    assert count_most_marks("#", known) == most


class TestChoices:
    """An answer's labels are looked up."""

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
        """Each label counts once, and only a joined answer is split."""
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
        """The whole text comes first; one that can't be split may be one label or several."""
        assert Spellings(LANGUAGES).find_chosen(Answer(1, "a", verdict, joined=True)) == chosen


@pytest.mark.parametrize(
    ("text", "label"),
    [
        *(("technical_issue", "Technical Issue"), ("Technical-Issue.", "Technical Issue"), ("Bug.", "bug")),
        *(("NON BINARY", "non-binary"), ("-1", None), ("bug..", None), ("bugs", None), ("on_off", None)),
    ],
)
def test_words_and_what_is_between_them(text: str, label: str | None) -> None:
    """A label is known with other signs between its words, or a full stop after them, if only one fits."""
    names = ("Technical Issue", "bug", "non-binary", "1", "on-off", "on off")

    assert Spellings({name: name for name in names}).find_label(text) == label


BOOLEANS = Spellings({"true": "true", "false": "false"})
CODES = Spellings({name: name for name in ("0112", "0119", "1.20", "2.10", "1460323737035677698", "v1")})


@pytest.mark.parametrize(
    ("text", "label"),
    [
        *(("TRUE", "true"), ("FALSE", "false"), ("WAHR", "true"), ("FALSCH", "false"), ("VRAI", "true")),
        *(("FAUX", "false"), (" Verdadero ", "true"), ("FALSO", "false"), ("YES", None), ("1", None)),
    ],
)
def test_booleans(text: str, label: str | None) -> None:
    """A boolean is known by the words of Excel in its languages, in any case."""
    assert BOOLEANS.find_label(text) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        *(("112", "0112"), ("112.0", "0112"), ("1.2", "1.20"), ("1,2", "1.20"), ("2,1", "2.10")),
        *(("1.46032E+18", "1460323737035677698"), ("1,46032373703568E+18", "1460323737035677698")),
        *(("1460323737035670000", "1460323737035677698"), ("V1", "v1"), ("113", None), ("12", None)),
        *(("1.46033E+18", None), ("1.46032E+17", None), ("-112", None), ("1.12E+02", "0112")),
    ],
)
def test_codes(text: str, label: str | None) -> None:
    """A code is known by its number: without zeros, with a comma, or shortened."""
    assert CODES.find_label(text) == label


@pytest.mark.parametrize("names", [("1.2", "1.20"), ("true", "True"), ("a b", "A B"), ("wahr", "true")])
def test_labels_that_fit_equally(names: tuple[str, ...]) -> None:
    """An exact label is taken; any other text that fits two labels means neither."""
    known = Spellings({name: name for name in names})

    assert [known.find_label(name) for name in names] == [*names]
    assert [known.find_label(text) for text in ("1.200", "TRUE", "A b", "WAHR")].count(None) >= 3


def test_a_class_named_like_a_foreign_boolean() -> None:
    """A class `sand` is not the Danish word for true."""
    assert Spellings({"sand": "sand", "clay": "clay"}).find_label("TRUE") is None
