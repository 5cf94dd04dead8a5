"""The contents of `audit.json` <-> its text, with keys in a fixed order.

`audit.schema.json`, in this folder, is its published JSON Schema. New keys are added, and none is renamed.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from doubtcli.errors import InputError
from doubtcli.rank.figures import describe_power
from doubtcli.records import (
    AuditDocument,
    ClassCount,
    Column,
    Confusion,
    Embedder,
    ExpectedErrors,
    ExpectedWrong,
    FlagBound,
    NoiseRate,
    Power,
    ReasonRun,
    Role,
    Roles,
    RowCounts,
    Rule,
    RuleCount,
    SampleCounts,
    SideFile,
    Skill,
    SkippedReason,
    Source,
    StratumCount,
    VerdictCounts,
)
from doubtcli.records.stored import AUDIT_SCHEMA_VERSION
from doubtcli.settings import ScanSettings
from doubtcli.settings.fields import get_kind
from doubtcli.store.schema import AUDIT_SCHEMA, find_flaw
from doubtcli.wording.quoting import json_document, json_text, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

Record = TypeVar("Record")

SCAN_AGAIN = "scan the file again"
_WITHOUT_TIERS = 1
"""The schema version of audits that can still be compared, and have no tiers."""

RECORD_KEYS: Mapping[type, tuple[str, ...]] = {
    Source: (
        *("path", "format", "size", "sha256", "compression", "encoding", "delimiter"),
        *("quoting", "has_header", "lead_lines", "sheet"),
    ),
    SideFile: ("path", "sha256"),
    Embedder: ("name", "sha256"),
    Column: ("name", "role", "used", "why"),
    Skill: (
        *("assessable", "why", "accuracy", "balanced_accuracy", "majority_accuracy", "permuted_accuracy"),
        "by_model",
    ),
    NoiseRate: (
        *("assessable", "why", "at_least", "contradicted", "rate", "low", "high", "level"),
        *("rests_on", "n_checked", "n_more"),
    ),
    Power: ("assessable", "why", "planted"),
    VerdictCounts: ("path", "kept", "corrected", "unusable"),
    StratumCount: ("rows", "drawn"),
    ExpectedWrong: ("rows", "mean", "low", "middle", "high", "level"),
    ExpectedErrors: ("decided", "wrong"),
    FlagBound: ("assessable", "why", "flagged", "drawn", "checked", "wrong", "level"),
    RowCounts: (
        *("rows", "labelled", "unlabelled", "unusable", "doubted", "to_check", "contradicted", "queued"),
        "queued_contradicted",
    ),
    ClassCount: ("name", "value", "given", "doubted"),
    Confusion: ("given", "suggested", "doubted"),
    ReasonRun: ("name", "package", "family", "because", "scored", "speaks", "speaks_on_doubted"),
    SkippedReason: ("name", "package", "why"),
    Rule: ("name", "when", "label", "why"),
}
"""The names of a record's fields in the file, in their order; fields that are not here are written apart."""


EXPECTED_AMONG = ("doubted", "next", "left")
"""The rows among which wrong labels are expected."""

OPTIONAL: Mapping[str, Any] = {
    "task": "classification",
    "recipe": "",
    "row_hash_version": 1,
    "hashed_as_numbers": None,
    "doubts_sha256": "",
    "side_files": {},
    "pairs": [],
    "embedder": None,
    "models": [],
    "power": None,
    "verdicts": None,
    "audit_sample": None,
    "flags": None,
    "expected": None,
    "confusions": [],
    "doubt_made_of": [],
    "rules": [],
    "notes": [],
    "timings": {},
}
"""Keys that may be missing, because an earlier version did not write them or they are not needed, and the
values that are read instead."""

# ------------------------------------------------------------------------- write


def render_document(document: AuditDocument) -> str:
    """The text of `audit.json`, equal to the byte for equal audits but for the numbers under "timings"."""
    return json_document(_list_parts(document))


def _list_parts(document: AuditDocument) -> dict[str, Any]:
    return {
        "schema_version": AUDIT_SCHEMA_VERSION,
        "tool": {"name": document.tool_name, "version": document.tool_version},
        "input": _to_object(document.source) | {"rows": document.counts.n_rows},
        "task": document.task_name,
        "recipe": document.audit_key,
        "row_hash_version": document.row_hash_version,
        "hashed_as_numbers": document.hashed_as_numbers,
        "doubts_sha256": document.doubts_sha256,
        "side_files": {name: _to_object(file) for name, file in document.side_files.items()},
        "embedder": None if document.embedder is None else _to_object(document.embedder),
        "columns": list(map(_to_object, document.roles.columns)),
        "pairs": list(map(list, document.roles.pairs)),
        "settings": document.settings,
        "seed": document.seed,
        "versions": document.versions,
        "models": list(document.model_names),
        "skill": _to_object(document.skill),
        "noise_rate": _to_object(document.noise_rate),
        "power": None if document.power is None else describe_power(document.power),
        "verdicts": None if document.verdicts is None else _to_object(document.verdicts),
        "audit_sample": None if document.sample is None else _sample_object(document.sample),
        "expected": None if document.expected is None else _expected_object(document.expected),
        "flags": None if document.flags is None else _flags_object(document.flags),
        "counts": _to_object(document.counts),
        "classes": list(map(_to_object, document.classes)),
        "confusions": list(map(_to_object, document.confusions)),
        "doubt_made_of": list(document.voices),
        "reasons": {
            "run": list(map(_to_object, document.reasons)),
            "skipped": list(map(_to_object, document.skipped)),
        },
        "rules": list(map(_rule_object, document.rules)),
        "notes": list(document.notes),
        "timings": document.timings,
    }


