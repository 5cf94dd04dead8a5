"""An audit -> its directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.disk.folder import write_whole
from doubtcli.store.document import render_json
from doubtcli.store.doubts import doubts_table, write_parquet
from doubtcli.store.folder import DOCUMENT, DOUBTS, QUEUE, REPORT, check_folder, told
from doubtcli.store.queue import write_queue

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Audit, Table


def write_audit(
    audit: Audit,
    table: Table,
    folder: Path,
    *,
    report_html: str,
    force: bool = False,
    queue_size: int | None = None,
) -> None:
    """Write the four files of an audit into the folder, all of them or none.

    Args:
        audit: What to write.
        table: The file that was judged; the queue carries its columns.
        folder: Made if it is missing, its parents too.
        report_html: The page.
        force: Whether to replace what `check_folder` would not.
        queue_size: The most rows to put into the queue; None: all that are doubted.

    Raises:
        OutputError: Something is in the way, or the system won't let us write; the folder is as it was.
    """
    check_folder(folder, audit.source.path, force=force)
    files = {
        DOUBTS: write_parquet(doubts_table(audit)),
        QUEUE: write_queue(audit, table, queue_size),
        REPORT: report_html.encode(errors="backslashreplace"),
        DOCUMENT: render_json(audit).encode(),
    }
    with told(folder):
        write_whole(folder, files)
