from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from doubtcli.starter.steps import name_requirement, render_next_steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Sentences


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a repository, as the working directory."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(steps: str) -> list[list[str]]:
    """The words of each command."""
    return [
        shlex.split(line) for line in steps.splitlines() if re.match(r"doubt (baseline|gate)|git add", line)
    ]


def documents(steps: str) -> list[Mapping[str, object]]:
    """The YAML documents."""
    return [
        yaml.safe_load(text)
        for text in re.findall(r"yaml:\n\n(.*?)\n\n|yml:\n\n(.*?)\n\n", steps, re.DOTALL)
        for text in text
        if text
    ]


def hook(steps: str) -> Mapping[str, str]:
    """The hook of the first YAML document."""
    (repo,) = documents(steps)[0]["repos"]  # type: ignore[misc]
    (found,) = repo["hooks"]
    return found


@pytest.mark.usefixtures("repository")
def test_wording(sentences: Sentences) -> None:
    """Each step has a sentence that says what it is for."""
    sentences.check(
        "\n".join(re.findall(r"^\d\. .*$", render_next_steps("a.csv", Path("doubt.toml")), re.MULTILINE))
    )


@pytest.mark.usefixtures("repository")
def test_commands() -> None:
    """A baseline is written, committed with the settings, and the gate is run."""
    assert commands(render_next_steps("data/a.csv", Path("doubt.toml"))) == [
        ["doubt", "baseline"],
        ["git", "add", "doubt.toml", ".doubt-baseline.json"],
        ["doubt", "gate"],
    ]


@pytest.mark.usefixtures("repository")
def test_settings_elsewhere() -> None:
    """A settings file that would not be found is named, and the baseline is next to it."""
    steps = render_next_steps("data/a.csv", Path("data/labels.toml"))

    assert commands(steps) == [
        ["doubt", "baseline", "--config", "data/labels.toml"],
        ["git", "add", "data/labels.toml", "data/.doubt-baseline.json"],
        ["doubt", "gate", "--config", "data/labels.toml"],
    ]
    assert hook(steps)["entry"] == "doubt gate --config data/labels.toml"
    assert "doubt gate --output-format github --config data/labels.toml" in steps


def test_run_from_a_folder_below(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are relative to the working directory in commands, and to the repository's root in CI files."""
    monkeypatch.chdir(repository / "data")

    steps = render_next_steps("a.csv", Path("doubt.toml"))

    assert commands(steps)[2] == ["doubt", "gate"]
    assert hook(steps)["entry"] == "doubt gate --config data/doubt.toml"
    assert re.search(hook(steps)["files"], "data/a.csv")


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a repository, CI files are for the settings file's folder."""
    monkeypatch.chdir(tmp_path)

    assert hook(render_next_steps("a.csv", Path("doubt.toml")))["entry"] == "doubt gate"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("path", "is_watched"),
    [
        ("data/a+b.csv", True),
        ("data/a+b.csv/part-0.parquet", True),
        ("doubt.toml", True),
        (".doubt-baseline.json", True),
        ("doubt-waivers.toml", True),
        ("data/aab.csv", False),
        ("old/data/a+b.csv", False),
        ("data/a+b.csv.bak", False),
    ],
)
def test_watched_files(path: str, is_watched: bool) -> None:
    """The hook runs only when the data, the settings, the baseline or the waivers change."""
    pattern = hook(render_next_steps("data/a+b.csv", Path("doubt.toml")))["files"]

    assert bool(re.search(pattern, path)) is is_watched


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    "name", ["it's.csv", "a\nb.csv", "a\u202eb.csv", "a: #b.csv", "größe 😀.csv", "[x].csv"]
)
def test_odd_names(name: str) -> None:
    """For any file name the YAML is valid, and the hook watches the file."""
    pattern = hook(render_next_steps(name, Path("doubt.toml")))["files"]

    assert re.search(pattern, name)


@pytest.mark.usefixtures("repository")
def test_validators(tmp_path: Path) -> None:
    """The files are valid to the validators of pre-commit and of GitHub's workflows."""
    steps = render_next_steps("data/it's \\ one.csv", Path("doubt.toml"))
    config, workflow = (tmp_path / name for name in ("config.yaml", "workflow.yaml"))
    config.write_text(yaml.safe_dump(documents(steps)[0]))
    workflow.write_text(steps.partition("labels.yml:\n\n")[2].partition("\n5. ")[0])

    checks = [
        ["pre-commit", "validate-config", str(config)],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow)],
    ]

    assert [run(check) for check in checks] == [0, 0]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ({}, "doubtcli==1.2"),
        (
            {"url": "https://example.org/a/doubt.git", "vcs_info": {"vcs": "git", "commit_id": "f00d"}},
            "git+https://example.org/a/doubt.git@f00d",
        ),
        (
            {"url": "https://example.org/doubt-1.2.tar.gz", "archive_info": {}},
            "https://example.org/doubt-1.2.tar.gz",
        ),
        ({"url": "file:///home/ann/doubt", "dir_info": {}}, "git+https://github.com/OWNER/doubt@v1.2"),
    ],
    ids=["index", "repository", "address", "folder"],
)
def test_ci_installs_the_same_package(source: dict[str, Any], wanted: str) -> None:
    """The workflow installs doubt from where it was installed; a folder is to be replaced by hand."""
    assert name_requirement(source, "1.2") == wanted


@pytest.mark.usefixtures("repository")
def test_the_workflow_says_what_to_fill_in() -> None:
    """Here doubt is installed from a folder, so the workflow says what its placeholder stands for."""
    steps = render_next_steps("a.csv", Path("doubt.toml"))

    (line,) = [line for line in steps.splitlines() if "pip install" in line]
    assert "OWNER/doubt@v" in line.partition("#")[0]
    assert "OWNER/doubt" in line.partition("#")[2]


def run(command: list[str]) -> int:
    """The exit code of a command of this environment."""
    tool = Path(sys.executable).with_name(command[0])
    return subprocess.run([tool, *command[1:]], capture_output=True, check=False).returncode
