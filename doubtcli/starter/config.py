"""A data file's columns and rows -> the text of a `doubt.toml` that gates it, with a comment on every key.

A key that is off follows a "#" without a space. Without the "#", the file either means the same as before, or
has one limit more.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit import comment, nl
from tomlkit.items import Comment, Trivia

from doubtcli.disk.paths import relative_path
from doubtcli.files.formats import fill_in_formats
from doubtcli.plugins import load_our_reasons
from doubtcli.records import Role
from doubtcli.records.texts import Texts
from doubtcli.settings import BASELINE_FILE, FILE_KEYS, GATE_KEYS, WAIVERS_FILE, ScanSettings
from doubtcli.wording.lists import and_more
from doubtcli.wording.quoting import escape_unprintable, quote_toml, toml_item, toml_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tomlkit.items import Item, Key, Table, Whitespace

    from doubtcli.records import Column, Examples, Roles

    Flags = Mapping[str, Any]
    """The user's flags by key, as `collect_flags` gives them."""
    Line = Comment | Whitespace | tuple[Key, Item]
    """A comment, an empty line, or a key with its value."""

ON = {
    "baseline": (BASELINE_FILE, "They do not fail the gate."),
    "max-new": (0, "Correct each, waive it, or add it to the baseline."),
}
"""Limits that suit a team from the first day: the gate fails for new doubts only."""
LONGEST_CLASS = 60
"""The longest class name to use as an example, in characters."""
LONGEST_COMMENT = 160
"""Characters; a column's name may be longer than a screen."""
ROLE_KEYS: Mapping[str, str] = {Role.IDENTIFIER: "id", Role.ANNOTATOR: "annotators", Role.IGNORED: "ignore"}
"""The keys of roles whose key is not the role's name."""
PINNED = ("label", "id")
"""Keys that are on even where doubt found the column itself: so no new column silently takes its place."""
LISTS = ("text", "numeric", "categorical", "datetime", "embedding", "annotators", "ignore", "use")
COLUMN_KEYS = (*PINNED, "group", *LISTS)
"""All keys that name columns, in the order in which they are written."""
MOST_FOUND = 30
"""The most columns to list of one role; a table of measurements may have a thousand."""


def collect_flags(settings: ScanSettings, folder: Path) -> dict[str, Any]:
    """The flags that differ from the defaults, by key; paths are relative to the settings file's folder."""
    default = ScanSettings(path=settings.path)
    flags = {}
    for name, kind in FILE_KEYS.items():
        given = getattr(settings, name.replace("-", "_"))
        if given != getattr(default, name.replace("-", "_")):
            flags[name] = relative_path(given, folder) if kind.names_path(given) else given
    return flags


def render_config(path: str, flags: Flags, roles: Roles, examples: Examples) -> str:
    """The text of a settings file that gates one data file.

    Args:
        path: The data file, relative to the settings file's folder.
        flags: The user's flags for it, by key, from `collect_flags`.
        roles: How each of its columns is used.
        examples: Its rows.
    """
    document = tomlkit.document()
    for line in (*_head_lines(path), nl(), comment("For every file.")):
        document.add(line)
    gate = make_table(_gate_lines())
    files = tomlkit.table(is_super_table=True)
    of_file = make_table(_data_file_lines(flags, roles, examples))
    files.append(toml_key(path), of_file)
    gate.append("files", files)
    document.append("gate", gate)
    for table in (gate, files, of_file):
        table.trivia.indent = ""  # else there is an empty line between a comment and its table
    return document.as_string()


def make_table(lines: Iterator[Line]) -> Table:
    """A table of these lines."""
    table = tomlkit.table()
    for line in lines:
        if isinstance(line, tuple):
            table.append(*line)
        else:
            table.add(line)
    return table


def _head_lines(path: str) -> Iterator[Comment]:
    yield comment(
        f"Settings of doubt for {crop_comment(path)}, written by `doubt init`. Change them as you like."
    )
    yield comment('A key after a "#" is off: remove the "#" to switch it on.')
    yield comment('A limit is a share, such as "3%", or a number of rows; the gate fails above it.')


def _gate_lines() -> Iterator[Line]:
    for name, (set_to, more) in ON.items():
        yield _about_limit(name, more)
        yield toml_key(name), toml_item(set_to)
    yield nl()
    for name, (set_to, more) in _list_limits_off().items():
        yield from _limit_off_lines(name, set_to, more)
    yield nl()
    yield comment("For one file; its own limits go here. Add a table for each further file.")


def _list_limits_off() -> dict[str, tuple[object, str]]:
    """Limits that a team may switch on; as examples of reasons, those that read duplicates and neighbours."""
    by_source = {
        source: one.name for one in load_our_reasons() if one.family == "error" for source in one.sources
    }
    return {
        "max-noise": ("5%", ""),
        "strict": (True, "Then it passes only if the noise is surely below."),
        "require-measured": (30, ""),
        "max-doubted": ("10%", "Those in the baseline count too."),
        "max-contradicted": ("30%", ""),
        "max-per-reason": ({"*": "5%", by_source["duplicates"]: 0}, '"*" is any other reason.'),
        "require-reason": ((by_source["neighbors"],), ""),
        "min-skill": ("60%", ""),
        "allow-unassessable": (True, ""),
        "waivers": (WAIVERS_FILE, "Not needed if it has this name and is in the working directory."),
    }


def _data_file_lines(flags: Flags, roles: Roles, examples: Examples) -> Iterator[Line]:
    yield from list_columns(flags, roles)
    yield from _other_settings(flags)
    yield nl()
    yield from _todays_limits(examples)


