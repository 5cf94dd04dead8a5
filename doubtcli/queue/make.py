"""An audit and its data -> the queue of rows for people to check."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.files.values import TEXT
from doubtcli.queue.pool import build_pool, list_conflicting_ids, list_file_rows, number_inputs
from doubtcli.queue.strategies import RANDOM, SPOT_CHECK, choose_rows, estimate_minutes, mark_drawn_picks
from doubtcli.rank.combine import count_equal_rows, list_entries, mark_drawn_rows
from doubtcli.rank.figures import find_speaking_reasons, list_queued_rows
from doubtcli.read.roles.assign import list_roles
from doubtcli.records import CONTRADICTED, TIERS, Role, SpotCheckPlace
from doubtcli.records.audit import find_queue_heads
from doubtcli.records.queue import (
    EQUAL_ROWS_COLUMN,
    REASONS_SEPARATOR,
    ROW_HASH_COLUMN,
    SCORE_DECIMALS,
    TIER_COLUMN,
    Queue,
    QueueRow,
    ShownColumns,
    ShownRow,
    show_inclusion,
)
from doubtcli.records.texts import Texts
from doubtcli.tools.plain import write_cells_csv
from doubtcli.tools.values import MISSING, is_readable, to_csv_texts, to_readable_texts
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.queue.pool import Pool
    from doubtcli.queue.strategies import Pick, QueueChoice
    from doubtcli.records import AuditDocument, Codes, DoubtTable, Roles, ScanResult, Skill, Table


def make_queue(
    document: AuditDocument,
    doubts: DoubtTable,
    data: pa.Table,
    choice: QueueChoice,
    waived: Collection[int] = (),
) -> Queue:
    """The rows for people to check, in order, each with its doubt and what else is known of it.

    Args:
        document: `audit.json`.
        doubts: `doubts.parquet`.
        data: The file that was judged.
        choice: Which rows are wanted.
        waived: The places in the file, from 1, of rows whose label a person has found to be right.

    Raises:
        InputError: No row is left to check.
        SettingsError: Rows are to be drawn at random and no size is given.
    """
    parts = find_shown_columns(data, document.roles)
    characters = count_characters(data, parts)[list_file_rows(doubts)]
    pool = build_pool(doubts, number_inputs(doubts, data, document.roles), characters, waived)
    choice = _follow_scan(choice, document)
    picks = choose_rows(pool, choice, document.seed)
    if not picks:
        raise _explain_nothing_left(pool, doubts)
    rows = data.take(list_file_rows(pool.doubts)[[pick.row for pick in picks]])
    return Queue(
        rows=tuple(_make_rows(pool, picks, rows, parts)),
        own=rows,
        class_names=tuple(one.name for one in document.classes),
        parts=parts,
        made_by=f"{document.tool_name} {document.tool_version}",
        assessable=document.skill.assessable,
        notes=_note_choice(document.skill, pool, picks, choice),
    )


def _follow_scan(choice: QueueChoice, document: AuditDocument) -> QueueChoice:
    """The choice with the settings that the scan had for its own queue."""
    asked = document.settings
    return replace(
        choice,
        scan_length=document.counts.n_queued,
        scan_sample=asked.get("audit_sample"),
        scan_size=asked.get("queue_size"),
        audit=document.audit_key,
    )


def _make_rows(pool: Pool, picks: Sequence[Pick], rows: pa.Table, parts: ShownColumns) -> list[QueueRow]:
    numbers = [pick.row for pick in picks]
    doubts = pool.doubts.take(np.array(numbers)).to_rows()
    minutes = estimate_minutes(pool.n_characters[numbers], pool.suggestion[numbers]).tolist()
    conflicts = list_conflicting_ids(pool, numbers)
    is_drawn = mark_drawn_picks(pool, picks)
    equal = count_equal_rows(pool.entries, np.array(numbers, dtype=np.intp), is_drawn).tolist()
    ids = pool.doubts.row_id.combine_chunks()
    return [
        QueueRow(
            doubt_id=row.row_id,
            given_label=row.given_label,
            suggested_label=row.suggested_label,
            doubt=row.doubt,
            reasons=row.reasons,
            why=row.why,
            tier=row.tier,
            strategy=pick.strategy,
            shown=shown,
            minutes=takes,
            stratum=None if pick.stratum is None else str(pick.stratum),
            inclusion=pick.inclusion,
            equal_rows=n_equal,
            conflicts=tuple(ids.take(pa.array(others, pa.int64())).to_pylist()),
            row_hash=row.row_hash,
        )
        for row, pick, shown, takes, n_equal, others in zip(
            doubts, picks, show_rows(rows, parts), minutes, equal, conflicts, strict=True
        )
    ]


def _explain_nothing_left(pool: Pool, doubts: DoubtTable) -> InputError:
    if not pool.n_rows:
        return InputError(
            "no row is left to check: each has a verdict or no label"
            if doubts.n_rows
            else "there is no row to check",
            expected="labelled rows without a verdict",
            hint="if people have decided them all, write the verdicts back: `doubt apply`"
            if doubts.n_rows
            else None,
        )
    if not pool.waived.any():
        return InputError(
            "no row is doubted or contradicted, so the queue is empty",
            hint="to check the rows with the highest doubt anyway, give a size: --size 20; to measure the "
            f"noise rate, --strategy {RANDOM} --size 30",
        )
    return InputError(
        "all rows that could be queued are waived, so there is nothing to relabel",
        hint="to queue them again, remove their waivers; or measure the noise rate with "
        f"--strategy {RANDOM} --size 200",
    )


def _note_choice(skill: Skill, pool: Pool, picks: Sequence[Pick], choice: QueueChoice) -> tuple[str, ...]:
    notes, size = [], choice.size
    if n_waived := _count_left_out(pool, picks, choice):
        rows = "row is" if n_waived == 1 else "rows are"
        notes.append(f"{n_waived:,} {rows} left out because of a waiver")
    if choice.shares.keys() == {SPOT_CHECK}:
        notes.append(_note_spot_check(picks))
    if size is not None and len(picks) < size:
        notes.append(f"{size:,} rows were asked for, and there are only {len(picks):,}")
    tiers = Counter(TIERS[pool.tiers[pick.row]] for pick in picks if pick.strategy != RANDOM)
    for tier, what in (
        (CONTRADICTED, "contradicted, not doubted"),
        (None, "neither doubted nor contradicted"),
    ):
        if n_others := tiers[tier]:
            notes.append(f"{n_others:,} of these rows {'is' if n_others == 1 else 'are'} {what}")
    if not skill.assessable:
        why = skill.why.rstrip(".")
        notes.append(f"doubt only ranks these rows and is not a probability: {why}")
    return tuple(notes)


def _note_spot_check(picks: Sequence[Pick]) -> str:
    """Which rows of a spot check were drawn, and what they are for."""
    n_drawn = sum(
        isinstance(pick.stratum, SpotCheckPlace) and pick.stratum.draw is not None for pick in picks
    )
    return (
        f"the first {format_count(n_drawn, 'row')} were drawn at random from all {len(picks):,}: decide each "
        "of them, also the hard ones, and don't lean on the suggestion; the other rows may stay empty"
    )


def _count_left_out(pool: Pool, picks: Sequence[Pick], choice: QueueChoice) -> int:
    """How many rows could be in the queue if they were not waived."""
    if choice.shares.keys() == {RANDOM}:
        return 0
    heads = find_queue_heads(pool.entries, pool.tiers, choice.scan_length)
    own = np.isin(pool.entries, pool.entries[heads])
    could = pool.waived if choice.size is not None and SPOT_CHECK not in choice.shares else pool.waived & own
    drawn = [pick.row for pick in picks if pick.strategy == RANDOM]
    chosen = [pick.row for pick in picks if pick.strategy != RANDOM]
    could = could & ~np.isin(pool.entries, pool.entries[chosen])  # these are equal to a row of the queue
    return int(could.sum()) - int(could[drawn].sum())


# ------------------------------------------------------------- the queue of a scan

_ROWS_AT_ONCE = 2**16


def write_scan_queue(audit: ScanResult, table: Table, size: int | None = None) -> bytes:
    """The bytes of the `queue.csv` that a scan writes: the audit sample as drawn, then the most doubted rows.

    Args:
        audit: What a scan found.
        table: The file that it judged; the queue has its columns.
        size: How many rows it has at most; None: one for each doubted entry, and the sample.
    """
    rows = list_queued_rows(audit, size)
    sink = BytesIO()
    for start in range(0, max(len(rows), 1), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        own = table.data.take(pa.array(audit.examples.positions[some]))
        sink.write(write_cells_csv(_list_scan_columns(audit, some), own, has_header=start == 0))
    return sink.getvalue()


def _list_scan_columns(audit: ScanResult, rows: Codes) -> dict[str, Sequence[str | None]]:
    """The texts of our columns, as `QueueRow.cells` has them; a queue may have a million rows."""
    examples, ranking = audit.examples, audit.ranking
    equal = count_equal_rows(list_entries(ranking), rows, mark_drawn_rows(ranking, audit.sample))
    columns: dict[str, Sequence[str | None]] = {
        "doubt_id": Texts.of(examples.row_ids).take(rows),
        "given_label": _take(examples.class_names, examples.given_labels[rows]),
        "doubt_suggested": _take(audit.label_names, ranking.suggested_labels[rows]),
        "doubt_score": Texts.of([f"{doubt:.{SCORE_DECIMALS}f}" for doubt in ranking.doubt[rows].tolist()]),
        "doubt_reasons": _join_speaking_reasons(audit, rows),
        "doubt_why": Texts.of(audit.why).take(rows),
        EQUAL_ROWS_COLUMN: pa.array(equal).cast(TEXT),
        TIER_COLUMN: _take(TIERS, ranking.tiers[rows]),
        "verdict": pa.nulls(len(rows), TEXT),
    }
    if audit.sample is not None:
        draws = zip(map(str, audit.sample.strata), audit.sample.inclusion.tolist(), strict=True)
        drawn = dict(zip(audit.sample.rows.tolist(), draws, strict=True))
        found = [drawn.get(row, (None, None)) for row in rows.tolist()]
        columns["doubt_stratum"] = [stratum for stratum, _ in found]
        columns["doubt_inclusion"] = [show_inclusion(inclusion) for _, inclusion in found]
    hashes, positions = examples.row_hashes, examples.positions[rows]
    columns[ROW_HASH_COLUMN] = Texts.of(hashes).take(positions) if hashes else pa.nulls(len(rows), TEXT)
    return columns


def _take(texts: Sequence[str | None], places: Codes) -> pa.Array:
    """Some of a few texts, of which many rows have the same."""
    return pa.array(texts, TEXT).take(pa.array(places))


def _join_speaking_reasons(audit: ScanResult, rows: Codes) -> pa.Array:
    """The names of the reasons that raise doubt about each row, as `join_reasons` has them."""
    found = find_speaking_reasons(audit, rows)
    names = _take(found.names, found.places)
    lists = pa.ListArray.from_arrays(pa.array(np.append(0, found.ends), pa.int32()), names)
    return pc.binary_join(lists, pa.scalar(REASONS_SEPARATOR, TEXT))


_MOST_LOOKED_AT = 10_000
"""Cells of a column, to see whether most name pictures."""
IMAGE_ENDING = r"(?i)\.(png|jpe?g|webp|gif)(\?\S*)?\s*$"
"""The end of an image's path or address, with a query string or without."""
_PICTURE_ENDING = rf"{IMAGE_ENDING}|(?i)\.bmp\s*$"


