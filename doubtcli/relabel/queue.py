"""An audit, its data and a choice of strategies -> the queue of rows that people are asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.queue_columns import shown_inclusion
from doubtcli.relabel.choose.budget import minutes
from doubtcli.relabel.choose.choose import choose
from doubtcli.relabel.choose.equal import equal_rows
from doubtcli.relabel.choose.pool import ROW_HASH, build_pool, equal_inputs, file_rows
from doubtcli.relabel.choose.shares import AUDIT
from doubtcli.relabel.shown import count_characters, find_parts, show
from doubtcli.relabel.task import Queue, Task

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.relabel.choose.choose import Choice, Pick
    from doubtcli.relabel.choose.pool import Pool
    from doubtcli.relabel.shown import Parts


def make_queue(
    summary: Mapping[str, Any],
    doubts: pa.Table,
    data: pa.Table,
    choice: Choice,
    waived: Collection[int] = (),
) -> Queue:
    """The rows that people are asked about, in order, with all that stands beside them.

    Args:
        summary: `audit.json`.
        doubts: `doubts.parquet`.
        data: The file that was judged.
        choice: Which rows are wanted.
        waived: The places in the file, from 1, of rows whose label a person has found right.

    Raises:
        InputError: No row is left to be asked about.
        SettingsError: An audit sample is wanted and no size is given.
    """
    parts = find_parts(data, summary["columns"])
    characters = count_characters(data, parts)[file_rows(doubts)]
    pool = build_pool(doubts, equal_inputs(doubts, data, summary["columns"]), characters, waived)
    picks = choose(pool, choice, summary["seed"])
    if not picks:
        raise _nothing_left(pool, doubts, choice)
    rows = data.take(pa.array(file_rows(pool.doubts)[[pick.row for pick in picks]]))
    return Queue(
        tasks=tuple(_tasks(pool, picks, rows, parts)),
        own=rows,
        class_names=tuple(item["name"] for item in summary["classes"]),
        parts=parts,
        made_by=f"{summary['tool']['name']} {summary['tool']['version']}",
        assessable=summary["skill"]["assessable"],
        notes=_notes(summary, pool, picks, choice),
    )


def _tasks(pool: Pool, picks: Sequence[Pick], rows: pa.Table, parts: Parts) -> list[Task]:
    numbers = [pick.row for pick in picks]
    told = pool.doubts.take(pa.array(numbers)).to_pylist()
    takes = minutes(pool.n_characters[numbers], pool.suggestion[numbers]).tolist()
    equal = equal_rows(pool, numbers)
    ids = pool.doubts.column("row_id").combine_chunks()
    return [
        Task(
            doubt_id=row["row_id"],
            given_label=row["given_label"],
            suggested_label=row["suggested_label"],
            doubt=row["doubt"],
            reasons=tuple(row["reasons"]),
            why=row["why"],
            strategy=pick.strategy,
            shown=shown,
            minutes=time,
            stratum=None if pick.stratum is None else str(pick.stratum),
            inclusion=None if pick.inclusion is None else shown_inclusion(pick.inclusion),
            duplicates=tuple(ids.take(pa.array(same.duplicates, pa.int64())).to_pylist()),
            conflicts=tuple(ids.take(pa.array(same.conflicts, pa.int64())).to_pylist()),
            row_hash=row.get(ROW_HASH),
        )
        for row, pick, shown, time, same in zip(told, picks, show(rows, parts), takes, equal, strict=True)
    ]


def _nothing_left(pool: Pool, doubts: pa.Table, choice: Choice) -> InputError:
    if not pool.n_rows:
        return InputError(
            "no row is left to be asked about",
            expected="labelled rows that nobody has decided yet",
            hint="all rows are decided, or have no label" if doubts.num_rows else None,
        )
    if _left_out(pool, (), choice):
        return InputError(
            "all rows that might be asked about are waived, so there is nothing to relabel",
            hint="to ask about them again, take their waivers out; or measure the noise rate with "
            "--strategy audit --size 200",
        )
    return InputError(
        "no row is doubted, so there is nothing to relabel",
        hint="take the most doubted rows all the same with --size 50, or measure the noise rate with "
        "--strategy audit --size 200",
    )


def _notes(summary: Mapping[str, Any], pool: Pool, picks: Sequence[Pick], choice: Choice) -> tuple[str, ...]:
    notes, size = [], choice.size
    if n_waived := _left_out(pool, picks, choice):
        rows = "row is" if n_waived == 1 else "rows are"
        notes.append(f"{n_waived:,} {rows} waived, and left out")
    if size is not None and len(picks) < size:
        notes.append(f"there are fewer rows than asked for: {len(picks):,} of {size:,}")
    if n_others := sum(not pool.doubted[pick.row] for pick in picks if pick.strategy != AUDIT):
        be = "is" if n_others == 1 else "are"
        notes.append(f"{n_others:,} of these rows {be} not doubted")
    if not summary["skill"]["assessable"]:
        why = summary["skill"]["why"].rstrip(".")
        notes.append(f"the doubts put these rows in order, and are no probabilities: {why}")
    return tuple(notes)


def _left_out(pool: Pool, picks: Sequence[Pick], choice: Choice) -> int:
    """How many rows might have come if they were not waived."""
    if choice.shares.keys() == {AUDIT}:
        return 0
    might = pool.waived if choice.size is not None else pool.waived & pool.doubted
    return int(might.sum()) - sum(bool(might[pick.row]) for pick in picks)
