from __future__ import annotations

import io
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from doubtcli.cli import main
from doubtcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Doubt
    from tests.conftest import Sentences


def command_that(error: BaseException) -> Callable[..., int]:
    """A replacement for the whole command, which ends with an error."""

    def command(*_arguments: object, **_keywords: object) -> int:
        raise error

    return command


def end_with(error: str) -> subprocess.CompletedProcess[str]:
    """A real process whose command raises an error, given as source code."""
    script = (
        f"from doubtcli.cli import main\ndef app(*_, **__):\n    raise {error}\nmain.app = app\nmain.main()\n"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


class TestCodes:
    """Exit codes."""

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (typer.Exit(0), 0),
            (typer.Exit(1), 1),
            (typer.Abort(), 130),
            (KeyboardInterrupt(), 130),
            (InputError("the file is empty"), 2),
            (ZeroDivisionError(), 2),
            (SystemExit(0), 0),
            (SystemExit(1), 2),
        ],
        ids=repr,
    )
    def test_errors(
        self, doubt: Doubt, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
    ) -> None:
        """Each error has its own exit code, and only the gate's is 1."""
        monkeypatch.setattr(main, "app", command_that(error))

        assert doubt("scan").returncode == code

    @pytest.mark.parametrize(("error", "code"), [("KeyboardInterrupt", 130), ("BrokenPipeError", 2)])
    def test_errors_of_a_process(self, error: str, code: int) -> None:
        """A real process ends with these codes, too."""
        assert end_with(error).returncode == code

    def test_help(self, doubt: Doubt) -> None:
        """The help is printed on stdout, and ends with 0."""
        done = doubt("--help")

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: doubt [OPTIONS] COMMAND")

    def test_short_help(self, doubt: Doubt) -> None:
        """`-h` is `--help`."""
        assert doubt("scan", "-h").stdout == doubt("scan", "--help").stdout

    @pytest.mark.parametrize("flag", ["-V", "--version"])
    def test_version(self, doubt: Doubt, flag: str) -> None:
        """The version is the installed package's."""
        assert doubt(flag).stdout == f"doubt {version('doubtcli')}\n"

    def test_no_arguments(self, doubt: Doubt) -> None:
        """Without arguments the help is printed on stderr, as for wrong usage."""
        done = doubt()

        assert (done.returncode, done.stdout) == (2, "")
        assert "Commands:" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["scam"], "'scan'"),
            (["scna", "x"], "'scan'"),
            (["zzz"], "--help"),
            (["--label", "y", "a.csv"], "doubt scan DATA --label"),
            (["--versoin"], "'--version'"),
            (["--"], "--help"),
            (["scan", "a.csv", "--zzz"], "doubt scan --help"),
            (["scan", "a.csv", "--fast=yes"], "--fast"),
            (["scan", "a.csv", "--label", "x", "--label=y"], "--label: "),
            (["scan", "a.csv", "-o", "x", "--output", "y"], "--output: "),
            (["bench", "a.csv", "--seed", "1", "--seed", "1"], "--seed: "),
            (["apply", "a.csv"], "--verdicts FILE"),
            (["compare", "a.doubt"], "AFTER"),
            (["explain", "confident"], "'confident-learning'"),
            (["explain", "outlier", "--color", "nevr"], "'never'"),
            (["scan", "--lable", "y", "a.csv"], "--label"),
            (["scan"], "DATA"),
            (["scan", "a.csv", "b.csv"], "b.csv"),
            (["scan", "a.csv", "--folds", "five"], "--folds"),
            (["scan", "a.csv", "--top", "-1"], "--top"),
            (["scan", "a.csv", "--color", "alwys"], "'always'"),
            (["scan", "a.csv", "--label"], "--label"),
        ],
    )
    def test_wrong_usage(self, doubt: Doubt, arguments: list[str], message: str) -> None:
        """Wrong usage ends with 2, and stderr says what was wrong, in our words."""
        done = doubt(*arguments)

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("doubt: ")
        assert message in done.stderr
        for words in ("Input should be", "Usage:", "No such", "Missing argument", "Invalid value", "Got un"):
            assert words not in done.stderr

    def test_options_for_several_values(self, doubt: Doubt) -> None:
        """An option for several values may be given several times."""
        done = doubt("scan", "no-such.csv", "--text", "a", "--text", "b", "--fast", "--fast")

        assert done.stderr.startswith("doubt: no-such.csv: ")

    def test_a_path_alone_is_scanned(self, doubt: Doubt) -> None:
        """The path of a file that exists, without a command, is scanned, and stderr says so unless quiet."""
        (doubt.folder / "my data.csv").touch()

        done, quiet = doubt("my data.csv"), doubt("my data.csv", "-q")

        note, problem = done.stderr.splitlines()[:2]
        assert "`doubt scan 'my data.csv'`" in note
        assert problem.startswith("doubt: my data.csv: ")
        assert (done.returncode, done.stdout) == (2, "my data.csv\n")
        assert quiet.stderr.startswith("doubt: my data.csv: ")

    def test_a_command_comes_before_a_file(self, doubt: Doubt) -> None:
        """A file that is named like a command does not hide it."""
        (doubt.folder / "reasons").touch()

        assert doubt("reasons").returncode == 0

    def test_settings(self, doubt: Doubt) -> None:
        """A setting that is not valid ends with 2, before anything is read."""
        (doubt.folder / "doubt.toml").write_text("fold = 3", encoding="utf-8")

        done = doubt("scan", "no-such-file.csv")

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("doubt: doubt.toml: 'fold' ")
        assert "'folds'" in done.stderr

    @pytest.mark.skipif(os.name != "posix", reason="needs a closed pipe")
    def test_nobody_reads(self) -> None:
        """If stdout is a closed pipe, the process ends without a message."""
        reader, writer = os.pipe()
        os.close(reader)

        done = subprocess.run(
            [sys.executable, "-m", "doubtcli", "--help"],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stderr) == (2, "")

    def test_any_stdout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The command can be run from Python, too, with its stdout as a string."""
        monkeypatch.setattr(sys, "argv", ["doubt", "--version"])
        monkeypatch.setattr(sys, "stdout", io.StringIO())

        with pytest.raises(SystemExit) as ended:
            main.main()

        assert ended.value.code == 0


class TestMessages:
    """What is printed on stderr."""

    def test_error(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """An error has one line each for place and problem, for what was expected, and for what to do."""
        error = InputError("has 5 fields", where="a.csv", row=2, expected="4 fields", hint="quote the comma")
        monkeypatch.setattr(main, "app", command_that(error))

        assert main.run(["scan", "a.csv"]) == 2
        assert capsys.readouterr().err == (
            "doubt: a.csv, row 2: has 5 fields\n  expected: 4 fields\n  to do: quote the comma\n"
        )

    def test_control_characters(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Control characters of the data are escaped."""
        monkeypatch.setattr(main, "app", command_that(InputError("has \x1b[2J and \x07 in größe")))

        main.run([])

        assert capsys.readouterr().err == "doubt: has \\x1b[2J and \\x07 in größe\n"

    def test_interrupted(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sentences: Sentences
    ) -> None:
        """After Ctrl-C a message says what state the files are in."""
        monkeypatch.setattr(main, "app", command_that(KeyboardInterrupt()))

        assert main.run([]) == 130
        sentences.check(capsys.readouterr().err)

    def test_bug(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sentences: Sentences
    ) -> None:
        """An error that was not expected is a bug of ours, and the message says how to report it."""
        monkeypatch.setattr(main, "app", command_that(ZeroDivisionError("division by zero")))

        assert main.run([]) == 2
        sentences.check(capsys.readouterr().err)

    @pytest.mark.parametrize("arguments", [["--debug", "scan", "a.csv"], ["scan", "a.csv", "--debug"]])
    @pytest.mark.parametrize("error", [InputError("the file is empty"), ZeroDivisionError()])
    def test_debug(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        error: Exception,
    ) -> None:
        """`--debug`, at any place, adds the traceback, with the same message and exit code."""
        monkeypatch.setattr(main, "app", command_that(error))

        assert main.run(arguments) == 2
        shown = capsys.readouterr().err
        assert shown.startswith("Traceback (most recent call last):")
        assert "\ndoubt: " in shown

    def test_control_characters_of_a_traceback(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Control characters of the data are escaped in a traceback, too."""
        monkeypatch.setattr(main, "app", command_that(ValueError("\x1b[2J\x9b")))

        main.run(["--debug"])

        assert "\\x1b[2J\\x9b" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "error",
        [
            MemoryError(),
            ImportError("_odd.so: failed to map segment from shared object"),
            OSError(12, "Cannot allocate memory"),
            RuntimeError("can't start new thread"),
            InputError("it crashed"),
        ],
        ids=repr,
    )
    def test_too_little_memory(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        sentences: Sentences,
        error: Exception,
    ) -> None:
        """If memory is used up, the message says that, and what needs less."""
        if isinstance(error, InputError):
            error.__cause__ = MemoryError()
        monkeypatch.setattr(main, "app", command_that(error))

        assert main.run([]) == 2
        shown = capsys.readouterr().err
        assert "bug" not in shown
        if isinstance(error, InputError):
            sentences.check(shown)

    @pytest.mark.skipif(os.name != "posix", reason="removes a working directory")
    def test_no_working_directory(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        sentences: Sentences,
    ) -> None:
        """A working directory that was removed is said to be gone."""
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()

        assert main.run(["scan", "a.csv"]) == 2
        sentences.check(capsys.readouterr().err)

    def test_asked_to_end(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """A command that ends with an exit code has that code, and no traceback."""
        monkeypatch.setattr(main, "app", command_that(typer.Exit(1)))

        assert main.run(["--debug"]) == 1
        assert capsys.readouterr().err == ""


class TestHelp:
    """The layout of the help."""

    def test_sections(self, doubt: Doubt) -> None:
        """The options of `scan` are in titled sections, in the order of the work."""
        lines = doubt("scan", "--help").stdout.splitlines()

        titles = [line for line in lines if line.endswith(":") and not line.startswith(" ")]

        assert titles == ["Arguments:", "What is in the file:", "How to judge:", "Output:", "Options:"]

    @pytest.mark.parametrize("command", [[], ["scan"], ["reasons"], ["explain"]])
    def test_width(self, doubt: Doubt, command: list[str]) -> None:
        """Help fits into 80 columns."""
        assert max(map(len, doubt(*command, "--help").stdout.splitlines())) <= 80

    def test_whole_descriptions(self, doubt: Doubt) -> None:
        """With 80 columns each command's description is whole."""
        commands = doubt("--help").stdout.partition("Commands:")[2].partition("Options:")[0]

        assert "..." not in commands
        assert "byte for byte." in " ".join(commands.split())

    @pytest.mark.parametrize("columns", ["0", "-1", "7", "wide"])
    def test_odd_widths(self, doubt: Doubt, columns: str) -> None:
        """A width that no terminal has is taken for 80 columns."""
        doubt.environment["COLUMNS"] = columns

        lines = doubt("reasons").stdout.splitlines()

        assert max(map(len, lines)) in range(70, 81)

    @pytest.mark.skipif(os.name != "posix", reason="asks for a shell's completion")
    def test_completion(self, doubt: Doubt) -> None:
        """A shell can complete the commands."""
        doubt.environment.update(_DOUBT_COMPLETE="complete_bash", COMP_WORDS="doubt s", COMP_CWORD="1")

        assert doubt().stdout.split() == ["scan"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk() -> None:
    """A standard output on a full disk is an error that says so, and ends with 2."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "doubtcli", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert "standard output" in done.stderr


def run_in_shell(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of a shell with `doubt` in it."""
    line = words.replace("doubt", f"'{sys.executable}' -m doubtcli", 1)
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a shell and a device that is always full")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("doubt --help >&-", 0),
        ("doubt --help >&- 2>&- <&-", 0),
        ("doubt zzz 2>&-", 2),
        ("doubt zzz 2>/dev/full", 2),
        ("doubt --debug zzz >/dev/full 2>&1", 2),
        ("doubt --help >/dev/full 2>&1", 2),
    ],
)
def test_streams_that_take_nothing(tmp_path: Path, line: str, code: int) -> None:
    """Closed streams are no error, and trouble ends with 2 even if it can't be written."""
    done = run_in_shell(line, tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_nothing_is_run_from_the_working_directory(tmp_path: Path) -> None:
    """`python -m doubtcli` loads no file of the working directory that is named like a library."""
    for name in ("typing", "typer", "json"):
        (tmp_path / f"{name}.py").write_text("print('mine')", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "doubtcli", "reasons"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "mine" not in done.stdout
