from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.store import write_audit
from doubtcli.store.cache import cache_folder, find_cached_audit, keep_audit, remove_unused_audits
from doubtcli.store.describe import describe_audit, tabulate_doubts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.records import ScanResult

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
    """The thirty audits that were used last are kept; other folders are not touched."""
    audit = make_audit()
    keys = [f"{number:064x}"[::-1] for number in range(32)]
    for number, key in enumerate(keys):
        keep(audit, key)
        os.utime(cache_folder(key), (number, number))
    os.utime(cache_folder(keys[0]), (100, 100))
    (folder / "audits" / "other").mkdir()

    remove_unused_audits()

    gone = [number for number, key in enumerate(keys) if not cache_folder(key).exists()]
    assert gone == [1, 2]
    assert (folder / "audits" / "other").exists()
