"""The generated parts of README.md and docs/: cog calls these functions and pastes their results."""

from __future__ import annotations

import ast
import atexit
import inspect
import io
import re
import shlex
import shutil
import tempfile
from contextlib import chdir, redirect_stdout
from dataclasses import MISSING, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.cli.main import run
from doubtcli.cli.reasons import describe_reason
from doubtcli.evidence.graph import list_known_needs
from doubtcli.files.formats import fill_in_formats
from doubtcli.plugins import load_our_reasons
from doubtcli.records import Background
from doubtcli.settings import FILE_KEYS, GATE_KEYS, GateSettings, ScanSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.settings.fields import Kind

REPOSITORY = Path(__file__).parents[1]
FENCE = "```"


def output_of(command: str, folder: Path = REPOSITORY) -> str:
    """The output of a `doubt` command in a folder, as a block.

    Raises:
        ValueError: The command fails; it has printed why.
    """
    with chdir(folder), redirect_stdout(io.StringIO()) as printed:
        code = run(shlex.split(command)[1:])
    if code:
        raise ValueError(f"{command} ended with {code}")
    lines = [line.rstrip() for line in printed.getvalue().strip("\n").splitlines()]
    return "\n".join([f"{FENCE}text", *lines, FENCE])


def output_on_fixtures(command: str) -> str:
    """The output of a `doubt` command in a folder with nothing but the fixtures, as a block."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(REPOSITORY / "fixtures", Path(folder, "fixtures"))
        return output_of(command, Path(folder))


class Session:
    """The Python blocks of a page, run one after the other in a folder with nothing but the fixtures."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.n_run = 0
        self.folder = tempfile.mkdtemp()
        shutil.copytree(REPOSITORY / "fixtures", Path(self.folder, "fixtures"))
        atexit.register(shutil.rmtree, self.folder)

    def run(self, blocks: list[str]) -> str:
        """The output of the blocks that were not run yet."""
        printed = io.StringIO()
        with chdir(self.folder), redirect_stdout(printed):
            for block in blocks[self.n_run :]:
                exec(block, self.names)  # noqa: S102  # our own pages
        self.n_run = len(blocks)
        return printed.getvalue()


@cache
def _get_session(_page: str) -> Session:
    return Session()


def output_of_blocks_above(page: str, line: int) -> str:
    """The output of a page's Python blocks above a line, without those that were run before, as a block."""
    above = "".join(Path(page).read_text(encoding="utf-8").splitlines(keepends=True)[: line - 1])
    blocks = re.findall(r"^```python\n(.*?)^```$", above, re.DOTALL | re.MULTILINE)
    lines = [text.rstrip() for text in _get_session(page).run(blocks).strip("\n").splitlines()]
    return "\n".join(["", f"{FENCE}text", *lines, FENCE])


def settings_table() -> str:
    """A table of all keys of a settings file."""
    return _keys_table(ScanSettings, FILE_KEYS)


def gate_table() -> str:
    """A table of all keys of the table `gate` in a settings file."""
    return _keys_table(GateSettings, GATE_KEYS)


def _keys_table(record: type, keys: Mapping[str, Kind]) -> str:
    defaults = {item.name.replace("_", "-"): item.default for item in fields(record)}
    rows = [
        f"| `{key}` | {kind.expected} | {_default(defaults[key])} | {fill_in_formats(kind.about)} |"
        for key, kind in keys.items()
    ]
    return "\n".join(["| key | takes | default | what it is |", "|---|---|---|---|", *rows])


def _default(value: object) -> str:
    return "" if value in (None, (), MISSING) else f"`{value}`"


def reason_table() -> str:
    """A table of the built-in reasons."""
    rows = [
        f"| [{reason.name}](#{reason.name}) | {reason.family} | {reason.because} |"
        for reason in load_our_reasons()
    ]
    return "\n".join(["| reason | family | doubts a row because |", "|---|---|---|", *rows])


def reason_sections() -> str:
    """A section for each built-in reason."""
    return "\n\n".join(describe_reason(reason) for reason in load_our_reasons())


def needs_table() -> str:
    """A table of the evidence that a reason may ask for."""
    return _table_of_needs({name: need.about for name, need in list_known_needs().items()})


def background_table() -> str:
    """A table of what `explain` may ask for in addition to evidence."""
    rows = {"rows": "The row numbers to explain; `explain` gives a text for each."}
    return _table_of_needs(rows | _describe_fields(Background))


def _table_of_needs(about: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | {words} |" for name, words in about.items()]
    return "\n".join(["| need | what it is |", "|---|---|", *rows])


def _describe_fields(record: type) -> dict[str, str]:
    """The fields of a record, each with its docstring."""
    (tree,) = ast.parse(inspect.getsource(record)).body
    assert isinstance(tree, ast.ClassDef)
    return {
        ast.unparse(item.target): " ".join(ast.literal_eval(after.value).split())
        for item, after in pairwise(tree.body)
        if isinstance(item, ast.AnnAssign) and isinstance(after, ast.Expr)
    }
