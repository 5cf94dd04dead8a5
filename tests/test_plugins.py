"""Reasons are found, checked and run; and the sample plug-in, installed with pip."""

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from doubtcli import plugins
from doubtcli.errors import ReasonError, SettingsError
from doubtcli.pipelines.scan import make_audit
from doubtcli.plugins import explain_reason, load_reason, load_reasons, run_reasons
from doubtcli.progress import Silence
from doubtcli.records import Evidence
from doubtcli.settings import ScanSettings
from doubtcli.settings.installed import Installed
from doubtcli.testing import make_example_background

SAMPLE = Path(__file__).parents[1] / "fixtures" / "doubt-lone-answer"


def entry(name, value):
    """An entry point as another package could have it."""
    return Installed(
        name, "somebody 1.0", False, EntryPoint(name, value, plugins.GROUP), ReasonError, "reason"
    )


def listed(kind, name="sample"):
    """A class of this module, as if another package had it."""
    globals()[kind.__name__] = kind
    return entry(name, f"{__name__}:{kind.__name__}")


@dataclass(frozen=True)
class Sample:
    """A reason that gives each row the doubt in its settings."""

    doubt: float = 0.5
    name = "sample"
    because = "it is a sample"

    def score(self, given_labels):
        """The same for every row."""
        return np.full(len(given_labels), self.doubt)


@dataclass(frozen=True, kw_only=True)
class Picky(Sample):
    """A reason that needs the setting `depth`, and checks it."""

    depth: int

    def __post_init__(self):
        """Refuse a depth below 1."""
        if self.depth < 1:
            raise ValueError("depth must be above 0")


@dataclass(frozen=True)
class Veiled(Sample):
    """A reason with a setting whose type only type checkers know."""

    width: "ForTypeCheckersAlone" = None  # noqa: F821


def made(**changes):
    """The sample reason with some of its parts changed."""
    return dataclass(frozen=True)(type("Made", (Sample,), {**changes, "__module__": __name__}))


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Let entry points find this module under its name."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or sys.modules[Sample.__module__])


EVIDENCE = Evidence(given_labels=np.array([0, 1, 1]), n_classes=2)


class TestLoading:
    """From a name to a reason with its settings."""

    def test_settings_reach_the_reason(self):
        """A whole number is accepted where a decimal is expected."""
        loaded = load_reason(listed(Sample), {"doubt": 1})

        assert loaded.reason.doubt == 1.0
        assert (loaded.family, loaded.needs) == ("error", ("given_labels",))

    @pytest.mark.parametrize(
        ("settings", "named"),
        [({"dubt": 0.5}, "did you mean 'doubt'?"), ({"doubt": "much"}, "float"), ({"x": 1}, "one of doubt")],
        ids=["misspelt", "type", "unknown"],
    )
    def test_settings_that_it_does_not_have_are_refused(self, settings, named, sentences):
        """For an unknown key the error names the nearest known one, for a wrong type the right one."""
        with pytest.raises(SettingsError) as error:
            load_reason(listed(Sample), settings)

        assert named in f"{error.value.expected} {error.value.hint}"
        assert error.value.where == "[tool.doubt.reasons.sample]"
        sentences.check(error.value)

    def test_settings_that_the_reason_itself_refuses_are_an_error(self, sentences):
        """A reason may check its settings when it is made; its exception is the cause of the error."""
        with pytest.raises(SettingsError) as error:
            load_reason(listed(Picky), {"depth": 0})

        assert error.value.where == "[tool.doubt.reasons.sample]"
        assert isinstance(error.value.__cause__, ValueError)
        sentences.check(error.value)

    def test_a_setting_that_is_missing_is_named(self):
        """A field without a default has to be set."""
        with pytest.raises(SettingsError) as error:
            load_reason(listed(Picky))

        assert "'depth'" in error.value.found

    def test_types_that_can_not_be_read_are_an_error_only_where_a_setting_needs_them(self, sentences):
        """A field's type may be imported for type checkers alone, as long as nobody sets the field."""
        assert load_reason(listed(Veiled)).reason.width is None
        with pytest.raises(ReasonError) as error:
            load_reason(listed(Veiled), {"width": 1})

        assert isinstance(error.value.__cause__, NameError)
        sentences.check(error.value)

    def test_an_unknown_name_is_an_error_with_the_nearest_name(self, sentences):
        """A misspelt name in --skip is not ignored."""
        with pytest.raises(SettingsError) as error:
            load_reasons(skip=["outler"])

        assert error.value.where == "--skip"
        assert "'outlier'" in error.value.hint
        sentences.check(error.value)

    def test_only_and_skip_choose(self, sentences):
        """Of two chosen reasons, one of them skipped, one is left; if none is left, that is an error."""
        (left,) = load_reasons(only=["outlier", "ambiguous"], skip=["ambiguous"])

        assert left.name == "outlier"
        with pytest.raises(SettingsError) as error:
            load_reasons(only=["outlier"], skip=["outlier"])
        sentences.check(error.value)

    def test_a_module_that_can_not_be_imported_is_named(self):
        """The package and the reason are in the message, and the cause is kept."""
        broken = entry("gone", "no_such_module:X")

        with pytest.raises(ReasonError) as error:
            load_reason(broken)

        assert error.value.where == "reason 'gone' of somebody 1.0"
        assert isinstance(error.value.__cause__, ModuleNotFoundError)

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "other"},
            {"because": None},
            {"family": "guess"},
            {"lowers_doubt": "yes"},
            {"score": None},
            {"score": lambda _, pred_prob: pred_prob},
        ],
        ids=["name", "because", "family", "lowers_doubt", "no score", "need"],
    )
    def test_a_reason_that_breaks_the_contract_is_refused(self, changes, sentences):
        """A wrong name, family, need or missing part is an error when it is loaded, not when it is run."""
        with pytest.raises(ReasonError) as error:
            load_reason(listed(made(**changes)))

        assert error.value.where == "reason 'sample' of somebody 1.0"
        sentences.check(error.value)

    def test_a_class_that_is_not_a_dataclass_is_refused(self, sentences):
        """Settings are the fields of a dataclass."""
        kind = type("Plain", (), {"name": "sample", "__module__": __name__})

        with pytest.raises(ReasonError) as error:
            load_reason(listed(kind))

        sentences.check(error.value)


