from doubtcli.read.verdicts.zeros import numerals


def test_whole_numbers() -> None:
    """Zeros before them and behind the point are left out, as are spaces; what is no whole number is none."""
    ids = ["00154", " 154 ", "154.00", "0", "000", "1.5", "-3", "r-7", "", "٣"]

    assert numerals(ids) == {"154", "0"}
