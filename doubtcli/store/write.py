"""An audit -> its directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.disk.folder import replace_folder
from doubtcli.store.describe import describe_audit, tabulate_doubts
from doubtcli.store.document import render_document
from doubtcli.store.folder import DOCUMENT, DOUBTS, QUEUE, REPORT, check_folder

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Audit, DoubtTable


ROW_GROUP_ROWS = 2**16
"""Fixed, so that the same table gives the same bytes; pyarrow's own default has changed between releases."""


def write_audit(
    audit: Audit,
    folder: Path,
    *,
    queue_csv: bytes,
    report_html: str,
    force: bool = False,
) -> None:
    """Write the four files of an audit into the folder, all of them or none.

    Args:
        audit: What to write.
        folder: Made if it is missing, its parents too.
        queue_csv: The rows to relabel.
        report_html: The page.
        force: Whether to replace what `check_folder` would not.

    Raises:
        OutputError: Something is in the way, or the system won't let us write; the folder is as it was.
    """
    check_folder(folder, audit.source.path, force=force)
    files = {
        DOUBTS: write_parquet(tabulate_doubts(audit)),
        QUEUE: queue_csv,
        REPORT: report_html.encode(errors="backslashreplace"),
        DOCUMENT: render_document(describe_audit(audit)).encode(),
    }
    replace_folder(folder, files)


def write_parquet(doubts: DoubtTable) -> bytes:
    """The bytes of a Parquet file: the same ones for the same table."""
    sink = pa.BufferOutputStream()
    pq.write_table(doubts.data, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
