from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.review.prompt import mark_choices, run_prompt

if TYPE_CHECKING:
    from doubtcli.review.desk import Desk


def answer(desk: Desk, *answers: str) -> list[str]:
    """Answer the prompt, and return the lines that were written."""
    lines: list[str] = []
    waiting = iter(answers)

    def ask(_prompt: str) -> str:
        try:
            return next(waiting)
        except StopIteration as error:
            raise EOFError from error

    run_prompt(desk, ask, lines.append)
    return lines


def test_answers(desk: Desk) -> None:
    """Each answer decides on one row; a label may be written out."""
    answer(desk, "k", "refund", "x", "s")

    assert sorted(desk.session.count_states().elements())[-2:] == ["skipped", "unusable"]
    assert [one.label for one in desk.session.verdicts.values()][1] == "refund"
    assert len(desk.session.verdicts) == 4


def test_unknown_answer(desk: Desk) -> None:
    """An answer that is no label decides nothing, and the nearest label is named."""
    lines = answer(desk, "refnd", "q")

    assert not desk.session.verdicts
    assert any("did you mean 'refund'" in line for line in lines)


def test_back_and_undo(desk: Desk) -> None:
    """`u` takes back the last decision and shows its row again."""
    lines = answer(desk, "k", "u")

    heads = [line for line in lines if " of " in line and ": row " in line]
    assert not desk.session.verdicts
    assert heads[0] == heads[2]


def test_end_of_input(desk: Desk) -> None:
    """At the end of the input what was decided stays decided, and each answer says what was saved."""
    lines = answer(desk, "k")

    (verdict,) = desk.session.verdicts.values()
    assert f"saved: {verdict.label}" in lines


def test_labels_that_are_numbers() -> None:
    """Where labels are numbers, what chooses them is not a number alone."""
    assert mark_choices(["1", "2", "0"]) == ["#1", "#2", "#3"]
    assert mark_choices(["spam", "ham"]) == ["1", "2"]


def test_nothing_left(desk: Desk) -> None:
    """Where all rows are decided, it says so."""
    from doubtcli.review.filters import RowFilter

    desk.decide("s1", desk.list_rows(RowFilter()).tolist(), "keep")

    assert answer(desk) == ["No row is left to decide."]