class TestRunning:
    """From evidence to doubts."""

    def run(self, kind, **settings):
        """The scores of the reason on the evidence."""
        return run_reasons([load_reason(listed(kind), settings)], EVIDENCE)

    def test_each_row_gets_its_doubt(self):
        """The scores come with the reason's name, package and `because`."""
        (scores,), skipped = self.run(Sample, doubt=0.25)

        assert (scores.name, scores.package, scores.because) == ("sample", "somebody 1.0", "it is a sample")
        np.testing.assert_array_equal(scores.scores, [0.25] * 3)
        assert skipped == ()

    def test_the_scores_have_the_sources_of_their_evidence(self):
        """Sources follow from the needs, in any order; a reason does not declare them."""
        kind = made(score=lambda _, annotations, n_classes, pred_probs: pred_probs[:, 0])  # noqa: ARG005
        evidence = Evidence(EVIDENCE, pred_probs=np.zeros((3, 2)), annotations=np.zeros((3, 1), dtype=int))

        ((scores,), _) = run_reasons([load_reason(listed(kind))], evidence)

        assert scores.sources == ("models", "annotators")
        assert not scores.lowers_doubt

    def test_a_reason_is_skipped_where_the_file_lacks_its_evidence(self):
        """Without annotators, the report names the flag that gives them."""
        (loaded,) = load_reasons(only=["annotator-disagreement"])

        scored, (skipped,) = run_reasons([loaded], EVIDENCE)

        assert scored == ()
        assert "--annotators" in skipped.why

    def test_every_kind_of_evidence_that_is_missing_is_named_once(self, sentences):
        """Two needs that are missing for the same cause are one entry."""
        kind = made(score=lambda _, neighbor_votes, neighbor_indices, annotations: annotations)  # noqa: ARG005

        _, (skipped,) = self.run(kind)

        assert skipped.why.count(";") == 1
        sentences.check(skipped.why)

    @pytest.mark.parametrize("answer", [["much"] * 3, [[0.1], [0.2, 0.3], 0.4]])
    def test_an_answer_that_is_not_a_number_is_an_error(self, answer):
        """Texts and ragged lists are the reason's own fault."""
        with pytest.raises(ReasonError) as error:
            self.run(made(score=lambda _, n_classes: answer))  # noqa: ARG005

        assert isinstance(error.value.__cause__, ValueError)

    def test_a_crash_names_the_reason_and_its_package(self, sentences):
        """It is never ignored, and its cause is kept."""
        kind = made(score=lambda _, n_classes: n_classes / 0)

        with pytest.raises(ReasonError) as error:
            self.run(kind)

        sentences.check(error.value)
        assert isinstance(error.value.__cause__, ZeroDivisionError)
        assert error.value.where == "reason 'sample' of somebody 1.0"
        assert "--skip sample" in error.value.hint

    @pytest.mark.parametrize("given", [1.5, -0.1])
    def test_a_doubt_outside_its_range_is_refused(self, given, sentences):
        """A doubt is from 0 to 1, or NaN."""
        with pytest.raises(ReasonError) as error:
            self.run(Sample, doubt=given)

        assert str(given) in error.value.found
        sentences.check(error.value)

    def test_another_number_of_rows_is_refused(self, sentences):
        """There is one doubt for each row."""
        kind = made(score=lambda _, n_classes: np.zeros(n_classes))

        with pytest.raises(ReasonError) as error:
            self.run(kind)

        assert "(2,)" in error.value.found
        sentences.check(error.value)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the sample plug-in installed by pip."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", folder, SAMPLE], check=True)
    return folder


