from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import SettingsError
from doubtcli.settings import FILE_KEYS, ScanSettings, load_settings

if TYPE_CHECKING:
    from pathlib import Path


def load(start: Path, *, config: str | None = None, isolated: bool = False, **flags: Any) -> ScanSettings:
    """The settings of `doubt scan data.csv` with these flags, in the folder `start`."""
    return load_settings({"path": "data.csv", **flags}, start=start, config=config, isolated=isolated)


def trouble(start: Path, **keywords: Any) -> str:
    """The message that loading ends with."""
    with pytest.raises(SettingsError) as caught:
        load(start, **keywords)
    return str(caught.value)


class TestLayers:
    """Defaults, the settings file, the flags."""

    def test_defaults(self, tmp_path: Path) -> None:
        """Without flags and file each setting has its default."""
        assert load(tmp_path, isolated=True) == ScanSettings(path="data.csv")

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

        assert "'force' is no known key" in trouble(tmp_path)
        assert load(tmp_path, isolated=True, force=True).force


class TestWhichFile:
    """The settings file is the one given, else the nearest one that says something."""

    def test_pyproject(self, tmp_path: Path) -> None:
        """`[tool.doubt]` in a pyproject.toml is read."""
        (tmp_path / "pyproject.toml").write_text("[tool.doubt]\nseed = 3")

        assert load(tmp_path).seed == 3

    def test_parent(self, tmp_path: Path) -> None:
        """A file in a folder further up is read, and named as seen from here."""
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
        """A pyproject.toml that says nothing of doubt does not hide one further up."""
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
        assert "--isolated" in trouble(tmp_path, config="other.toml", isolated=True)


class TestValues:
    """How a value is meant."""

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

    def test_path_in_file(self, tmp_path: Path) -> None:
        """A path in a settings file is meant from that file's folder, and given as seen from here."""
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
        """`reasons.run` lists the reasons to ask beside their settings."""
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
    """What is wrong is said with its file, its key and what would do."""

    def test_unknown_key(self, tmp_path: Path) -> None:
        """An unknown key is named with its file and the nearest known one."""
        (tmp_path / "pyproject.toml").write_text("[tool.doubt]\nfold = 5")

        message = trouble(tmp_path)

        assert message == "pyproject.toml, [tool.doubt]: 'fold' is no known key\nto do: did you mean 'folds'?"

    def test_unlike_key(self, tmp_path: Path) -> None:
        """An unknown key that is like no other is answered with all that are known."""
        (tmp_path / "doubt.toml").write_text("xyz = 5")

        assert (
            trouble(tmp_path) == f"doubt.toml: 'xyz' is no known key\nexpected: one of {', '.join(FILE_KEYS)}"
        )

    def test_snake_case_key(self, tmp_path: Path) -> None:
        """A key is spelt as its flag, with dashes."""
        (tmp_path / "doubt.toml").write_text("queue_size = 5")

        assert "did you mean 'queue-size'?" in trouble(tmp_path)

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("folds = 1", "a whole number of at least 2"),
            ("folds = 2.0", "a whole number of at least 2"),
            ("repeats = true", "a whole number of at least 1"),
            ("seed = -1", "a whole number from 0 to 4294967295"),
            ("seed = 4294967296", "a whole number from 0 to 4294967295"),
            ('seed = "1"', "a whole number from 0 to 4294967295"),
            ("label = 3", "a column's name"),
            ('label = ""', "a column's name"),
            ("text = []", "a column's name, or a list of them"),
            ('text = ["a", 3]', "a column's name, or a list of them"),
            ('skip = [""]', "a reason's name, or a list of them"),
            ("reasons = []", "a reason's name, or a list of them"),
            ("reasons.run = 3", "a reason's name, or a list of them"),
            ("reasons.outlier = 3", "a table of that reason's settings"),
            ("output = 3", "a folder"),
            ("fast = 1", "true or false"),
            ('fast = "yes"', "true or false"),
        ],
    )
    def test_wrong_value(self, tmp_path: Path, line: str, expected: str) -> None:
        """A value of the wrong type or out of range is shown with its key and what would do."""
        (tmp_path / "doubt.toml").write_text(line)

        message = trouble(tmp_path)

        assert message.startswith(f"doubt.toml: {line.split(' = ', maxsplit=1)[0]} = ")
        assert message.endswith(f"won't do\nexpected: {expected}")

    @pytest.mark.parametrize(
        ("flag", "message"),
        [
            ({"folds": 1}, "--folds: 1 won't do\nexpected: a whole number of at least 2"),
            ({"queue_size": 0}, "--queue-size: 0 won't do\nexpected: a whole number of at least 1"),
            ({"label": ""}, "--label: '' won't do\nexpected: a column's name"),
            ({"text": [""]}, "--text: '' won't do\nexpected: a column's name, or a list of them"),
            ({"text": ["a,,b"]}, "--text: 'a,,b' won't do\nexpected: a column's name, or a list of them"),
        ],
    )
    def test_wrong_flag(self, tmp_path: Path, flag: dict[str, Any], message: str) -> None:
        """A flag that won't do is named as it was typed."""
        assert trouble(tmp_path, isolated=True, **flag) == message

    def test_no_toml(self, tmp_path: Path) -> None:
        """A file that is no TOML is named, with the place."""
        (tmp_path / "doubt.toml").write_text("folds = = 5")

        message = trouble(tmp_path)

        assert message.startswith("doubt.toml: is no valid TOML: ")
        assert "line 1, column 9" in message

    def test_no_utf8(self, tmp_path: Path) -> None:
        """A file that is not UTF-8 is no TOML."""
        (tmp_path / "doubt.toml").write_bytes(b'label = "gr\xf6\xdfe"')

        assert "is no valid TOML" in trouble(tmp_path)

    def test_no_file(self, tmp_path: Path) -> None:
        """A `--config` that does not exist is named."""
        assert trouble(tmp_path, config="no.toml") == "no.toml: can't be read: No such file or directory"

    def test_config_says_nothing(self, tmp_path: Path) -> None:
        """A `--config` without a table of ours is refused, since it was asked for by name."""
        (tmp_path / "pyproject.toml").write_text("[project]")

        message = trouble(tmp_path, config="pyproject.toml")

        assert message == "pyproject.toml: says nothing of doubt\nexpected: a table [tool.doubt]"

    @pytest.mark.parametrize("line", ["tool = 3", "tool.doubt = 3"])
    def test_no_table(self, tmp_path: Path, line: str) -> None:
        """A `tool.doubt` that is no table is refused."""
        (tmp_path / "pyproject.toml").write_text(line)

        assert "is no table\nexpected: [tool.doubt]" in trouble(tmp_path)
