"""A baseline <-> its file: sorted JSON with one row per line, to be reviewed and merged like code."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError
from doubtcli.gate.baseline.rows import DIGEST_DIGITS, count_prefix_digits, pack_digests, unpack_digests
from doubtcli.gate.baseline.section import Baseline, KnownDoubt, Section
from doubtcli.records import Embedder
from doubtcli.records.stored import BASELINE_SCHEMA_VERSION, ROW_HASH_VERSION, TOOL
from doubtcli.wording.quoting import quote_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ABOUT = "Doubted labels that are known, so that `doubt gate` can find new ones; written by `doubt baseline`."
_MERGE_MARKER = re.compile(r"(?:<<<<<<< |=======$|>>>>>>> |\|\|\|\|\|\|\| )")


# -------------------------------------------------------------------- write


def render_baseline(sections: Sequence[Section]) -> str:
    """The text of a baseline file: the same bytes for the same sections, in any order.

    A changed row changes the line of its doubt, the lines of its digests, the file's hash and number of
    rows, and the comma after a line that was or has become the last one.
    """
    ordered = sorted(sections, key=lambda section: section.path)
    head = {
        "schema_version": str(BASELINE_SCHEMA_VERSION),
        "tool": _one_line_object({"name": quote_json(TOOL), "version": quote_json(version("doubtcli"))}),
        "about": quote_json(ABOUT),
        "files": _indent_block(
            "{}", (f"{quote_json(one.path)}: {_render_section(one)}" for one in ordered), depth=1
        ),
    }
    return _indent_block("{}", (f'"{key}": {value}' for key, value in head.items()), depth=0) + "\n"


def _render_section(section: Section) -> str:
    parts = {
        "sha256": quote_json(section.sha256),
        "n_rows": str(section.n_rows),
        "label": quote_json(section.label),
        "inputs": _one_line_array(section.inputs),
        **_render_names(section),
        "settings": _one_line_json(section.settings),
        "version": quote_json(section.version),
        **_render_embedder(section),
        "doubts": _indent_block("[]", map(_render_known, section.doubts), depth=3),
        "borderline": _render_digests(pack_digests(section.borderline)),
        "rows": _render_digests(section.lines),
    }
    return _indent_block("{}", (f'"{key}": {value}' for key, value in parts.items()), depth=2)


def _render_names(section: Section) -> dict[str, str]:
    """How rows were named; nothing where an earlier version wrote it."""
    if not section.roles:
        return {}
    return {
        "id": _one_line_json(section.id),
        "numbers": _one_line_json(section.numbers),
        "roles": _one_line_json(section.roles),
        "row_hash_version": str(section.row_hash_version),
    }


def _render_embedder(section: Section) -> dict[str, str]:
    """The embedding model, where there was one."""
    return {} if section.embedder is None else {"embedder": _one_line_json(asdict(section.embedder))}


def _render_digests(lines: Mapping[str, str]) -> str:
    return _indent_block("{}", (f'"{prefix}": "{line}"' for prefix, line in sorted(lines.items())), depth=3)


def _render_known(doubt: KnownDoubt) -> str:
    number = {} if doubt.n == 1 else {"n": str(doubt.n)}
    return _one_line_object(
        {
            "row": quote_json(doubt.row_hash),
            **number,
            "id": quote_json(doubt.row_id),
            "given": quote_json(doubt.given_label),
            "doubt": json.dumps(doubt.doubt),
            "reasons": _one_line_array(doubt.reasons),
        }
    )


def _indent_block(brackets: str, lines: Iterable[str], depth: int) -> str:
    """Lines between brackets, indented one step more than the closing bracket."""
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    joined = f",{inner}".join(lines)
    return f"{brackets[0]}{inner}{joined}{outer}{brackets[1]}" if joined else brackets


def _one_line_object(parts: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in parts.items()) + "}"


def _one_line_array(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quote_json, texts))}]"


def _one_line_json(value: object) -> str:
    """Any JSON value on one line."""
    match value:
        case str():
            return quote_json(value)
        case list() | tuple():
            return f"[{', '.join(map(_one_line_json, value))}]"
        case dict():
            return (
                "{"
                + ", ".join(f"{quote_json(key)}: {_one_line_json(item)}" for key, item in value.items())
                + "}"
            )
        case _:
            return json.dumps(value, allow_nan=False)


# --------------------------------------------------------------------- read


def read_baseline(path: str) -> Baseline:
    """The baseline in a file, as `render_baseline` wrote it.

    Raises:
        InputError: It can't be read, is not a baseline, has another schema version, or was edited so that its
            parts are malformed or contradict each other.
    """
    text = _read_text(path)
    document = _parse_document(text, path)
    _check_head(document, path)
    sections = [parse_section(name, body, path) for name, body in document["files"].items()]
    return Baseline(path, tuple(sorted(sections, key=lambda section: section.path)))


def _read_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        hint = f"write it: doubt baseline DATA -o {path}"
        raise InputError(f"can't be read: {error.strerror}", where=path, hint=hint) from error
    except UnicodeDecodeError as error:
        raise _make_broken_error(path, f"is not UTF-8: byte {error.start + 1} can't be decoded") from error


def _parse_document(text: str, path: str) -> Any:  # noqa: ANN401  # JSON is anything
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in "<=>|" and _MERGE_MARKER.match(line):
            raise _make_broken_error(path, "it has merge markers of git: two branches changed it", number)
    try:
        return json.loads(text, object_pairs_hook=_refuse_repeated_key, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _make_broken_error(path, f"is not valid JSON: {error.msg}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise _make_broken_error(path, f"is not valid JSON: {error}") from error


def _refuse_repeated_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{quote_json(twice)} occurs twice")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _check_head(document: Any, path: str) -> None:  # noqa: ANN401  # JSON is anything
    match document:
        case {"schema_version": int() as found, "tool": {"name": "doubt"}, "about": str()}:
            pass
        case _:
            raise InputError(
                "is not a baseline of doubt",
                where=path,
                expected="a file that `doubt baseline` wrote",
                hint="name the baseline with --baseline, or write one: doubt baseline DATA -o FILE",
            )
    if not 1 <= found <= BASELINE_SCHEMA_VERSION:
        raise InputError(
            f"has schema version {found}",
            where=path,
            expected=f"schema version {BASELINE_SCHEMA_VERSION} or lower, from 1",
            hint="update doubt: a newer one wrote this baseline"
            if found > BASELINE_SCHEMA_VERSION
            else _suggest_rewriting(path),
        )
    if not isinstance(document.get("files"), dict):
        raise _make_broken_error(path, "its files are missing")


def parse_section(path: str, body: object, where: str) -> Section:
    """What a baseline has on one data file.

    Args:
        path: The data file.
        body: The JSON value under its name.
        where: The baseline file.

    Raises:
        InputError: A part is missing, malformed or occurs twice, or two parts contradict each other.
    """
    match body:
        case {
            "sha256": str() as sha256,
            "n_rows": int() as n_rows,
            "label": str() as label,
            "inputs": list() as inputs,
            "settings": dict() as settings,
            "version": str() as version,
            "doubts": list() as doubts,
            "borderline": dict() as near,
            "rows": dict() as lines,
            **names,
        } if _are_texts(inputs) and type(n_rows) is int:
            _check_lines(path, lines, n_rows, where)
            _check_line_format(path, near, sum(map(_count_digests, near.values())), where)
            known = tuple(_parse_known(path, number, doubt, where) for number, doubt in enumerate(doubts, 1))
            borderline = unpack_digests(near)
            section = Section(
                path, sha256, n_rows, label, tuple(inputs), settings, version, known, lines, borderline
            )
            named = _parse_names(path, names, where)
            section = replace(section, **named, embedder=_parse_embedder(path, names.get("embedder"), where))
            _check_doubts(section, where)
            return section
        case _:
            raise _make_broken_error(where, f"the entry for {path!r} is malformed or incomplete")


def _parse_names(path: str, names: Mapping[Any, object], where: str) -> dict[str, Any]:
    """The fields on how rows were named; none where an earlier version wrote it."""
    if "roles" not in names:
        return {}
    match names:
        case {
            "id": str() | None as id_column,
            "numbers": list() | None as numbers,
            "roles": dict() as roles,
            "row_hash_version": int() as row_hash_version,
        } if _are_texts(numbers or []) and _are_texts([*roles.values()]) and type(row_hash_version) is int:
            pass
        case _:
            raise _make_broken_error(where, f"the entry for {path!r} is malformed or incomplete")
    if not 1 <= row_hash_version <= ROW_HASH_VERSION:
        raise InputError(
            f"in the entry for {path!r}, rows are hashed as in version {row_hash_version}",
            where=where,
            expected=f"row_hash_version {ROW_HASH_VERSION} or lower, from 1",
            hint="update doubt: a newer one wrote this baseline",
        )
    fields = {"id": id_column, "numbers": numbers if numbers is None else tuple(numbers)}
    return fields | {"roles": roles, "row_hash_version": row_hash_version}


def _parse_embedder(path: str, value: object, where: str) -> Embedder | None:
    match value:
        case None:
            return None
        case {"name": str() as name, "sha256": str() as sha256}:
            return Embedder(name, sha256)
        case _:
            raise _make_broken_error(where, f"the entry for {path!r} is malformed or incomplete")


def _check_lines(path: str, lines: dict[str, Any], n_rows: int, where: str) -> None:
    """Refuse malformed lines of digests, and a number of digests that is not the number of rows."""
    _check_line_format(path, lines, n_rows, where)
    n_digests = sum(map(_count_digests, lines.values()))
    if n_digests != n_rows:
        raise _make_broken_error(where, f"{path!r} has {n_rows:,} rows, but its digests are of {n_digests:,}")


def _check_line_format(path: str, lines: dict[str, Any], n_digests: int, where: str) -> None:
    """Refuse lines that `pack_digests` would not make from so many digests."""
    n_first = count_prefix_digits(n_digests)
    rest = f"[0-9a-f]{{{DIGEST_DIGITS - n_first}}}"
    prefix, line = re.compile(f"[0-9a-f]{{{n_first}}}"), re.compile(f"{rest}(?: {rest})*")
    for start, digests in lines.items():
        if not (prefix.fullmatch(start) and isinstance(digests, str) and line.fullmatch(digests)):
            raise _make_broken_error(
                where, f"in the entry for {path!r}, the line {start!r} of digests is malformed"
            )


def _count_digests(line: object) -> int:
    """How many digests a line has; 0 if it is not a line."""
    return line.count(" ") + 1 if isinstance(line, str) else 0


def _parse_known(path: str, number: int, doubt: object, where: str) -> KnownDoubt:
    match doubt:
        case {
            "row": str() as row_hash,
            "id": str() as row_id,
            "given": str() as given,
            "doubt": float() | int() as value,
            "reasons": list() as reasons,
            **more,
        } if _are_texts(reasons) and type(value) is not bool and 0 <= value <= 1:
            n = more.get("n", 1)
            if type(n) is int and n >= 1:
                return KnownDoubt(row_hash, n, row_id, given, float(value), tuple(reasons))
    raise _make_broken_error(where, f"in the entry for {path!r}, doubt {number:,} is malformed")


def _check_doubts(section: Section, where: str) -> None:
    """Refuse a doubt that occurs twice, and one on a row that is not among the rows."""
    lines = Counter((*doubt.key, doubt.n) for doubt in section.doubts)
    twice = next((doubt for doubt in section.doubts if lines[*doubt.key, doubt.n] > 1), None)
    if twice:
        raise _make_broken_error(where, f"the doubt on row {twice.row_id!r} of {section.path!r} occurs twice")
    equal = Counter(doubt.key for doubt in section.doubts)
    for doubt in section.doubts:
        if equal[doubt.key] > section.count_like(*doubt.key):
            raise _make_broken_error(
                where, f"the doubt on row {doubt.row_id!r} of {section.path!r} fits none of its rows"
            )


def _are_texts(values: Sequence[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _make_broken_error(where: str, found: str, line: int | None = None) -> InputError:
    """The error for a baseline that is malformed or contradicts itself."""
    expected = "a baseline as `doubt baseline` wrote it"
    return InputError(found, where=where, line=line, expected=expected, hint=_suggest_rewriting(where))


def _suggest_rewriting(where: str) -> str:
    """What to do about a baseline that can't be used."""
    return f"write it again: doubt baseline DATA --force -o {where}; or restore it from git"
