"""The files with which other projects' CI runs `doubt`, and docs/ci.md about them."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from doubtcli.files.formats import PACKED_ENDINGS, load_formats

REPOSITORY = Path(__file__).parents[1]
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
PAGE = (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
VALIDATORS = {
    ".pre-commit-config.yaml": ["pre-commit", "validate-config"],
    ".github/workflows/labels.yml": ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
    ".gitlab-ci.yml": [
        *("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci"),
        *("--data-transform", "gitlab-ci"),
    ],
}


def check(command: list[str], path: Path) -> str:
    """A validator's complaints about a file; "" if it has none.

    Where a validator can be called in this process, that is faster than to start it.
    """
    if command[0] == "pre-commit":  # it keeps the standard output that it finds when it is imported
        script = Path(sys.executable).with_name(command[0])
        done = subprocess.run([script, *command[1:], path], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr
    (entry,) = entry_points(group="console_scripts", name=command[0])
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
        patch.setattr(sys, "argv", [*command, str(path)])
        try:
            code = entry.load()()
        except SystemExit as ended:
            code = ended.code
    return printed.getvalue() or f"exit code {code}" if code else ""


class TestHooks:
    """`.pre-commit-hooks.yaml`."""

    def test_manifest(self) -> None:
        """The manifest is valid to pre-commit."""
        assert check(["pre-commit", "validate-manifest"], REPOSITORY / ".pre-commit-hooks.yaml") == ""

    @pytest.mark.parametrize("hook", HOOKS)
    def test_data_files(self, hook: str) -> None:
        """A hook runs for every file that a scan reads; not for .json, which is mostly something else."""
        endings = {end for one in load_formats().values() for end in one.endings} - {".json"}
        names = [f"data/a b{end}{packed}" for end in endings for packed in ("", *PACKED_ENDINGS.values())]

        assert [name for name in names if not re.search(HOOKS[hook]["files"], name)] == []

    @pytest.mark.parametrize("hook", HOOKS)
    @pytest.mark.parametrize("path", ["package.json", "a.csv.py", "csv", "notes.md", "a.csv.zip"])
    def test_other_files(self, hook: str, path: str) -> None:
        """A hook does not run for other files."""
        assert not re.search(HOOKS[hook]["files"], path)

    @pytest.mark.parametrize(
        "path", ["doubt.toml", "sub/pyproject.toml", "doubt-waivers.toml", ".doubt-baseline.json"]
    )
    def test_settings(self, path: str) -> None:
        """A change of settings, waivers or baseline runs the hook that uses them, and not the other hook."""
        assert re.search(HOOKS["doubt-gate-config"]["files"], path)
        assert not re.search(HOOKS["doubt-gate"]["files"], path)

    def test_one_process(self) -> None:
        """A hook runs once for all files, since parallel scans would share the processor."""
        assert [hook["require_serial"] for hook in HOOKS.values()] == [True, True]

    def test_file_names(self) -> None:
        """One hook gets the files of the commit, the other uses the settings."""
        passed = {name: hook.get("pass_filenames", True) for name, hook in HOOKS.items()}

        assert passed == {"doubt-gate": True, "doubt-gate-config": False}


class TestPage:
    """docs/ci.md."""

    @pytest.mark.parametrize(
        ("name", "text"), BLOCKS, ids=[f"{n} {name}" for n, (name, _) in enumerate(BLOCKS)]
    )
    def test_blocks(self, name: str, text: str, tmp_path: Path) -> None:
        """Each file on the page is valid to the tool that reads it."""
        path = tmp_path / Path(name).name
        path.write_text(text, encoding="utf-8")

        assert check(VALIDATORS[name], path) == ""

    def test_every_block_is_checked(self) -> None:
        """Every YAML block names its file, and there is a block for each kind of file."""
        assert len(BLOCKS) == PAGE.count("```yaml")
        assert {name for name, _ in BLOCKS} == VALIDATORS.keys()

    def test_hooks_that_exist(self) -> None:
        """The page documents every hook, and uses no other."""
        used = re.findall(r"- id: (\S+)\n", "".join(text for name, text in BLOCKS if "pre-commit" in name))

        assert set(used) <= HOOKS.keys()
        assert [hook for hook in HOOKS if f"\n| `{hook}` |" not in PAGE] == []

    @pytest.mark.parametrize("name", [*ACTION["inputs"], *ACTION["outputs"]])
    def test_inputs_and_outputs(self, name: str) -> None:
        """Every input and output of the action is in a table."""
        assert f"\n| `{name}` |" in PAGE

    def test_inputs_that_exist(self) -> None:
        """The workflows use only inputs that the action has."""
        steps = [
            step
            for name, text in BLOCKS
            if "workflows" in name
            for job in yaml.safe_load(text)["jobs"].values()
            for step in job["steps"]
            if step.get("uses", "").startswith("OWNER/doubt@")
        ]

        assert len(steps) == 2
        assert [key for step in steps for key in step.get("with", {}) if key not in ACTION["inputs"]] == []

    def test_one_sentence_a_line(self) -> None:
        """The page has one sentence a line."""
        prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.DOTALL | re.MULTILINE)

        assert [line for line in prose.splitlines() if re.search(r"[a-z)`]\. [A-Z]", line)] == []


class TestAction:
    """action.yml, as GitHub reads it."""

    def test_schema(self) -> None:
        """The file is valid to the schema of actions."""
        command = ["check-jsonschema", "--builtin-schema", "vendor.github-actions"]

        assert check(command, REPOSITORY / "action.yml") == ""

    def test_no_input_in_a_script(self) -> None:
        """No script contains a user's text: it could close the quotes and run a command."""
        scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]

        assert len(scripts) == 2
        assert [script for script in scripts if "${{" in script] == []

    @pytest.mark.parametrize("name", ACTION["inputs"])
    def test_every_input_is_used(self, name: str) -> None:
        """Every input is used by a step, and has a default."""
        assert f"inputs.{name} " in str(ACTION["runs"]["steps"])
        assert "default" in ACTION["inputs"][name]


