"""An audit -> what a baseline keeps of it: its doubts, and a digest of every row."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import names_a_file, path_beside
from doubtcli.gate.baseline.rows import (
    check_hashes,
    count_prefix_digits,
    group_doubted_rows,
    make_digest,
    make_digests,
    pack_digests,
    select_borderline_rows,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.gate.baseline.rows import Key
    from doubtcli.records import AuditDocument, DoubtTable, Embedder

SETTINGS = ("reasons", "skip", "reason_settings", "seed", "folds", "repeats", "fast", "group")
"""The settings that doubts depend on. Those that choose columns are left out: the columns are kept."""
FILE_SETTINGS = ("embeddings", "pred_probs", "verdicts")
"""More of them; only the file's name is kept, because its folder depends on where doubt was run."""


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
    roles: Mapping[str, str] = field(default_factory=dict)
    """The role of each column, in file order; empty where an earlier version wrote it."""
    id: str | None = None
    """The column of the rows' ids; None where ids were made from content, or an earlier version wrote it."""
    numbers: tuple[str, ...] | None = None
    """The inputs of which numbers were hashed, not texts; None where an earlier version wrote it."""
    row_hash_version: int = 1
    """How rows were hashed."""
    embedder: Embedder | None = None
    """The model by which texts were also compared; None where they were not, as in all earlier versions."""

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
        roles={column.name: str(column.role) for column in document.roles.columns},
        id=document.id_column,
        numbers=document.hashed_as_numbers,
        row_hash_version=document.row_hash_version,
        embedder=document.embedder,
    )


def make_section_path(data_path: str, baseline_path: str) -> str:
    """The name of a data file in a baseline."""
    return path_beside(data_path, baseline_path) if names_a_file(data_path) else data_path


def find_label(baseline: Baseline, data_path: str) -> str | None:
    """The label column that a baseline has for a data file; None where it has nothing on the file."""
    path = make_section_path(data_path, baseline.path)
    return next((section.label for section in baseline.sections if section.path == path), None)


def select_doubt_settings(document: AuditDocument) -> dict[str, Any]:
    """The settings of an audit that doubts depend on."""
    stored = document.settings
    files = {name: stored.get(name) for name in FILE_SETTINGS}
    return {
        **{name: stored.get(name) for name in SETTINGS},
        "rules": list(stored.get("rules", ())),
        **{name: None if path is None else Path(path).name for name, path in files.items()},
    }


def update_baseline(old: Baseline | None, path: str, new: Sequence[Section]) -> Baseline:
    """The baseline with these sections in place of those on the same files; the others are kept."""
    kept = {section.path: section for section in old.sections} if old else {}
    sections = kept | {section.path: section for section in new}
    return Baseline(path, tuple(sections[name] for name in sorted(sections)))
