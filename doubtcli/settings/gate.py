"""The settings of a gate."""
# ruff: noqa: RUF009  # the kinds of setting give what `field` gives

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

from doubtcli.settings.fields import (
    Kind,
    Limit,
    get_kind,
    limit_setting,
    limits_setting,
    names_setting,
    number_setting,
    share_setting,
    switch_setting,
    text_setting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

BASELINE_FILE = ".doubt-baseline.json"
"""Where `doubt baseline` writes unless another file is named."""
WAIVERS_FILE = "doubt-waivers.toml"
"""Where waivers are unless another file is named."""


@dataclass(frozen=True)
class GateSettings:
    """The limits for one file, and its baseline and waivers; a limit that is None is not set."""

    max_noise: float | None = share_setting(
        "The share of wrong labels; fails if more are surely wrong, by models or by a checked sample."
    )
    max_doubted: Limit | None = limit_setting("Doubted rows.")
    max_contradicted: Limit | None = limit_setting(
        "Rows that are doubted, or to which models would give another label, right or not."
    )
    max_per_class: Mapping[str, Limit] = limits_setting("Doubted rows of each label.", "LABEL")
    max_per_reason: Mapping[str, Limit] = limits_setting("Rows that each reason doubts.", "REASON")
    max_new: Limit | None = limit_setting("Doubted rows that are not in the baseline.")
    max_conflicts: Limit | None = limit_setting(
        "Rows with the same input as another row, but a different label."
    )
    max_unlabelled: Limit | None = limit_setting("Rows without a label.")
    min_skill: float | None = share_setting(
        "The lowest balanced accuracy that models may have, on rows that they never saw."
    )
    require_measured: int | None = number_setting(
        "Fails unless people checked so many rows of a random sample.", least=1
    )
    require_reason: tuple[str, ...] = names_setting(
        "Fails if one of these reasons could not be used.", expected="a reason's name, or a list of them"
    )
    strict: bool = switch_setting(
        "Compare --max-noise with the upper end of the interval that a checked sample gives."
    )
    allow_unassessable: bool = switch_setting("Pass limits that can't be assessed; otherwise they fail.")
    baseline: str | None = text_setting(
        "The file of known doubts, which `doubt baseline` writes.", expected="a file", is_path=True
    )
    waivers: str | None = text_setting(
        "Rows that a person has checked and wants to keep: a file of waivers, or a folder of `doubt review`.",
        expected="a file",
        is_path=True,
    )

    @property
    def has_limit(self) -> bool:
        """Whether any limit is set."""
        values = (getattr(self, name) for name in LIMITS)
        return any(value is not None and value not in ({}, ()) for value in values)


GATE_KEYS: Mapping[str, Kind] = MappingProxyType(
    {item.name.replace("_", "-"): kind for item in fields(GateSettings) if (kind := get_kind(item))}
)
"""Every key of the table `gate` in a settings file, in the order of the record."""
LIMITS = tuple(
    item.name
    for item in fields(GateSettings)
    if item.name not in ("strict", "allow_unassessable", "baseline", "waivers")
)
"""The settings that a gate passes or fails by."""