def python(code, site, **env):
    """What a Python with that folder on its path prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site), **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


LIST = "from doubtcli.plugins import list_reasons; print([(r.name, r.package) for r in list_reasons()][-1])"


def test_an_installed_plug_in_is_listed_last_with_its_package(installed):
    """It needs no import of ours, only its entry point."""
    assert python(LIST, installed) == "('lone-answer', 'doubt-lone-answer 1.2.0')"


def test_plug_ins_can_be_switched_off(installed):
    """DOUBT_PLUGINS=off leaves our own reasons."""
    assert "lone-answer" not in python(LIST, installed, DOUBT_PLUGINS="off")


def test_an_installed_plug_in_keeps_the_contract(installed):
    """The public check passes on a reason of another package."""
    code = "import doubt_lone_answer as p, doubtcli.testing as t; t.check_reason(p.LoneAnswer); print('kept')"

    assert python(code, installed) == "kept"


ECHO = '''
from dataclasses import dataclass

@dataclass(frozen=True)
class Echo:
    """The scores of low-self-confidence, under another name."""

    name = "echo"
    because = "it scores what low-self-confidence scores"

    def score(self, given_labels, pred_probs):
        return 1 - pred_probs[range(len(given_labels)), given_labels]

    def explain(self, rows, given_labels, class_names):
        return [f"hardly {class_names[code]}" for code in given_labels[rows]]
'''


def test_a_reason_of_another_package_that_reads_the_same_evidence_adds_no_doubt(tmp_path, monkeypatch):
    """A second reason that reads the models' probabilities is run and shown, and changes no doubt."""
    monkeypatch.setattr("doubtcli.predict.table_models._VOTES", 6)
    settings = ScanSettings(path=str(SAMPLE.parent / "penguins.csv"), label="species", fast=True, folds=2)
    without, _ = make_audit(settings, progress=Silence())
    (tmp_path / "echo_reason.py").write_text(ECHO)
    info = tmp_path / "echo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: echo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\necho = echo_reason:Echo\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    found, _ = make_audit(settings, progress=Silence())

    assert found.reasons[-1].package == "echo 1.0"
    assert "echo" in found.ranking.voices[0]
    np.testing.assert_array_equal(found.ranking.doubt, without.ranking.doubt)


def test_a_reason_of_another_package_explains_itself(tmp_path, monkeypatch):
    """Where no reason of ours reads the same evidence, the text of the plug-in is shown."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "wordy_reason.py").write_text(ECHO)
    wordy = load_reason(entry("echo", "wordy_reason:Echo"))
    evidence = Evidence({**EVIDENCE, "pred_probs": np.array([[0.2, 0.8], [0.1, 0.9], [0.9, 0.1]])})
    background = make_example_background(evidence)
    (scores,), _ = run_reasons([wordy], evidence)

    assert explain_reason(wordy, scores, evidence, background, np.array([2, 0])) == [
        "hardly class 1",
        "hardly class 0",
    ]
