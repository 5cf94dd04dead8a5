"""The package follows its design: its rooms, its layers, and names that can be searched for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import doubtcli
from doubtcli import records

PACKAGE = Path(doubtcli.__file__).parent

LAYERS = (
    {"cli", "__main__", "__init__", "api", "testing"},
    {"pipelines"},
    {"review", "gate", "compare", "apply", "queue", "report", "store", "starter"},
    {"tasks", "rank", "reasons", "plugins", "verdicts", "tools"},
    {"evidence", "predict", "features", "read"},
    {"files", "disk", "settings", "rules", "wording"},
    {"records", "errors", "progress"},
)
"""The rooms of the package, the highest layer first. A room may use every layer below its own."""

ALLOWED_PAIRS = {
    ("__main__", "cli"),
    ("__init__", "api"),
    ("__init__", "testing"),
    ("apply", "gate"),
    ("apply", "store"),
    ("api", "cli"),
    ("disk", "wording"),
    ("evidence", "features"),
    ("evidence", "predict"),
    ("features", "predict"),
    ("files", "disk"),
    ("files", "settings"),
    ("files", "wording"),
    ("plugins", "reasons"),
    ("queue", "store"),
    ("rank", "plugins"),
    ("rank", "reasons"),
    ("records", "errors"),
    ("report", "apply"),
    ("report", "gate"),
    ("report", "queue"),
    ("review", "report"),
    ("rules", "wording"),
    ("settings", "disk"),
    ("settings", "rules"),
    ("settings", "wording"),
    ("tasks", "rank"),
    ("testing", "api"),
    ("verdicts", "tools"),
}
"""Which rooms of one layer may use each other, and in which direction."""

FILES = {"py.typed"}
"""Files of the package that are not rooms."""

HEAVY = ("pandas", "numpy", "pyarrow", "sklearn", "scipy", "cleanlab")

MOST_SHARED, MOST_SHARED_PUBLIC = 0.10, 0.015
"""The share of top-level names that more than one module may define."""
MOST_MODULES, MOST_FOR_ONE = 261, 33
"""The most modules, and the most of them that only one other module of their folder uses."""


def modules() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """A module's name below the package: "cli.main", "cli.__init__"."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def room(name: str) -> str:
    """The first part of a module's name: a folder of the package, or a module at its top."""
    return name.partition(".")[0]


@cache
def parsed(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path: Path) -> frozenset[str]:
    """The package's modules that a module imports, also in functions and for type checkers."""
    return frozenset(_modules_of(ast.walk(parsed(path))))


@cache
def imported_at_once(path: Path) -> frozenset[str]:
    """Those that it imports when it is loaded or for type checkers, but not inside functions."""
    outside = []
    for node in parsed(path).body:
        outside += node.body if isinstance(node, ast.If) else [node]
    return frozenset(_modules_of(outside))


def _modules_of(nodes) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {_module_of(name) for name in names if name.startswith("doubtcli.")}


def _module_of(name: str) -> str:
    """The module that defines an imported name."""
    parts = name.split(".")[1:]
    while parts:
        path = PACKAGE.joinpath(*parts)
        if path.with_suffix(".py").is_file():
            return ".".join(parts)
        if path.is_dir():
            return ".".join([*parts, "__init__"])
        parts.pop()
    return "__init__"


def layer(name: str) -> int:
    """The place of a room's layer, from the top."""
    return next(place for place, rooms in enumerate(LAYERS) if name in rooms)


def definitions() -> dict[str, set[str]]:
    """The modules that define each top-level name."""
    found = defaultdict(set)
    for path in modules():
        for node in parsed(path).body:
            for name in _defined(node):
                found[name].add(dotted(path))
    return {name: homes for name, homes in found.items() if not name.startswith("__")}


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def public_functions_and_classes() -> set[str]:
    """The names of all public top-level functions and classes."""
    nodes = [node for path in modules() for node in parsed(path).body]
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name for node in nodes if isinstance(node, kinds) and not node.name.startswith("_")}


