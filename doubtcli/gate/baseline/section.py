"""An audit -> what a baseline keeps of it: its doubts, and a digest of every row."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import names_a_file, path_beside
from doubtcli.errors import InputError
from doubtcli.gate.baseline.rows import (
    check_hashes,
    count_prefix_digits,
    group_doubted_rows,
    make_digest,
    make_digests,
    pack_digests,
    select_borderline_rows,
)
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.gate.baseline.rows import Key
    from doubtcli.records import AuditDocument, DoubtTable

SETTINGS = ("reasons", "skip", "reason_settings", "seed", "folds", "repeats", "fast", "group")
"""The settings that doubts depend on. Those that choose columns are left out: the columns are kept."""
FILE_SETTINGS = ("embeddings", "pred_probs", "verdicts")
"""More of them; only the file's name is kept, because its folder depends on where doubt was run."""
RENAMED_FROM = 0.1
"""Two files that share at least this part of the rows of the smaller one count as one, renamed."""
_MOST_FILES = 20
"""Files of a baseline that a message names."""


@dataclass(frozen=True)
class KnownDoubt:
    """A row that was doubted when the baseline was written."""

    row_hash: str
    """The hash of its content, without its label."""
    n: int
    """Its number among the doubted rows of the same content and label, from 1, most doubted first."""
    row_id: str
    given_label: str
    doubt: float
    """Rounded to two digits."""
    reasons: tuple[str, ...]

    @property
    def key(self) -> Key:
        """Equal in rows of equal content and label."""
        return self.row_hash, self.given_label


@dataclass(frozen=True)
class Section:
    """What a baseline has on one data file."""

    path: str
    """The data file, relative to the baseline's folder; "-" for standard input."""
    sha256: str
    n_rows: int
    label: str
    """The label column."""
    inputs: tuple[str, ...]
    """The columns that make up a row's content, in file order."""
    settings: Mapping[str, Any]
    """The settings of the audit that doubts depend on."""
    version: str
    """The version of doubt that made the audit."""
    doubts: tuple[KnownDoubt, ...]
    """Sorted by content, label and number."""
    lines: Mapping[str, str]
    """The digests of all rows, as `pack_digests` gives them."""
    borderline: tuple[str, ...] = ()
    """The digests of the rows that were borderline, sorted: once they are doubted, they are not new."""

    def count(self, row_digest: str) -> int:
        """How many of its rows have this digest."""
        start = count_prefix_digits(self.n_rows)
        # all rests have the same length, so that none is found across a blank
        return self.lines.get(row_digest[:start], "").count(row_digest[start:])

    def count_like(self, row_hash: str, given_label: str | None) -> int:
        """How many of its rows have this content and this label (None: no label)."""
        return self.count(make_digest(row_hash, given_label))

    def count_borderline(self, row_hash: str, given_label: str) -> int:
        """How many of these were borderline."""
        return self.borderline.count(make_digest(row_hash, given_label))


@dataclass(frozen=True)
class Baseline:
    """A file of known doubts."""

    path: str
    """As the user gave it."""
    sections: tuple[Section, ...]
    """One per data file, sorted by path."""


def make_section(
    data_path: str,
    baseline_path: str,
    document: AuditDocument,
    doubts: DoubtTable,
    *,
    waived: Collection[int] = (),
) -> Section:
    """What a baseline keeps of an audit.

    Args:
        data_path: The data file, relative to the working directory.
        baseline_path: The baseline file that it is for; it need not exist yet.
        document: `audit.json`.
        doubts: `doubts.parquet`.
        waived: Numbers of rows to leave out of the doubts: a waiver covers them already, and once it
            expires they have to be new.

    Raises:
        InputError: The audit was made by an earlier version, which kept no hashes of rows.
    """
    check_hashes(doubts, data_path)
    waived = frozenset(waived)
    groups = group_doubted_rows(doubts, waived)
    return Section(
        path=make_section_path(data_path, baseline_path),
        sha256=document.source.sha256,
        n_rows=doubts.n_rows,
        label=document.label_column,
        inputs=document.input_columns,
        settings=select_doubt_settings(document),
        version=document.tool_version,
        doubts=tuple(
            KnownDoubt(row.row_hash, n, row.row_id, row.given_label, round(row.doubt, 2), tuple(row.reasons))
            for key in sorted(groups)
            for n, row in enumerate(groups[key], 1)
            if row.row not in waived
        ),
        lines=pack_digests(make_digests(doubts)),
        borderline=tuple(sorted(make_digests(select_borderline_rows(doubts)))),
    )


def make_section_path(data_path: str, baseline_path: str) -> str:
    """The name of a data file in a baseline."""
    return path_beside(data_path, baseline_path) if names_a_file(data_path) else data_path


