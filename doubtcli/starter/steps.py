"""The paths of data and settings -> the next steps: commands and CI files, ready to copy."""

from __future__ import annotations

import json
import os
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.disk.paths import relative_path
from doubtcli.settings import BASELINE_FILE, WAIVERS_FILE
from doubtcli.wording.quoting import quote_toml, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOUND_BY_ITSELF = "doubt.toml"
UNKNOWN_REPOSITORY = "https://github.com/OWNER/doubt"
SPECIAL, _BACKSLASHED = r"([][\\.^$*+?{}|()])", r"\\\1"
"""Characters with a meaning in a regular expression; `re.escape` would also escape others."""


def render_next_steps(data: str, config: Path) -> str:
    """The next steps after a settings file is written, as shell commands and YAML.

    Args:
        data: The data file, relative to the working directory.
        config: The settings file.
    """
    here, root = Path.cwd(), _find_repository(config)
    baseline = relative_path(config.parent / BASELINE_FILE, here)
    return f"""\
1. Record today's doubts as known, and commit both files:

doubt baseline{_config_option(config, here)}
git add {shell_word(relative_path(config, here))} {shell_word(baseline)}

2. Check that the gate passes:

doubt gate{_config_option(config, here)}

3. To gate each commit, put this into .pre-commit-config.yaml:

{_render_pre_commit(data, config, root)}
4. To gate each pull request on GitHub, put this into .github/workflows/labels.yml:

{_render_workflow(config, root)}
5. For GitLab, and for more about CI, see docs/ci.md in doubt's repository.
"""


def _render_pre_commit(data: str, config: Path, root: Path) -> str:
    watched = [Path(data), config, config.parent / BASELINE_FILE, root / WAIVERS_FILE]
    return f"""\
repos:
  - repo: local
    hooks:
      - id: doubt-gate
        name: doubt gate
        entry: {_quote_yaml(f"doubt gate{_config_option(config, root)}")}
        language: system
        pass_filenames: false
        files: {_quote_yaml(_match_paths(watched, root))}
"""


def _render_workflow(config: Path, root: Path) -> str:
    wanted = find_requirement()
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
      - run: {_quote_yaml(f"python -m pip install {shell_word(wanted)}")}{_comment_on(wanted)}
      - run: {_quote_yaml(f"doubt gate --output-format github{_config_option(config, root)}")}
"""


def find_requirement() -> str:
    """What pip has to install to get this version of doubt, from where it was installed here."""
    found = distribution("doubtcli")
    return name_requirement(json.loads(found.read_text("direct_url.json") or "{}"), found.version)


def name_requirement(source: Mapping[str, Any], version: str) -> str:
    """What pip has to install: from the package index, from an address, or from a commit of a repository.

    The repository of a package that was installed from a folder is not known: it has a name to fill in.

    Args:
        source: What `direct_url.json` of the installed package has (PEP 610); empty for the index.
        version: Of the package.
    """
    if not source:
        return f"doubtcli=={version}"
    url, commit = source["url"], source.get("vcs_info", {}).get("commit_id")
    if commit:
        return f"git+{url}@{commit}"
    return str(url) if url.startswith("https:") else f"git+{UNKNOWN_REPOSITORY}@v{version}"


def _comment_on(requirement: str) -> str:
    """A comment that says what to fill in; empty where there is nothing."""
    is_unknown = UNKNOWN_REPOSITORY in requirement
    return "  # OWNER/doubt: the repository that you have doubt from" if is_unknown else ""


def _match_paths(paths: Iterable[Path], root: Path) -> str:
    """A regular expression for these paths, as git writes them, and for all files below them."""
    names = (relative_path(path, root) for path in paths)
    return f"^({'|'.join(re.sub(SPECIAL, _BACKSLASHED, name) for name in names)})(/|$)"


def _quote_yaml(text: str) -> str:
    """A text as YAML: in single quotes, or in double quotes where characters need to be escaped."""
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return quote_toml(text)


def _config_option(config: Path, start: Path) -> str:
    """The option for the settings file; empty where `doubt` finds it from a folder by itself."""
    is_above = set(Path(relative_path(config.parent, start)).parts) <= {".."}
    is_found = is_above and config.name == FOUND_BY_ITSELF
    return "" if is_found else f" --config {shell_word(relative_path(config, start))}"


def _find_repository(config: Path) -> Path:
    """The root of the git repository, where pre-commit and CI run; else the settings file's folder."""
    folder = parent_folder(config)
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)


def parent_folder(path: Path) -> Path:
    """A file's folder; for a link, the folder of the link itself, as in git."""
    return Path(os.path.normpath(path.absolute())).parent
