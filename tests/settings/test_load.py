from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import SettingsError
from doubtcli.settings import FILE_KEYS, ScanSettings, load_settings

if TYPE_CHECKING:
    from tests.conftest import Sentences


def load(start: Path, *, config: str | None = None, isolated: bool = False, **flags: Any) -> ScanSettings:
    """The settings of `doubt scan data.csv` with these flags, in the folder `start`."""
    return load_settings({"path": "data.csv", **flags}, start=start, config=config, isolated=isolated)


def trouble(start: Path, **keywords: Any) -> SettingsError:
    """The error that loading ends with."""
    with pytest.raises(SettingsError) as caught:
        load(start, **keywords)
    return caught.value


class TestLayers:
    """Defaults, the settings file, the flags."""

    def test_defaults(self, tmp_path: Path) -> None:
        """Without flags and file each setting has its default."""
        assert load(tmp_path, isolated=True) == ScanSettings(path="data.csv")

    @pytest.mark.parametrize(
        ("flags", "expected"), [({}, "memory in doubt.toml"), ({"memory": "1GB"}, "--memory")]
    )
    def test_what_sets_the_memory(self, tmp_path: Path, flags: dict[str, str], expected: str) -> None:
        """Messages about the limit name the key and its file, or the flag that overrules it."""
        (tmp_path / "doubt.toml").write_text('memory = "2GB"')

        assert load(tmp_path, **flags).memory_by == expected

    def test_file_over_default(self, tmp_path: Path) -> None:
        """A settings file overrules a default, and the record says which file it was."""
        (tmp_path / "doubt.toml").write_text('folds = 7\nlabel = "intent"')

        assert load(tmp_path) == ScanSettings(path="data.csv", folds=7, label="intent", config="doubt.toml")

    def test_flag_over_file(self, tmp_path: Path) -> None:
        """A flag overrules a settings file, and leaves the file's other keys."""
        (tmp_path / "doubt.toml").write_text("folds = 7\nrepeats = 3")

        settings = load(tmp_path, folds=4)

        assert (settings.folds, settings.repeats) == (4, 3)

    def test_flag_not_given(self, tmp_path: Path) -> None:
        """A flag that was not given, None or an empty list, overrules nothing."""
        (tmp_path / "doubt.toml").write_text('folds = 7\ntext = ["body"]')

        settings = load(tmp_path, folds=None, text=[])

        assert (settings.folds, settings.text) == (7, ("body",))

    def test_isolated(self, tmp_path: Path) -> None:
        """`--isolated` reads no settings file."""
        (tmp_path / "doubt.toml").write_text("folds = 7")

        assert load(tmp_path, isolated=True).folds == 5

    def test_force_is_a_flag(self, tmp_path: Path) -> None:
        """`force` comes from the flag alone: no file replaces things unasked."""
        (tmp_path / "doubt.toml").write_text("force = true")

        assert "'force'" in trouble(tmp_path).found
        assert load(tmp_path, isolated=True, force=True).force


class TestWhichFile:
    """The settings file is the one given, else the nearest one with settings for doubt."""

    def test_pyproject(self, tmp_path: Path) -> None:
        """`[tool.doubt]` in a pyproject.toml is read."""
        (tmp_path / "pyproject.toml").write_text("[tool.doubt]\nseed = 3")

        assert load(tmp_path).seed == 3

    def test_parent(self, tmp_path: Path) -> None:
        """A file in a folder further up is read, and its path is relative to the working directory."""
        (tmp_path / "doubt.toml").write_text("seed = 3")
        here = tmp_path / "a" / "b"
        here.mkdir(parents=True)

        settings = load(here)

        assert (settings.seed, settings.config) == (3, "../../doubt.toml")

    def test_nearest(self, tmp_path: Path) -> None:
        """The nearer file is read, and the further one is not."""
        (tmp_path / "doubt.toml").write_text("seed = 3\nfolds = 7")
        here = tmp_path / "a"
        here.mkdir()
        (here / "doubt.toml").write_text("seed = 4")

        settings = load(here)

        assert (settings.seed, settings.folds) == (4, 5)

    @pytest.mark.parametrize("silent", ["", "[tool.ruff]\nline-length = 110", "[project]\nname = 'a'"])
    def test_silent_pyproject(self, tmp_path: Path, silent: str) -> None:
        """A pyproject.toml without settings for doubt does not hide one further up."""
        (tmp_path / "pyproject.toml").write_text("[tool.doubt]\nseed = 3")
        here = tmp_path / "a"
        here.mkdir()
        (here / "pyproject.toml").write_text(silent)

        assert load(here).seed == 3

    def test_both(self, tmp_path: Path) -> None:
        """Of two files in one folder doubt.toml is read."""
        (tmp_path / "doubt.toml").write_text("seed = 1")
        (tmp_path / "pyproject.toml").write_text("[tool.doubt]\nseed = 2")

        assert load(tmp_path).seed == 1

    def test_config(self, tmp_path: Path) -> None:
        """`--config` names the one file that is read."""
        (tmp_path / "doubt.toml").write_text("seed = 1")
        (tmp_path / "other.toml").write_text("folds = 9")

        settings = load(tmp_path, config="other.toml")

        assert (settings.seed, settings.folds) == (0, 9)

    def test_config_and_isolated(self, tmp_path: Path) -> None:
        """`--config` and `--isolated` contradict each other."""
        error = trouble(tmp_path, config="other.toml", isolated=True)

        assert error.where == "--config"
        assert "--isolated" in error.found


