from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import SettingsError
from doubtcli.settings import ScanSettings, load_settings, render_flags

NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
LISTS = ("text", "annotators", "ignore", "pair")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows quotes words in another way")
def test_by_hand() -> None:
    """Given settings become flags, quoted for a shell; defaults and output paths do not."""
    settings = ScanSettings(
        "data.csv",
        label="the intent",
        annotators=("rater_*", "last, first"),
        seed=7,
        fast=True,
        verdicts="queue.csv",
        output="out",
        threads=2,
        stop_below=0.2,
    )

    assert render_flags(settings) == (
        "--label 'the intent' --annotators 'rater_*,\"last, first\"' --seed 7 --fast"
    )


def test_defaults() -> None:
    """Default settings need no flags."""
    assert render_flags(ScanSettings("data.csv")) == ""


@given(
    st.fixed_dictionaries(
        {},
        optional={"label": NAME, "group": NAME, "seed": st.integers(0, 99), "fast": st.just(True)}
        | {key: st.lists(NAME, min_size=1, max_size=3, unique=True) for key in LISTS[:-1]}
        | {"pair": st.lists(NAME, min_size=2, max_size=2, unique=True)},
    )
)
def test_any_settings_are_read_back(given_flags: dict[str, object]) -> None:
    """Any settings, written as flags, are read back as the same settings."""
    settings = load_settings(quoted(given_flags) | {"path": "data.csv"}, start=Path.cwd(), isolated=True)

    assert load_settings(parsed(render_flags(settings)), start=Path.cwd(), isolated=True) == settings


def quoted(given_flags: dict[str, object]) -> dict[str, object]:
    """Flags with each name in quotes, as they come from the command line."""
    return {
        key: ['"' + name.replace('"', '""') + '"' for name in value] if isinstance(value, list) else value
        for key, value in given_flags.items()
    }


def parsed(flags: str) -> dict[str, object]:
    """Flags as a shell and the command line read them."""
    words, read = shlex.split(flags), dict[str, object]()
    while words:
        key = words.pop(0).removeprefix("--")
        if key == "fast":
            read[key] = True
        elif key == "seed":
            read[key] = int(words.pop(0))
        else:
            read[key] = [words.pop(0)] if key in LISTS else words.pop(0)
    return read | {"path": "data.csv"}


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("2GB", 2_000_000_000),
        ("500MB", 500_000_000),
        ("1.5 gb", 1_500_000_000),
        ("1GiB", 1_073_741_824),
        ("7 B", 7),
    ],
)
def test_an_amount_of_memory_is_read_in_bytes(text: str, n_bytes: int) -> None:
    """Units of a thousand, as disks are sold; with an i, those of 1,024."""
    assert (
        load_settings({"path": "data.csv", "memory": text}, start=Path.cwd(), isolated=True).memory == n_bytes
    )


@pytest.mark.parametrize("text", ["2", "GB", "-1GB", "0MB", "2 bananas", ""])
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    """A number without a unit could mean anything."""
    with pytest.raises(SettingsError):
        load_settings({"path": "data.csv", "memory": text}, start=Path.cwd(), isolated=True)