def _to_object(record: object) -> dict[str, Any]:
    return {key: getattr(record, name) for key, name in _list_keys(type(record))}


def _list_keys(kind: type) -> list[tuple[str, str]]:
    """The keys of a record, each with the name of its field."""
    names = [item.name for item in fields(kind)]
    return list(zip(RECORD_KEYS[kind], names, strict=False))


def _sample_object(sample: SampleCounts) -> dict[str, Any]:
    return {"rows": sample.n_rows, "strata": list(map(_to_object, sample.strata))}


def _expected_object(expected: ExpectedErrors) -> dict[str, Any]:
    parts = {name: _to_object(getattr(expected, name)) for name in EXPECTED_AMONG}
    return _to_object(expected) | parts


def _rule_object(counted: RuleCount) -> dict[str, Any]:
    return {
        **_to_object(counted.rule),
        "true": counted.n_true,
        "agreed": counted.n_agreed,
        "contradicted": counted.n_contradicted,
        "left_out": counted.left_out,
    }


def _flags_object(flags: FlagBound) -> dict[str, Any]:
    bounds = [{"first": first, "at_least": least} for first, least in flags.at_least_wrong.items()]
    return _to_object(flags) | {"at_least_wrong": bounds}


# -------------------------------------------------------------------------- read


@dataclass(frozen=True)
class _Part:
    """An object of the published shape; the path of its file is in the error if a key is missing."""

    where: str
    values: Mapping[str, Any]

    def need(self, key: str) -> Any:  # noqa: ANN401  # JSON is anything
        """The value of a key that must be there."""
        if key not in self.values:
            raise _damaged(self.where, f"{key!r} is missing")
        return self.values[key]

    def part(self, key: str) -> _Part:
        """The object under a key."""
        return _Part(self.where, self.need(key))

    def part_or_null(self, key: str) -> _Part | None:
        """The object under a key; None for null."""
        return None if self.need(key) is None else self.part(key)

    def items(self, key: str) -> tuple[Any, ...]:
        """The items of the list under a key."""
        return tuple(self.need(key))

    def items_or_null(self, key: str) -> tuple[Any, ...] | None:
        """The items of the list under a key; None for null."""
        return None if self.need(key) is None else self.items(key)

    def parts(self, key: str) -> tuple[_Part, ...]:
        """The objects in the list under a key."""
        return tuple(_Part(self.where, item) for item in self.items(key))

    def records(self, key: str, kind: type[Record]) -> tuple[Record, ...]:
        """The objects in a list as records."""
        return tuple(part.record(kind) for part in self.parts(key))

    def record(self, kind: type[Record], **others: object) -> Record:
        """This object as a record; a key may be missing if its field has a default."""
        optional = {item.name for item in fields(kind) if _has_default(item)}  # type: ignore[arg-type]
        keys = [(key, name) for key, name in _list_keys(kind) if key in self.values or name not in optional]
        return kind(**{name: self.need(key) for key, name in keys}, **others)


def _has_default(item: Field[Any]) -> bool:
    return item.default is not MISSING or item.default_factory is not MISSING


def _damaged(where: str, what: str) -> InputError:
    return InputError(f"is damaged: {what}", where=where, hint=SCAN_AGAIN)


def parse_document(content: bytes, where: str) -> AuditDocument:
    """The contents of the bytes of `audit.json`.

    Args:
        content: Of the file.
        where: Its path.

    Raises:
        InputError: The file is damaged, or was written by a newer version.
    """
    try:
        values = json.loads(content)
    except RecursionError as error:
        raise _damaged(where, "it is nested too deeply") from error
    except ValueError as error:
        line = f"line {error.lineno} is not valid JSON" if isinstance(error, json.JSONDecodeError) else ""
        raise _damaged(where, line or "it is not UTF-8") from error
    found = values.get("schema_version") if isinstance(values, dict) else None
    if found not in {_WITHOUT_TIERS, AUDIT_SCHEMA_VERSION}:
        newer = isinstance(found, int) and found > AUDIT_SCHEMA_VERSION
        raise InputError(
            f"has schema version {found}",
            where=where,
            expected=f"schema version {AUDIT_SCHEMA_VERSION}",
            hint="update doubt: a newer version wrote this audit" if newer else SCAN_AGAIN,
        )
    complete = {**OPTIONAL, **values} | {"schema_version": AUDIT_SCHEMA_VERSION}
    _check_shape(complete, where)
    _check_settings(complete.get("settings", {}), where)
    document = _parse_parts(_Part(where, complete))
    return _keep_bound_alone(document) if found == _WITHOUT_TIERS else document