def find_shown_columns(data: pa.Table, roles: Roles) -> ShownColumns:
    """Which columns a person is shown.

    Args:
        data: The file.
        roles: Of its columns.
    """
    readable = [
        column
        for column in roles.columns
        if column.name in data.column_names
        and column.role != Role.LABEL
        and is_readable(data.schema.field(column.name).type)
    ]
    images = tuple(column.name for column in readable if _holds_images(data.column(column.name)))
    rest = [column for column in readable if column.name not in images]
    shown = {role.name: role.shown for role in list_roles()}
    text = tuple(column.name for column in rest if column.used and shown.get(column.role) == "text")
    card = tuple(column.name for column in rest if column.used and shown.get(column.role) == "value")
    if not (images or text or card):
        card = tuple(column.name for column in rest)
    return ShownColumns(text, card, images)


def find_picture_columns(data: pa.Table, roles: Roles) -> tuple[str, ...]:
    """Which columns name pictures in at least half of their cells, those without a text not counted.

    What a tool is given as an image must be one in each row, as `find_shown_columns` has it. Where each cell
    is looked at by itself, a few others do no harm.

    Args:
        data: The file.
        roles: Of its columns.
    """
    names = (one.name for one in roles.columns if one.name in data.column_names and one.role != Role.LABEL)
    return tuple(name for name in names if _names_pictures(data.column(name)))


