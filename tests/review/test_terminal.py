from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from doubtcli.review.terminal import ReviewApp

if TYPE_CHECKING:
    from doubtcli.review.desk import Desk


def press(desk: Desk, *keys: str, size: tuple[int, int] = (80, 24)) -> str:
    """Press some keys in the terminal, and return what is shown at the end."""

    async def run() -> str:
        app = ReviewApp(desk)
        async with app.run_test(size=size) as pilot:
            for key in keys:
                await pilot.press(key)
            await pilot.pause()
            await pilot.wait_for_scheduled_animations()
            lines = app.screen._compositor.render_strips()
            return "\n".join("".join(segment.text for segment in line) for line in lines)

    return asyncio.run(run())


def test_keys(desk: Desk) -> None:
    """Each key decides on the row that is shown, and the next row follows."""
    press(desk, "k", "x", "space", "1")

    assert desk.session.count_states()["kept"] >= 1
    assert desk.session.count_states()["unusable"] == desk.session.count_states()["skipped"] == 1
    assert sum(desk.session.count_states().values()) == 4


def test_undo(desk: Desk) -> None:
    """Undo takes back the last decision, and redo brings it back."""
    press(desk, "k", "k", "u", "u", "U")

    assert desk.session.count_states() == {"kept": 1}


def test_pick_label(desk: Desk) -> None:
    """After a slash a label is chosen by typing a part of it."""
    press(desk, "slash", *"refu", "enter")

    assert [one.label for one in desk.session.verdicts.values()] == ["refund"]


def test_flag(desk: Desk) -> None:
    """A flagged row is skipped, with the note."""
    press(desk, "f", *"two", "enter")

    assert [(one.status, one.why) for one in desk.session.verdicts.values()] == [("skip", "two")]


def test_shown(desk: Desk) -> None:
    """In 80 columns and 24 lines there are the file, the progress, the labels and the keys."""
    shown = press(desk)

    for words in ("tickets.csv", "0 decided", "refund", "Accept", "Undo"):
        assert words in shown


def test_resumes(desk: Desk) -> None:
    """A second run begins with the first row that is open."""
    first = press(desk)
    press(desk, "k")

    assert press(desk) != first
    assert "1 decided" in press(desk)
