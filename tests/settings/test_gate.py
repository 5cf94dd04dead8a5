from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import SettingsError
from doubtcli.settings import EACH, GatePlan, GateSettings, Limit, ScanSettings, load_gate, load_settings

if TYPE_CHECKING:
    from pathlib import Path


def plan(start: Path, scan: dict[str, Any] | None = None, **flags: Any) -> GatePlan:
    """What `doubt gate` is asked to do with these flags, in the folder `start`."""
    return load_gate(scan or {}, flags, start=start)


def limits(start: Path, path: str = "a.csv", **flags: Any) -> GateSettings:
    """The settings of the gate of one file."""
    return plan(start, **flags).limits(path)


def trouble(start: Path, **flags: Any) -> str:
    """The message that loading ends with."""
    with pytest.raises(SettingsError) as caught:
        plan(start, **flags)
    return str(caught.value)


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
    def test_no_share(self, tmp_path: Path, written: str) -> None:
        """What is no share is refused where a share is wanted, and what would do is said."""
        assert trouble(tmp_path, max_noise=written) == (
            f"--max-noise: {written!r} won't do\nexpected: a share, such as 3% or 0.03"
        )

    def test_in_a_file(self, tmp_path: Path) -> None:
        """A settings file takes texts and numbers; a fraction is a share, a whole number counts rows."""
        (tmp_path / "doubt.toml").write_text('[gate]\nmax-noise = 0.03\nmax-doubted = 5\nmax-new = "1%"')

        found = limits(tmp_path)

        assert found.max_noise == 0.03
        assert found.max_doubted == Limit(5, is_share=False)
        assert found.max_new == Limit(0.01, is_share=True)

    def test_true_is_no_number(self, tmp_path: Path) -> None:
        """`true` is not one row."""
        (tmp_path / "doubt.toml").write_text("[gate]\nmax-doubted = true")

        assert "max-doubted = True won't do" in trouble(tmp_path)

    def test_named(self, tmp_path: Path) -> None:
        """A limit with a name before it is for that one, one without is for each that has none of its own."""
        found = limits(tmp_path, max_per_class=["10%,refund=5%", "a=b=3", '"last, first=2"'])

        assert found.max_per_class == {
            EACH: Limit(0.1, is_share=True),
            "refund": Limit(0.05, is_share=True),
            "a=b": Limit(3, is_share=False),
            "last, first": Limit(2, is_share=False),
        }

    def test_named_in_a_file(self, tmp_path: Path) -> None:
        """In a settings file named limits are a table, `*` being each; or a list, or one limit."""
        (tmp_path / "doubt.toml").write_text(
            '[gate]\nmax-per-reason = ["duplicate-conflict=0"]\nmax-per-class = {"*" = "10%", refund = 3}'
        )

        found = limits(tmp_path)

        assert found.max_per_reason == {"duplicate-conflict": Limit(0, is_share=False)}
        assert found.max_per_class == {EACH: Limit(0.1, is_share=True), "refund": Limit(3, is_share=False)}

    @pytest.mark.parametrize("written", [["=3%"], ["refund="], ["refund"], ["refund=x"], ["a=1", "a=2%"]])
    def test_named_trouble(self, tmp_path: Path, written: list[str]) -> None:
        """A name without a limit, a limit behind no name, or two for one name are refused."""
        assert "--max-per-class: " in trouble(tmp_path, max_per_class=written)

    def test_nothing_is_no_limit(self, tmp_path: Path) -> None:
        """Without a limit there is none; what says how to judge is none either."""
        assert not limits(tmp_path, strict=True, allow_unassessable=True, baseline="b.json").has_limit
        assert limits(tmp_path, max_new="0").has_limit
        assert limits(tmp_path, require_reason=["outlier"]).has_limit
        assert limits(tmp_path, max_per_class=["0"]).has_limit


class TestFiles:
    """What holds for all files, and for one."""

    def test_layers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file's own table overrules the gate's, and flags overrule both; of the scan likewise."""
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

    def test_a_file_is_known_however_it_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file's table is found by the file, from whichever folder and by whichever path it is named."""
        (tmp_path / "sub").mkdir()
        (tmp_path / "doubt.toml").write_text('[gate.files."a.csv"]\nmax-new = 2\nbaseline = "known.json"\n')
        monkeypatch.chdir(tmp_path / "sub")

        found = plan(tmp_path / "sub")

        assert found.limits("../a.csv").max_new == Limit(2, is_share=False)
        assert found.limits(str(tmp_path / "a.csv")).baseline == "../known.json"
        assert found.limits("a.csv").max_new is None
        assert found.paths == ("../a.csv",)

    def test_waivers_are_for_all(self, tmp_path: Path) -> None:
        """There is one file of waivers, which a file's own table can't change."""
        (tmp_path / "doubt.toml").write_text('[gate]\nwaivers = "w.toml"\n')

        assert plan(tmp_path).waivers == "w.toml"
        assert plan(tmp_path, waivers="v.toml").waivers == "v.toml"
        (tmp_path / "doubt.toml").write_text('[gate.files."a.csv"]\nwaivers = "w.toml"\n')
        assert "'waivers' is a key of the gate" in trouble(tmp_path)

    def test_a_scan_reads_the_file_s_own_table(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A scan of a file reads it as its gate does, and other files as before."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "doubt.toml").write_text('label = "x"\n[gate.files."a.csv"]\nlabel = "y"\nmax-new = 2\n')

        assert load_settings({"path": "a.csv"}, start=tmp_path).label == "y"
        assert load_settings({"path": "b.csv"}, start=tmp_path).label == "x"
        assert load_settings({"path": "a.csv", "label": "z"}, start=tmp_path).label == "z"

    def test_a_scan_passes_the_gate_by(self, tmp_path: Path) -> None:
        """A scan reads a settings file with a gate in it, and checks what it says."""
        (tmp_path / "doubt.toml").write_text("folds = 3\n[gate]\nmax-noise = 0.1\n")

        assert load_settings({"path": "a.csv"}, start=tmp_path).folds == 3
        (tmp_path / "doubt.toml").write_text("[gate]\nmax-nois = 0.1\n")
        with pytest.raises(SettingsError, match="max-nois"):
            load_settings({"path": "a.csv"}, start=tmp_path)


class TestTrouble:
    """Messages."""

    def test_key_in_the_wrong_place(self, tmp_path: Path) -> None:
        """A limit beside the table of the gate is told where it belongs."""
        (tmp_path / "doubt.toml").write_text("max-noise = 0.1\n")

        assert trouble(tmp_path) == "doubt.toml: 'max-noise' is a key of the gate\nto do: put it into [gate]"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("gate = 3", "[gate] is no table"),
            ("[gate]\nmax-per-class = []", "max-per-class = [] won't do"),
            ("[gate]\nfiles = 3", "[gate.files] is no table"),
            ('[gate.files]\n"a.csv" = 3', '[gate.files."a.csv"] is no table'),
            ('[gate.files."a.csv"]\nmax-nu = 3', "did you mean 'max-new'?"),
            ('[gate.files."a.csv"]\nlabl = "x"', "did you mean 'label'?"),
            ("[gate]\nlabel = 'x'", "'label' is no known key"),
        ],
    )
    def test_messages(self, tmp_path: Path, text: str, said: str) -> None:
        """What makes no sense in the table of the gate is told."""
        (tmp_path / "doubt.toml").write_text(text)

        assert said in trouble(tmp_path)