class TestValues:
    """How a value is read."""

    @pytest.mark.parametrize(
        ("given_values", "names"),
        [
            (["a"], ("a",)),
            (["a,b,c"], ("a", "b", "c")),
            (["a, b", "c"], ("a", "b", "c")),
            (['"last, first",age'], ("last, first", "age")),
            (["a", "b", "a"], ("a", "b")),
            (["rater_*"], ("rater_*",)),
        ],
    )
    def test_names_by_flag(self, tmp_path: Path, given_values: list[str], names: tuple[str, ...]) -> None:
        """A flag for names takes a comma list, repeats, and quotes around a comma that belongs to a name."""
        assert load(tmp_path, isolated=True, annotators=given_values).annotators == names

    @pytest.mark.parametrize(
        ("value", "names"),
        [('"body"', ("body",)), ('["a", "b"]', ("a", "b")), ('["last, first"]', ("last, first",))],
    )
    def test_names_by_file(self, tmp_path: Path, value: str, names: tuple[str, ...]) -> None:
        """A key for names takes one name or a list, and never splits a name."""
        (tmp_path / "doubt.toml").write_text(f"text = {value}")

        assert load(tmp_path).text == names

    @pytest.mark.parametrize(
        ("line", "flag", "names"),
        [
            ('pair = ["left", "right"]', ["left,right"], ("left", "right")),
            ('pair = [["a", "b"], ["c", "d"]]', ["a,b", "c,d"], ("a", "b", "c", "d")),
            ('pair = "none"', ["none"], ("none",)),
        ],
    )
    def test_couples(self, tmp_path: Path, line: str, flag: list[str], names: tuple[str, ...]) -> None:
        """Columns that are compared are named two by two, by a flag or in the file; or there are none."""
        (tmp_path / "doubt.toml").write_text(line)

        assert load(tmp_path).pair == load(tmp_path, isolated=True, pair=flag).pair == names

    def test_path_in_file(self, tmp_path: Path) -> None:
        """A path in a settings file is relative to that file's folder."""
        (tmp_path / "doubt.toml").write_text(
            'output = "audits/new"\nembeddings = "v.npy"\npred-probs = "/p.npy"'
        )
        here = tmp_path / "data"
        here.mkdir()

        settings = load(here)

        assert settings.output == "../audits/new"
        assert settings.embeddings == "../v.npy"
        assert (here / str(settings.pred_probs)).resolve().as_posix() == "/p.npy"

    def test_path_by_flag(self, tmp_path: Path) -> None:
        """A path given by flag stays as it was typed."""
        assert load(tmp_path, isolated=True, output="./audits//new/").output == "./audits//new/"

    @pytest.mark.parametrize(("written", "share"), [("20%", 0.2), ("0.5", 0.5), ("0", 0.0), (0.05, 0.05)])
    def test_share(self, tmp_path: Path, written: str | float, share: float) -> None:
        """A share is written in percent or as a fraction, by flag and in the file."""
        (tmp_path / "doubt.toml").write_text(f"stop-below = {written!r}")

        assert load(tmp_path).stop_below == pytest.approx(share)
        assert load(tmp_path, isolated=True, stop_below=written).stop_below == pytest.approx(share)

    @pytest.mark.parametrize(("line", "value"), [("", False), ("fast = true", True), ("fast = false", False)])
    def test_switch_by_file(self, tmp_path: Path, line: str, value: bool) -> None:  # as pytest hands it in
        """A switch is off unless a file or a flag says that it is on."""
        (tmp_path / "doubt.toml").write_text(line)

        assert load(tmp_path).fast is value
        assert load(tmp_path, fast=True).fast

    def test_reason_tables(self, tmp_path: Path) -> None:
        """A table under `reasons` holds that reason's settings, handed on as they are."""
        (tmp_path / "doubt.toml").write_text("[reasons.neighbor-disagreement]\nneighbors = 5")

        settings = load(tmp_path)

        assert settings.reason_settings == {"neighbor-disagreement": {"neighbors": 5}}
        assert settings.reasons is None

    def test_reason_list(self, tmp_path: Path) -> None:
        """`reasons` may be the list of reasons to ask, as the flag has it."""
        (tmp_path / "doubt.toml").write_text('reasons = ["outlier"]\nskip = "ambiguous"')

        settings = load(tmp_path)

        assert (settings.reasons, settings.skip) == (("outlier",), ("ambiguous",))

    def test_reason_tables_and_list(self, tmp_path: Path) -> None:
        """`reasons.run` lists the reasons to ask, next to their settings."""
        (tmp_path / "pyproject.toml").write_text(
            '[tool.doubt.reasons]\nrun = ["outlier"]\n[tool.doubt.reasons.outlier]\nneighbors = 5'
        )

        settings = load(tmp_path)

        assert settings.reasons == ("outlier",)
        assert settings.reason_settings == {"outlier": {"neighbors": 5}}

    @given(
        st.dictionaries(
            st.sampled_from(["seed", "folds", "repeats", "threads", "queue_size"]), st.integers(2, 99)
        )
    )
    def test_flag_and_file_agree(
        self, tmp_path_factory: pytest.TempPathFactory, numbers: dict[str, int]
    ) -> None:
        """A number means the same by flag and by file."""
        folder = tmp_path_factory.mktemp("settings")
        (folder / "doubt.toml").write_text(
            "".join(f"{k.replace('_', '-')} = {v}\n" for k, v in numbers.items())
        )

        by_file, by_flag = load(folder), load(folder, isolated=True, **numbers)

        assert {name: getattr(by_file, name) for name in numbers} == numbers
        assert {name: getattr(by_flag, name) for name in numbers} == numbers


