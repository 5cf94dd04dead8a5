"""A baseline <-> its file: sorted JSON with one row a line, to be reviewed and merged like code."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError
from doubtcli.gate.baseline.parse import broken, parsed_section, write_again
from doubtcli.gate.baseline.rows import in_lines
from doubtcli.gate.baseline.section import Baseline
from doubtcli.wording.quoting import quote_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.gate.baseline.section import KnownDoubt, Section

SCHEMA_VERSION = 1
TOOL = "doubt"
ABOUT = "Doubted labels that are known, so that `doubt gate` tells new ones; written by `doubt baseline`."
_MERGE_MARKER = re.compile(r"(?:<<<<<<< |=======$|>>>>>>> |\|\|\|\|\|\|\| )")


# -------------------------------------------------------------------- write


def render_baseline(sections: Sequence[Section]) -> str:
    """The text of a baseline file: the same bytes for the same sections, in any order.

    A changed row changes the line of its doubt, the lines of its digests, and the file's hash and number of
    rows; and the comma behind a line that was or became the last.
    """
    ordered = sorted(sections, key=lambda section: section.path)
    head = {
        "schema_version": str(SCHEMA_VERSION),
        "tool": _object({"name": quote_json(TOOL), "version": quote_json(version("doubtcli"))}),
        "about": quote_json(ABOUT),
        "files": _block("{}", (f"{quote_json(one.path)}: {_section(one)}" for one in ordered), depth=1),
    }
    return _block("{}", (f'"{key}": {value}' for key, value in head.items()), depth=0) + "\n"


def _section(section: Section) -> str:
    parts = {
        "sha256": quote_json(section.sha256),
        "n_rows": str(section.n_rows),
        "label": quote_json(section.label),
        "inputs": _array(section.inputs),
        "settings": _plain(section.settings),
        "version": quote_json(section.version),
        "doubts": _block("[]", map(_doubt, section.doubts), depth=3),
        "borderline": _digests(in_lines(section.borderline)),
        "rows": _digests(section.lines),
    }
    return _block("{}", (f'"{key}": {value}' for key, value in parts.items()), depth=2)


def _digests(lines: Mapping[str, str]) -> str:
    return _block("{}", (f'"{prefix}": "{line}"' for prefix, line in sorted(lines.items())), depth=3)


def _doubt(doubt: KnownDoubt) -> str:
    number = {} if doubt.n == 1 else {"n": str(doubt.n)}
    return _object(
        {
            "row": quote_json(doubt.row_hash),
            **number,
            "id": quote_json(doubt.row_id),
            "given": quote_json(doubt.given_label),
            "doubt": json.dumps(doubt.doubt),
            "reasons": _array(doubt.reasons),
        }
    )


def _block(brackets: str, lines: Iterable[str], depth: int) -> str:
    """Lines between brackets, one more step in than the line they close on."""
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    told = f",{inner}".join(lines)
    return f"{brackets[0]}{inner}{told}{outer}{brackets[1]}" if told else brackets


def _object(parts: dict[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in parts.items()) + "}"


def _array(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quote_json, texts))}]"


def _plain(value: object) -> str:
    """Any JSON value on one line."""
    match value:
        case str():
            return quote_json(value)
        case list() | tuple():
            return f"[{', '.join(map(_plain, value))}]"
        case dict():
            return "{" + ", ".join(f"{quote_json(key)}: {_plain(item)}" for key, item in value.items()) + "}"
        case _:
            return json.dumps(value, allow_nan=False)


# --------------------------------------------------------------------- read


def read_baseline(path: str) -> Baseline:
    """The baseline in a file, as `render_baseline` wrote it.

    Raises:
        InputError: It can't be read, is no baseline, is of another schema version, or was edited so that it
            no longer says what it should.
    """
    text = _text(path)
    document = _document(text, path)
    _check_head(document, path)
    sections = [parsed_section(name, body, path) for name, body in document["files"].items()]
    return Baseline(path, tuple(sorted(sections, key=lambda section: section.path)))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        hint = f"write it: doubt baseline DATA -o {path}"
        raise InputError(f"can't be read: {error.strerror}", where=path, hint=hint) from error
    except UnicodeDecodeError as error:
        raise broken(path, f"is no UTF-8: byte {error.start + 1} can't be read") from error


def _document(text: str, path: str) -> Any:  # noqa: ANN401  # JSON is anything
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in "<=>|" and _MERGE_MARKER.match(line):
            raise broken(path, "git's merge markers stand in it: two branches changed it", number)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise broken(path, f"is no valid JSON: {error.msg}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise broken(path, f"is no valid JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{quote_json(twice)} stands twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _check_head(document: Any, path: str) -> None:  # noqa: ANN401  # JSON is anything
    match document:
        case {"schema_version": int() as found, "tool": {"name": "doubt"}, "about": str()}:
            pass
        case _:
            raise InputError(
                "is no baseline of doubt",
                where=path,
                expected="a file that `doubt baseline` wrote",
                hint="name it with --baseline, or write one: doubt baseline DATA -o FILE",
            )
    if found != SCHEMA_VERSION:
        raise InputError(
            f"has schema version {found}",
            where=path,
            expected=f"schema version {SCHEMA_VERSION}",
            hint="update doubt: a newer one wrote this baseline"
            if found > SCHEMA_VERSION
            else write_again(path),
        )
    if not isinstance(document.get("files"), dict):
        raise broken(path, "its files are missing")
