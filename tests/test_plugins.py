"""Reasons as they are found, checked and asked; and the sample plug-in, really installed."""

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
from doubtcli.testing import example_background

SAMPLE = Path(__file__).parents[1] / "fixtures" / "doubt-lone-answer"


def entry(name, value):
    """An entry that somebody's package could have brought."""
    return Installed(
        name, "somebody 1.0", False, EntryPoint(name, value, plugins.GROUP), ReasonError, "reason"
    )


def listed(kind, name="sample"):
    """A class of this module as if a package had brought it."""
    globals()[kind.__name__] = kind
    return entry(name, f"{__name__}:{kind.__name__}")


@dataclass(frozen=True)
class Sample:
    """A reason that gives what it is told to."""

    doubt: float = 0.5
    name = "sample"
    because = "it is a sample"

    def score(self, given_labels):
        """The same for every row."""
        return np.full(len(given_labels), self.doubt)


@dataclass(frozen=True, kw_only=True)
class Picky(Sample):
    """A reason that must be told its depth, and checks it."""

    depth: int

    def __post_init__(self):
        """Refuse what makes no sense."""
        if self.depth < 1:
            raise ValueError("depth must be above 0")


@dataclass(frozen=True)
class Veiled(Sample):
    """A reason with a setting of a type that is known to type checkers alone."""

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
        """A whole number is as good as one with a point."""
        loaded = load_reason(listed(Sample), {"doubt": 1})

        assert loaded.reason.doubt == 1.0
        assert (loaded.family, loaded.needs) == ("error", ("given_labels",))

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"dubt": 0.5}, "did you mean 'doubt'"),
            ({"doubt": "much"}, "type float"),
            ({"x": 1}, "one of doubt"),
        ],
    )
    def test_settings_that_it_lacks_are_refused(self, settings, message):
        """An unknown key names the nearest known one, a wrong type the right one."""
        with pytest.raises(SettingsError) as error:
            load_reason(listed(Sample), settings)

        assert message in str(error.value)

    def test_settings_that_the_reason_itself_refuses_are_told_with_its_words(self):
        """A reason may check its settings as it is made; what it raises becomes a message, its cause kept."""
        with pytest.raises(SettingsError, match="refuses its settings: depth must be above 0") as error:
            load_reason(listed(Picky), {"depth": 0})

        assert error.value.where == "[tool.doubt.reasons.sample]"
        assert isinstance(error.value.__cause__, ValueError)

    def test_a_setting_that_is_missing_is_told_by_name(self):
        """A field without a default has to be set."""
        with pytest.raises(SettingsError, match="depth"):
            load_reason(listed(Picky))

    def test_types_that_can_not_be_told_are_refused_only_where_a_setting_needs_them(self):
        """A field's type that is imported for type checkers alone harms nobody who does not set it."""
        assert load_reason(listed(Veiled)).reason.width is None
        with pytest.raises(ReasonError, match="types of its settings can't be told"):
            load_reason(listed(Veiled), {"width": 1})

    def test_an_unknown_name_is_refused_with_the_nearest(self):
        """A slip in --skip does not silently skip nothing."""
        with pytest.raises(SettingsError, match="no reason 'outler'") as error:
            load_reasons(skip=["outler"])

        assert "did you mean 'outlier'" in str(error.value)

    def test_only_and_skip_choose(self):
        """Asked for two and without one of them, one is left; with none left, that is said."""
        (left,) = load_reasons(only=["outlier", "ambiguous"], skip=["ambiguous"])

        assert left.name == "outlier"
        with pytest.raises(SettingsError, match="no reason is left"):
            load_reasons(only=["outlier"], skip=["outlier"])

    def test_a_module_that_can_not_be_imported_is_named(self):
        """The package and the reason are in the message, and the cause is kept."""
        broken = entry("gone", "no_such_module:X")

        with pytest.raises(ReasonError, match="can't be imported") as error:
            load_reason(broken)

        assert error.value.where == "reason 'gone' of somebody 1.0"
        assert isinstance(error.value.__cause__, ModuleNotFoundError)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"name": "other"}, "entry point 'sample'"),
            ({"because": None}, "does not say why"),
            ({"family": "guess"}, "family is 'guess'"),
            ({"lowers_doubt": "yes"}, "`lowers_doubt` is 'yes'"),
            ({"score": None}, "no method `score`"),
            ({"score": lambda _, pred_prob: pred_prob}, "did you mean 'pred_probs'"),
        ],
    )
    def test_what_breaks_the_form_is_refused(self, changes, message):
        """A wrong name, family, need or missing part is an error when it is loaded, not when it is asked."""
        with pytest.raises(ReasonError) as error:
            load_reason(listed(made(**changes)))

        assert message in str(error.value)

    def test_what_is_no_dataclass_is_refused(self):
        """Settings are fields, so there must be some place for them."""
        kind = type("Plain", (), {"name": "sample", "__module__": __name__})

        with pytest.raises(ReasonError, match="no dataclass"):
            load_reason(listed(kind))


