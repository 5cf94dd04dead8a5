"""An audit -> its directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.disk.folder import write_whole
from doubtcli.store.describe import describe_audit, tabulate_doubts
from doubtcli.store.document import render_document
from doubtcli.store.folder import DOCUMENT, DOUBTS, QUEUE, REPORT, check_folder, told
from doubtcli.store.queue import write_queue

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Audit, DoubtTable, Table


ROW_GROUP_ROWS = 2**16
"""Fixed, so that the same table gives the same bytes; pyarrow's own default has changed between releases."""


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
        DOUBTS: write_parquet(tabulate_doubts(audit)),
        QUEUE: write_queue(audit, table, queue_size),
        REPORT: report_html.encode(errors="backslashreplace"),
        DOCUMENT: render_document(describe_audit(audit)).encode(),
    }
    with told(folder):
        write_whole(folder, files)


def write_parquet(doubts: DoubtTable) -> bytes:
    """The bytes of a Parquet file: the same ones for the same table."""
    sink = pa.BufferOutputStream()
    pq.write_table(doubts.data, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
