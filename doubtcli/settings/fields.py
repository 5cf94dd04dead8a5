"""The kinds of settings: each field of a settings record has a description and a check of its values."""

from __future__ import annotations

import re
from dataclasses import Field, dataclass, field
from typing import TYPE_CHECKING, Any

from doubtcli.errors import SettingsError
from doubtcli.wording.lists import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from doubtcli.errors import DoubtError

SHARE = "a share, such as 3% or 0.03"
SIZE = "an amount of memory, such as 2GB or 500MB"
LIMIT = "a share, such as 3% or 0.03, or a whole number of rows"
EACH = ""
"""The name of a limit for every class, or every reason, that has no limit of its own."""
NO_PAIR = ("none",)
"""The setting `pair` where no columns are compared."""
_PERCENT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*%")
_FRACTION = re.compile(r"\d*\.\d+")
_COUNT = re.compile(r"\d+")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_HUNDRED = 100


INSTALLED_FORMATS = "{installed formats}"
"""A placeholder for the installed file formats: `files.formats` fills them in where a sentence is shown."""


@dataclass(frozen=True)
class Kind:
    """What one setting is for, and how its values are checked."""

    about: str
    """One sentence: the flag's help, and the key's entry in the docs."""
    expected: str
    """Completes "expected: …"."""
    check: Callable[[object], object]
    """Gives the value as the record has it; raises ValueError if it is not valid, or SettingsError to say
    why."""
    is_path: bool = False
    """Whether it is a path; in a settings file, relative to that file's folder."""
    words: tuple[str, ...] = ()
    """Values that are no paths, although it is one otherwise."""

    def names_path(self, value: object) -> bool:
        """Whether a value is a path."""
        return self.is_path and value not in self.words

    def check_value(
        self, value: object, *, found: str, where: str, error: type[DoubtError] = SettingsError
    ) -> Any:  # noqa: ANN401  # of any kind
        """The value as the record has it.

        Args:
            value: As it was read.
            found: The message for a value that is not valid.
            where: The flag, or the place in a file, that it was read from.
            error: The error to raise for it.

        Raises:
            DoubtError: The value is not valid.
        """
        try:
            return self.check(value)
        except ValueError as cause:
            raise error(found, where=where, expected=self.expected) from cause
        except SettingsError as cause:  # it knows better what is wrong, and not where
            raise error(cause.found, where=where, expected=cause.expected, hint=cause.hint) from cause


@dataclass(frozen=True)
class Limit:
    """The most that a gate allows: a share of the rows, or a number of rows."""

    bound: float
    """A share from 0 to 1 where `is_share`, else a whole number."""
    is_share: bool


def get_kind(setting: Field[Any]) -> Kind | None:
    """The kind of setting that a record's field is; None if it is not a setting."""
    kind: Kind | None = setting.metadata.get("kind")
    return kind


def text_setting(
    about: str, *, expected: str = "a text", is_path: bool = False, words: tuple[str, ...] = ()
) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes one text that is not empty."""
    return field(default=None, metadata={"kind": Kind(about, expected, check_text, is_path, words)})


def names_setting(about: str, *, expected: str, default: Any = ()) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a name or a list of names; a name given twice counts once."""
    return field(default=default, metadata={"kind": Kind(about, expected, check_name_list)})


