from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import SettingsError
from doubtcli.settings import EACH, GatePlan, GateSettings, Limit, ScanSettings, load_gate, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences


def plan(start: Path, scan: dict[str, Any] | None = None, **flags: Any) -> GatePlan:
    """What `doubt gate` is asked to do with these flags, in the folder `start`."""
    return load_gate(scan or {}, flags, start=start)


def limits(start: Path, path: str = "a.csv", **flags: Any) -> GateSettings:
    """The settings of the gate of one file."""
    return plan(start, **flags).limits(path)


def trouble(start: Path, **flags: Any) -> SettingsError:
    """The error that loading ends with."""
    with pytest.raises(SettingsError) as caught:
        plan(start, **flags)
    return caught.value


class TestLimits:
    """How limits are written."""

    @pytest.mark.parametrize(
        ("written", "bound"),
        [("3%", 0.03), ("0.5 %", 0.005), (".5%", 0.005), ("0.03", 0.03), ("100%", 1.0), ("0", 0.0)],
    )
    def test_shares(self, tmp_path: Path, written: str, bound: float) -> None:
        """A share is written in percent, or as a fraction."""
        assert limits(tmp_path, max_noise=written).max_noise == pytest.approx(bound)

    @pytest.mark.parametrize(
        ("written", "limit"),
        [
            ("2%", Limit(0.02, is_share=True)),
            ("12", Limit(12, is_share=False)),
            ("1", Limit(1, is_share=False)),
        ],
    )
    def test_rows_or_share(self, tmp_path: Path, written: str, limit: Limit) -> None:
        """Where rows can be counted, a whole number is a number of rows: 1 is one row, not all of them."""
        assert limits(tmp_path, max_doubted=written).max_doubted == limit

    @pytest.mark.parametrize("written", ["3", "1", "101%", "1.5", "-1%", "three", "", "nan", "3%%", "1e-2"])
    def test_not_a_share(self, tmp_path: Path, written: str) -> None:
        """A value that is not a share is refused where a share is wanted."""
        assert trouble(tmp_path, max_noise=written).where == "--max-noise"

    def test_in_a_file(self, tmp_path: Path) -> None:
        """A settings file takes texts and numbers; a fraction is a share, a whole number counts rows."""
        (tmp_path / "doubt.toml").write_text('[gate]\nmax-noise = 0.03\nmax-doubted = 5\nmax-new = "1%"')

        found = limits(tmp_path)

        assert found.max_noise == 0.03
        assert found.max_doubted == Limit(5, is_share=False)
        assert found.max_new == Limit(0.01, is_share=True)

    def test_true_is_not_a_number(self, tmp_path: Path) -> None:
        """`true` is not one row."""
        (tmp_path / "doubt.toml").write_text("[gate]\nmax-doubted = true")

        error = trouble(tmp_path)

        assert error.where == "doubt.toml"
        assert "max-doubted" in error.found

    def test_named(self, tmp_path: Path) -> None:
        """A limit with a name is for that one; a limit without is for each that has no limit itself."""
        found = limits(tmp_path, max_per_class=["10%,refund=5%", "a=b=3", '"last, first=2"'])

        assert found.max_per_class == {
            EACH: Limit(0.1, is_share=True),
            "refund": Limit(0.05, is_share=True),
            "a=b": Limit(3, is_share=False),
            "last, first": Limit(2, is_share=False),
        }

    def test_named_in_a_file(self, tmp_path: Path) -> None:
        """In a settings file named limits are a table with `*` for each, or a list, or one limit."""
        (tmp_path / "doubt.toml").write_text(
            '[gate]\nmax-per-reason = ["duplicate-conflict=0"]\nmax-per-class = {"*" = "10%", refund = 3}'
        )

        found = limits(tmp_path)

        assert found.max_per_reason == {"duplicate-conflict": Limit(0, is_share=False)}
        assert found.max_per_class == {EACH: Limit(0.1, is_share=True), "refund": Limit(3, is_share=False)}

    @pytest.mark.parametrize("written", [["=3%"], ["refund="], ["refund"], ["refund=x"], ["a=1", "a=2%"]])
    def test_named_trouble(self, tmp_path: Path, written: list[str]) -> None:
        """A name without a limit, a limit after an empty name, or two limits for one name are refused."""
        assert trouble(tmp_path, max_per_class=written).where == "--max-per-class"

    def test_nothing_is_no_limit(self, tmp_path: Path) -> None:
        """Settings that only say how to judge are not limits."""
        assert not limits(tmp_path, strict=True, allow_unassessable=True, baseline="b.json").has_limit
        assert limits(tmp_path, max_new="0").has_limit
        assert limits(tmp_path, require_reason=["outlier"]).has_limit
        assert limits(tmp_path, max_per_class=["0"]).has_limit


