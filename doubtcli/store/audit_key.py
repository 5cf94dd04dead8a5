"""Everything that determines an audit, as one hash: audits with the same key are the same."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import doubtcli
from doubtcli.errors import DoubtError
from doubtcli.evidence.graph import PROVIDERS_GROUP
from doubtcli.features.blocks import BLOCKS_GROUP
from doubtcli.features.embedders import find_embedding_model
from doubtcli.files.formats import FORMATS_GROUP
from doubtcli.plugins import GROUP, list_reasons
from doubtcli.records import FROM_FILES, ROLES_GROUP, SideFile
from doubtcli.settings.installed import find_installed
from doubtcli.tasks.registry import DEFAULT_TASK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.features.embedders import EmbeddingModel
    from doubtcli.records import InMemory
    from doubtcli.settings import ScanSettings

_NOT_IN_THE_AUDIT = frozenset({"path", "output", "force", "threads", "memory", "memory_by", "config"})
"""Settings for where and how fast to work: they make no difference to an audit."""
SIDE_FILES = ("embeddings", "pred_probs", "verdicts")
"""Settings that name another file to read besides the data."""
_PACKAGES = ("doubtcli", "cleanlab", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
_EXTRA_PACKAGES = ("faiss-cpu",)
"""Of extras that change figures where they are installed."""


def select_judging_settings(settings: ScanSettings) -> dict[str, Any]:
    """The settings that make a difference to an audit."""
    return {key: value for key, value in asdict(settings).items() if key not in _NOT_IN_THE_AUDIT}


def list_versions(model: EmbeddingModel | None = None) -> dict[str, str]:
    """The versions of doubt and of the libraries that its figures come from.

    Args:
        model: The one by which texts are also compared.

    Raises:
        SettingsError: A library that runs the model is not installed.
    """
    versions = {name: version(name) for name in _PACKAGES}
    for name in _EXTRA_PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions if model is None else versions | model.find_versions()


def hash_side_files(settings: ScanSettings, given: InMemory = FROM_FILES) -> dict[str, SideFile]:
    """The side files that a scan would read, by setting; objects in memory already have a hash.

    Raises:
        InputError: One can't be read.
    """
    from doubtcli.files.table import sha256_of

    paths = {name: getattr(settings, name) for name in SIDE_FILES}
    return {
        name: given.side_files.get(name) or SideFile(path, sha256_of(path))
        for name, path in paths.items()
        if path is not None
    }


def make_audit_key(
    settings: ScanSettings, sha256: str, beside: Mapping[str, SideFile], task_name: str = DEFAULT_TASK
) -> str:
    """64 hexadecimal digits that are different if anything that determines an audit is.

    Args:
        settings: Of the scan.
        sha256: Of the data.
        beside: As `hash_side_files` gives them.
        task_name: The kind of label.

    Raises:
        DoubtError: There is no such embedding model as the settings name.
    """
    model = find_embedding_model(settings.embed)
    made_of: dict[str, Any] = {
        "name": Path(settings.path).name,  # its ending gives the file's format
        "sha256": sha256,
        "task": task_name,
        "settings": select_judging_settings(settings),
        "side_files": {name: file.sha256 for name, file in beside.items()},
        "versions": list_versions(model),
        "reasons": [f"{reason.name} of {reason.package}" for reason in list_reasons()],
    }
    if model is not None:
        made_of["embedder"] = model.identify().sha256
    if others := _list_plug_ins():
        made_of["plug-ins"] = others
    text = json.dumps(made_of, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()


@cache
def identify_program() -> str:
    """64 hexadecimal digits that differ between versions of the program, of its libraries and of Python.

    They differ with each change of the code, too: where it is worked on, the version stays.
    """
    digest = hashlib.sha256(f"{sys.version} {platform.machine()}".encode())
    for requirement in requires("doubtcli") or ():
        name = re.split(r"[^\w.-]", requirement)[0]
        with suppress(PackageNotFoundError):
            if "'dev'" not in requirement.replace('"', "'"):
                digest.update(f"{name} {version(name)};".encode())
    package = Path(doubtcli.__file__).parent
    for path in sorted(package.rglob("*.*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_made_by_us_alone() -> bool:
    """Whether no other package has a part in audits, whose code may change under the same version."""
    kinds = {GROUP: "reason", ROLES_GROUP: "role", FORMATS_GROUP: "format"}
    others = (one for group, kind in kinds.items() for one in find_installed(group, kind, DoubtError))
    return not _list_plug_ins() and all(one.is_ours for one in others)


def _list_plug_ins() -> list[str]:
    """The roles, blocks and providers of other packages, which change what reasons get."""
    kinds = {ROLES_GROUP: "role", BLOCKS_GROUP: "block", PROVIDERS_GROUP: "provider"}
    installed = (one for group, kind in kinds.items() for one in find_installed(group, kind, DoubtError))
    return [one.where for one in installed if not one.is_ours]
