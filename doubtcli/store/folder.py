"""The audit directory: where it is, what is in it, what may be replaced; how it is written and read."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from doubtcli.disk.file import UNFINISHED, make_hints, os_errors_as_output_error
from doubtcli.disk.folder import COMPLETE, FOLDER_HINTS, check_folder_writable, recover_folder, replace_folder
from doubtcli.disk.lock import lock_folders_of
from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import PACKED_ENDINGS, load_formats
from doubtcli.records import DoubtTable
from doubtcli.records.stored import TOOL
from doubtcli.store.describe import DOUBT_COLUMNS, LATER_COLUMNS, describe_audit, tabulate_by_blocks
from doubtcli.store.document import SCAN_AGAIN, parse_document, render_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from doubtcli.records import AuditDocument, ScanResult

DOCUMENT = "audit.json"
DOUBTS = "doubts.parquet"
QUEUE = "queue.csv"
REPORT = "report.html"
AUDIT_FILES = (DOUBTS, QUEUE, REPORT, DOCUMENT)
"""The only files that we write, replace or remove in an audit directory; the document is written last."""

SUFFIX = ".doubt"

RECOVER_HINTS = make_hints(
    other="let doubt write to it: the last step of a run that was killed has to be finished"
)

RECURRING = ("given_label", "suggested_label", "reasons.list.element", "why", "verdict", "tier")
"""The columns of doubts.parquet in which values recur."""
COUNTED_UP = ("rank", "entry")
"""Its columns with numbers that count up."""
ROW_GROUP_ROWS = 2**16
"""Fixed, so that the same table gives the same bytes: pyarrow's default has changed between releases."""


def default_folder(source_path: str) -> Path:
    """The default folder for the audit of a file: beside it, `data.csv.gz` -> `data.doubt`."""
    if source_path == "-":
        return Path(f"stdin{SUFFIX}")
    path = Path(source_path)
    if path.name in ("", ".."):
        path = path.resolve()
    formats = {ending for one in load_formats().values() for ending in one.endings}
    for endings in (PACKED_ENDINGS.values(), {".txt", *formats}):  # these give the file's format
        if path.suffix.lower() in endings:
            path = path.with_suffix("")
    return path.with_name(path.name + SUFFIX)


def is_audit(path: str) -> bool:
    """Whether a path is the directory of an audit."""
    return (Path(path) / DOCUMENT).is_file()


def check_folder(folder: Path, source_path: str, *, force: bool = False, verdicts: str | None = None) -> None:
    """Refuse a folder that must not or can't be written to; fast enough to call before a long scan.

    Accepted are: no folder, an empty one, an audit of the same file whose queue has no verdicts.
    With `force`, any folder: our four files in it are replaced, all others stay. A file is never replaced,
    nor is the queue that `verdicts` are read from.

    Raises:
        OutputError: Something is in the way.
    """
    where = str(folder)
    with os_errors_as_output_error(folder, FOLDER_HINTS):
        if folder.exists() and not folder.is_dir():
            raise OutputError("a file is in the way", where=where, hint="name another folder with --output")
        if verdicts is not None and Path(verdicts).resolve() == (folder / QUEUE).resolve():
            raise OutputError(
                f"its {QUEUE} is the file given with --verdicts, and would be replaced",
                where=where,
                hint="move it and name its new path with --verdicts, or name another folder with --output",
            )
        check_folder_writable(folder)
        _refuse_special_files(folder)
        if force or not folder.exists() or {path.name for path in folder.iterdir()} <= {UNFINISHED}:
            return
        judged = _judged_path(folder)
    _refuse_unless_ours(judged, folder, source_path)
    if _has_verdicts(folder / QUEUE):
        raise OutputError(
            f"its {QUEUE} has verdicts or was edited, and would be replaced",
            where=where,
            hint="move it, or replace it with --force",
        )


def recover_audit(folder: Path) -> None:
    """Finish the work of a run that was killed in its last step."""
    if (folder / COMPLETE).exists():
        with os_errors_as_output_error(folder, RECOVER_HINTS):
            recover_folder(folder, AUDIT_FILES)


def _refuse_special_files(folder: Path) -> None:
    """Refuse a folder in which one of our names is no regular file: reading from a pipe would never end."""
    for path in (folder / name for name in AUDIT_FILES):
        if path.exists() and not path.is_file():
            raise OutputError(
                "is not a regular file",
                where=str(path),
                hint="remove it, or name another folder with --output",
            )