class TestAsking:
    """From evidence to doubts."""

    def ask(self, kind, **settings):
        """What the reason says of the evidence."""
        return run_reasons([load_reason(listed(kind), settings)], EVIDENCE)

    def test_each_row_gets_its_doubt(self):
        """The scores come with the reason's name, package and words."""
        (scores,), skipped = self.ask(Sample, doubt=0.25)

        assert (scores.name, scores.package, scores.because) == ("sample", "somebody 1.0", "it is a sample")
        np.testing.assert_array_equal(scores.scores, [0.25] * 3)
        assert skipped == ()

    def test_the_scores_say_what_they_were_made_of(self):
        """Sources follow from the needs, whatever their order, and not from what a reason says of itself."""
        kind = made(score=lambda _, annotations, n_classes, pred_probs: pred_probs[:, 0])  # noqa: ARG005
        evidence = Evidence(EVIDENCE, pred_probs=np.zeros((3, 2)), annotations=np.zeros((3, 1), dtype=int))

        ((scores,), _) = run_reasons([load_reason(listed(kind))], evidence)

        assert scores.sources == ("models", "annotators")
        assert not scores.lowers_doubt

    def test_a_need_that_the_file_can_not_meet_is_a_skip_with_why(self):
        """Without annotators nobody disagrees, and the report says what to do."""
        (loaded,) = load_reasons(only=["annotator-disagreement"])

        scored, (skipped,) = run_reasons([loaded], EVIDENCE)

        assert scored == ()
        assert "--annotators" in skipped.why

    def test_every_need_that_can_not_be_met_is_told_once(self):
        """Who mends one of them learns of the other too."""
        kind = made(score=lambda _, neighbor_votes, neighbor_indices, annotations: annotations)  # noqa: ARG005

        _, (skipped,) = self.ask(kind)

        assert skipped.why.count("there are no neighbours") == 1
        assert skipped.why.endswith("; there are no annotator columns: name them with --annotators a,b,c")

    @pytest.mark.parametrize("answer", [["much"] * 3, [[0.1], [0.2, 0.3], 0.4]])
    def test_an_answer_that_is_no_number_is_a_crash(self, answer):
        """Words and ragged lists are named as the reason's own fault."""
        with pytest.raises(ReasonError, match="it crashed: ValueError"):
            self.ask(made(score=lambda _, n_classes: answer))  # noqa: ARG005

    def test_a_crash_names_the_reason_and_its_package(self):
        """It is never passed over, and its cause is kept."""
        kind = made(score=lambda _, n_classes: n_classes / 0)

        with pytest.raises(ReasonError, match="it crashed: ZeroDivisionError") as error:
            self.ask(kind)

        assert error.value.where == "reason 'sample' of somebody 1.0"
        assert "--skip sample" in error.value.hint

    @pytest.mark.parametrize(("given", "message"), [(1.5, "a doubt of 1.5"), (-0.1, "a doubt of -0.1")])
    def test_a_doubt_outside_its_range_is_refused(self, given, message):
        """0 to 1, or NaN."""
        with pytest.raises(ReasonError, match=message):
            self.ask(Sample, doubt=given)

    def test_another_number_of_rows_is_refused(self):
        """One doubt a row."""
        kind = made(score=lambda _, n_classes: np.zeros(n_classes))

        with pytest.raises(ReasonError, match=r"shape \(2,\)"):
            self.ask(kind)


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
    """The public contract passes on somebody else's reason."""
    code = "import doubt_lone_answer as p, doubtcli.testing as t; t.check_reason(p.LoneAnswer); print('kept')"

    assert python(code, installed) == "kept"


ECHO = '''
from dataclasses import dataclass

@dataclass(frozen=True)
class Echo:
    """What low-self-confidence says, under another name."""

    name = "echo"
    because = "it says what low-self-confidence says"

    def score(self, given_labels, pred_probs):
        return 1 - pred_probs[range(len(given_labels)), given_labels]

    def explain(self, rows, given_labels, class_names):
        return [f"hardly {class_names[code]}" for code in given_labels[rows]]
'''


def test_a_reason_from_outside_is_one_file_and_no_second_witness(tmp_path, monkeypatch):
    """Another reading of the models' probabilities is asked and shown, and raises no doubt."""
    settings = ScanSettings(path=str(SAMPLE.parent / "penguins.csv"), label="species", fast=True)
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


def test_a_reason_from_outside_brings_its_own_words(tmp_path, monkeypatch):
    """Where no reason of ours reads the same, a person reads the plug-in's words."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "wordy_reason.py").write_text(ECHO)
    wordy = load_reason(entry("echo", "wordy_reason:Echo"))
    evidence = Evidence({**EVIDENCE, "pred_probs": np.array([[0.2, 0.8], [0.1, 0.9], [0.9, 0.1]])})
    background = example_background(evidence)
    (said,), _ = run_reasons([wordy], evidence)

    assert explain_reason(wordy, said, evidence, background, np.array([2, 0])) == [
        "hardly class 1",
        "hardly class 0",
    ]
