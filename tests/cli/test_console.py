from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from doubtcli.cli.console import Bars, Color, LiveReport, can_open_browser, choose_progress, make_bars
from doubtcli.progress import Silence, estimate_time_left

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import Progress


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture
def bars() -> Progress:
    """Bars on a terminal of fixed width, which is a string."""
    return make_bars(Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None))


def drawn(bars: Progress) -> str:
    """The bars as they are on the terminal now."""
    console = Console(file=io.StringIO(), width=60, color_system=None)
    console.print(bars.get_renderable())
    return console.file.getvalue().rstrip()  # type: ignore[attr-defined]


def test_silence() -> None:
    """Without bars, any number of steps prints nothing."""
    with Silence().stage("fitting", 10) as advance:
        advance(3)


def test_a_stage_counts_its_steps(bars: Progress) -> None:
    """Each stage has a bar that moves with its steps, and is removed when the stage is done."""
    with Bars(bars).stage("fitting", 10) as advance:
        advance(3)
        advance(4)
        (task,) = bars.tasks

        assert (task.description, task.completed, task.total) == ("fitting", 7, 10)
    assert bars.tasks == []


def test_time_left(bars: Progress) -> None:
    """A bar shows its title, the share done, and the time left as soon as something is known of it.

    After 30 seconds for three of four steps, the last takes about ten; a minute later, it takes longer.
    """
    clock = [0.0]
    bars.get_time = lambda: clock[0]  # type: ignore[method-assign]
    with Bars(bars).stage("fitting", 4) as advance:
        advance(1)
        before = drawn(bars)
        clock[0] = 30.0
        advance(2)
        after = drawn(bars)
        clock[0] = 90.0

        assert before.startswith("fitting ━")
        assert before.endswith(" 25%")
        assert after.endswith(" 75% about 10 s left")
        assert drawn(bars).endswith(" 75% about 30 s left")


@pytest.mark.parametrize(
    ("done", "total", "elapsed", "shown"),
    [
        (1, 4, 60.0, ""),
        (2, 4, 0.5, ""),
        (4, 4, 60.0, ""),
        (2, None, 60.0, ""),
        (2, 4, 60.0, "about 60 s left"),
        (2, 4, 90.0, "about 2 min left"),
        (2, 1_000, 60.0, "about 8 h left"),
        (999, 1_000, 2.0, "about 1 s left"),
    ],
)
def test_estimate(done: int, total: int | None, elapsed: float, shown: str) -> None:
    """The rest takes as long for each step as the steps so far; with too few of them nothing is known."""
    assert estimate_time_left(done, total, elapsed) == shown


def test_unknown_length(bars: Progress) -> None:
    """A stage of unknown length shows the steps done, and no time left."""
    with Bars(bars).stage("reading") as advance:
        before = drawn(bars)
        advance(120_000)

        assert "left" not in before
        assert drawn(bars).endswith(" 120,000")


def test_a_stage_within_a_stage(bars: Progress) -> None:
    """A stage inside a stage has its own bar below; the display ends with the outer stage."""
    progress = Bars(bars)

    with progress.stage("outer"):
        with progress.stage("inner", 2):
            assert [task.description for task in bars.tasks] == ["outer", "inner"]
        assert bars.live.is_started
    assert not bars.live.is_started


def test_a_stage_that_fails(bars: Progress) -> None:
    """A stage that fails leaves no bar and no running display behind."""
    with pytest.raises(RuntimeError), Bars(bars).stage("fitting", 10):
        raise RuntimeError

    assert bars.tasks == []
    assert not bars.live.is_started


@pytest.mark.parametrize(
    ("stream", "wanted", "kind"),
    [(Terminal(), True, Bars), (Terminal(), False, Silence), (io.StringIO(), True, Silence)],
)
def test_choose(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, wanted: bool, kind: type) -> None:
    """Bars show only if they are wanted and stderr is a terminal."""
    monkeypatch.setattr(sys, "stderr", stream)

    assert isinstance(choose_progress(wanted=wanted), kind)


@pytest.mark.parametrize(
    ("environment", "platform", "can_open"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"CI": "true", "DISPLAY": ":0"}, "linux", False),
        ({"CI": "1"}, "win32", False),
    ],
)
def test_can_open_browser(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], platform: str, can_open: bool
) -> None:
    """A browser can be opened on a machine with a screen, and never in CI."""
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)

    assert can_open_browser() is can_open


class TestLiveReport:
    """A report that is printed part by part."""

    def test_the_path_is_printed_at_once(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The file's path is printed before anything is read, but not that of a file that is not there."""
        path = tmp_path / "a.csv"
        path.touch()

        LiveReport("no-such.csv", Color.AUTO)
        LiveReport(str(path), Color.AUTO)
        LiveReport("-", Color.ALWAYS)

        assert capsys.readouterr().out == f"{path}\n\x1b[1mstandard input\x1b[0m\n"

    def test_nobody_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """If a part can't be printed, the work goes on, and the error is raised with the result."""
        monkeypatch.setattr(sys, "stdout", ClosedPipe())
        report = LiveReport("-", Color.NEVER)

        report.show_notes(["a note"])

        with pytest.raises(BrokenPipeError):
            report.finish(print)


class ClosedPipe(io.StringIO):
    """A stream that nobody reads."""

    def write(self, _text: str) -> int:
        """Fail, as a closed pipe does."""
        raise BrokenPipeError
