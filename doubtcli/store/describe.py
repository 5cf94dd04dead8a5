"""The result of a scan -> the contents of `audit.json` and the table of `doubts.parquet`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from doubtcli.rank.figures import count_audit, count_rules, find_speaking_reasons, list_queued_rows
from doubtcli.records import (
    REASON_SPEAKS,
    TIERS,
    AuditDocument,
    DoubtTable,
    Power,
    ReasonRun,
    RowCounts,
    SampleCounts,
    StratumCount,
    VerdictCounts,
)
from doubtcli.records.stored import TOOL
from doubtcli.records.texts import Texts
from doubtcli.wording.numbers import round_figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.rank.figures import AuditFigures
    from doubtcli.records import Codes, Examples, ExpectedErrors, ReasonScores, ScanResult

    Record = TypeVar("Record")

# ------------------------------------------------------------------ the document


def describe_audit(audit: ScanResult) -> AuditDocument:
    """The contents of `audit.json`, with figures rounded as they are written."""
    figures = count_audit(audit)
    return AuditDocument(
        tool_name=TOOL,
        tool_version=version("doubtcli"),
        source=audit.source,
        roles=audit.roles,
        settings=_sort_by_key(audit.settings),
        seed=audit.seed,
        versions=_sort_by_key(audit.versions),
        skill=_round_record(audit.skill),
        noise_rate=_round_record(audit.noise_rate),
        counts=RowCounts(
            n_rows=figures.n_rows,
            n_labelled=figures.n_labelled,
            n_unlabelled=figures.n_unlabelled,
            n_doubted=figures.n_doubted,
            n_unusable=figures.n_unusable,
            n_to_check=len(list_queued_rows(audit, audit.settings.get("queue_size"))),
            n_contradicted=figures.n_contradicted,
            n_queued=len(audit.ranking.queue),
            n_queued_contradicted=figures.n_contradicted_entries,
        ),
        classes=tuple(map(_round_record, figures.by_class)),
        reasons=tuple(_count_reason(reason, audit) for reason in audit.reasons),
        skipped=audit.skipped,
        rules=count_rules(audit.examples),
        task_name=audit.task_name,
        audit_key=audit.audit_key,
        side_files=audit.side_files,
        embedder=audit.embedder,
        model_names=audit.model_names,
        power=None if audit.power is None else _power_of_file(audit.power),
        verdicts=_count_verdicts(audit, figures),
        sample=_count_sample(audit),
        expected=None if audit.expected is None else _round_expected(audit.expected),
        flags=audit.flags,
        confusions=figures.confusions,
        voices=audit.ranking.voices,
        notes=audit.notes,
        timings=_to_plain(audit.timings),
        hashed_as_numbers=audit.examples.hashed_as_numbers,
    )


def _count_reason(reason: ReasonScores, audit: ScanResult) -> ReasonRun:
    speaks = reason.scores >= REASON_SPEAKS
    return ReasonRun(
        reason.name,
        reason.package,
        reason.family,
        reason.because,
        n_scored=int(np.count_nonzero(~np.isnan(reason.scores))),
        n_speaks=int(np.count_nonzero(speaks)),
        n_doubted=int(np.count_nonzero(speaks & audit.ranking.doubted)),
    )


def _count_verdicts(audit: ScanResult, figures: AuditFigures) -> VerdictCounts | None:
    verdicts = audit.examples.verdicts
    if verdicts is None:
        return None
    return VerdictCounts(verdicts.path, figures.n_kept, figures.n_corrected, figures.n_unusable)


def _count_sample(audit: ScanResult) -> SampleCounts | None:
    if audit.sample is None:
        return None
    drawn = Counter(audit.sample.strata)
    strata = sorted(drawn, key=lambda stratum: stratum.number)
    counts = tuple(StratumCount(stratum.n_rows, drawn[stratum]) for stratum in strata)
    return SampleCounts(len(audit.sample.rows), counts)


def _power_of_file(power: Power) -> Power:
    """The power without its parts by class and by reason, which are only for `doubt bench`."""
    found = {_to_plain(share): _to_plain(found) for share, found in power.found_in_first.items()}
    return Power(power.assessable, power.why, power.n_planted, found)


def _round_record(record: Record) -> Record:
    """A record with values that JSON can represent."""
    values: dict[str, Any] = {item.name: _to_plain(getattr(record, item.name)) for item in fields(record)}  # type: ignore[arg-type]
    return replace(record, **values)  # type: ignore[type-var]


def _round_expected(expected: ExpectedErrors) -> ExpectedErrors:
    return replace(
        expected,
        doubted=_round_record(expected.doubted),
        next=_round_record(expected.next),
        left=_round_record(expected.left),
    )


def _sort_by_key(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _to_plain(values[key]) for key in sorted(values)}


def _to_plain(value: object) -> Any:  # noqa: ANN401  # JSON is anything
    """A value as JSON has it: numbers rounded, NaN and infinity null, other types as their text."""
    match value:
        case np.generic():
            return _to_plain(value.item())
        case None | bool() | int() | str():
            return value
        case float():
            return round_figure(value) if math.isfinite(value) else None
        case Mapping():
            return {str(key): _to_plain(item) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes):
            return [_to_plain(item) for item in value]
        case _:
            return str(value)


# --------------------------------------------------------------- the table of doubts

DOUBT_COLUMNS = {
    "row_id": pa.string(),
    "row": pa.int64(),
    "position": pa.int64(),
    "given_label": pa.string(),
    "suggested_label": pa.string(),
    "suggested_confidence": pa.float64(),
    "doubt": pa.float64(),
    "doubt_sd": pa.float64(),
    "rank": pa.int64(),
    "doubted": pa.bool_(),
    "reasons": pa.list_(pa.string()),
    "why": pa.string(),
    "verdict": pa.string(),
    "row_hash": pa.string(),
    "earlier_hashes": pa.list_(pa.string()),
    "entry": pa.int64(),
    "tier": pa.string(),
}
LATER_COLUMNS = {"position", "verdict", "row_hash", "earlier_hashes", "entry", "tier"}
"""Not in the audits of earlier versions, which can still be read."""
JUDGED_UNUSABLE = "set aside: a person judged it unusable"
REASON_PREFIX = "reason:"


def tabulate_doubts(audit: ScanResult) -> DoubtTable:
    """Every row, most doubted first; rows that were set aside are last, by row id, and their doubt is null.

    `row` and `rank` count from 1; `row` is the place in the file (without a header), and `position` the same
    place counted from 0, as pandas does. `reasons` are the names of the reasons that raise doubt about a row,
    strongest first. A null in `reason:<name>` means that the
    reason has no score for the row. Rows without a label are set aside, and those that a person judged
    unusable. `verdict` is the label that a person chose, null without a verdict. `row_hash` is a hash of the
    row's inputs: rows that differ in their label alone have the same one. `earlier_hashes` are those that
    earlier versions gave the row, where they are not the same.
    Rows with the same `entry` are equal, with the same given and suggested label, and one entry of the queue;
    it counts from 1, the most doubted entry. `tier` is "doubted", "contradicted" or null.
    """
    n_rows = len(audit.ranking.order) + len(audit.examples.unlabelled_row_ids)
    return DoubtTable(next(tabulate_by_blocks(audit, n_rows + len(audit.examples.unusable_row_ids) + 1)))


def tabulate_by_blocks(audit: ScanResult, n_rows: int) -> Iterator[pa.Table]:
    """The same table in blocks of so many rows, of which only the last one is smaller; at least one block."""
    ranked, scores = audit.ranking.order, [f"{REASON_PREFIX}{reason.name}" for reason in audit.reasons]
    schema = pa.schema(DOUBT_COLUMNS | dict.fromkeys(scores, pa.float64()))
    n_whole = len(ranked) // n_rows * n_rows
    for start in range(0, n_whole, n_rows):
        yield _tabulate_labelled(audit, np.arange(start, start + n_rows), schema)
    rest = _tabulate_labelled(audit, np.arange(n_whole, len(ranked)), schema)
    rest = pa.concat_tables([rest, _rows_set_aside(audit, schema)])
    for start in range(0, max(rest.num_rows, n_whole == 0), n_rows):
        yield rest.slice(start, n_rows)


def _tabulate_labelled(audit: ScanResult, places: Codes, schema: pa.Schema) -> pa.Table:
    """The labelled rows at some places of the ranking."""
    rows = audit.ranking.order[places]
    scores = {f"{REASON_PREFIX}{reason.name}": reason.scores[rows] for reason in audit.reasons}
    columns = (_list_columns(audit, rows, places) | scores).items()
    return pa.table(
        [pa.array(column, type=schema.field(name).type, from_pandas=True) for name, column in columns],
        schema=schema,
    )


def _list_columns(audit: ScanResult, rows: Codes, places: Codes) -> dict[str, Any]:
    examples, ranking = audit.examples, audit.ranking
    positions = examples.positions[rows]
    return {
        "row_id": _take_texts(examples.row_ids, rows),
        "row": positions + 1,
        "position": positions,
        "given_label": _take_texts(audit.label_names, examples.given_labels[rows]),
        "suggested_label": _take_texts(audit.label_names, ranking.suggested_labels[rows]),
        "suggested_confidence": ranking.suggested_confidence[rows],
        "doubt": ranking.doubt[rows],
        "doubt_sd": ranking.doubt_sd[rows],
        "rank": places + 1,
        "doubted": ranking.doubted[rows],
        "reasons": _list_reasons(audit, rows),
        "why": _take_texts(audit.why, rows),
        "verdict": _chosen_labels(audit, rows),
        "row_hash": _take_texts(examples.row_hashes, positions),
        "earlier_hashes": _list_earlier_hashes(examples, positions),
        "entry": places + 1 if ranking.entries is None else ranking.entries[rows] + 1,
        "tier": _take_texts(TIERS, ranking.tiers[rows]),
    }


def _take_texts(texts: Sequence[str | None], places: Codes) -> pa.Array:
    """Some of the texts, in the order of their places; nulls where there are no texts."""
    if not texts:
        return pa.nulls(len(places), pa.string())
    if isinstance(texts, Texts):
        return texts.take(places).array.cast(pa.string())
    return pa.array(texts, pa.string()).take(pa.array(places))


def _list_reasons(audit: ScanResult, rows: Codes) -> pa.ListArray:
    found = find_speaking_reasons(audit, rows)
    names = _take_texts(found.names, found.places)
    return pa.ListArray.from_arrays(pa.array(np.append(0, found.ends), pa.int32()), names)


def _chosen_labels(audit: ScanResult, rows: Codes) -> pa.Array:
    verdicts = audit.examples.verdicts
    if verdicts is None:
        return pa.nulls(len(rows), pa.string())
    codes = verdicts.codes[rows]
    return pa.array(audit.examples.class_names, pa.string()).take(pa.array(codes, mask=codes < 0))


def _list_earlier_hashes(examples: Examples, positions: Codes) -> pa.ListArray:
    if not any(examples.earlier_hashes):  # as in most files
        return pa.array([[]], pa.list_(pa.string())).take(pa.array(np.zeros(len(positions), dtype=np.intp)))
    some = [examples.earlier_hashes[position] for position in positions.tolist()]
    return pa.array(some, pa.list_(pa.string()))


def _rows_set_aside(audit: ScanResult, schema: pa.Schema) -> pa.Table:
    examples, labels = audit.examples, audit.labels
    unlabelled = zip(examples.unlabelled_row_ids, examples.unlabelled_positions, strict=True)
    unusable = zip(examples.unusable_row_ids, examples.unusable_positions, strict=True)
    rows = [(*row, None, "") for row in unlabelled]
    rows += [(*row, labels.class_names[labels.codes[row[1]]], JUDGED_UNUSABLE) for row in unusable]
    return pa.Table.from_pylist(
        [
            {
                "row_id": row_id,
                "row": position + 1,
                "position": position,
                "given_label": given,
                "doubted": False,
                "reasons": [],
                "why": why,
                "row_hash": examples.row_hashes[position] if examples.row_hashes else None,
                "earlier_hashes": examples.earlier_hashes[position] if examples.earlier_hashes else (),
            }
            for row_id, position, given, why in sorted(rows, key=lambda row: row[:2])
        ],
        schema=schema,
    )