def test_rooms_of_the_design():
    """The package has the rooms of the design, and nothing else."""
    entries = {path.stem if path.suffix == ".py" else path.name for path in PACKAGE.iterdir()}

    assert entries - FILES - {"__pycache__"} == set().union(*LAYERS)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_layers(path):
    """A module uses its own room, the layers below, and in its own layer only listed rooms."""
    here = room(dotted(path))

    others = {room(name) for name in imported(path)} - {here, "__init__"}

    used_in_layer = {(here, other) for other in others if layer(other) == layer(here)}
    assert {other for other in others if layer(other) < layer(here)} == set()
    assert used_in_layer <= ALLOWED_PAIRS


def test_no_needless_exceptions():
    """Each listed pair of rooms is needed by a module."""
    used = {(room(dotted(path)), room(name)) for path in modules() for name in imported(path)}

    assert used >= ALLOWED_PAIRS


def test_exceptions_lead_one_way():
    """No two rooms of one layer use each other, directly or through others."""
    graph = defaultdict(set)
    for one, other in ALLOWED_PAIRS:
        graph[one].add(other)

    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_no_import_cycles():
    """There are no import cycles, also not between types."""
    graph = {dotted(path): imported_at_once(path) - {dotted(path)} for path in modules()}

    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_names_can_be_searched_for():
    """Few top-level names are defined in more than one module."""
    found = definitions()
    shared = {name: homes for name, homes in found.items() if len(homes) > 1}
    n_all = sum(map(len, found.values()))

    assert sum(map(len, shared.values())) <= MOST_SHARED * n_all, sorted(shared)


def test_public_names_are_defined_once():
    """Hardly any public function or class is defined in more than one module."""
    found, public = definitions(), public_functions_and_classes()
    shared = {name: sorted(found[name]) for name in public if len(found[name]) > 1}

    assert len(shared) <= MOST_SHARED_PUBLIC * len(public), shared


def test_modules_are_units():
    """An algorithm is not cut into a file for each step."""
    names = [dotted(path) for path in modules() if path.stem != "__init__"]
    users = defaultdict(set)
    for path in modules():
        for name in imported(path):
            users[name].add(dotted(path))
    for_one = [
        name
        for name in names
        if "." in name
        and len(users[name]) == 1
        and {user.rpartition(".")[0] for user in users[name]} == {name.rpartition(".")[0]}
    ]

    assert len(names) <= MOST_MODULES
    assert len(for_one) <= MOST_FOR_ONE, for_one


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["scan", "--help"], ["--version"], ["scan", "--no-such-flag"]]
)
def test_light_start(arguments):
    """The command line starts without any of the libraries that take long to load."""
    script = (
        "import sys; from doubtcli.cli.main import run; "
        f"run({arguments!r}); print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments", [["reasons"], ["explain", "outlier"], ["explain", "confident-learning"]]
)
def test_reasons_are_listed_without_reading_a_file(arguments):
    """What reasons look at is said without the libraries that read files and fit models."""
    heavy = ("pandas", "pyarrow", "sklearn", "scipy", "cleanlab")
    script = (
        "import sys; from doubtcli.cli.main import run; "
        f"run({arguments!r}); print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr.splitlines()[-1] == "[]"


def test_records_are_found_by_their_names():
    """What type checkers see of the package of records is there when a program asks for it, and no more."""
    tree = ast.parse((PACKAGE / "records" / "__init__.py").read_text(encoding="utf-8"))
    for_types = {
        (node.module, name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("doubtcli.records.")
        for name in node.names
        if node.module != "doubtcli.records.arrays"  # kinds of arrays are for types alone
    }

    assert for_types == {(f"doubtcli.records.{module}", name) for name, module in records._HOMES.items()}
    assert all(getattr(records, name) is getattr(import_module(home), name) for home, name in for_types)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = records.Nothing


@pytest.mark.parametrize("module", ["doubtcli", "doubtcli.records", "doubtcli.errors", "doubtcli.settings"])
def test_light_modules(module):
    """A module that all others import loads none of the heavy libraries."""
    script = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
