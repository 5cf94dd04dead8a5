"""A baseline and a data file -> what the baseline knows of it, refused where it is of other data."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.gate.baseline.rows import check_hashes, digests
from doubtcli.gate.baseline.section import doubt_settings, section_path
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from doubtcli.gate.baseline.section import Baseline, Section
    from doubtcli.records import AuditDocument, DoubtTable

RENAMED_FROM = 0.1
"""The share of rows, of the smaller of two files, from which one is taken for the other renamed."""
_MOST_NAMED = 20


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
        _check_columns(found, baseline.path, data_path, document)
        if not any(map(found.count, digests(doubts))):
            raise _strange("it shares no row with the baseline's", baseline.path, data_path)
        return found, _notes(found, document)
    renamed = _renamed(baseline, document, doubts)
    if renamed is None:
        raise _unknown(baseline, data_path, path)
    note = f"the baseline knows {path} as {renamed.path}: it has the same columns and rows"
    return renamed, (note, *_notes(renamed, document))


def _renamed(baseline: Baseline, document: AuditDocument, doubts: DoubtTable) -> Section | None:
    """The one file of a baseline, if its columns and enough of its rows are those of the audit."""
    if len(baseline.sections) != 1:
        return None
    section = baseline.sections[0]
    if (section.label, sorted(section.inputs)) != (document.label_column, sorted(document.input_columns)):
        return None
    here = Counter(digests(doubts))
    n_shared = sum(min(n, section.count(digest)) for digest, n in here.items())
    return section if n_shared >= max(1, RENAMED_FROM * min(section.n_rows, doubts.n_rows)) else None


def _check_columns(section: Section, where: str, data_path: str, document: AuditDocument) -> None:
    label, inputs = document.label_column, document.input_columns
    if label != section.label:
        found = f"its labels stand in {label!r}, the baseline's in {section.label!r}"
        raise _strange(found, where, data_path, f"name the label column: --label {section.label}")
    added = next((name for name in inputs if name not in section.inputs), None)
    if added is not None:
        found = f"its column {added!r} is an input, and is none in the baseline"
        raise _strange(found, where, data_path, f"leave the column out: --ignore {added}")
    lacking = next((name for name in section.inputs if name not in inputs), None)
    if lacking is not None:
        found = f"the baseline's input {lacking!r} is none of its input columns"
        raise _strange(found, where, data_path)


def _strange(found: str, where: str, data_path: str, cure: str = "") -> InputError:
    """The error for a file that bears the name of another data set."""
    again = f"write the baseline again: doubt baseline {data_path} -o {where}"
    return InputError(
        f"{data_path} is another data set than the one it was written for: {found}",
        where=where,
        expected="the same label column, the same input columns and some of the same rows",
        hint=f"{cure}; or {again}" if cure else again,
    )


def _unknown(baseline: Baseline, data_path: str, path: str) -> InputError:
    names = [section.path for section in baseline.sections]
    known = listed(names, _MOST_NAMED)
    return InputError(
        f"it knows nothing of {path!r}",
        where=baseline.path,
        expected=f"one of {known}" if names else "a file that it was written for; it was written for none",
        hint=f"add the file to it: doubt baseline {data_path} -o {baseline.path}",
    )


def _notes(section: Section, document: AuditDocument) -> tuple[str, ...]:
    """What may move doubts on rows that nobody touched."""
    then, now = section.settings, doubt_settings(document)
    changed = [
        f"{name.replace('_', '-')} = {_shown(then[name])}, now {_shown(value)}"
        for name, value in now.items()
        if name in then and then[name] != value
    ]
    version = document.tool_version
    if version != section.version:
        changed = [f"doubt {section.version}, now {version}", *changed]
    told = "; ".join(changed)
    return (f"doubts may move by more than they wobble: the baseline has {told}",) if changed else ()


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
