from __future__ import annotations

import os
import stat
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.errors import SettingsError
from doubtcli.store import write_audit
from doubtcli.store.cache import (
    PartsCache,
    cache_folder,
    clear_cache,
    find_cached_audit,
    keep_audit,
    list_kept,
    open_cache,
    read_limit,
    remove_unused_entries,
)
from doubtcli.store.describe import describe_audit, tabulate_doubts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.records import ScanResult
    from tests.conftest import Sentences

    Make = Callable[..., ScanResult]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new cache folder for each test."""
    monkeypatch.setenv("DOUBT_CACHE", str(tmp_path))
    return tmp_path


def keep(audit: ScanResult, key: str) -> None:
    """Write an audit into the folder of this key."""
    write_audit(audit, cache_folder(key), queue_csv=b"", report_html="<!doctype html>")


def test_nothing_kept() -> None:
    """For a key without an audit, none is found."""
    assert find_cached_audit("a" * 64) is None


def test_kept(make_audit: Make) -> None:
    """An audit in the cache is found by its key."""
    audit = make_audit(audit_key="a" * 64)
    keep(audit, "a" * 64)

    found = find_cached_audit("a" * 64)

    assert found is not None
    assert found.doubts.n_rows == 10


def test_another_key(make_audit: Make) -> None:
    """An audit with another key in this folder is not used."""
    audit = make_audit(audit_key="b" * 64)
    keep(audit, "a" * 64)

    assert find_cached_audit("a" * 64) is None


def test_damaged(make_audit: Make) -> None:
    """A damaged audit is not used, since it can be made again."""
    audit = make_audit(audit_key="a" * 64)
    keep(audit, "a" * 64)
    (cache_folder("a" * 64) / "doubts.parquet").write_bytes(b"no Parquet")

    assert find_cached_audit("a" * 64) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_private(make_audit: Make, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its owner may enter the cache."""
    monkeypatch.setenv("DOUBT_CACHE", str(folder / "cache"))
    audit = make_audit(audit_key="a" * 64)

    keep_audit(describe_audit(audit), tabulate_doubts(audit), queue_csv=b"", report_html="<!doctype html>")

    assert find_cached_audit("a" * 64) is not None
    made = [folder / "cache", folder / "cache" / "audits"]
    assert [stat.S_IMODE(one.stat().st_mode) for one in made] == [0o700, 0o700]


def test_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default, audits are kept in the system's folder for caches."""
    monkeypatch.delenv("DOUBT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")

    assert os.fspath(cache_folder("a" * 64)).endswith(f"{os.sep}doubt{os.sep}audits{os.sep}{'a' * 32}.doubt")


def test_removed(make_audit: Make, folder: Path) -> None:
    """Within a limit of two audits' size, the two that were used last stay; other folders are not touched."""
    audit = make_audit()
    keys = [f"{number:064x}"[::-1] for number in range(4)]
    for number, key in enumerate(keys):
        keep(audit, key)
        os.utime(cache_folder(key), (number, number))
    os.utime(cache_folder(keys[0]), (100, 100))
    (folder / "audits" / "other").mkdir()
    limit = 2 * list_kept()[0].n_bytes

    remove_unused_entries(limit)

    gone = [number for number, key in enumerate(keys) if not cache_folder(key).exists()]
    assert gone == [1, 2]
    assert (folder / "audits" / "other").exists()


