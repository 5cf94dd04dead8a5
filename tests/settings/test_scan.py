from __future__ import annotations

import shlex
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from doubtcli.settings import ScanSettings, as_flags, load_settings

NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
LISTS = ("text", "annotators", "ignore")


def test_by_hand() -> None:
    """What was said is said again, quoted for a shell; nothing else is, nor where things go."""
    settings = ScanSettings(
        "data.csv",
        label="the intent",
        annotators=("rater_*", "last, first"),
        seed=7,
        fast=True,
        verdicts="queue.csv",
        output="out",
        threads=2,
    )

    assert as_flags(settings) == (
        "--label 'the intent' --annotators 'rater_*,\"last, first\"' --seed 7 --fast"
    )


def test_nothing_said() -> None:
    """Where all was left to doubt, there are no flags."""
    assert as_flags(ScanSettings("data.csv")) == ""


@given(
    st.fixed_dictionaries(
        {},
        optional={"label": NAME, "group": NAME, "seed": st.integers(0, 99), "fast": st.just(True)}
        | {key: st.lists(NAME, min_size=1, max_size=3, unique=True) for key in LISTS},
    )
)
def test_any_settings_are_read_back(said: dict[str, object]) -> None:
    """Any settings, said by their flags, are the same settings."""
    settings = load_settings(quoted(said) | {"path": "data.csv"}, start=Path.cwd(), isolated=True)

    assert load_settings(parsed(as_flags(settings)), start=Path.cwd(), isolated=True) == settings


def quoted(said: dict[str, object]) -> dict[str, object]:
    """Flags with each name in quotes of its own, as they come from the command line."""
    return {
        key: ['"' + name.replace('"', '""') + '"' for name in value] if isinstance(value, list) else value
        for key, value in said.items()
    }


def parsed(flags: str) -> dict[str, object]:
    """What a shell and the command line make of flags."""
    words, said = shlex.split(flags), dict[str, object]()
    while words:
        key = words.pop(0).removeprefix("--")
        if key == "fast":
            said[key] = True
        elif key == "seed":
            said[key] = int(words.pop(0))
        else:
            said[key] = [words.pop(0)] if key in LISTS else words.pop(0)
    return said | {"path": "data.csv"}
