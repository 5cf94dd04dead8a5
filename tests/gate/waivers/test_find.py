from __future__ import annotations

from pathlib import Path

import pytest

from doubtcli.errors import SettingsError
from doubtcli.gate.waivers import find_waivers, waivers_to_add_to, waivers_to_read
from doubtcli.settings import load_gate

USUAL = "doubt-waivers.toml"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a settings file, in a folder below which we are."""
    (tmp_path / "doubt.toml").write_text("")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    return tmp_path


def found(**flags: str) -> str:
    """What a gate that is run from here reads."""
    return find_waivers(load_gate({}, flags, start=Path.cwd()))


def test_none(root: Path) -> None:
    """Where there is none, a gate reads none, and a new one is to stand beside the settings file."""
    assert (found(), waivers_to_read(None)) == ("", "")
    assert waivers_to_add_to(None) == f"../{USUAL}"

    (root / USUAL).write_text("")

    assert found() == f"../{USUAL}"


def test_no_settings(root: Path) -> None:
    """Without a settings file it stands where we are."""
    (root / "doubt.toml").unlink()

    assert waivers_to_add_to(None) == USUAL


@pytest.mark.parametrize(
    ("there", "expected"),
    [(("",), f"../{USUAL}"), (("sub",), USUAL), (("", "sub"), USUAL)],
)
def test_usual(root: Path, there: tuple[str, ...], expected: str) -> None:
    """Of the usual ones that here goes before that beside the settings file; all ways lead to the same."""
    for folder in there:
        (root / folder / USUAL).write_text("")

    assert {found(), waivers_to_read(None), waivers_to_add_to(None)} == {expected}


@pytest.mark.parametrize("is_there", [False, True])
def test_named_by_settings(root: Path, *, is_there: bool) -> None:
    """The one that the settings name goes before any other, be it there or not."""
    (root / "doubt.toml").write_text('[gate]\nwaivers = "conf/keep.toml"\n')
    (root / "sub" / USUAL).write_text("")
    if is_there:
        (root / "conf").mkdir()
        (root / "conf" / "keep.toml").write_text("")

    assert {found(), waivers_to_read(None), waivers_to_add_to(None)} == {"../conf/keep.toml"}


def test_named_by_the_user(root: Path) -> None:
    """The one that the user names goes before all, and no settings file is asked."""
    (root / "doubt.toml").write_text('[gate]\nwaivers = "keep.toml"\n')
    assert found(waivers="mine.toml") == "mine.toml"

    (root / "doubt.toml").write_text("no TOML")

    assert (waivers_to_read("mine.toml"), waivers_to_add_to("mine.toml")) == ("mine.toml", "mine.toml")
    with pytest.raises(SettingsError, match="no valid TOML"):
        waivers_to_add_to(None)
