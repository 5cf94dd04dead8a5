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
    borderline_rows,
    check_hashes,
    digest,
    digests,
    doubted_rows,
    in_lines,
    prefix_digits,
)
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.gate.baseline.rows import Key
    from doubtcli.records import AuditDocument, DoubtTable

SETTINGS = ("reasons", "skip", "reason_settings", "seed", "folds", "repeats", "fast", "group")
"""The settings that doubts depend on. Those that say which columns are read show in the columns."""
FILE_SETTINGS = ("embeddings", "pred_probs", "verdicts")
"""As well; of these the file's name tells enough, for its folder depends on where doubt was run."""
RENAMED_FROM = 0.1
"""The share of rows, of the smaller of two files, from which one is taken for the other renamed."""
_MOST_FILES = 20
"""Of a baseline, that a message names."""


@dataclass(frozen=True)
class KnownDoubt:
    """A row that was doubted when the baseline was written."""

    row_hash: str
    """Of what stands in it, its label left out."""
    n: int
    """Its number among the doubted rows of the same content and label, from 1, most doubted first."""
    row_id: str
    given_label: str
    doubt: float
    """With two digits."""
    reasons: tuple[str, ...]

    @property
    def key(self) -> Key:
        """Equal in rows of equal content and label."""
        return self.row_hash, self.given_label


@dataclass(frozen=True)
class Section:
    """What a baseline knows of one data file."""

    path: str
    """The data file, as seen from the baseline's folder; "-" for standard input."""
    sha256: str
    n_rows: int
    label: str
    """The label column."""
    inputs: tuple[str, ...]
    """The columns that a row's content is made of, in file order."""
    settings: Mapping[str, Any]
    """Of the audit: those that doubts depend on."""
    version: str
    """Of the doubt that made the audit."""
    doubts: tuple[KnownDoubt, ...]
    """Sorted by content, label and number."""
    lines: Mapping[str, str]
    """The digests of all rows, as `in_lines` has them."""
    borderline: tuple[str, ...] = ()
    """The digests of the rows that were nearly doubted, sorted: they are no news once they are."""

    def count(self, row_digest: str) -> int:
        """How many of its rows have this digest."""
        start = prefix_digits(self.n_rows)
        # all rests are equally long, so that none is found across a blank
        return self.lines.get(row_digest[:start], "").count(row_digest[start:])

    def count_like(self, row_hash: str, given_label: str | None) -> int:
        """How many of its rows have this content and this label (None: no label)."""
        return self.count(digest(row_hash, given_label))

    def count_borderline(self, row_hash: str, given_label: str) -> int:
        """How many of these were nearly doubted."""
        return self.borderline.count(digest(row_hash, given_label))


