from __future__ import annotations

import json
from typing import TYPE_CHECKING

from doubtcli.cli import main

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import Doubt


def test_table(doubt: Doubt) -> None:
    """`doubt reasons` lists every reason with its family, its package and its words, plain when piped."""
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
    """`--color always` colours a pipe too, `--color never` nothing."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    main.run(["reasons", "--color", "always"])
    coloured = capsys.readouterr().out
    main.run(["reasons", "--color", "never"])
    plain = capsys.readouterr().out

    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
