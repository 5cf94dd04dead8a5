"""`doubtcli.scan` and `doubtcli.open_audit`: data, or an audit's folder -> an Audit.

They run the pipelines of the command line, with equal results on the same rows, and print nothing. In a
terminal or a notebook a bar shows how far a scan is.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.api.audit import Audit
from doubtcli.api.keywords import ScanOptions, find_config, is_path, take_from_memory, with_keywords_in_errors
from doubtcli.cli.console import choose_progress
from doubtcli.errors import InputError
from doubtcli.files.frame import read_frame
from doubtcli.pipelines.scan import make_audit
from doubtcli.queue.make import write_scan_queue
from doubtcli.records import InMemory
from doubtcli.report.notebook import NotebookBars, is_notebook
from doubtcli.report.page import render_html
from doubtcli.settings import load_settings
from doubtcli.store.describe import describe_audit, tabulate_doubts
from doubtcli.store.folder import QUEUE, REPORT, read_audit
from doubtcli.store.open import FoundAudit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.api.keywords import Array, Data, Names
    from doubtcli.files.frame import Frame
    from doubtcli.progress import Progress
    from doubtcli.records import AuditDocument


@with_keywords_in_errors
def scan(  # the flags of the command, so that an editor lists them
    data: Data,
    *,
    label: str | None = None,
    no_label: Names | None = None,
    text: Names | None = None,
    numeric: Names | None = None,
    categorical: Names | None = None,
    datetime: Names | None = None,
    id: str | None = None,  # noqa: A002  # as the flag is called
    annotators: Names | None = None,
    embedding: Names | None = None,
    embeddings: Array = None,
    embed: str | os.PathLike[str] | None = None,
    pred_probs: Array = None,
    verdicts: Data = None,
    group: str | None = None,
    pair: Names | Sequence[Sequence[str]] | None = None,
    ignore: Names | None = None,
    use: Names | None = None,
    input_format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    quoting: str | None = None,
    no_header: bool | None = None,
    sheet: str | None = None,
    reasons: Names | None = None,
    skip: Names | None = None,
    reason_settings: Mapping[str, Mapping[str, Any]] | None = None,
    rules: Sequence[Mapping[str, str]] | None = None,
    seed: int | None = None,
    folds: int | None = None,
    repeats: int | None = None,
    fast: bool | None = None,
    threads: int | None = None,
    memory: str | None = None,
    queue_size: int | None = None,
    audit_sample: int | None = None,
    stop_below: float | str | None = None,
    config: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Audit:
    """Judge the labels of a table or a file, as `doubt scan` does; nothing is written.

    The keywords are the command's flags, and mean the same: `doubt scan --help` explains each. Columns that
    are not named are recognised by their names and values.

    Args:
        data: A pandas or polars DataFrame, a pyarrow Table, or the path of a file. A table is never changed.
        label: The column of labels. Recognised if left out.
        no_label: Values of that column that mean that there is no label: -1, "unlabeled".
        text: Columns of written text; so for `numeric`, `categorical`, `datetime` and `embedding`.
        numeric: Columns of measures.
        categorical: Columns of kinds, such as a country.
        datetime: Columns of dates or times.
        id: The column that names each row; also a level of a pandas index.
        annotators: Columns of one annotator's answers each; patterns such as "rater_*" work.
        embedding: Columns of vectors.
        embeddings: A vector for each row: an array of shape `(n_rows, n_dimensions)`, a table or a file.
        embed: The embedding model by which texts are also compared: "wordllama", which `doubtcli[embed]`
            installs, the path of a folder with a model, or "none". wordllama if it is installed.
        pred_probs: Your own out-of-sample probabilities, used in place of our models': an array of shape
            `(n_rows, n_classes)` with the classes sorted by name, a table with a column a class, or a file.
        verdicts: Rows that people have decided: a filled-in queue, or the export of an annotation tool.
        group: A column; rows of the same value are judged by models that saw none of them.
        pair: Two columns that are compared: ("left", "right"); a list of such pairs for records of several
            columns; "none" for no pair. Recognised if left out.
        ignore: Columns to leave out.
        use: Columns to use although they look like a leak or an id.
        input_format: How a file is stored.
        encoding: A text file's encoding.
        delimiter: What separates a file's fields.
        quoting: What may enclose a file's fields: "minimal", "none", "spaced", "backslash" or "single".
        no_header: Whether the first row of a CSV, TSV or Excel file is data.
        sheet: The sheet to read, of a spreadsheet with several.
        reasons: Use only these reasons.
        skip: Leave out these reasons.
        reason_settings: Settings of reasons, by the reason's name.
        rules: Rules of your own: [{"name": "links", "when": 'contains(text, "http")', "label": "spam"}].
        seed: The seed of all random numbers; 0 if left out.
        folds: How many parts the rows are split into; 5 if left out.
        repeats: How often they are split; if left out 2, and 1 with more than 10,000 rows or 300 classes.
        fast: The cheapest models, split once, for a first look.
        threads: Processor threads; they change the time, never the result.
        memory: The memory to stay within, such as "2GB"; half of what is free if left out. Where a scan would
            need more, it leaves out models and neighbours, and a note says so.
        queue_size: Rows in the queue; all that are doubted if left out.
        audit_sample: Rows drawn at random and put first in the queue, to measure the noise rate.
        stop_below: The queue ends where the share of wrong labels would fall below this: 0.2, or "20%";
            doubted rows stay.
        config: A settings file to read; without it none is read, not even one in the working directory.
        progress: Whether to show a bar, in a terminal or a notebook.

    Raises:
        DoubtError: The table or file can't be used, a setting is not valid, or a reason failed; see
            `doubtcli.errors`.

    Example:
        >>> import doubtcli
        >>> audit = doubtcli.scan("fixtures/tickets.csv", id="ticket_id", fast=True, progress=False)
        >>> len(audit.doubts)
        612
    """
    given = dict(locals())
    options = {name: given[name] for name in ScanOptions.__annotations__}
    return _scan(data, options, None if config is None else os.fspath(config), shows_progress=progress)


@with_keywords_in_errors
def open_audit(folder: str | os.PathLike[str], data: Data = None) -> Audit:
    """Open an audit that `doubt scan` or `Audit.save` wrote.

    Args:
        folder: The audit's folder.
        data: The table that was judged, where it was one in memory: `gate`, `apply` and `compare` need it.

    Raises:
        InputError: There is no audit, it is damaged, or `data` is not the table that was judged.
    """
    stored = read_audit(Path(folder))
    frame = None if data is None else _read_judged_frame(data, stored.document, os.fspath(folder))
    found = FoundAudit(
        stored.document,
        stored.doubts,
        stored.document.source.path,
        stored.folder,
        f"the audit {os.fspath(folder)}",
        given=InMemory(table=None if frame is None else frame.table),
    )
    queue_csv = (stored.folder / QUEUE).read_bytes()
    return Audit(found, frame, queue_csv, partial((stored.folder / REPORT).read_text, encoding="utf-8"))


def _scan(
    data: Data, options: dict[str, Any], config: str | os.PathLike[str] | None, *, shows_progress: bool
) -> Audit:

    frame = None if is_path(data) else read_frame(data, index_as=options["id"])
    path = os.path.expanduser(os.fspath(data)) if frame is None else frame.table.source.path  # noqa: PTH111
    flags, given = take_from_memory(options, frame)
    settings = load_settings({**flags, "path": path}, start=Path.cwd(), **find_config(config))
    progress: Progress = choose_progress(wanted=shows_progress)
    if shows_progress and is_notebook():
        progress = NotebookBars()
    result, table = make_audit(settings, progress=progress, given=given)
    found = FoundAudit(
        describe_audit(result), tabulate_doubts(result), path, None, "the audit of this session", given=given
    )
    queue_csv = write_scan_queue(result, table, settings.queue_size)
    return Audit(found, frame, queue_csv, partial(render_html, result))


def _read_judged_frame(data: Data, document: AuditDocument, folder: str) -> Frame:
    """The table that an audit judged, and no other."""
    if is_path(data):
        raise InputError(
            "a path is given, where the table itself is needed",
            where="data",
            expected="the DataFrame or Arrow table that was scanned",
        )
    frame = read_frame(data, index_as=document.settings.get("id"))
    if frame.table.source.sha256 != document.source.sha256:
        raise InputError(
            "this is not the table that was scanned: its content differs",
            where=folder,
            expected=f"the table as it was when it was scanned ({document.counts.n_rows:,} rows)",
            hint="scan the table as it is now",
        )
    return frame