@dataclass(frozen=True)
class Baseline:
    """A file of known doubts."""

    path: str
    """As the user gave it."""
    sections: tuple[Section, ...]
    """One a data file, sorted by path."""


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
        data_path: The data file, as seen from the working directory.
        baseline_path: The file that it is for; it need not be there yet.
        document: `audit.json`.
        doubts: `doubts.parquet`.
        waived: Rows to leave out of the doubts, by their place in the file: a waiver is a word on them
            already, and once it expires they shall be new.

    Raises:
        InputError: The audit does not tell what stands in the rows.
    """
    check_hashes(doubts, data_path)
    waived = frozenset(waived)
    groups = doubted_rows(doubts, waived)
    return Section(
        path=section_path(data_path, baseline_path),
        sha256=document.source.sha256,
        n_rows=doubts.n_rows,
        label=document.label_column,
        inputs=document.input_columns,
        settings=doubt_settings(document),
        version=document.tool_version,
        doubts=tuple(
            KnownDoubt(row.row_hash, n, row.row_id, row.given_label, round(row.doubt, 2), tuple(row.reasons))
            for key in sorted(groups)
            for n, row in enumerate(groups[key], 1)
            if row.row not in waived
        ),
        lines=in_lines(digests(doubts)),
        borderline=tuple(sorted(digests(borderline_rows(doubts)))),
    )


def section_path(data_path: str, baseline_path: str) -> str:
    """What a data file is called in a baseline."""
    return path_beside(data_path, baseline_path) if names_a_file(data_path) else data_path


def doubt_settings(document: AuditDocument) -> dict[str, Any]:
    """The settings of an audit that doubts depend on."""
    stored = document.settings
    files = {name: stored.get(name) for name in FILE_SETTINGS}
    return {name: stored.get(name) for name in SETTINGS} | {
        name: None if path is None else Path(path).name for name, path in files.items()
    }


def update_baseline(old: Baseline | None, path: str, new: Sequence[Section]) -> Baseline:
    """The baseline with these sections in place of its own on the same files; all others are kept."""
    kept = {section.path: section for section in old.sections} if old else {}
    sections = kept | {section.path: section for section in new}
    return Baseline(path, tuple(sections[name] for name in sorted(sections)))


def find_section(
    baseline: Baseline, data_path: str, document: AuditDocument, doubts: DoubtTable
) -> tuple[Section, tuple[str, ...]]:
    """What a baseline knows of a data file, and notes that the user should read.

    It is found by its path. A baseline of one file only also knows that file under another name, as long as
    it has the same columns and enough of the same rows.

    Args:
        baseline: As it was read.
        data_path: The data file, as seen from the working directory.
        document: `audit.json`.
        doubts: `doubts.parquet`.

    Raises:
        InputError: It knows nothing of this file, or what it knows is of another data set; or the audit does
            not tell what stands in the rows.
    """
    check_hashes(doubts, data_path)
    path = section_path(data_path, baseline.path)
    found = next((section for section in baseline.sections if section.path == path), None)
    if found is not None:
        _check_same_columns(found, baseline.path, data_path, document)
        if not any(map(found.count, digests(doubts))):
            raise _other_data_error("it shares no row with the baseline's", baseline.path, data_path)
        return found, _settings_notes(found, document)
    renamed = _find_renamed(baseline, document, doubts)
    if renamed is None:
        raise _unknown_file_error(baseline, data_path, path)
    note = f"the baseline knows {path} as {renamed.path}: it has the same columns and rows"
    return renamed, (note, *_settings_notes(renamed, document))


def _find_renamed(baseline: Baseline, document: AuditDocument, doubts: DoubtTable) -> Section | None:
    """The one file of a baseline, if its columns and enough of its rows are those of the audit."""
    if len(baseline.sections) != 1:
        return None
    section = baseline.sections[0]
    if (section.label, sorted(section.inputs)) != (document.label_column, sorted(document.input_columns)):
        return None
    here = Counter(digests(doubts))
    n_shared = sum(min(n, section.count(digest)) for digest, n in here.items())
    return section if n_shared >= max(1, RENAMED_FROM * min(section.n_rows, doubts.n_rows)) else None


def _check_same_columns(section: Section, where: str, data_path: str, document: AuditDocument) -> None:
    label, inputs = document.label_column, document.input_columns
    if label != section.label:
        found = f"its labels stand in {label!r}, the baseline's in {section.label!r}"
        raise _other_data_error(found, where, data_path, f"name the label column: --label {section.label}")
    added = next((name for name in inputs if name not in section.inputs), None)
    if added is not None:
        found = f"its column {added!r} is an input, and is none in the baseline"
        raise _other_data_error(found, where, data_path, f"leave the column out: --ignore {added}")
    lacking = next((name for name in section.inputs if name not in inputs), None)
    if lacking is not None:
        found = f"the baseline's input {lacking!r} is none of its input columns"
        raise _other_data_error(found, where, data_path)


def _other_data_error(found: str, where: str, data_path: str, cure: str = "") -> InputError:
    """The error for a file that bears the name of another data set."""
    again = f"write the baseline again: doubt baseline {data_path} -o {where}"
    return InputError(
        f"{data_path} is another data set than the one it was written for: {found}",
        where=where,
        expected="the same label column, the same input columns and some of the same rows",
        hint=f"{cure}; or {again}" if cure else again,
    )


def _unknown_file_error(baseline: Baseline, data_path: str, path: str) -> InputError:
    names = [section.path for section in baseline.sections]
    known = listed(names, _MOST_FILES)
    return InputError(
        f"it knows nothing of {path!r}",
        where=baseline.path,
        expected=f"one of {known}" if names else "a file that it was written for; it was written for none",
        hint=f"add the file to it: doubt baseline {data_path} -o {baseline.path}",
    )


def _settings_notes(section: Section, document: AuditDocument) -> tuple[str, ...]:
    """What may move doubts on rows that nobody touched."""
    then, now = section.settings, doubt_settings(document)
    changed = [
        f"{name.replace('_', '-')} = {_as_json_text(then[name])}, now {_as_json_text(value)}"
        for name, value in now.items()
        if name in then and then[name] != value
    ]
    version = document.tool_version
    if version != section.version:
        changed = [f"doubt {section.version}, now {version}", *changed]
    told = "; ".join(changed)
    return (f"doubts may move by more than they wobble: the baseline has {told}",) if changed else ()


def _as_json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
