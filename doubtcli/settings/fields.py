"""The kinds of setting: each field of a settings record says what it is about and what it will take."""

from __future__ import annotations

from dataclasses import Field, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Kind:
    """What one setting is about, and how a value for it is checked."""

    about: str
    """One sentence: the flag's help, and the key's entry in the docs."""
    expected: str
    """Completes "expected: …"."""
    check: Callable[[object], object]
    """Gives the value as the record wants it; raises ValueError if it can't be meant."""
    is_path: bool = False
    """Whether it names a file; in a settings file, seen from the folder that file stands in."""


def kind_of(setting: Field[Any]) -> Kind | None:
    """What a record's field takes; None if it is no setting."""
    kind: Kind | None = setting.metadata.get("kind")
    return kind


def word(about: str, *, expected: str = "a text", is_path: bool = False) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes one text that is not empty."""
    return field(default=None, metadata={"kind": Kind(about, expected, _as_word, is_path)})


def names(about: str, *, expected: str, default: Any = ()) -> Any:  # noqa: ANN401  # as `field`
    """A setting that takes a name or a list of names; one that stands twice counts once."""
    return field(default=default, metadata={"kind": Kind(about, expected, _as_names)})


def number(about: str, *, least: int, most: int | None = None, default: int | None = None) -> Any:  # noqa: ANN401
    """A setting that takes a whole number from `least` to `most`, both included."""

    def as_number(value: object) -> int:
        if type(value) is not int or value < least or (most is not None and value > most):
            raise ValueError
        return value

    expected = (
        f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"
    )
    return field(default=default, metadata={"kind": Kind(about, expected, as_number)})


def switch(about: str) -> Any:  # noqa: ANN401  # as `field`
    """A setting that is on or off; off unless it is said."""

    def as_switch(value: object) -> bool:
        if type(value) is not bool:
            raise ValueError
        return value

    return field(default=False, metadata={"kind": Kind(about, "true or false", as_switch)})


def _as_word(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _as_names(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise ValueError
    return tuple(dict.fromkeys(_as_word(name) for name in listed))