class TestParts:
    """What audits were made from."""

    def test_found_by_its_key_alone(self) -> None:
        """A value is found under its key by the program that kept it, and by no other."""
        PartsCache("one").keep("a", [1, 2])

        found = [PartsCache("one").find("a"), PartsCache("one").find("b"), PartsCache("two").find("a")]

        assert found == [[1, 2], None, None]

    def test_a_damaged_one_is_made_again(self, folder: Path) -> None:
        """Neither a file that was cut nor one with a byte changed is used; the next one replaces it."""
        parts = PartsCache("one")
        parts.keep("a", np.arange(9))
        (path,) = (folder / "parts").iterdir()
        content = path.read_bytes()

        path.write_bytes(content[:-1])
        cut = parts.find("a")
        path.write_bytes(content.replace(b"\x08", b"\x09"))
        changed = parts.find("a")
        parts.keep("a", np.arange(9))

        assert (cut, changed) == (None, None)
        np.testing.assert_array_equal(parts.find("a"), np.arange(9))

    def test_what_can_not_be_kept_is_no_error(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An object of no known kind is not kept, nor is anything where the folder can't be written."""
        parts = PartsCache("one")
        parts.keep("a", object())
        left = [*(folder / "parts").iterdir()]
        monkeypatch.setenv("DOUBT_CACHE", os.devnull)

        parts.keep("a", 1)

        assert (left, parts.find("a")) == ([], None)

    def test_an_interruption_leaves_nothing_behind(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If Ctrl-C is pressed while a part is written, there is no half of it."""

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("doubtcli.store.cache_entry.write_entry", interrupt)

        with pytest.raises(KeyboardInterrupt):
            PartsCache("one").keep("a", 1)

        assert [*(folder / "parts").iterdir()] == []

    def test_the_limit_holds_for_audits_and_parts_together(
        self, make_audit: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A new part of 6,000 bytes pushes out the audit and the older part; a larger one is not kept."""
        keep(make_audit(audit_key="a" * 64), "a" * 64)
        parts = PartsCache("one")
        parts.keep("old", bytes(6_000))
        for entry in list_kept():
            os.utime(entry.path, (1, 1))
        monkeypatch.setenv("DOUBT_CACHE_LIMIT", "14KB")

        parts.keep("new", bytes(6_000))
        parts.keep("huge", bytes(7_000))

        assert find_cached_audit("a" * 64) is None
        assert [parts.find(key) is None for key in ("old", "new", "huge")] == [True, False, True]

    def test_the_part_that_was_used_last_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of two equally large parts, the one that was read since is kept."""
        parts = PartsCache("one")
        for key in ("a", "b"):
            parts.keep(key, bytes(4_000))
        for number, entry in enumerate(list_kept()):
            os.utime(entry.path, (number, number))
        parts.find("a")
        monkeypatch.setenv("DOUBT_CACHE_LIMIT", "10 kB")

        parts.keep("c", bytes(4_000))

        assert [parts.find(key) is None for key in ("a", "b", "c")] == [False, True, False]

    def test_cleared(self, make_audit: Make, folder: Path) -> None:
        """Nothing of ours is left, and what is not ours is."""
        keep(make_audit(), "a" * 64)
        PartsCache("one").keep("a", 1)
        (folder / "parts" / "mine.txt").write_text("mine")

        clear_cache()

        assert list_kept() == []
        assert (folder / "parts" / "mine.txt").exists()

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
    def test_only_the_owner_may_read_it(self, folder: Path) -> None:
        """Neither the folder nor a file in it is open to others."""
        PartsCache("one").keep("a", 1)

        modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (folder / "parts").glob("**")}
        (path,) = (folder / "parts").iterdir()

        assert (modes, stat.S_IMODE(path.stat().st_mode)) == ({0}, 0o600)

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
    def test_what_another_user_put_there_is_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder that belongs to another user is not read."""
        parts = PartsCache("one")
        parts.keep("a", 1)
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

        assert parts.find("a") is None

    def test_an_unfinished_file_of_a_killed_run_is_removed_in_time(self, folder: Path) -> None:
        """After a day it is gone; that of a run that may still write it stays."""
        parts = PartsCache("one")
        parts.keep("a", 1)
        for name, age in (("old", 100_000), ("new", 10)):
            path = folder / "parts" / f"{name}.unfinished"
            path.write_bytes(b"half")
            os.utime(path, (time.time() - age,) * 2)

        parts.keep("b", 1)

        assert [path.name for path in (folder / "parts").glob("*.unfinished")] == ["new.unfinished"]


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("", 2_000_000_000),
        ("500MB", 500_000_000),
        ("1.5 gb", 1_500_000_000),
        ("1 GiB", 2**30),
        ("7B", 7),
        ("0", 0),
    ],
)
def test_limit(text: str, n_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may have another limit than two gigabytes."""
    monkeypatch.setenv("DOUBT_CACHE_LIMIT", text)

    assert read_limit() == n_bytes


@pytest.mark.parametrize("text", ["much", "-1", "5 X", "7"])
def test_no_limit(text: str, monkeypatch: pytest.MonkeyPatch, sentences: Sentences) -> None:
    """Anything else than a size with its unit is refused, as in settings."""
    monkeypatch.setenv("DOUBT_CACHE_LIMIT", text)

    with pytest.raises(SettingsError) as error:
        read_limit()

    sentences.check(error.value)


def test_a_lower_limit_is_kept_from_the_next_scan_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by one that has nothing new to keep."""
    PartsCache("one").keep("a", list(range(1_000)))
    assert list_kept()
    monkeypatch.setenv("DOUBT_CACHE_LIMIT", "1B")

    open_cache()

    assert not list_kept()
    assert folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_folder_that_others_may_enter_is_closed_to_them(folder: Path) -> None:
    """It may have been made by hand."""
    (folder / "parts").mkdir(parents=True)
    (folder / "parts").chmod(0o777)

    PartsCache("one").keep("a", 1)

    assert (folder / "parts").stat().st_mode & 0o777 == 0o700
