"""Where data and settings lie -> what to do next: commands and CI files, ready to be copied."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from doubtcli.settings import BASELINE_FILE, WAIVERS_FILE
from doubtcli.wording.quoting import quote_toml, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable

FOUND_BY_ITSELF = "doubt.toml"
SPECIAL, _BACKSLASHED = r"([][\\.^$*+?{}|()])", r"\\\1"
"""What a regular expression does not take as itself; `re.escape` would also mark what is none of these."""


def render_next_steps(data: str, config: Path) -> str:
    """What to do once a settings file is written, as commands of a shell and as YAML.

    Args:
        data: The data file, as seen from the working directory.
        config: The settings file.
    """
    here, root = Path.cwd(), _repository(config)
    baseline = _relative_path(config.parent / BASELINE_FILE, here)
    return f"""\
1. Take today's doubts as known, and commit both files:

doubt baseline{_option(config, here)}
git add {shell_word(_relative_path(config, here))} {shell_word(baseline)}

2. See that the gate passes:

doubt gate{_option(config, here)}

3. To gate each commit, let .pre-commit-config.yaml say:

{_pre_commit(data, config, root)}
4. To gate each pull request on GitHub, write .github/workflows/labels.yml:

{_workflow(config, root)}
5. For GitLab and for more of all this, see docs/ci.md in doubt's repository.
"""


def _pre_commit(data: str, config: Path, root: Path) -> str:
    watched = [Path(data), config, config.parent / BASELINE_FILE, root / WAIVERS_FILE]
    return f"""\
repos:
  - repo: local
    hooks:
      - id: doubt-gate
        name: doubt gate
        entry: {_yaml(f"doubt gate{_option(config, root)}")}
        language: system
        pass_filenames: false
        files: {_yaml(_pattern(watched, root))}
"""


def _workflow(config: Path, root: Path) -> str:
    return f"""\
name: labels
on: [pull_request]
permissions:
  contents: read
jobs:
  doubt:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - uses: actions/setup-python@v6
        with:
          python-version: "3.12"
      - run: python -m pip install doubtcli=={version("doubtcli")}
      - run: {_yaml(f"doubt gate --output-format github{_option(config, root)}")}
"""


def _pattern(paths: Iterable[Path], root: Path) -> str:
    """A regular expression for these paths, as git writes them, and for all that lies below them."""
    names = (Path(_relative_path(path, root)).as_posix() for path in paths)
    return f"^({'|'.join(re.sub(SPECIAL, _BACKSLASHED, name) for name in names)})(/|$)"


def _yaml(text: str) -> str:
    """A text as YAML has it, in single quotes where nothing in it needs to be escaped."""
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return quote_toml(text)


def _option(config: Path, start: Path) -> str:
    """The option that names the settings file, where it would not be found from a folder."""
    is_above = set(Path(_relative_path(config.parent, start)).parts) <= {".."}
    is_found = is_above and config.name == FOUND_BY_ITSELF
    return "" if is_found else f" --config {shell_word(_relative_path(config, start))}"


def _repository(config: Path) -> Path:
    """The folder that git commits from, for pre-commit and CI run there; without git, the settings file's."""
    folder = parent_folder(config)
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)


def parent_folder(path: Path) -> Path:
    """The folder that a file stands in; of a link, the link and not what it leads to, as git has it."""
    return Path(os.path.normpath(path.absolute())).parent


def _relative_path(path: Path, start: Path) -> str:
    return os.path.relpath(path, start)
