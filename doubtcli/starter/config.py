"""What a file holds -> the text of a `doubt.toml` that gates it, with a word on every key.

Keys that are on make the gate what it is today. A key that is off stands behind a "#" without a blank; taken
away, the file says the same as before, or sets one limit more.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from doubtcli.plugins import our_reasons
from doubtcli.settings import FILE_KEYS, GATE_KEYS, ScanSettings
from doubtcli.starter.columns import COLUMN_KEYS, column_lines
from doubtcli.starter.conflicts import count_conflicts
from doubtcli.starter.toml import comment, key, string, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from doubtcli.records import Examples, Roles

    Said = Mapping[str, Any]

BASELINE = ".doubt-baseline.json"
WAIVERS = "doubt-waivers.toml"

ON = {
    "baseline": (string(BASELINE), "What is doubted on the first day fails nothing."),
    "max-new": ("0", "Each is to be mended, waived, or taken into the baseline."),
}
"""What a team can live with from the first day: it fails for what comes new, and for that alone."""
OFF = {
    "max-noise": ('"5%"', "So it fails only when that is sure."),
    "strict": ("true", "So it passes only when that is sure, as it never is of a small file."),
    "max-doubted": ('"10%"', "Known ones count, too."),
    "max-per-reason": ('{{ "*" = "5%", {duplicates} = 0 }}', '"*" is any other reason.'),
    "require-reason": ('["{neighbors}"]', ""),
    "min-skill": ('"60%"', "The least that it may be."),
    "allow-unassessable": ("true", "Without this, it fails."),
    "waivers": (string(WAIVERS), "Needless for a file of this name in the working directory."),
}
"""Off, for a team to switch on; a source of evidence in braces becomes the reason that reads it."""
LONGEST_CLASS = 60
"""Characters of a class name that still makes a good example."""


def said_of(settings: ScanSettings, folder: Path) -> dict[str, Any]:
    """What flags said of a file, by key; paths as seen from the folder of a settings file."""
    default = ScanSettings(path=settings.path)
    said = {}
    for name, kind in FILE_KEYS.items():
        given = getattr(settings, name.replace("-", "_"))
        if given != getattr(default, name.replace("-", "_")):
            said[name] = os.path.relpath(given, folder) if kind.is_path else given
    return said


def config_text(path: str, said: Said, roles: Roles, examples: Examples) -> str:
    """The text of a settings file that gates one data file.

    Args:
        path: The data file, as seen from the settings file's folder.
        said: What the user said of it, by key, as `said_of` gives it.
        roles: How each of its columns is used.
        examples: Its rows.
    """
    by_source = {source: one.name for one in our_reasons() if one.family == "error" for source in one.sources}
    lines = [
        *_head(path),
        "",
        "# For every file.",
        "[gate]",
        *(line for name, (set_to, more) in ON.items() for line in _limit(name, set_to, more)),
        "",
        *(
            line
            for name, (set_to, more) in OFF.items()
            for line in _limit(name, set_to.format_map(by_source), more, off=True)
        ),
        "",
        "# For one file, with limits of its own if need be; add a table for each further file.",
        f"[gate.files.{string(path)}]",
        *column_lines(said, roles),
        *_other_settings(said),
        "",
        *_counted(examples),
    ]
    return "\n".join(lines) + "\n"


def _head(path: str) -> Iterator[str]:
    yield f"# How doubt gates {comment(path)}; `doubt init` wrote it, and it is yours to change."
    yield '# A key behind a "#" is off: take the "#" away to switch it on.'
    yield '# A limit is a share, such as "3%", or a number of rows; more than that, and the gate fails.'


def _limit(name: str, set_to: str, more: str, *, off: bool = False) -> Iterator[str]:
    """A key of the gate below the line that explains it."""
    about = GATE_KEYS[name].about.replace("--", "")
    yield f"# {about} {more}".rstrip()
    yield f"{'#' if off else ''}{name} = {set_to}"


def _other_settings(said: Said) -> Iterator[str]:
    """What the user said beside the columns: how the file is stored, and how to judge it."""
    for name in said:
        if name not in COLUMN_KEYS:
            yield f"# {FILE_KEYS[name].about}"
            yield f"{name} = {value(said[name])}"


def _counted(examples: Examples) -> Iterator[str]:
    """Limits that stand at what is there today, so that it grows no worse."""
    n_unlabelled, n_conflicts = len(examples.unlabelled_row_ids), count_conflicts(examples)
    n_rows = examples.n_rows + n_unlabelled
    yield from _limit("max-unlabelled", f"{n_unlabelled}", f"Today: {n_unlabelled} of {n_rows}.", off=True)
    yield from _limit(
        "max-conflicts", f"{n_conflicts}", f"Today: {n_conflicts} of {examples.n_rows}.", off=True
    )
    fit = (name for name in examples.class_names if len(name) <= LONGEST_CLASS and name != "*")
    name = next(fit, None)
    one = f', {key(name)} = "5%"' if name is not None else ""
    yield from _limit("max-per-class", f'{{ "*" = "10%"{one} }}', '"*" is any other label.', off=True)