def pair_setting(about: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes the names of two columns, or of two for each of several pairs; or none."""
    expected = (
        'two columns for each pair, none of them twice: LEFT,RIGHT (in a file ["LEFT", "RIGHT"]); '
        f"or {NO_PAIR[0]}"
    )
    return field(default=(), metadata={"kind": Kind(about, expected, check_pair)})


def number_setting(about: str, *, least: int, most: int | None = None, default: int | None = None) -> Any:  # noqa: ANN401
    """A setting that takes a whole number from `least` to `most`, both included."""

    def check_number(value: object) -> int:
        if type(value) is not int or value < least or (most is not None and value > most):
            raise ValueError
        return value

    expected = (
        f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"
    )
    return field(default=default, metadata={"kind": Kind(about, expected, check_number)})


def switch_setting(about: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that is on or off, and off by default."""

    def check_switch(value: object) -> bool:
        if type(value) is not bool:
            raise ValueError
        return value

    return field(default=False, metadata={"kind": Kind(about, "true or false", check_switch)})


def share_setting(about: str, most: float = 1.0) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a share of at most so much."""

    def check(value: object) -> float:
        share = _check_share(value)
        if share > most:
            raise ValueError
        return share

    expected = SHARE if most == 1 else f"{SHARE}, of at most {most:.0%}"
    return field(default=None, metadata={"kind": Kind(about, expected, check)})


def size_setting(about: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes an amount of memory; the record has it in bytes."""
    return field(default=None, metadata={"kind": Kind(about, SIZE, parse_size)})


def limit_setting(about: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a share or a number of rows."""
    return field(default=None, metadata={"kind": Kind(about, LIMIT, parse_limit)})


def limits_setting(about: str, name: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a limit for all, limits with names, or both."""
    expected = f"{LIMIT}; or {name}=LIMIT, for that one only; or a list of these"
    return field(default_factory=dict, metadata={"kind": Kind(about, expected, _parse_limits)})


# -------------------------------------------------------------------------- checks


def check_known(
    name: str,
    known: Collection[str],
    what: str = "key",
    *,
    where: str,
    error: type[DoubtError] = SettingsError,
) -> None:
    """Refuse an unknown name, and suggest the nearest known one or list all of them.

    Raises:
        DoubtError: The name is not known.
    """
    if name in known:
        return
    hint = did_you_mean(name, known)
    raise error(
        f"{name!r} is not a known {what}",
        where=where,
        expected=None if hint else f"one of {', '.join(known)}",
        hint=hint,
    )


def check_text(value: object) -> str:
    """The value, if it is a text and not empty; raises ValueError if not."""
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def check_name_list(value: object) -> tuple[str, ...]:
    """The names in a text, a list or a tuple, each once; raises ValueError if there are none."""
    listed = value if isinstance(value, list | tuple) else [value]
    if not listed:
        raise ValueError
    return tuple(dict.fromkeys(check_text(name) for name in listed))


def check_pair(value: object) -> tuple[str, ...]:
    """Left and right names in turn, of one list or of lists of two; raises ValueError if one has no pair."""
    listed = value if isinstance(value, list | tuple) else [value]
    flat = [name for item in listed for name in (item if isinstance(item, list | tuple) else [item])]
    names = check_name_list(flat)
    if names != NO_PAIR and (len(names) % 2 or len(names) < len(flat)):
        raise ValueError  # a column can't be compared with two others, or with itself
    return names


def parse_limit(value: object) -> Limit:
    """A limit from a number or a text.

    Raises:
        ValueError: The value is not a limit.
    """
    match value:
        case bool():
            raise ValueError
        case int() if value >= 0:
            return Limit(value, is_share=False)
        case float() if 0 <= value <= 1:
            return Limit(value, is_share=True)
        case str():
            return _parse_limit_text(value.strip())
        case _:
            raise ValueError


def _parse_limit_text(text: str) -> Limit:
    if found := _PERCENT.fullmatch(text):
        return parse_limit(float(found[1]) / _HUNDRED)
    if _FRACTION.fullmatch(text):
        return parse_limit(float(text))
    if _COUNT.fullmatch(text):
        return parse_limit(int(text))
    raise ValueError


def parse_size(value: object) -> int:
    """Bytes from a text such as "2GB", or "2GiB" for two times 1024 to the power of three.

    Raises:
        ValueError: The value is not an amount of memory.
    """
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError
    size = int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[(found[2] or "").lower()])
    if not size:
        raise ValueError
    return size


def _check_share(value: object) -> float:
    found = parse_limit(value)
    if not found.is_share and found.bound > 0:  # 0 rows are also a share of 0
        raise ValueError
    return float(found.bound)


def _parse_limits(value: object) -> dict[str, Limit]:
    """By name; from a table, or from a list of `LIMIT` and `NAME=LIMIT`."""
    if isinstance(value, dict):
        return {EACH if name == "*" else name: parse_limit(item) for name, item in value.items()}
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise ValueError
    named = [_split_named_limit(item) for item in listed]
    if len({name for name, _ in named}) < len(named):
        raise ValueError  # two limits for one name
    return dict(named)


def _split_named_limit(item: object) -> tuple[str, Limit]:
    name, is_named, bound = item.rpartition("=") if isinstance(item, str) else (EACH, "", item)
    if is_named and not name:
        raise ValueError
    return name, parse_limit(bound)