def _refuse_unless_ours(judged: str | None, folder: Path, source_path: str) -> None:
    hint = "name another folder with --output, or write into it anyway with --force"
    if judged is None:
        raise OutputError("is not empty, and not an audit", where=str(folder), hint=hint)
    if not _is_same_input(judged, source_path, folder):
        raise OutputError(f"is the audit of another file, {judged!r}", where=str(folder), hint=hint)


def _is_same_input(judged: str, source_path: str, folder: Path) -> bool:
    """Whether two paths are the same file, even if written in different working directories."""
    if Path(judged).resolve() == Path(source_path).resolve():
        return True
    at_its_default = folder.resolve() == default_folder(source_path).resolve()
    return at_its_default and Path(judged).name == Path(source_path).name


def _judged_path(folder: Path) -> str | None:
    """The path of the file that the audit in a folder is of; None if there is no audit of ours."""
    recover_audit(folder)
    try:
        document = json.loads((folder / DOCUMENT).read_bytes())
        path = document["input"]["path"]
        return path if document["tool"]["name"] == TOOL and isinstance(path, str) else None
    except (FileNotFoundError, ValueError, TypeError, LookupError):
        return None


def _has_verdicts(queue: Path) -> bool:
    """Whether a person has worked on a queue: it has a verdict, or can't be read as we wrote it."""
    if not queue.exists():
        return False
    try:
        table = csv.read_csv(
            queue,
            csv.ReadOptions(block_size=max(queue.stat().st_size, 1)),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(include_columns=["verdict"], column_types={"verdict": pa.string()}),
        )
    except (pa.ArrowInvalid, KeyError):
        return True
    return any(verdict.strip() for verdict in table["verdict"].to_pylist() if verdict)


# ------------------------------------------------------------------------- write


def write_audit(
    audit: ScanResult,
    folder: Path,
    *,
    queue_csv: bytes,
    report_html: str,
    force: bool = False,
) -> Mapping[str, bytes]:
    """Write the four files of an audit into the folder, all of them or none.

    Args:
        audit: What to write.
        folder: Made if it is missing, its parents too.
        queue_csv: The rows to relabel.
        report_html: The page.
        force: Whether to write into a folder that `check_folder` would refuse.

    Returns:
        The content of each file, by name.

    Raises:
        OutputError: Something is in the way, or the folder can't be written; it is unchanged.
    """
    blocks = tabulate_by_blocks(audit, ROW_GROUP_ROWS)  # as a whole the table would be larger than the audit
    first = next(blocks)
    doubts = _write_row_groups(first.schema, chain([first], blocks))
    return _write_files(
        describe_audit(audit), doubts, folder, queue_csv=queue_csv, report_html=report_html, force=force
    )


def write_described_audit(
    document: AuditDocument,
    doubts: DoubtTable,
    folder: Path,
    *,
    queue_csv: bytes,
    report_html: str,
    force: bool = False,
) -> Mapping[str, bytes]:
    """The same as `write_audit`, with the document and the table already made."""
    table = write_parquet(doubts)
    return _write_files(document, table, folder, queue_csv=queue_csv, report_html=report_html, force=force)


def _write_files(
    document: AuditDocument,
    table: bytes,
    folder: Path,
    *,
    queue_csv: bytes,
    report_html: str,
    force: bool,
) -> Mapping[str, bytes]:
    files = {
        DOUBTS: table,
        QUEUE: queue_csv,
        REPORT: report_html.encode(errors="backslashreplace"),
        DOCUMENT: render_document(add_hash(document, table)).encode(),
    }
    side_files = (one.path for one in document.side_files.values())
    write_audit_files(files, folder, document.source.path, side_files, force=force)
    return files


def write_audit_files(
    files: Mapping[str, bytes],
    folder: Path,
    source_path: str,
    side_files: Iterable[str],
    *,
    force: bool = False,
) -> None:
    """The same as `write_audit`, with the content of the four files already made.

    Args:
        files: By name.
        folder: Made if it is missing, its parents too.
        source_path: The file that the audit is of.
        side_files: The paths of the files that were read besides.
        force: Whether to write into a folder that `check_folder` would refuse.

    Raises:
        OutputError: Something is in the way, or the folder can't be written; it is unchanged.
    """
    check_folder(folder, source_path, force=force)
    replace_folder(folder, files, made_from=(source_path, *side_files))


def add_hash(document: AuditDocument, doubts: bytes) -> AuditDocument:
    """The document with the hash of `doubts.parquet`: a changed table is noticed when they are read."""
    return replace(document, doubts_sha256=sha256(doubts).hexdigest())