def _keep_bound_alone(document: AuditDocument) -> AuditDocument:
    """A document of schema version 1: of an interval by models alone only its lower bound holds."""
    noise = document.noise_rate
    if noise.rests_on == "models":
        noise = replace(noise, at_least=noise.low or 0.0, rate=None, low=None, high=None)
    return replace(document, noise_rate=noise, schema_version=_WITHOUT_TIERS)


def _check_shape(values: Mapping[str, Any], where: str) -> None:
    """Refuse values of other kinds than the published schema has; that a key is missing is found later."""
    flaw = find_flaw(values, AUDIT_SCHEMA)
    if flaw is not None:
        raise _damaged(where, flaw)
    noise = values.get("noise_rate", {})
    figures = [noise.get(name) for name in ("rate", "low", "high")]
    if None in figures and any(figure is not None for figure in figures):
        raise _damaged(where, "'noise_rate' has a rate without its interval, or an interval without it")
    if not any(column.get("role") == Role.LABEL for column in values.get("columns", ())):
        raise _damaged(where, "no column in 'columns' is the label")


def _check_settings(settings: Mapping[str, Any], where: str) -> None:
    """Refuse values that a scan would refuse; settings of later versions are not looked at."""
    defaults = ScanSettings(path="")
    for item in fields(ScanSettings):
        kind, default = get_kind(item), getattr(defaults, item.name)
        value = settings.get(item.name, default)
        if kind is None or value in (default, json.loads(json_text(default))):
            continue
        try:
            kind.check(value)
        except ValueError as error:
            found = f"'settings.{item.name}' is {shorten(json_text(value))}"
            raise _damaged(where, found) from error


def _parse_parts(document: _Part) -> AuditDocument:
    tool, reasons, side_files = (document.part(key) for key in ("tool", "reasons", "side_files"))
    verdicts, embedder = document.part_or_null("verdicts"), document.part_or_null("embedder")
    return AuditDocument(
        tool_name=tool.need("name"),
        tool_version=tool.need("version"),
        source=document.part("input").record(Source),
        roles=Roles(document.records("columns", Column), tuple(map(tuple, document.items("pairs")))),
        settings=document.part("settings").values,
        seed=document.need("seed"),
        versions=document.part("versions").values,
        task_name=document.need("task"),
        skill=document.part("skill").record(Skill),
        noise_rate=document.part("noise_rate").record(NoiseRate),
        counts=document.part("counts").record(RowCounts),
        classes=document.records("classes", ClassCount),
        reasons=reasons.records("run", ReasonRun),
        skipped=reasons.records("skipped", SkippedReason),
        rules=tuple(map(_parse_rule, document.parts("rules"))),
        audit_key=document.need("recipe"),
        side_files={name: side_files.part(name).record(SideFile) for name in side_files.values},
        embedder=None if embedder is None else embedder.record(Embedder),
        model_names=document.items("models"),
        power=_parse_power(document.part_or_null("power")),
        verdicts=None if verdicts is None else verdicts.record(VerdictCounts),
        sample=_parse_sample(document.part_or_null("audit_sample")),
        expected=_parse_expected(document.part_or_null("expected")),
        flags=_parse_flags(document.part_or_null("flags")),
        confusions=document.records("confusions", Confusion),
        voices=document.items("doubt_made_of"),
        notes=document.items("notes"),
        timings=document.part("timings").values,
        row_hash_version=document.need("row_hash_version"),
        hashed_as_numbers=document.items_or_null("hashed_as_numbers"),
        doubts_sha256=document.need("doubts_sha256"),
    )


def _parse_rule(part: _Part) -> RuleCount:
    return RuleCount(part.record(Rule), part.need("true"), part.need("contradicted"), part.need("left_out"))


def _parse_power(part: _Part | None) -> Power | None:
    if part is None:
        return None
    found = {one.need("share"): one.need("found") for one in part.parts("found_in_first")}
    return part.record(Power, found_in_first=found)


def _parse_sample(part: _Part | None) -> SampleCounts | None:
    return None if part is None else SampleCounts(part.need("rows"), part.records("strata", StratumCount))


def _parse_expected(part: _Part | None) -> ExpectedErrors | None:
    if part is None:
        return None
    return part.record(
        ExpectedErrors, **{name: part.part(name).record(ExpectedWrong) for name in EXPECTED_AMONG}
    )


def _parse_flags(part: _Part | None) -> FlagBound | None:
    if part is None:
        return None
    bounds = {one.need("first"): one.need("at_least") for one in part.parts("at_least_wrong")}
    return part.record(FlagBound, at_least_wrong=bounds)
