from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from doubtcli.errors import OutputError
from doubtcli.store import describe_audit, render_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Writer

    from doubtcli.records import Audit

FILES = {"audit.json", "doubts.parquet", "queue.csv", "report.html"}


def held(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_four_files(write: Writer, make_audit: Callable[..., Audit]) -> None:
    """An audit is four files: the document, every row, the queue and the page."""
    write(report_html="<p>ö</p>")

    files = held(write.folder)
    assert set(files) == FILES
    assert files["audit.json"].decode() == render_document(describe_audit(make_audit()))
    assert pq.read_table(write.folder / "doubts.parquet").num_rows == 10
    assert files["queue.csv"].count(b"\n") == 4
    assert files["report.html"] == "<p>ö</p>".encode()


def test_same_bytes(write: Writer) -> None:
    """Writing the same audit twice gives the same bytes."""
    write()
    before = held(write.folder)

    write()

    assert held(write.folder) == before


def test_may_be_read(write: Writer) -> None:
    """An audit is as readable as any file that its user makes."""
    umask = os.umask(0o022)
    write()
    os.umask(umask)

    assert stat.S_IMODE(write.folder.stat().st_mode) == 0o755


def test_in_the_way(write: Writer) -> None:
    """What is in the way stays as it was, unless forced; then others stay beside the audit."""
    write.folder.mkdir()
    (write.folder / "notes.txt").write_text("mine")

    with pytest.raises(OutputError):
        write()
    assert held(write.folder) == {"notes.txt": b"mine"}

    write(force=True)
    assert set(held(write.folder)) == FILES | {"notes.txt"}


def test_too_long_a_name(write: Writer) -> None:
    """A name that the system won't have is an error that says what to do."""
    longer = type(write)(write.folder / ("x" * 300))

    with pytest.raises(OutputError) as refused:
        longer()

    assert refused.value.found == "can't be written: File name too long"
    assert refused.value.hint == "name a shorter folder with --output"
    assert not write.folder.exists()


UNPRIVILEGED = """
    import os, sys
    from pathlib import Path
    from doubtcli.disk.folder import replace_folder
    from doubtcli.errors import OutputError
    if os.geteuid() == 0:
        os.seteuid(65534)  # nobody
    folder = Path(sys.argv[1])
    try:
        replace_folder(folder, {"audit.json": b""})
    except OutputError as error:
        print(error.found, error.hint, sep="|")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_no_permission() -> None:
    """A place that one may not write to is an error that says so."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(UNPRIVILEGED), f"{place}/a/b"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert list(Path(place).iterdir()) == []
        Path(place).chmod(0o755)

    assert (
        done.stdout
        == "can't be written: Permission denied|name a folder that you may write to with --output\n"
    )