def show_rows(rows: pa.Table, parts: ShownColumns) -> list[ShownRow]:
    """What a person is shown of each of some rows."""
    texts = {name: to_readable_texts(rows.column(name)) for name in (*parts.text, *parts.card, *parts.images)}
    return [
        ShownRow(
            text=_join_texts({name: texts[name][row] for name in parts.text}) if parts.text else None,
            card=_make_card_text({name: texts[name][row] for name in parts.card}) if parts.has_card else None,
            images=tuple(texts[name][row] or "" for name in parts.images),
        )
        for row in range(rows.num_rows)
    ]


def count_characters(data: pa.Table, parts: ShownColumns) -> Codes:
    """About how many characters a person has to read in each row: shape `(n_rows,)`."""
    total = np.full(data.num_rows, sum(len(name) for name in parts.card), dtype=np.intp)
    for name in (*parts.text, *parts.card):
        lengths = pc.fill_null(pc.utf8_length(to_csv_texts(data.column(name))), 0)
        total += lengths.to_numpy().astype(np.intp)
    return total


def _holds_images(column: pa.ChunkedArray) -> bool:
    """Whether all values of a column end like the path of an image."""
    if not _is_text(column):
        return False
    values = column.drop_null()
    first = values.slice(0, 1)  # rules most columns out
    return len(first) > 0 and all(
        pc.all(pc.match_substring_regex(some, IMAGE_ENDING)).as_py() for some in (first, values)
    )


def _names_pictures(column: pa.ChunkedArray) -> bool:
    """Whether at least half of some texts, evenly spread over a column, end like the path of an image."""
    if not _is_text(column):
        return False
    n_skipped = -(-len(column) // _MOST_LOOKED_AT) or 1
    some = column.take(pa.array(range(0, len(column), n_skipped), pa.int64())).drop_null()
    texts = some.filter(pc.match_substring_regex(some, r"\S"))
    n_paths = pc.sum(pc.match_substring_regex(texts, _PICTURE_ENDING)).as_py() or 0
    return 0 < len(texts) <= 2 * n_paths


def _is_text(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _join_texts(texts: Mapping[str, str | None]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values())) or ""
    return "\n\n".join(f"{_fold_lines(name)}: {text}" for name, text in texts.items() if text)


def _make_card_text(texts: Mapping[str, str | None]) -> str:
    lines = (f"{_fold_lines(name)}: {_fold_lines(text or '') or MISSING}" for name, text in texts.items())
    return "\n".join(lines)


def _fold_lines(text: str) -> str:
    return " ".join(text.split())
