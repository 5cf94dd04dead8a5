from __future__ import annotations

from doubtcli.relabel.layout import hanging, numbered, paragraph


def test_paragraph() -> None:
    """A text is filled up to 80 characters; a word that is longer stays whole, hyphens and all."""
    path = "a-" * 50

    assert paragraph(f"{'ab ' * 27}{path} c") == f"{'ab ' * 26}ab\n{path}\nc"


def test_hanging() -> None:
    """Further lines are set in below what leads the first one."""
    assert hanging("1. ", "abc " * 25) == f"1. {'abc ' * 18}abc\n   {'abc ' * 5}abc"


def test_numbered() -> None:
    """Steps are numbered; what is to be typed stands apart, below the step that it belongs to."""
    steps = ("Open it.", "Run:", "    one", "      two", "Close it.", "Look.")

    assert numbered(steps) == "1. Open it.\n2. Run:\n\n    one\n      two\n\n3. Close it.\n4. Look."
