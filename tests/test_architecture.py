from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import doubtcli

PACKAGE = Path(doubtcli.__file__).parent

EVERYBODY = frozenset({"records", "errors", "wording"})
"""What anybody may know: the things handed on, the things that go wrong, and how things are written."""

ARROWS = {
    "__init__": frozenset(),
    "__main__": frozenset({"cli", "errors"}),
    "records": frozenset(),
    "errors": frozenset(),
    "progress": frozenset(),
    "settings": EVERYBODY | {"wording"},
    "wording": frozenset({"records", "errors"}),
    "disk": EVERYBODY | {"wording"},
    "files": EVERYBODY | {"settings", "wording"},
    "read": EVERYBODY | {"files", "settings", "progress"},
    "verdicts": EVERYBODY | {"files", "tools", "wording"},
    "tools": EVERYBODY | {"files", "settings", "wording"},
    "features": EVERYBODY | {"predict", "progress"},
    "predict": EVERYBODY,
    "reasons": frozenset({"evidence", "records", "wording"}),
    "testing": EVERYBODY | {"evidence", "plugins", "reasons"},
    "plugins": EVERYBODY | {"evidence", "reasons", "settings"},
    "rank": EVERYBODY | {"predict", "reasons", "plugins"},
    "report": EVERYBODY | {"files", "rank", "plugins", "tools", "queue", "apply", "gate", "settings"},
    "store": EVERYBODY | {"disk", "files", "plugins", "rank", "settings"},
    "evidence": EVERYBODY | {"settings", "progress", "wording", "features", "predict"},
    "planted": EVERYBODY | {"settings", "progress", "evidence", "plugins", "predict", "rank"},
    "pipelines": EVERYBODY
    | {
        "apply",
        "settings",
        "progress",
        "read",
        "files",
        "evidence",
        "compare",
        "planted",
        "predict",
        "plugins",
        "reasons",
        "rank",
        "queue",
        "verdicts",
        "report",
        "disk",
        "gate",
        "store",
        "tools",
        "wording",
    },
    "compare": EVERYBODY | {"settings", "progress", "evidence", "predict"},
    "gate": EVERYBODY | {"disk", "settings", "plugins"},
    "starter": EVERYBODY | {"files", "settings", "plugins"},
    "queue": EVERYBODY | {"tools", "rank", "store", "wording"},
    "apply": EVERYBODY
    | {
        "disk",
        "settings",
        "progress",
        "files",
        "read",
        "tools",
        "verdicts",
        "report",
        "gate",
        "store",
    },
    "cli": EVERYBODY
    | {
        "disk",
        "files",
        "settings",
        "progress",
        "read",
        "pipelines",
        "compare",
        "plugins",
        "rank",
        "report",
        "store",
        "gate",
        "queue",
        "tools",
        "apply",
        "starter",
    },
}
"""Which rooms of the house each room may look into: the arrows of the design, and no others."""

HEAVY = ("pandas", "numpy", "pyarrow", "sklearn", "scipy", "cleanlab")


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """A module's name below the package: "cli.main", "cli.__init__"."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def room(name: str) -> str:
    """The first part of a module's name: a stage, a record or a command."""
    return name.partition(".")[0]


def imported(path: Path, *, top_level: bool = False) -> set[str]:
    """The package's modules that a module imports; `top_level` leaves out those that wait in functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level else list(ast.walk(tree))
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{dotted(path)}: imports stand in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {_module_of(name) for name in names if name.startswith("doubtcli.")}


def _module_of(name: str) -> str:
    """The module that an imported name stands in."""
    parts = name.split(".")[1:]
    while parts:
        path = PACKAGE.joinpath(*parts)
        if path.with_suffix(".py").is_file():
            return ".".join(parts)
        if path.is_dir():
            return ".".join([*parts, "__init__"])
        parts.pop()
    return "__init__"


def test_every_room_has_its_arrows() -> None:
    """Each module belongs to a room of the design."""
    assert {room(dotted(path)) for path in modules()} <= set(ARROWS)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_arrows_point_one_way(path: Path) -> None:
    """A module imports its own room and those that the design's arrows lead to."""
    here = room(dotted(path))

    there = {room(name) for name in imported(path)} - {here, "__init__"}

    assert there <= ARROWS[here], f"{dotted(path)} must not know {sorted(there - ARROWS[here])}"


def test_no_import_cycles() -> None:
    """No module is imported by what it imports itself."""
    graph = {dotted(path): imported(path, top_level=True) - {dotted(path)} for path in modules()}

    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["scan", "--help"], ["--version"], ["scan", "--no-such-flag"]]
)
def test_light_start(arguments: list[str]) -> None:
    """The command line starts without any of the libraries that take long to load."""
    script = (
        "import sys; from doubtcli.cli.main import run; "
        f"run({arguments!r}); print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("module", ["doubtcli", "doubtcli.records", "doubtcli.errors", "doubtcli.settings"])
def test_light_modules(module: str) -> None:
    """What everybody imports loads none of the heavy libraries itself."""
    script = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