def write_parquet(doubts: DoubtTable) -> bytes:
    """The bytes of a Parquet file: the same ones for the same table.

    Each column is encoded as suits what it holds, in two thirds of the space and less than half of the time
    that it takes to look for values that recur in all columns.
    """
    n_rows, step = doubts.data.num_rows, ROW_GROUP_ROWS
    groups = (doubts.data.slice(start, step) for start in range(0, n_rows, step))
    return _write_row_groups(doubts.data.schema, groups)


def _write_row_groups(schema: pa.Schema, groups: Iterable[pa.Table]) -> bytes:
    sink = BytesIO()  # gives its bytes without a copy
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        use_dictionary=[*RECURRING],
        column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT")
        | dict.fromkeys(COUNTED_UP, "DELTA_BINARY_PACKED"),
    ) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue()


# -------------------------------------------------------------------------- read


@dataclass(frozen=True)
class StoredAudit:
    """An audit that was read from its folder."""

    folder: Path
    document: AuditDocument
    """`audit.json`."""
    doubts: DoubtTable
    """`doubts.parquet`."""


def read_audit(folder: Path) -> StoredAudit:
    """The audit in a folder, as `write_audit` wrote it.

    Raises:
        InputError: There is none, it is damaged, or was written by a newer version.
    """
    with lock_folders_of(folder):
        recover_audit(folder)
        document = _read_document(folder / DOCUMENT)
        return StoredAudit(folder, document, _read_doubts(folder / DOUBTS, document))


def _read_document(path: Path) -> AuditDocument:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"can't be read: {error.strerror}", where=str(path), hint="make an audit with `doubt scan`"
        ) from error
    return parse_document(content, str(path))


def _read_doubts(path: Path, document: AuditDocument) -> DoubtTable:
    if not path.is_file():
        raise InputError("is missing", where=str(path), expected=f"a file beside {DOCUMENT}", hint=SCAN_AGAIN)
    try:
        content = path.read_bytes()
        _check_hash(content, document.doubts_sha256, str(path))
        with pq.ParquetFile(pa.BufferReader(content)) as file:  # `pq.read_table` would load pandas
            doubts = file.read()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"can't be read: {error}", where=str(path), hint=SCAN_AGAIN) from error
    missing = [name for name in DOUBT_COLUMNS if name not in doubts.column_names]
    if lost := [name for name in missing if name not in LATER_COLUMNS]:
        raise InputError("a column is missing", where=str(path), column=lost[0], hint=SCAN_AGAIN)
    if doubts.num_rows != document.counts.n_rows:
        expected = f"{document.counts.n_rows} rows, as in {DOCUMENT}"
        raise InputError(f"has {doubts.num_rows} rows", where=str(path), expected=expected, hint=SCAN_AGAIN)
    for name in missing:
        doubts = doubts.append_column(name, pa.nulls(doubts.num_rows, DOUBT_COLUMNS[name]))
    if flawed := _find_flawed_column(doubts):
        raise InputError(
            "is damaged: the column has values that no scan writes",
            where=str(path),
            column=flawed,
            hint=SCAN_AGAIN,
        )
    return DoubtTable(doubts)


def _check_hash(content: bytes, wanted: str, where: str) -> None:
    """Refuse a table that is not the one that was written; audits of earlier versions have no hash."""
    if wanted and sha256(content).hexdigest() != wanted:
        raise InputError(
            f"is not as it was written: it does not have the hash that is in {DOCUMENT}",
            where=where,
            expected=f"the file that was written with {DOCUMENT}",
            hint=SCAN_AGAIN,
        )


def _find_flawed_column(doubts: pa.Table) -> str | None:
    """A column with another type than a scan writes, or values that no scan writes; None if there is none.

    Arrow's functions that take a number of Python's would load pandas.
    """
    for name, type_ in DOUBT_COLUMNS.items():
        if not _is_of_type(doubts.column(name).type, type_):
            return name
    for name in ("row_id", "row", "doubted"):
        if doubts.column(name).null_count:
            return name
    rows, doubt, n_rows = doubts.column("row"), doubts.column("doubt"), doubts.num_rows
    if pc.count_distinct(rows).as_py() != n_rows or pc.min_max(rows).as_py() != {"min": 1, "max": n_rows}:
        return "row"
    found = [value for value in pc.min_max(doubt).as_py().values() if value is not None]
    is_right = all(0 <= value <= 1 for value in found) and not pc.any(pc.is_nan(doubt)).as_py()
    return None if is_right else "doubt"


def _is_of_type(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether types are the same; the field within a list may have any name."""
    if pa.types.is_list(wanted):
        return bool(pa.types.is_list(found) and found.value_type == wanted.value_type)
    return bool(found == wanted)
