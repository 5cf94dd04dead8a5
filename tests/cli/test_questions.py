from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import console
from doubtcli.cli.console import is_interactive, run_with_label
from doubtcli.errors import ExitCode, UnclearLabelError
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Doubt
    from tests.conftest import Sentences

UNCLEAR = "size,two words,kind,note\n" + "".join(
    f"{row * 7 % 89 / 4},{'xyz'[row * row % 13 % 3]},{'ab'[row**3 % 101 % 2]},{'uvw'[row * 5 % 17 % 3]}\n"
    for row in range(60)
)
"""Three columns that could be the label, and a measure."""


@pytest.fixture
def unclear(tmp_path: Path) -> Path:
    """A file without a clear label."""
    path = tmp_path / "my rows.csv"
    path.write_text(UNCLEAR, encoding="utf-8")
    return path


def find_label(settings: ScanSettings) -> str:
    """The label that is named, else an error that names two columns."""
    if settings.label is None:
        candidates = {"kind": "2 values", "two words": "3 values"}
        raise UnclearLabelError("none is clear", candidates, where="a.csv", expected="one", hint="name it")
    return settings.label


class Answers:
    """A person at the terminal, who gives one answer to each question."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.asked = 0
        self._answers = list(answers)
        monkeypatch.setattr(console, "is_interactive", lambda: True)
        monkeypatch.setattr(console.typer, "prompt", self._answer)

    def _answer(self, _question: str, *, err: bool) -> str:
        assert err
        self.asked += 1
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("answer", "label"), [("1", "kind"), (" 2", "two words"), ("two words", "two words"), ("other", "other")]
)
def test_an_answer_is_a_number_or_a_name(
    answer: str, label: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a terminal the label is chosen by its number or its name, and the flag for next time is printed."""
    person = Answers(monkeypatch, answer)

    found = run_with_label(find_label, ScanSettings(path="a.csv"), may_ask=True)

    shown = capsys.readouterr()
    assert (found, person.asked, shown.out) == (label, 1, "")
    assert "two words" in shown.err


def test_nobody_is_asked_where_the_label_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that is named is not asked for."""
    person = Answers(monkeypatch)

    assert run_with_label(find_label, ScanSettings(path="a.csv", label="x"), may_ask=True) == "x"
    assert person.asked == 0


def test_nobody_is_asked_for_output_that_a_program_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --quiet or as JSON, a label that is not clear is an error, in a terminal too."""
    person = Answers(monkeypatch)

    with pytest.raises(UnclearLabelError):
        run_with_label(find_label, ScanSettings(path="a.csv"), may_ask=False)
    assert person.asked == 0


@pytest.mark.parametrize("of_ci", ["true", "1"])
def test_ci_is_not_interactive(of_ci: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CI system is no person, even where it offers a terminal."""
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("CI", raising=False)

    assert is_interactive()
    monkeypatch.setenv("CI", of_ci)
    assert not is_interactive()


def test_each_candidate_has_a_command_to_copy(doubt: Doubt, unclear: Path, sentences: Sentences) -> None:
    """In a script, the error has the command as it was typed, with the flag for each of three columns."""
    done = doubt("gate", unclear.name, "--max-doubted", "3%")

    assert done.returncode == ExitCode.TROUBLE
    assert "doubt gate 'my rows.csv' --max-doubted 3% --label 'two words'" in done.stderr
    sentences.check(done.stderr)


PATIENCE, AGAIN = 0.5, 40
"""Seconds without output after which keys are pressed, and after how many such times again."""

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")


def talk(folder: Path, *arguments: str, keys: str) -> tuple[int, str]:
    """Run `doubt` at a terminal, and press keys when it asks; returns its exit code and what was shown."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
    environment.pop("CI", None)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "doubtcli", *arguments],
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=take_terminal,  # noqa: PLW1509  # so that Ctrl-C reaches it
    )
    os.close(theirs)
    shown, n_quiet = "", 0
    while True:
        if not select.select([ours], [], [], PATIENCE)[0]:
            n_quiet += "or name:" in shown
            if n_quiet % AGAIN == 1:  # what is typed while the terminal is made ready may be lost
                os.write(ours, keys.encode())
            continue
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        shown += part.decode(errors="replace")
    os.close(ours)
    return process.wait(), shown


def take_terminal() -> None:
    """Make the pseudo-terminal the one that controls the new process."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_terminal_is_asked(unclear: Path) -> None:
    """At a real terminal the label is asked for, and the command goes on with the answer."""
    code, shown = talk(unclear.parent, "init", unclear.name, keys="2\n")

    assert code == ExitCode.DONE
    assert "Next time: --label" in shown
    assert 'label = "' in (unclear.parent / "doubt.toml").read_text(encoding="utf-8")


def test_ctrl_c_ends_the_question(unclear: Path) -> None:
    """Ctrl-C at the question ends the command with 130, and nothing is written."""
    code, _ = talk(unclear.parent, "init", unclear.name, keys="\x03")

    assert code == ExitCode.INTERRUPTED
    assert sorted(path.name for path in unclear.parent.iterdir()) == [unclear.name]
