"""The settings of a scan -> the flags that say the same."""

from __future__ import annotations

import csv
import io
import shlex
from dataclasses import fields
from typing import TYPE_CHECKING

from doubtcli.settings.fields import kind_of
from doubtcli.settings.scan import ScanSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEFT_OUT = ("output", "queue_size", "audit_sample", "verdicts", "threads")
"""They say what else is read and where things go, not how a file is read and judged."""


def as_flags(settings: ScanSettings) -> str:
    """The flags by which `doubt scan` reads and judges a file as it did: "--label intent --fast".

    They are quoted for a shell; what is as it would be anyway is not said. A table of a reason's settings has
    no flags.
    """
    return " ".join(
        word
        for item in fields(ScanSettings)
        if kind_of(item) and item.name not in LEFT_OUT and getattr(settings, item.name) != item.default
        for word in _words(f"--{item.name.replace('_', '-')}", getattr(settings, item.name))
    )


def _words(flag: str, value: object) -> Iterator[str]:
    yield flag
    if value is not True:
        yield shlex.quote(_listed(value) if isinstance(value, tuple) else str(value))


def _listed(names: Sequence[str]) -> str:
    """Names as one value: a comma parts them, and quotes enclose what a reader would part or trim."""
    line = io.StringIO()
    would_be_trimmed = any(name != name.strip() for name in names)
    csv.writer(
        line, quoting=csv.QUOTE_ALL if would_be_trimmed else csv.QUOTE_MINIMAL, lineterminator=""
    ).writerow(names)
    return line.getvalue()
