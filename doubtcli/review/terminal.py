"""The review in a terminal, with the keys of the page."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from doubtcli.errors import DoubtError
from doubtcli.review.filters import RowFilter
from doubtcli.review.prompt import list_choices, write_evidence
from doubtcli.wording.quoting import escape_unprintable

if TYPE_CHECKING:
    from textual import events

    from doubtcli.review.desk import Desk

CSS = """
#head { height: 1; padding: 0 1; color: $text-muted; }
#row { height: 1fr; padding: 1 2 0 2; }
#row Static { margin-bottom: 1; }
#labels { height: auto; max-height: 8; padding: 0 2; }
#message { height: 1; padding: 0 2; color: $text-warning; }
.given { color: $text-muted; }
LabelPicker, NoteBox { align: center middle; }
LabelPicker > *, NoteBox > * { width: 60; max-height: 16; }
"""


class LabelPicker(ModalScreen[str | None]):
    """A list of all labels, narrowed by typing.

    Args:
        labels: All labels.
    """

    BINDINGS: ClassVar[list[Any]] = [Binding("escape", "dismiss(None)", "Close")]

    def __init__(self, labels: tuple[str, ...]) -> None:
        super().__init__()
        self._labels = labels

    def compose(self) -> ComposeResult:
        """The box and the list."""
        yield Input(placeholder="Type a part of the label")
        yield OptionList(*self._list_options(""))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._list_options(event.value))
        options.highlighted = 0 if options.option_count else None

    def on_input_submitted(self) -> None:
        """Take the first label of the list."""
        options = self.query_one(OptionList)
        if options.option_count:
            self.dismiss(options.get_option_at_index(options.highlighted or 0).id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take a label."""
        self.dismiss(event.option.id)

    def _list_options(self, part: str) -> list[Option]:
        found = (label for label in self._labels if part.casefold() in label.casefold())
        return [Option(Text(escape_unprintable(label)), id=label) for label in found]


