from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import main
from doubtcli.cli.reasons import describe_reason
from doubtcli.plugins import LoadedReason, list_reasons

if TYPE_CHECKING:
    from tests.cli.conftest import Doubt
    from tests.conftest import Sentences


def test_table(doubt: Doubt) -> None:
    """`doubt reasons` lists every reason with its family, package and text, without trailing spaces."""
    done = doubt("reasons")

    assert (done.returncode, done.stderr) == (0, "")
    header, first, *_ = done.stdout.splitlines()
    assert header == "name                    family   package         doubted because …"
    assert first.startswith("low-self-confidence     error    doubtcli ")
    assert [line for line in done.stdout.splitlines() if line.endswith(" ") or len(line) > 80] == []


def test_json(doubt: Doubt) -> None:
    """`--output-format json` gives the same as JSON, with the needs of each."""
    reasons = {
        reason["name"]: reason for reason in json.loads(doubt("reasons", "--output-format", "json").stdout)
    }

    assert reasons["outlier"]["family"] == "context"
    assert reasons["low-self-confidence"]["needs"] == ["given_labels", "pred_probs"]


def test_color(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--color always` uses colour in a pipe, too, and `--color never` nowhere."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    main.run(["reasons", "--color", "always"])
    coloured = capsys.readouterr().out
    main.run(["reasons", "--color", "never"])
    plain = capsys.readouterr().out

    assert "\x1b[" in coloured
    assert "\x1b[" not in plain


@pytest.mark.parametrize("name", [reason.name for reason in list_reasons()])
def test_every_reason(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each reason is explained: why, how, when it misleads, its source, and worked rows."""
    assert main.run(["explain", name]) == 0

    shown = capsys.readouterr().out
    for part in (
        "Why doubt.",
        "How it is scored.",
        "When it misleads.",
        "Source.",
        "Needs.",
        "Raises doubt.",
    ):
        assert part in shown
    assert name in shown


def test_worked_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """A worked row is shown with its doubt and its reason."""
    main.run(["explain", "low-self-confidence"])

    assert "doubt 0.90: " in capsys.readouterr().out


def test_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """The settings of a reason are shown with their defaults, spelt as in a settings file."""
    main.run(["explain", "annotator-disagreement"])

    assert "prior-answers = 2.0" in capsys.readouterr().out


@dataclass(frozen=True)
class Bare:
    """A plug-in without worked rows."""


def test_bare_reason() -> None:
    """A plug-in without settings and worked rows is explained without them."""
    loaded = LoadedReason("bare", "other 1.0", "error", "it is bare", ("given_labels",), Bare())

    assert describe_reason(loaded).split("\n\n") == [
        "## bare",
        "*error reason of other 1.0*",
        "A plug-in without worked rows.",
        "**Needs.** `given_labels`.",
    ]


def test_unknown_name(doubt: Doubt, sentences: Sentences) -> None:
    """An unknown name ends with 2 and suggests the nearest known one."""
    done = doubt("explain", "outliers")

    assert (done.returncode, done.stdout) == (2, "")
    assert "'outlier'" in done.stderr
    sentences.check(done.stderr)


def test_unlike_name(capsys: pytest.CaptureFixture[str]) -> None:
    """For a name that is like no other, the error lists all names."""
    assert main.run(["explain", "xyz"]) == 2

    err = capsys.readouterr().err
    assert all(reason.name in err for reason in list_reasons())
    assert "`doubt reasons`" in err
