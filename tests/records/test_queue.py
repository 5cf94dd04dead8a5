from __future__ import annotations

from doubtcli.records.queue import QueueRow


def test_inclusion() -> None:
    """A probability has six significant digits."""
    rows = [QueueRow("a", "x", "x", 0.5, (), "", inclusion=value) for value in (1.0, 0.125, 1 / 3, None)]

    assert [row.cells["doubt_inclusion"] for row in rows] == ["1", "0.125", "0.333333", None]