class NoteBox(ModalScreen[str | None]):
    """A box for a note."""

    BINDINGS: ClassVar[list[Any]] = [Binding("escape", "dismiss(None)", "Close")]

    def compose(self) -> ComposeResult:
        """The box."""
        yield Input(placeholder="Why this row needs another look")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the note."""
        self.dismiss(event.value)


class ReviewApp(App[None]):
    """One card after the other.

    Args:
        desk: The review.
    """

    CSS = CSS
    TITLE = "doubt review"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[Any]] = [
        Binding("a", "decide('accept')", "Accept"),
        Binding("k", "decide('keep')", "Keep"),
        Binding("slash", "pick", "Label", key_display="1-9 /"),
        Binding("space", "decide('skip')", "Skip", key_display="space"),
        Binding("x", "decide('unusable')", "Unusable"),
        Binding("f", "flag", "Flag"),
        Binding("u", "undo", "Undo"),
        Binding("U", "redo", "Redo", show=False),
        Binding("n", "move(1)", "Next", show=False),
        Binding("p", "move(-1)", "Previous", show=False),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False),
        Binding("question_mark", "explain", "Keys", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._about = desk.describe()
        self._names = [name for name, _ in self._about["classes"]]
        self._rows = desk.list_rows(RowFilter()).tolist()
        self._at = self._find_open(0)
        self._card: dict[str, Any] = {}
        self._choices: list[str] = []

    def compose(self) -> ComposeResult:
        """A line of progress, the row, its labels, a message, the keys."""
        yield Static(id="head")
        with VerticalScroll(id="row"):
            yield Static(id="values")
            yield Static(id="evidence")
        yield Static(id="message")
        yield Static(id="labels")
        yield Footer()

    def on_mount(self) -> None:
        """Show the first row."""
        self._show()

    def on_key(self, event: events.Key) -> None:
        """A digit chooses a label."""
        number = int(event.key) if event.key.isdecimal() else 0
        if 0 < number <= len(self._choices):
            self._send("label", label=self._choices[number - 1])

    def action_decide(self, action: str) -> None:
        """Decide on the row that is shown."""
        self._send(action)

    def action_pick(self) -> None:
        """Choose from all labels."""
        self.push_screen(LabelPicker(self._desk.session.labels), self._take_label)

    def action_flag(self) -> None:
        """Leave a note, and go on."""
        self.push_screen(NoteBox(), self._take_note)

    def action_move(self, by: int) -> None:
        """Go to another row without deciding."""
        self._at = max(0, min(len(self._rows) - 1, self._at + by))
        self._show()

    def action_explain(self) -> None:
        """Say what the keys do that are not in the last line."""
        self._say("U redo, n and p next and previous row without deciding")

    def action_undo(self) -> None:
        """Take back the last step, and show its row."""
        self._go_back(self._desk.undo(uuid4().hex), "nothing to undo")

    def action_redo(self) -> None:
        """Bring back the last step that was taken back."""
        self._go_back(self._desk.redo(uuid4().hex), "nothing to redo")

    # ------------------------------------------------------------------ inside

    def _take_label(self, label: str | None) -> None:
        if label is not None:
            self._send("label", label=label)

    def _take_note(self, note: str | None) -> None:
        if note is not None:
            self._send("skip", why=note)

    def _send(self, action: str, label: str = "", why: str = "") -> None:
        row = self._rows[self._at]
        if action == "skip" and not why and self._desk.session.states[row]:
            self.action_move(1)  # a decided row is left as it is
            return
        try:
            self._desk.decide(uuid4().hex, [row], action, label=label, why=why)
        except DoubtError as error:
            self._say(str(error))
            return
        self._at = self._find_open(self._at + 1)
        self._show()
        verdict = self._desk.session.verdict_on(row)
        self._say(f"Saved: {verdict.label or verdict.status}" if verdict else "")

    def _go_back(self, done: dict[str, Any], otherwise: str) -> None:
        if not done["n"]:
            self._say(otherwise)
            return
        row = next(iter(done["rows"]))
        if row in self._rows:
            self._at = self._rows.index(row)
        self._show()

    def _find_open(self, start: int) -> int:
        """The place of the next row to decide, from a place on and then from the first on."""
        places = deque(range(len(self._rows)))
        places.rotate(-start)
        states = self._desk.session.states
        return next(
            (place for place in places if not states[self._rows[place]]), min(start, len(self._rows) - 1)
        )

    def _say(self, text: str) -> None:
        self.query_one("#message", Static).update(Text(text))

    def _show(self) -> None:
        found = self._desk.make_cards([self._rows[self._at]])
        self._card = found["cards"][0]
        self._choices = list_choices(self._card, self._names)
        progress = self._desk.describe_progress()
        _, place, given, values = found["pool"][0]
        left = f"{progress['decided']:,} decided, {progress['left']:,} to go"
        self.query_one("#head", Static).update(Text(f"{self._about['file']} · row {place:,} · {left}"))
        self.query_one("#values", Static).update(self._draw_values(values))
        evidence = Text(escape_lines("\n".join(write_evidence(self._card, self._names, given))))
        evidence.highlight_regex(r"(?m)^suggested: .*", "bold dark_orange")
        evidence.highlight_regex(r"(?m)^label: .*", "bold")
        self.query_one("#evidence", Static).update(evidence)
        self.query_one("#labels", Static).update(self._draw_labels(given))
        self._say("" if progress["left"] else "All rows are decided. q ends.")
        self.query_one("#row").scroll_home(animate=False)

    def _draw_values(self, values: list[str | None]) -> Text:
        drawn, unusual = Text(), self._card.get("unusual", {})
        for name, value in zip(self._about["columns"], values, strict=False):
            drawn.append(f"{escape_unprintable(name)}  ", "dim")
            drawn.append(escape_lines(value) if value is not None else "missing")
            if name in unusual:
                drawn.append(f"  {escape_unprintable(unusual[name])}", "italic")
            drawn.append("\n")
        return drawn

    def _draw_labels(self, given: int) -> Text:
        drawn = Text()
        for number, label in enumerate(self._choices, start=1):
            drawn.append(f"{number}\N{NO-BREAK SPACE}", "bold")
            drawn.append(escape_unprintable(label), "underline" if label == self._names[given] else "")
            drawn.append("   ")
        return drawn


def escape_lines(text: str) -> str:
    """A text whose line ends stay, and whose other control characters are shown as escapes."""
    return "\n".join(escape_unprintable(line) for line in text.splitlines())


def run_terminal(desk: Desk) -> None:
    """Show the review until the person ends it."""
    ReviewApp(desk).run()