@dataclass(frozen=True)
class Ended:
    """The result of the action's gate."""

    code: int
    printed: str
    outputs: dict[str, str]
    summary: str
    calls: list[list[str]]
    """The words of each call of a stand-in for `doubt`."""


STAND_IN = """#!/bin/sh
printf '%s\\0' "$@" >> "$CALLS"; printf '\\n\\0' >> "$CALLS"
case "$*" in *github*)
  echo printed
  if [ -n "$GITHUB_STEP_SUMMARY" ]; then echo summary >> "$GITHUB_STEP_SUMMARY"; fi
esac
exit "$CODE"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="the action is written for bash")
class TestGateStep:
    """The action's gate, run by bash as a runner would, with a stand-in for `doubt`."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with the stand-in in bin/."""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "doubt").write_text(STAND_IN)
        (tmp_path / "bin" / "doubt").chmod(0o755)
        return tmp_path

    def run(self, folder: Path, *, code: int = 0, **inputs: str) -> Ended:
        """Run the step with these inputs and a `doubt` that ends with a code."""
        done = run_step("gate", folder, inputs, {"CALLS": str(folder / "calls"), "CODE": str(code)})
        calls = (folder / "calls").read_text().split("\n\0")[:-1] if (folder / "calls").exists() else []
        outputs = dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())
        words = [call.split("\0")[:-1] for call in calls]
        return Ended(done.returncode, done.stdout, outputs, (folder / "summary").read_text(), words)

    def test_formats(self, folder: Path) -> None:
        """It writes the report, then the SARIF file, then the annotations and with them the summary."""
        ended = self.run(folder, path="a.csv", sarif_file="a b.sarif")

        report = ended.outputs["report"]
        assert ended.calls == [
            ["gate", "--quiet", "--output-format", "json", "--output-file", report, "--", "a.csv"],
            ["gate", "--quiet", "--output-format", "sarif", "--output-file", "a b.sarif", "--", "a.csv"],
            ["gate", "--output-format", "github", "--", "a.csv"],
        ]
        assert (ended.printed, ended.summary) == ("printed\n", "summary\n")

    def test_only_what_is_asked_for(self, folder: Path) -> None:
        """Without SARIF and summary it writes only the report and the annotations."""
        ended = self.run(folder, summary="false")

        assert [call[call.index("--output-format") + 1] for call in ended.calls] == ["json", "github"]
        assert ended.summary == ""

    def test_passed(self, folder: Path) -> None:
        """A gate that passes sets the outputs."""
        ended = self.run(folder, path="a.csv")

        assert ended.code == 0
        assert ended.outputs == {"exit-code": "0", "passed": "true", "report": ended.outputs["report"]}
        assert Path(ended.outputs["report"]).parent.is_dir()

    def test_failed(self, folder: Path) -> None:
        """A gate that fails ends the step with 1, after everything was written."""
        ended = self.run(folder, code=1, path="a.csv")

        assert (ended.code, ended.outputs["exit-code"], ended.outputs["passed"]) == (1, "1", "false")
        assert len(ended.calls) == 2
        assert ended.outputs["report"] != ""

    @pytest.mark.parametrize("code", [2, 130])
    def test_trouble(self, folder: Path, code: int) -> None:
        """An error ends the step at once, with its exit code and without a report."""
        ended = self.run(folder, code=code, path="a.csv")

        assert ended.code == code
        assert ended.outputs == {"exit-code": str(code), "passed": "false", "report": ""}
        assert len(ended.calls) == 1

    def test_paths(self, folder: Path) -> None:
        """Each line is a path with any characters, except for empty lines; no path is read as an option."""
        ended = self.run(folder, path="\na b.csv\r\n*.csv\n\n--force\n$(touch hacked)`x`'\"\n")

        assert ended.calls[0][-5:] == ["--", "a b.csv", "*.csv", "--force", "$(touch hacked)`x`'\""]
        assert not (folder / "hacked").exists()

    def test_no_paths(self, folder: Path) -> None:
        """Without a path the files of the settings file are gated."""
        assert self.run(folder).calls[-1] == ["gate", "--output-format", "github", "--"]

    def test_arguments(self, folder: Path) -> None:
        """Options are separated by spaces and lines, unless they are quoted; nothing in them is run."""
        ended = self.run(folder, args="--max-noise 3%\n--label 'the label'  --id \"a 'b'\" * $(touch hacked)")

        assert ended.calls[-1][1:-3] == [
            *("--max-noise", "3%", "--label", "the label", "--id", "a 'b'", "*", "$(touch", "hacked)"),
        ]
        assert not (folder / "hacked").exists()

    def test_open_quote(self, folder: Path) -> None:
        """A quote that is not closed is an error, shown as an annotation."""
        ended = self.run(folder, args="--label 'the label")

        assert (ended.code, ended.outputs["exit-code"], ended.calls) == (2, "2", [])
        assert ended.printed.startswith("::error title=doubt::")


