"""What a file holds -> the text of a `doubt.toml` that gates it, with a word on every key.

Keys that are on make the gate what it is today. A key that is off stands behind a "#" without a blank; taken
away, the file says the same as before, or sets one limit more.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit import comment, nl
from tomlkit.items import Comment, Trivia

from doubtcli.files.formats import fill_in_formats
from doubtcli.plugins import load_our_reasons
from doubtcli.records import Role
from doubtcli.settings import BASELINE_FILE, FILE_KEYS, GATE_KEYS, WAIVERS_FILE, ScanSettings
from doubtcli.wording.lists import and_more
from doubtcli.wording.quoting import escape_unprintable, quote_toml, toml_item, toml_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tomlkit.items import Item, Key, Table, Whitespace

    from doubtcli.records import Column, Examples, Roles

    Said = Mapping[str, Any]
    Line = Comment | Whitespace | tuple[Key, Item]
    """A comment, an empty line, or a key with its value."""

ON = {
    "baseline": (BASELINE_FILE, "What is doubted on the first day fails nothing."),
    "max-new": (0, "Each is to be mended, waived, or taken into the baseline."),
}
"""What a team can live with from the first day: it fails for what comes new, and for that alone."""
LONGEST_CLASS = 60
"""Characters of a class name that still makes a good example."""
LONGEST_COMMENT = 160
"""Characters; a column's name may be longer than a screen."""
ROLE_KEYS: Mapping[str, str] = {Role.IDENTIFIER: "id", Role.ANNOTATOR: "annotators", Role.IGNORED: "ignore"}
"""Where a role's key has another name than the role."""
PINNED = ("label", "id")
"""Found by doubt itself and on all the same: a new column must not take their place unseen."""
LISTS = ("text", "numeric", "categorical", "datetime", "embedding", "annotators", "ignore", "use")
COLUMN_KEYS = (*PINNED, "group", *LISTS)
"""All keys that name columns, in the order in which they are written."""
MOST_FOUND = 30
"""Columns of one role that are found by doubt itself; a table of measures may have a thousand."""


def collect_flags(settings: ScanSettings, folder: Path) -> dict[str, Any]:
    """What flags said of a file, by key; paths as seen from the folder of a settings file."""
    default = ScanSettings(path=settings.path)
    said = {}
    for name, kind in FILE_KEYS.items():
        given = getattr(settings, name.replace("-", "_"))
        if given != getattr(default, name.replace("-", "_")):
            said[name] = os.path.relpath(given, folder) if kind.is_path else given
    return said


def render_config(path: str, said: Said, roles: Roles, examples: Examples) -> str:
    """The text of a settings file that gates one data file.

    Args:
        path: The data file, as seen from the settings file's folder.
        said: What the user said of it, by key, as `collect_flags` gives it.
        roles: How each of its columns is used.
        examples: Its rows.
    """
    document = tomlkit.document()
    for line in (*_head_lines(path), nl(), comment("For every file.")):
        document.add(line)
    gate = make_table(_gate_lines())
    files = tomlkit.table(is_super_table=True)
    of_file = make_table(_data_file_lines(said, roles, examples))
    files.append(toml_key(path), of_file)
    gate.append("files", files)
    document.append("gate", gate)
    for table in (gate, files, of_file):
        table.trivia.indent = ""  # else an empty line, where the comment on the table is
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
    yield comment(f"How doubt gates {crop_comment(path)}; `doubt init` wrote it, and it is yours to change.")
    yield comment('A key behind a "#" is off: take the "#" away to switch it on.')
    yield comment(
        'A limit is a share, such as "3%", or a number of rows; more than that, and the gate fails.'
    )


def _gate_lines() -> Iterator[Line]:
    for name, (set_to, more) in ON.items():
        yield _about_limit(name, more)
        yield toml_key(name), toml_item(set_to)
    yield nl()
    for name, (set_to, more) in _make_limits_off().items():
        yield from _limit_off(name, set_to, more)
    yield nl()
    yield comment("For one file, with limits of its own if need be; add a table for each further file.")