def select_doubt_settings(document: AuditDocument) -> dict[str, Any]:
    """The settings of an audit that doubts depend on."""
    stored = document.settings
    files = {name: stored.get(name) for name in FILE_SETTINGS}
    return {name: stored.get(name) for name in SETTINGS} | {
        name: None if path is None else Path(path).name for name, path in files.items()
    }


def update_baseline(old: Baseline | None, path: str, new: Sequence[Section]) -> Baseline:
    """The baseline with these sections in place of those on the same files; the others are kept."""
    kept = {section.path: section for section in old.sections} if old else {}
    sections = kept | {section.path: section for section in new}
    return Baseline(path, tuple(sections[name] for name in sorted(sections)))


def find_section(
    baseline: Baseline, data_path: str, document: AuditDocument, doubts: DoubtTable
) -> tuple[Section, tuple[str, ...]]:
    """What a baseline has on a data file, and notes that the user should read.

    It is found by its path. If the baseline has only one file, that file is also found under another name, as
    long as it has the same columns and enough of the same rows.

    Args:
        baseline: As it was read.
        data_path: The data file, relative to the working directory.
        document: `audit.json`.
        doubts: `doubts.parquet`.

    Raises:
        InputError: The baseline has nothing on this file, or what it has is about another data set; or the
            audit was made by an earlier version, which kept no hashes of rows.
    """
    check_hashes(doubts, data_path)
    path = make_section_path(data_path, baseline.path)
    found = next((section for section in baseline.sections if section.path == path), None)
    if found is not None:
        _check_same_columns(found, baseline.path, data_path, document)
        if not any(map(found.count, make_digests(doubts))):
            raise _make_other_data_error("the two have no row in common", baseline.path, data_path)
        return found, _make_settings_notes(found, document)
    renamed = _find_renamed(baseline, document, doubts)
    if renamed is None:
        raise _make_unknown_file_error(baseline, data_path, path)
    same = "they have the same columns, and rows in common"
    note = f"{path} is compared with {renamed.path} in the baseline: {same}"
    return renamed, (note, *_make_settings_notes(renamed, document))


def _find_renamed(baseline: Baseline, document: AuditDocument, doubts: DoubtTable) -> Section | None:
    """The only file of a baseline, if the audit has the same columns and enough of the same rows."""
    if len(baseline.sections) != 1:
        return None
    section = baseline.sections[0]
    if (section.label, sorted(section.inputs)) != (document.label_column, sorted(document.input_columns)):
        return None
    here = Counter(make_digests(doubts))
    n_shared = sum(min(n, section.count(row_digest)) for row_digest, n in here.items())
    return section if n_shared >= max(1, RENAMED_FROM * min(section.n_rows, doubts.n_rows)) else None


def _check_same_columns(section: Section, where: str, data_path: str, document: AuditDocument) -> None:
    label, inputs = document.label_column, document.input_columns
    if label != section.label:
        found = f"its label column is {label!r}, in the baseline it is {section.label!r}"
        raise _make_other_data_error(
            found, where, data_path, f"name the label column: --label {section.label}"
        )
    added = next((name for name in inputs if name not in section.inputs), None)
    if added is not None:
        found = f"its column {added!r} is an input, but not in the baseline"
        raise _make_other_data_error(found, where, data_path, f"leave the column out: --ignore {added}")
    missing = next((name for name in section.inputs if name not in inputs), None)
    if missing is not None:
        found = f"it has no input column {missing!r}, as the baseline has"
        raise _make_other_data_error(found, where, data_path)


def _make_other_data_error(found: str, where: str, data_path: str, cure: str = "") -> InputError:
    """The error for a file that has the name of another data set."""
    again = f"write the baseline again: doubt baseline {data_path} -o {where}"
    return InputError(
        f"{data_path} is not the data set that the baseline was written for: {found}",
        where=where,
        expected="the same label column, the same input columns and some of the same rows",
        hint=f"{cure}; or {again}" if cure else again,
    )


def _make_unknown_file_error(baseline: Baseline, data_path: str, path: str) -> InputError:
    names = [section.path for section in baseline.sections]
    known = quote_names(names, _MOST_FILES)
    return InputError(
        f"the baseline has no entry for {path!r}",
        where=baseline.path,
        expected=f"one of {known}" if names else "a file that is in it; it is empty",
        hint=f"add the file: doubt baseline {data_path} -o {baseline.path}",
    )


def _make_settings_notes(section: Section, document: AuditDocument) -> tuple[str, ...]:
    """A note on what can change doubts about rows that did not change themselves."""
    then, now = section.settings, select_doubt_settings(document)
    changed = [
        f"{name.replace('_', '-')} = {_as_json_text(then[name])}, now {_as_json_text(value)}"
        for name, value in now.items()
        if name in then and then[name] != value
    ]
    version = document.tool_version
    if version != section.version:
        changed = [f"doubt {section.version}, now {version}", *changed]
    differences = "; ".join(changed)
    note = f"some doubts may differ only because the baseline was written with {differences}"
    return (note,) if changed else ()


def _as_json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
