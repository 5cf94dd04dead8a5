from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from doubtcli.errors import ToolError
from doubtcli.settings import installed
from doubtcli.settings.installed import blame_author, find_installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Sentences

GROUP = "doubtcli.tests"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs packages by name, each with some entries of the group."""

    def install_all(**packages: str) -> None:
        for package, entries in packages.items():
            info = tmp_path / package / f"{package}-1.2.dist-info"
            info.mkdir(parents=True)
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
            (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entries}\n")
            monkeypatch.syspath_prepend(str(tmp_path / package))

    return install_all


def test_order(install: Callable[..., None]) -> None:
    """Ours come first in the given order; all others follow by name."""
    install(doubtcli="a = json:loads\nb = json:dumps", someone="d = json:load", other="c = json:dump")

    found = find_installed(GROUP, "tool", ToolError, ("b", "c"))

    assert [one.name for one in found] == ["b", "a", "c", "d"]
    assert [one.is_ours for one in found] == [True, True, False, False]
    assert found[2].package == "other 1.2"


def test_plug_ins_can_be_left_out(install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """DOUBT_PLUGINS=off leaves only ours."""
    install(doubtcli="b = json:dumps", someone="a = json:loads")
    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert [one.name for one in find_installed(GROUP, "tool", ToolError)] == ["b"]


def test_a_name_taken_twice(install: Callable[..., None], sentences: Sentences) -> None:
    """Two packages with an entry of one name are an error: neither wins silently."""
    install(one="twin = one:Twin", two="twin = two:Twin")

    with pytest.raises(ToolError) as error:
        find_installed(GROUP, "tool", ToolError)

    assert error.value.where == "one 1.2"
    sentences.check(error.value)


def test_the_same_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that is found in two places is one."""
    same = [EntryPoint("a", "json:dumps", GROUP), EntryPoint("a", "json:dumps", GROUP)]
    monkeypatch.setattr(installed, "entry_points", lambda **_: same)

    assert [one.name for one in find_installed(GROUP, "tool", ToolError)] == ["a"]


def test_an_entry_without_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry without a package is not ours, and its package is unknown."""
    monkeypatch.setattr(installed, "entry_points", lambda **_: [EntryPoint("a", "json:dumps", GROUP)])

    [found] = find_installed(GROUP, "tool", ToolError)

    assert (found.package, found.is_ours) == ("unknown", False)


def test_load(install: Callable[..., None], sentences: Sentences) -> None:
    """An entry gives the object it names; where that can't be imported, the error names the package."""
    install(someone="good = json:dumps", other="bad = no_such_module:x")
    bad, good = find_installed(GROUP, "tool", ToolError)

    assert good.load()([1]) == "[1]"
    with pytest.raises(ToolError) as error:
        bad.load()
    assert error.value.where == "tool 'bad' of other 1.2"
    sentences.check(error.value)


def test_make(install: Callable[..., None], sentences: Sentences) -> None:
    """A class becomes an instance; an entry that can't be created, or lacks something, is named."""
    install(someone="a = collections:Counter\nb = json:decoder\nc = http.client:HTTPConnection")
    counter, module, needy = find_installed(GROUP, "tool", ToolError)

    assert counter.make(["most_common"]) == {}
    assert module.make(["JSONDecoder"]).__name__ == "json.decoder"
    with pytest.raises(ToolError) as lacking:
        module.make(["JSONDecoder", "read", "write"])
    assert lacking.value.where == "tool 'b' of someone 1.2"
    sentences.check(lacking.value)
    with pytest.raises(ToolError) as failed:
        needy.make([])
    assert failed.value.where == "tool 'c' of someone 1.2"
    assert isinstance(failed.value.__cause__, TypeError)


class Ours:
    """Something that is ours by its module."""

    __module__ = "doubtcli.tools.ours"


@pytest.mark.parametrize("made", [object(), Ours()], ids=["theirs", "ours"])
@pytest.mark.parametrize("raised", [KeyError("x"), ToolError("as it is")], ids=["crash", "error of ours"])
def test_blame(made: object, raised: Exception, sentences: Sentences) -> None:
    """A crash of a plug-in becomes an error that names it; our own crashes and errors pass."""
    is_blamed = isinstance(raised, KeyError) and not isinstance(made, Ours)
    with (
        pytest.raises(ToolError if is_blamed else type(raised)) as error,
        blame_author(made, "here", ToolError),
    ):
        raise raised

    assert (error.value is not raised) is is_blamed
    if is_blamed:
        assert isinstance(error.value, ToolError)
        assert error.value.where == "here"
        sentences.check(error.value)