def _make_limits_off() -> dict[str, tuple[object, str]]:
    """Limits for a team to switch on; those on reasons name ours that read duplicates, and neighbours."""
    by_source = {
        source: one.name for one in load_our_reasons() if one.family == "error" for source in one.sources
    }
    return {
        "max-noise": ("5%", "So it fails only when that is sure."),
        "strict": (True, "So it passes only when that is sure, as it never is of a small file."),
        "max-doubted": ("10%", "Known ones count, too."),
        "max-per-reason": ({"*": "5%", by_source["duplicates"]: 0}, '"*" is any other reason.'),
        "require-reason": ((by_source["neighbors"],), ""),
        "min-skill": ("60%", "The least that it may be."),
        "allow-unassessable": (True, "Without this, it fails."),
        "waivers": (WAIVERS_FILE, "Needless for a file of this name in the working directory."),
    }


def _data_file_lines(said: Said, roles: Roles, examples: Examples) -> Iterator[Line]:
    yield from list_columns(said, roles)
    yield from _other_settings(said)
    yield nl()
    yield from _limits_of_today(examples)


# --------------------------------------------------------------------------- lines


def _off(text: str) -> Comment:
    """A line that says something once its "#" is taken away."""
    return Comment(Trivia(comment=f"#{text}"))


def crop_comment(text: str) -> str:
    """A text for a comment: one line, nothing unseen in it, cut where it is too long."""
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


def _limit_off(name: str, set_to: object, more: str) -> Iterator[Comment]:
    """A key of the gate that is off, below the line that explains it."""
    yield _about_limit(name, more)
    yield _off(f"{name} = {_inline_value(set_to)}")


def _other_settings(said: Said) -> Iterator[Line]:
    """What the user said beside the columns: how the file is stored, and how to judge it."""
    for name, setting in said.items():
        if name not in COLUMN_KEYS:
            yield comment(fill_in_formats(FILE_KEYS[name].about))
            yield toml_key(name), toml_item(setting)


def _limits_of_today(examples: Examples) -> Iterator[Comment]:
    """Limits that stand at what is there today, so that it grows no worse."""
    n_unlabelled, n_conflicts = len(examples.unlabelled_row_ids), count_conflicts(examples)
    n_rows = examples.n_rows + n_unlabelled
    yield from _limit_off("max-unlabelled", n_unlabelled, f"Today: {n_unlabelled} of {n_rows}.")
    yield from _limit_off("max-conflicts", n_conflicts, f"Today: {n_conflicts} of {examples.n_rows}.")
    fit = (name for name in examples.class_names if len(name) <= LONGEST_CLASS and name != "*")
    name = next(fit, None)
    bounds = {"*": "10%"} | ({} if name is None else {name: "5%"})
    yield from _limit_off("max-per-class", bounds, '"*" is any other label.')


def count_conflicts(examples: Examples) -> int:
    """Rows whose very input stands elsewhere with another label."""
    labels = defaultdict(list)
    for position, label in zip(examples.positions.tolist(), examples.given_labels.tolist(), strict=True):
        labels[examples.row_hashes[position]].append(label)
    return sum(len(given) for given in labels.values() if len(set(given)) > 1)


# ------------------------------------------------------------------------- columns


def list_columns(said: Said, roles: Roles) -> Iterator[Line]:
    """A table's keys on the columns of its file, each below the line that explains it."""
    found = _columns_by_key(roles)
    for name in PINNED:
        yield from _pinned_lines(name, found[name])
    if not found["id"]:
        yield comment("No column names the rows: they are known by what stands in them.")
    if group := said.get("group"):
        yield comment(FILE_KEYS["group"].about)
        yield toml_key("group"), toml_item(group)
    lists = [line for name in LISTS for line in _role_lines(name, said.get(name, ()), found[name])]
    if lists:
        yield nl()
        yield comment('The other columns; those behind a "#" are what doubt sees in them by itself.')
        yield from lists
    yield from (_unused_line(column) for column in found[""])


def _columns_by_key(roles: Roles) -> dict[str, list[Column]]:
    """Columns by the key that says their role; "" for those that no key takes in."""
    found: dict[str, list[Column]] = defaultdict(list)
    for column in roles.columns:
        found[_key_of(column)].append(column)
    return found


def _key_of(column: Column) -> str:
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


def _role_lines(name: str, said: Sequence[str], found: Sequence[Column]) -> Iterator[Line]:
    """A key with the columns that the user named, and behind a "#" those that doubt found besides."""
    on = tuple(said)
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
        yield from map(_off, [f"{name} = [", *(line[1:] for line in others), "]"])


def _unused_line(column: Column) -> Comment:
    return comment(f"Not used: {crop_comment(quote_toml(column.name))}, {crop_comment(column.why)}")
