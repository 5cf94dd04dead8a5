from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.verdicts.spelling import Spellings
from doubtcli.verdicts.spreadsheet import find_numerals, find_value, is_rewritten

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


@given(st.integers(0, 10**14), st.integers(0, 6), st.integers(0, 4))
def test_a_number_has_the_value_of_what_a_spreadsheet_writes(digits: int, places: int, zeros: int) -> None:
    """Zeros before and after a number, and a comma for a point, do not change its value."""
    number = Decimal(digits).scaleb(-places)
    written = "0" * zeros + f"{number:f}" + ("0" * zeros if places else "")

    assert find_value(written) == find_value(f"{number:f}") == find_value(f"{number:f}".replace(".", ","))


@given(st.integers(10**11, 10**25))
def test_a_long_id_is_known_in_its_short_form(number: int) -> None:
    """A number is what its own short form was made of, with six or fifteen digits."""
    assert is_rewritten(f"{Decimal(number):.5E}", str(number)) == (f"{Decimal(number):.5E}" != str(number))
    assert is_rewritten(f"{Decimal(number):.14E}", str(number))


def test_ids_that_are_whole_numbers() -> None:
    """Leading zeros, zeros after the point and spaces are left out; other numbers and texts are ignored."""
    ids = ["00154", " 154 ", "154.00", "0", "000", "1.5", "-3", "r-7", "", "٣"]

    assert find_numerals(ids) == {"154", "0"}
