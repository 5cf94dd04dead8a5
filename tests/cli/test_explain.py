from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import main
from doubtcli.cli.explain import explanation
from doubtcli.plugins import LoadedReason, list_reasons

if TYPE_CHECKING:
    from tests.cli.conftest import Doubt


@pytest.mark.parametrize("name", [reason.name for reason in list_reasons()])
def test_every_reason(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each reason is explained: why, how, when it misleads, from where, and by worked rows."""
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

    assert "doubt 0.90: its label 0 got a probability of .1" in capsys.readouterr().out


def test_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """The settings of a reason are shown with their defaults, spelt as in a settings file."""
    main.run(["explain", "annotator-disagreement"])

    assert "prior-answers = 2.0" in capsys.readouterr().out


@dataclass(frozen=True)
class Bare:
    """A plug-in that shows no worked rows."""


def test_bare_reason() -> None:
    """A plug-in without settings and worked rows is explained without them."""
    loaded = LoadedReason("bare", "other 1.0", "error", "it is bare", ("given_labels",), Bare())

    assert explanation(loaded).split("\n\n") == [
        "## bare",
        "*error reason of other 1.0*",
        "A plug-in that shows no worked rows.",
        "**Needs.** `given_labels`.",
    ]


def test_unknown_name(doubt: Doubt) -> None:
    """An unknown name ends with 2 and the nearest known one."""
    done = doubt("explain", "outliers")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "doubt: there is no reason 'outliers'\n  to do: did you mean 'outlier'?\n"


def test_unlike_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is like no other is answered with all that there are."""
    assert main.run(["explain", "xyz"]) == 2

    shown = capsys.readouterr().err
    assert "expected: one of low-self-confidence, " in shown
    assert "to do: `doubt reasons` lists them all" in shown
