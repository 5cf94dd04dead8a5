from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.verdicts.spreadsheet import find_numerals, find_value, is_rewritten


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("TRUE WAHR VRAI VERDADERO VERO PRAWDA Doğru ИСТИНА Істина CERT", "true"),
        ("FALSE FALSCH FAUX FALSO FAŁSZ YANLIŞ ЛОЖЬ ХИБНІСТЬ FALS", "false"),
    ],
)
def test_booleans_in_many_languages(words: str, value: str) -> None:
    """A spreadsheet's word for true or false is known in any case, also in Cyrillic."""
    assert {find_value(word) for word in (*words.split(), *words.lower().split())} == {value}


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