# --------------------------------------------------------------------------- lines


def _switch_off(text: str) -> Comment:
    """A line of settings that is switched off by a "#"."""
    return Comment(Trivia(comment=f"#{text}"))


def crop_comment(text: str) -> str:
    """A text for a comment: on one line, without invisible characters, and cut where it is too long."""
    line = escape_unprintable(text)
    return line if len(line) <= LONGEST_COMMENT else line[: LONGEST_COMMENT - 1] + "…"


def _inline_value(setting: object) -> str:
    """A value as TOML has it on one line."""
    if isinstance(setting, dict):
        pairs = (f"{toml_key(name).as_string()} = {_inline_value(item)}" for name, item in setting.items())
        return f"{{ {', '.join(pairs)} }}"
    return toml_item(setting).as_string()


def _about_limit(name: str, more: str) -> Comment:
    about = GATE_KEYS[name].about.replace("--", "")
    return comment(f"{about} {more}".rstrip())


def _limit_off_lines(name: str, set_to: object, more: str) -> Iterator[Comment]:
    """A key of the gate that is off, after a line that explains it."""
    yield _about_limit(name, more)
    yield _switch_off(f"{name} = {_inline_value(set_to)}")


def _other_settings(flags: Flags) -> Iterator[Line]:
    """The user's flags that are not about columns: how the file is written, and how to judge it."""
    for name, setting in flags.items():
        if name not in COLUMN_KEYS:
            yield comment(fill_in_formats(FILE_KEYS[name].about))
            yield toml_key(name), toml_item(setting)


def _todays_limits(examples: Examples) -> Iterator[Comment]:
    """Limits at today's numbers, so that they don't get worse."""
    n_unlabelled, n_conflicts = len(examples.unlabelled_row_ids), count_conflicts(examples)
    n_rows = examples.n_rows + n_unlabelled
    yield from _limit_off_lines("max-unlabelled", n_unlabelled, f"Today: {n_unlabelled} of {n_rows}.")
    yield from _limit_off_lines("max-conflicts", n_conflicts, f"Today: {n_conflicts} of {examples.n_rows}.")
    short_names = (name for name in examples.class_names if len(name) <= LONGEST_CLASS and name != "*")
    name = next(short_names, None)
    bounds = {"*": "10%"} | ({} if name is None else {name: "5%"})
    yield from _limit_off_lines("max-per-class", bounds, '"*" is any other label.')


def count_conflicts(examples: Examples) -> int:
    """The number of rows with the same input as another row, but a different label."""
    labels = defaultdict(list)
    hashes = Texts.of(examples.row_hashes).take(examples.positions)
    for row_hash, label in zip(hashes, examples.given_labels.tolist(), strict=True):
        labels[row_hash].append(label)
    return sum(len(given) for given in labels.values() if len(set(given)) > 1)


# ------------------------------------------------------------------------- columns


def list_columns(flags: Flags, roles: Roles) -> Iterator[Line]:
    """The keys about the columns of a file, each after a line that explains it."""
    found = _columns_by_key(roles)
    for name in PINNED:
        yield from _pinned_lines(name, found[name])
    if not found["id"]:
        yield comment("No column has ids: rows are recognised by their content.")
    if group := flags.get("group"):
        yield comment(FILE_KEYS["group"].about)
        yield toml_key("group"), toml_item(group)
    lists = [line for name in LISTS for line in _role_lines(name, flags.get(name, ()), found[name])]
    if lists:
        yield nl()
        yield comment('The other columns; doubt recognises those after a "#" by itself.')
        yield from lists
    yield from (_unused_line(column) for column in found[""])


def _columns_by_key(roles: Roles) -> dict[str, list[Column]]:
    """Columns by the key of their role; "" for those that have no key."""
    found: dict[str, list[Column]] = defaultdict(list)
    for column in roles.columns:
        found[_find_key(column)].append(column)
    return found


def _find_key(column: Column) -> str:
    if column.used or column.why == "--ignore":
        return ROLE_KEYS.get(column.role, column.role)
    return "" if column.role in {Role.IGNORED, Role.EMBEDDING} else "use"


def _pinned_lines(name: str, columns: Sequence[Column]) -> Iterator[Line]:
    for column in columns:
        item = toml_item(column.name)
        if not column.why.startswith("--"):
            item.comment(crop_comment(column.why))
            item.trivia.comment_ws = "  "
        yield comment(FILE_KEYS[name].about)
        yield toml_key(name), item


def _role_lines(name: str, named: Sequence[str], found: Sequence[Column]) -> Iterator[Line]:
    """A key with the columns that the user named, and after a "#" further ones that doubt found."""
    on = tuple(named)
    is_pattern = name == "annotators" and on
    off = [column for column in found if column.name not in on and not is_pattern]
    if not (on or off):
        return
    yield comment(FILE_KEYS[name].about)
    others = [f"#  {quote_toml(column.name)},  # {crop_comment(column.why)}" for column in off[:MOST_FOUND]]
    if rest := and_more(len(off) - MOST_FOUND):
        others.append(f"#  # {rest}")
    if not off:
        yield toml_key(name), toml_item(on)
    elif on:
        entries = [f"  {quote_toml(column)}," for column in on]
        yield toml_key(name), tomlkit.value("\n".join(["[", *entries, *others, "]"]))
    else:
        yield from map(_switch_off, [f"{name} = [", *(line[1:] for line in others), "]"])


def _unused_line(column: Column) -> Comment:
    return comment(f"Not used: {crop_comment(quote_toml(column.name))}, {crop_comment(column.why)}")
