import pytest

from doubtcli.tools.values import list_texts, read_own_columns, value_text


class TestValues:
    """What tools write."""

    @pytest.mark.parametrize(
        ("value", "text"),
        [("x", "x"), (None, ""), (1, "1"), (1.0, "1"), (0.5, "0.5"), (float("nan"), ""), (True, "true")],
    )
    def test_as_text(self, value: object, text: str) -> None:
        """Every label is a text, and what is missing says nothing."""
        assert value_text(value) == text

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            (None, ()),
            ("", ()),
            ("a", ("a",)),
            ("a, b", ("a, b",)),
            (["a", 2, " ", None], ("a", "2")),
            ('["a", "b"]', ("a", "b")),
            ("[a", ("[a",)),
            ("[" * 100_000, ("[" * 100_000,)),
        ],
    )
    def test_lists(self, value: object, found: tuple[str, ...]) -> None:
        """A list, JSON of one, or a single text."""
        assert list_texts(value) == found

    def test_what_is_carried(self) -> None:
        """What a task brings back of what went out with it."""
        data = {"doubt_id": 7, "given_label": True, "doubt_duplicates": ["8"], "doubt_inclusion": 0.25}
        data |= {"doubt_row_hash": " 00ff"}

        assert read_own_columns(data) == {
            "row_id": "7",
            "given_label": "true",
            "stratum": "",
            "inclusion": "0.25",
            "seen_hash": "00ff",
            "duplicates": ("8",),
        }