class TestTrouble:
    """An error names the file, the key and what was expected."""

    def test_unknown_key(self, tmp_path: Path, sentences: Sentences) -> None:
        """An unknown key is named with its file and the nearest known one."""
        (tmp_path / "pyproject.toml").write_text("[tool.doubt]\nfold = 5")

        error = trouble(tmp_path)

        assert error.where == "pyproject.toml, [tool.doubt]"
        sentences.check(error)

    def test_unlike_key(self, tmp_path: Path) -> None:
        """The error for an unknown key that resembles no other lists all known keys."""
        (tmp_path / "doubt.toml").write_text("xyz = 5")

        error = trouble(tmp_path)

        assert (error.where, error.hint) == ("doubt.toml", None)
        assert all(key in str(error.expected) for key in FILE_KEYS)

    def test_snake_case_key(self, tmp_path: Path) -> None:
        """A key is spelt as its flag, with dashes."""
        (tmp_path / "doubt.toml").write_text("queue_size = 5")

        assert "'queue-size'" in str(trouble(tmp_path).hint)

    @pytest.mark.parametrize(
        "line",
        [
            "folds = 1",
            "folds = 2.0",
            "repeats = true",
            "seed = -1",
            "seed = 4294967296",
            'seed = "1"',
            "label = 3",
            'label = ""',
            "text = []",
            'text = ["a", 3]',
            'skip = [""]',
            "reasons = []",
            "reasons.run = 3",
            "reasons.outlier = 3",
            "output = 3",
            "fast = 1",
            'fast = "yes"',
            "stop-below = 20",
            'stop-below = "60%"',
        ],
    )
    def test_wrong_value(self, tmp_path: Path, line: str, sentences: Sentences) -> None:
        """A value of the wrong type or out of range is shown with its key and what was expected."""
        (tmp_path / "doubt.toml").write_text(line)

        error = trouble(tmp_path)

        assert error.where == "doubt.toml"
        assert error.expected
        sentences.check(error)

    @pytest.mark.parametrize(
        ("flag", "where"),
        [
            ({"folds": 1}, "--folds"),
            ({"queue_size": 0}, "--queue-size"),
            ({"label": ""}, "--label"),
            ({"text": [""]}, "--text"),
            ({"text": ["a,,b"]}, "--text"),
            ({"pair": ["left"]}, "--pair"),
            ({"pair": ["left,right", "left,other"]}, "--pair"),
            ({"stop_below": "51%"}, "--stop-below"),
            ({"stop_below": "few"}, "--stop-below"),
        ],
    )
    def test_wrong_flag(self, tmp_path: Path, flag: dict[str, Any], where: str, sentences: Sentences) -> None:
        """A flag whose value is not valid is named as it was typed."""
        error = trouble(tmp_path, isolated=True, **flag)

        assert error.where == where
        sentences.check(error)

    def test_not_toml(self, tmp_path: Path) -> None:
        """A file that is not TOML is named, with the place."""
        (tmp_path / "doubt.toml").write_text("folds = = 5")

        error = trouble(tmp_path)

        assert error.where == "doubt.toml"
        assert "line 1, column 9" in error.found

    def test_not_utf8(self, tmp_path: Path) -> None:
        """A file that is not UTF-8 is not TOML."""
        (tmp_path / "doubt.toml").write_bytes(b'label = "gr\xf6\xdfe"')

        assert isinstance(trouble(tmp_path).__cause__, UnicodeDecodeError)

    def test_no_file(self, tmp_path: Path) -> None:
        """A `--config` that does not exist is named."""
        error = trouble(tmp_path, config="no.toml")

        assert error.where == "no.toml"
        assert isinstance(error.__cause__, FileNotFoundError)

    def test_config_without_settings(self, tmp_path: Path, sentences: Sentences) -> None:
        """A `--config` without a table for doubt is refused, since it was asked for by name."""
        (tmp_path / "pyproject.toml").write_text("[project]")

        error = trouble(tmp_path, config="pyproject.toml")

        assert error.where == "pyproject.toml"
        sentences.check(error)

    @pytest.mark.parametrize("line", ["tool = 3", "tool.doubt = 3"])
    def test_not_a_table(self, tmp_path: Path, line: str, sentences: Sentences) -> None:
        """A `tool.doubt` that is not a table is refused."""
        (tmp_path / "pyproject.toml").write_text(line)

        error = trouble(tmp_path)

        assert error.where == "pyproject.toml"
        sentences.check(error)

    @pytest.mark.parametrize("text", ["[tool.doubt]\nfolds = 7", "[[tool.doubt.rules]]\nname = 'a'"])
    def test_tables_of_a_project(self, tmp_path: Path, text: str, sentences: Sentences) -> None:
        """Tables as `pyproject.toml` has them are refused in `doubt.toml`, which says what to write there."""
        (tmp_path / "doubt.toml").write_text(text)

        sentences.check(trouble(tmp_path))

    def test_byte_order_mark(self, tmp_path: Path) -> None:
        """A file may begin with the mark of UTF-8, as some editors write it."""
        (tmp_path / "doubt.toml").write_text("folds = 7", encoding="utf-8-sig")

        assert load(tmp_path).folds == 7

    def test_too_large(self, tmp_path: Path) -> None:
        """A settings file of more bytes than anybody writes is refused before it is parsed."""
        (tmp_path / "doubt.toml").write_text("[" * (2**17 + 1))

        assert trouble(tmp_path).expected == "at most 131,072 bytes"

    def test_too_deep(self, tmp_path: Path) -> None:
        """A settings file that is nested too deeply is refused."""
        (tmp_path / "doubt.toml").write_text(f"label = {'[' * 50_000}")

        assert trouble(tmp_path).where == "doubt.toml"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other owners")
class TestOwner:
    """Whose settings files are read."""

    STRANGER = 54321
    """A user id that is neither ours nor root's."""

    @pytest.fixture
    def below(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A working directory below a folder with a settings file that belongs to somebody else."""
        config, honest = tmp_path / "doubt.toml", Path.stat
        config.write_text("folds = 7")
        (tmp_path / "work").mkdir()

        def stat(path: Path, **keywords: bool) -> os.stat_result:
            found = honest(path, **keywords)
            return os.stat_result((*found[:4], self.STRANGER, *found[5:])) if path == config else found

        monkeypatch.setattr(Path, "stat", stat)
        return tmp_path / "work"

    def test_above(self, below: Path, sentences: Sentences) -> None:
        """A settings file of another user in a folder above is refused."""
        sentences.check(trouble(below))

    def test_here(self, below: Path) -> None:
        """One in the working directory is read: whoever runs a command there trusts it."""
        assert load(below.parent).folds == 7

    def test_named(self, below: Path) -> None:
        """One that is named is read."""
        assert load(below, config="../doubt.toml").folds == 7
