"""The review line by line: in any terminal, also with a screen reader or over a slow line."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from doubtcli.errors import DoubtError
from doubtcli.review.filters import RowFilter
from doubtcli.wording.lists import did_you_mean
from doubtcli.wording.numbers import format_count, format_score
from doubtcli.wording.quoting import printable_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doubtcli.review.desk import Desk

KEYS = (
    "a accept the suggestion, k keep the label, a number or a label to choose it, x unusable, s skip, "
    "f flag with a note, u undo, r redo, b back, q quit, ? help"
)
_MOST_LABELS = 9
_MOST_NEAR = 5


def run_prompt(desk: Desk, ask: Callable[[str], str] = input, write: Callable[[str], None] = print) -> None:
    """Show one row after the other, and save what the person answers; ends with `q` or the end of the input.

    Args:
        desk: The review.
        ask: Shows a prompt and gives the answer.
        write: Shows a line.
    """
    rows = [row for row in desk.list_rows(RowFilter()).tolist() if desk.session.states[row] == 0]
    if not rows:
        write("No row is left to decide.")
        return
    write(f"{format_count(len(rows), 'row')} to decide. {KEYS}")
    waiting: deque[int] = deque(rows)
    seen: list[int] = []
    while waiting:
        row = waiting[0]
        card, choices = _show(desk, row, len(seen) + 1, len(rows), write)
        try:
            answer = ask("> ").strip()
        except (EOFError, KeyboardInterrupt):
            write("")
            break
        if answer == "q":
            break
        if answer == "b":
            if seen:
                waiting.appendleft(seen.pop())
        elif answer in {"u", "r"}:
            _go_back(desk, answer, waiting, seen, write)
        elif _decide(desk, card, choices, answer, ask, write):
            seen.append(waiting.popleft())


def _show(
    desk: Desk, row: int, number: int, n_rows: int, write: Callable[[str], None]
) -> tuple[dict[str, Any], list[str]]:
    """Write a card, and return it with the labels that numbers stand for."""
    about = desk.describe()
    found = desk.make_cards([row])
    card, names = found["cards"][0], [name for name, _ in about["classes"]]
    row_id, place, given, values = found["pool"][0]
    write(f"\n{number} of {n_rows}: row {place}" + (f", {row_id}" if about["hasIds"] else ""))
    for line in (*_write_values(about["columns"], values), *write_evidence(card, names, given)):
        write(printable_text(line))
    choices = list_choices(card, names)
    marks = mark_choices(choices)
    write("  ".join(f"{mark} {printable_text(name)}" for mark, name in zip(marks, choices, strict=True)))
    return card, choices


def _write_values(columns: list[str], values: list[str | None]) -> Iterator[str]:
    for name, value in zip(columns, values, strict=False):
        if value is not None:
            yield f"  {name}: {value}"


def write_evidence(card: dict[str, Any], names: list[str], given: int) -> Iterator[str]:
    """What is known of a row, line by line.

    Args:
        card: Of the row.
        names: The names of the labels.
        given: The code of its label.
    """
    yield f"label: {names[given]}"
    if not card.get("blind"):
        if card["suggested"] != given:
            yield f"suggested: {names[card['suggested']]}"
        yield (
            f"doubt {format_score(card['doubt'])}: {card['why']}"
            if card["why"]
            else "nothing speaks against it"
        )
    if card.get("others"):
        yield "others: " + ", ".join(f"{who} {said}" for who, said in card["others"].items())
    if card["state"] != "open":
        yield f"so far: {card['verdict'] or card['state']}"


def list_choices(card: dict[str, Any], names: list[str]) -> list[str]:
    """The labels that a number chooses: the likeliest first, where probabilities are known."""
    likely = [code for code, _ in card.get("probs", [])]
    if not card.get("blind"):
        likely = [card["suggested"], *likely]
    return [names[code] for code in dict.fromkeys([*likely, *range(len(names))])][:_MOST_LABELS]


def mark_choices(choices: list[str]) -> list[str]:
    """What chooses each label: a number, with # before it where labels are numbers themselves."""
    mark = "#" if any(label.strip().isdecimal() for label in choices) else ""
    return [f"{mark}{at}" for at in range(1, len(choices) + 1)]


def _go_back(
    desk: Desk, key: str, waiting: deque[int], seen: list[int], write: Callable[[str], None]
) -> None:
    """Undo or redo a step, and show its row again."""
    done = desk.undo(uuid4().hex) if key == "u" else desk.redo(uuid4().hex)
    if not done["n"]:
        write("nothing to undo" if key == "u" else "nothing to redo")
        return
    row = next(iter(done["rows"]))
    if key == "u" and row in seen:
        seen.remove(row)
        waiting.appendleft(row)


def _decide(  # noqa: PLR0917  # what was shown, and how to talk
    desk: Desk,
    card: dict[str, Any],
    choices: list[str],
    answer: str,
    ask: Callable[[str], str],
    write: Callable[[str], None],
) -> bool:
    """Save an answer; whether there was one."""
    action, label, why = (
        {"a": "accept", "k": "keep", "x": "unusable", "s": "skip"}.get(answer, "label"),
        "",
        "",
    )
    if answer in {"", "?"}:
        write(KEYS)
        return False
    if answer == "f":
        action, why = "skip", ask("note: ").strip()
    elif action == "label":
        label = dict(zip(mark_choices(choices), choices, strict=True)).get(answer, answer)
        if label not in desk.session.labels:
            write(f"{label!r} is not a label. {did_you_mean(label, desk.session.labels) or ''}".strip())
            return False
    try:
        desk.decide(uuid4().hex, [card["index"]], action, label=label, why=why)
    except DoubtError as error:
        write(str(error))
        return False
    verdict = desk.session.verdict_on(card["index"])
    write(f"saved: {verdict.label or verdict.status}" if verdict else "saved")
    return True
