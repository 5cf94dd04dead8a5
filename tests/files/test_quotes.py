import pytest

from doubtcli.files.csv import find_opening_quote


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['a,"b\n', "c\n"], (0, False)),
        (['"a\n', 'b","c\n', "d\n"], (1, False)),
        (['"a" b,c\n'], (0, True)),
        (['a "quoted" b,"c\n'], (0, False)),
        (['"a""b\n', '""c\n'], (0, False)),
        (['"a"\r\n', '"b'], (1, False)),
        (['"a"'], (0, False)),
    ],
)
def test_opening_line_is_the_broken_fields(lines: list[str], expected: tuple[int, bool]) -> None:
    """The line is the one on which the quoted field opened that doesn't end as it should."""
    assert find_opening_quote(lines, ",") == expected