class TestFiles:
    """Settings for all files, and for one."""

    def test_layers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file's own table overrules the gate's, and flags overrule both; the scan's settings too."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "doubt.toml").write_text(
            'label = "x"\nseed = 1\n[gate]\nmax-noise = "1%"\nmax-doubted = 1\nmax-new = 1\n'
            '[gate.files."data/a.csv"]\nmax-doubted = 2\nmax-new = 2\nlabel = "y"\nseed = 2\n'
        )

        found = plan(tmp_path, {"seed": 3, "text": []}, max_new="3")

        assert found.limits("data/a.csv") == GateSettings(
            max_noise=0.01, max_doubted=Limit(2, is_share=False), max_new=Limit(3, is_share=False)
        )
        assert found.limits("other.csv").max_doubted == Limit(1, is_share=False)
        assert found.scan("data/a.csv") == ScanSettings(
            path="data/a.csv", label="y", seed=3, config="doubt.toml"
        )
        assert found.scan_values("other.csv") == {"config": "doubt.toml", "label": "x", "seed": 3}
        assert found.paths == ("data/a.csv",)

    def test_a_file_is_found_by_any_of_its_paths(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file's table is found from any folder, and by any path to the file."""
        (tmp_path / "sub").mkdir()
        (tmp_path / "doubt.toml").write_text('[gate.files."a.csv"]\nmax-new = 2\nbaseline = "known.json"\n')
        monkeypatch.chdir(tmp_path / "sub")

        found = plan(tmp_path / "sub")

        assert found.limits("../a.csv").max_new == Limit(2, is_share=False)
        assert found.limits(str(tmp_path / "a.csv")).baseline == "../known.json"
        assert found.limits("a.csv").max_new is None
        assert found.paths == ("../a.csv",)

    def test_waivers_are_for_all(self, tmp_path: Path) -> None:
        """There is one file of waivers, and a data file's own table can't change it."""
        (tmp_path / "doubt.toml").write_text('[gate]\nwaivers = "w.toml"\n')

        assert plan(tmp_path).waivers == "w.toml"
        assert plan(tmp_path, waivers="v.toml").waivers == "v.toml"
        (tmp_path / "doubt.toml").write_text('[gate.files."a.csv"]\nwaivers = "w.toml"\n')
        assert "'waivers'" in trouble(tmp_path).found

    def test_a_scan_reads_the_file_s_own_table(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A scan uses the settings of the file's own table, as its gate does."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "doubt.toml").write_text('label = "x"\n[gate.files."a.csv"]\nlabel = "y"\nmax-new = 2\n')

        assert load_settings({"path": "a.csv"}, start=tmp_path).label == "y"
        assert load_settings({"path": "b.csv"}, start=tmp_path).label == "x"
        assert load_settings({"path": "a.csv", "label": "z"}, start=tmp_path).label == "z"

    def test_a_scan_checks_the_gate(self, tmp_path: Path) -> None:
        """A scan reads a settings file with a gate in it, and checks the gate's keys too."""
        (tmp_path / "doubt.toml").write_text("folds = 3\n[gate]\nmax-noise = 0.1\n")

        assert load_settings({"path": "a.csv"}, start=tmp_path).folds == 3
        (tmp_path / "doubt.toml").write_text("[gate]\nmax-nois = 0.1\n")
        with pytest.raises(SettingsError, match="max-nois"):
            load_settings({"path": "a.csv"}, start=tmp_path)


class TestTrouble:
    """Messages."""

    def test_key_in_the_wrong_place(self, tmp_path: Path, sentences: Sentences) -> None:
        """A limit outside the table of the gate is refused, with the table where it belongs."""
        (tmp_path / "doubt.toml").write_text("max-noise = 0.1\n")

        error = trouble(tmp_path)

        assert error.where == "doubt.toml"
        sentences.check(error)

    @pytest.mark.parametrize(
        "text",
        [
            "gate = 3",
            "[gate]\nmax-noise = 3",
            "[gate]\nmax-per-class = []",
            "[gate]\nfiles = 3",
            '[gate.files]\n"a.csv" = 3',
            '[gate.files."a.csv"]\nmax-nu = 3',
            '[gate.files."a.csv"]\nlabl = "x"',
            "[gate]\nlabel = 'x'",
        ],
        ids=[
            "gate",
            "share",
            "limit",
            "files",
            "file",
            "key of the gate",
            "key of the scan",
            "key in the wrong place",
        ],
    )
    def test_messages(self, tmp_path: Path, text: str, sentences: Sentences) -> None:
        """An error in the table of the gate names the settings file and what is wrong."""
        (tmp_path / "doubt.toml").write_text(text)

        error = trouble(tmp_path)

        assert error.where == "doubt.toml"
        sentences.check(error)