@pytest.mark.integration
def test_install_and_gate(tmp_path: Path) -> None:
    """The action installs doubt from its own folder, and gates a file with a space in its name."""
    (tmp_path / "bin").mkdir()
    shutil.copy(REPOSITORY / "fixtures" / "tickets.csv", tmp_path / "my tickets.csv")
    source = {"DOUBT_PYTHON": sys.executable, "GITHUB_ACTION_PATH": str(REPOSITORY)}

    installed = run_step("install", tmp_path, {}, source)

    assert installed.returncode == 0, installed.stdout + installed.stderr
    scripts = {"PATH": f"{(tmp_path / 'path').read_text().strip()}{os.pathsep}{os.environ['PATH']}"}
    inputs = {"path": "my tickets.csv", "sarif_file": "doubt.sarif", "args": "--id ticket_id --max-doubted"}
    failed = run_step("gate", tmp_path, {**inputs, "args": f"{inputs['args']} 2%"}, scripts)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "file=my tickets.csv" in failed.stdout
    assert "my tickets.csv" in (tmp_path / "summary").read_text()
    assert json.loads((tmp_path / "doubt.sarif").read_text())["version"] == "2.1.0"

    (tmp_path / "output").write_text("")
    passed = run_step("gate", tmp_path, {**inputs, "args": f"{inputs['args']} 50%"}, scripts)
    outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert (passed.returncode, outputs["passed"]) == (0, "true")
    assert isinstance(json.loads(Path(outputs["report"]).read_text(encoding="utf-8")), dict)


def run_step(
    name: str, folder: Path, inputs: dict[str, str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run one of the action's scripts as a runner does, in a folder with `doubt` in bin/."""
    (step,) = [step for step in ACTION["runs"]["steps"] if step["id"] == name]
    given = {key: str(value["default"]) for key, value in ACTION["inputs"].items()}
    given |= {key.replace("_", "-"): value for key, value in inputs.items()}
    files = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", "GITHUB_PATH": "path"}
    for file in files.values():
        (folder / file).touch()
    (folder / "temp").mkdir(exist_ok=True)
    (folder / "script.sh").write_text(step["run"], encoding="utf-8")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", folder / "script.sh"],
        cwd=folder,
        env={
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "RUNNER_TEMP": str(folder / "temp"),
            **{key: str(folder / file) for key, file in files.items()},
            **{key: evaluated(value, given) for key, value in step["env"].items()},
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def evaluated(value: Any, given: dict[str, str]) -> str:  # YAML's
    """The value of an expression in the action: an input, or "" for an output of a step that did not run."""
    found = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value)
    return given[found[1]] if found else ""
