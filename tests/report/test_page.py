from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doubtcli.records import Annotations, Evidence, Power
from doubtcli.report.one_file import script_json
from doubtcli.report.page import render_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult

    Make = Callable[..., ScanResult]

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>\"'`{{data}}{{script}}",
    "line\u2028and\u2029paragraph",
    "&lt;b&gt;",
    "\0\x1b",
    "שלום \u202e 😀",
)


class Page(HTMLParser):
    """The parts of a page, as an HTML parser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.data = ""
        self.title = ""
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = "data" if ("id", "data") in attrs else tag

    def handle_endtag(self, tag: str) -> None:
        """Forget it."""
        del tag
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Keep the title and the page's data."""
        if self._inside in {"data", "title"}:
            setattr(self, self._inside, getattr(self, self._inside) + data)


def read_data(audit: ScanResult, **options: Any) -> dict[str, Any]:
    """The data in a page."""
    data: dict[str, Any] = json.loads(Page(render_html(audit, **options)).data)
    return data


class TestPage:
    """The page as a file."""

    def test_nothing_from_anywhere(self, make_audit: Make) -> None:
        """The page loads nothing: it has no address and no file, and a policy that forbids both."""
        page = render_html(make_audit())

        assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|import\(", page)
        links = {value for name, value in Page(page).attributes if name in {"src", "href", "action"}}
        assert links == {"data:,", "#rows"}
        assert "default-src 'none'" in page

    def test_no_markup_from_scripts(self, make_audit: Make) -> None:
        """The page's scripts use nothing that writes markup."""
        page = render_html(make_audit())

        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", page
        )

    def test_same_bytes(self, make_audit: Make) -> None:
        """Equal audits give the same page; timings make no difference."""
        assert render_html(make_audit(timings={"read": 1.0})) == render_html(
            make_audit(timings={"read": 9.9})
        )

    def test_size(self, make_audit: Make) -> None:
        """A thousand doubted rows of 35 words, each with its evidence, stay below 2 MB."""
        n = 6_000
        texts = [f"ticket number {row} " + "several words long " * 12 for row in range(n)]
        given_labels = [row % 3 for row in range(n)]
        audit = make_audit(
            texts=texts, given=given_labels, suggested=[0] * n, doubt=[0.9] * n, answers=[(0, 1)] * n
        )
        near = np.random.default_rng(0).integers(0, n, (n, 10))
        audit = replace(
            audit,
            evidence=Evidence(audit.evidence, neighbor_indices=near, neighbor_distances=near * 0 + 0.5),
        )

        assert len(render_html(audit).encode()) < 2_000_000


SCHEMES = {"light": 0, "dark": 1}
"""The block of colours of each in the style sheet; those that the dark one leaves out are light ones."""


class TestColours:
    """What can be read on what, by the Web Content Accessibility Guidelines 2.2."""

    @pytest.mark.parametrize("ground", ["paper", "card", "wash"])
    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_contrast(self, make_audit: Make, scheme: str, ground: str) -> None:
        """Text has a contrast of at least 4.5 to any ground, and the edge of the search field one of 3."""
        blocks = re.findall(r":root \{(.*?)\}", render_html(make_audit()), re.DOTALL)
        colours = dict(re.findall(r"--(\w+): #(\w{6})", "".join(blocks[: SCHEMES[scheme] + 1])))

        assert len(blocks) == len(SCHEMES)
        assert min(contrast(colours[text], colours[ground]) for text in ("ink", "muted", "accent")) >= 4.5
        assert contrast(colours["edge"], colours[ground]) >= 3

    def test_contrast_as_published(self) -> None:
        """Black on white has a contrast of 21, and #767676, the lightest grey for text, one of 4.54."""
        assert contrast("000000", "ffffff") == pytest.approx(21)
        assert contrast("767676", "ffffff") == pytest.approx(4.54, abs=0.005)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """How light a colour is, 0 to 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class TestEscaping:
    """Text from the data is never markup."""

    @pytest.mark.parametrize("text", HOSTILE)
    def test_everywhere(self, make_audit: Make, text: str) -> None:
        """A hostile text anywhere in an audit adds no tag and no attribute to the page."""
        plain, hostile = (Page(render_html(filled(make_audit, word))) for word in ("plain", text))

        assert hostile.tags == plain.tags
        assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]
        assert json.loads(hostile.data)["notes"] == [text]

    @given(st.text())
    def test_json_stays_inside(self, text: str) -> None:
        """JSON in a script has no special character of HTML or old JavaScript, and is read back equal."""
        written = script_json([text, {text: text}])

        assert not set("<>&\u2028\u2029") & set(written)
        assert json.loads(written) == [text, {text: text}]

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text())
    def test_any_file_name(self, make_audit: Make, name: str) -> None:
        """A file name of any characters is text in the page."""
        page = Page(render_html(make_audit(path=f"folder/x{name.replace('/', '_')}.csv")))

        assert page.tags == Page(render_html(make_audit())).tags
        assert page.title.startswith("x")


def filled(make_audit: Make, text: str) -> ScanResult:
    """An audit that has a text wherever there can be one."""
    audit = make_audit(
        texts=[text] * 8,
        class_names=(text, f"{text} 2", f"{text} 3"),
        row_ids=tuple(f"{text} {row}" for row in range(8)),
        annotators=(text, f"{text} 2"),
        why=[text] * 8,
        notes=(text,),
        path=f"{text}.csv",
        extra_inputs={f"{text} column": [text] * 8},
    )
    reasons = tuple(replace(reason, name=f"{reason.name} {text}", because=text) for reason in audit.reasons)
    return replace(audit, reasons=reasons, skill=replace(audit.skill, why=text))


def test_undecodable_path(make_audit: Make) -> None:
    """A path that is not UTF-8 (a lone surrogate in Python) gives a page that can be written."""
    page = render_html(make_audit(path="caf\udce9.csv"))

    assert "caf?.csv" in page
    assert page.encode()


class TestOverview:
    """The figures that the page starts with."""

    def test_figures(self, make_audit: Make) -> None:
        """Counts, classes and histogram are those of the whole audit."""
        page = read_data(make_audit())

        assert page["counts"] == {
            "rows": 10,
            "labelled": 8,
            "unlabelled": 2,
            "unusable": 0,
            "kept": 0,
            "corrected": 0,
            "doubted": 3,
            "contradicted": 0,
            "listed": 3,
            "entries": 3,
            "toCheck": 3,
        }
        assert page["classes"] == [["billing", 4, 2], ["bug", 3, 1], ["delivery", 1, 0]]
        bins = page["histogram"]["all"]
        assert {place: n for place, n in enumerate(bins) if n} == {
            0: 1,
            1: 2,
            2: 1,
            6: 1,
            11: 1,
            16: 1,
            19: 1,
        }
        assert page["histogram"]["listed"] == [0] * 11 + [1, 0, 0, 0, 0, 1, 0, 0, 1]

    def test_equal_rows(self, make_audit: Make) -> None:
        """Equal rows are one row of the table with their ids and numbers; figures count them all."""
        audit = make_audit(doubt=[0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.1, 0.9], suggested=[0, 0, 1, 1, 2, 2, 0, 2])
        entries = np.array([1, 2, 3, 4, 0, 0, 5, 6])
        page = read_data(replace(audit, ranking=replace(audit.ranking, entries=entries)))

        counts = page["counts"]
        assert (counts["doubted"], counts["listed"], counts["entries"]) == (3, 3, 2)
        assert [page["pool"][place][0] for place in range(2)] == ["t0004", "t0007"]
        assert page["doubted"][0]["equal"] == [[["t0005", 3], ["t0004", 4]], 2]
        assert "equal" not in page["doubted"][1]
        assert sum(page["histogram"]["listed"]) == sum(n for *_, n in page["matrix"]) == 3

    def test_matrix(self, make_audit: Make) -> None:
        """The matrix counts doubted rows by given and suggested class, also those without a better label."""
        assert read_data(make_audit())["matrix"] == [[0, 0, 1], [0, 2, 1], [1, 2, 1]]

    def test_power(self, make_audit: Make) -> None:
        """The page has the share of planted errors found."""
        power = Power(True, "planted", 40, dict.fromkeys((0.01, 0.02, 0.05, 0.1, 0.2), 0.75))

        page = read_data(make_audit(power=power, n_more=92))

        assert " 75.0% " in page["power"]

    def test_noise(self, make_audit: Make) -> None:
        """What models know comes with the shares to draw."""
        noise = read_data(make_audit())["noise"]

        assert (noise.pop("atLeast"), noise.pop("contradicted")) == (0.022, 0.24)
        assert "at least 2.2% of the labels" in noise.pop("sentence")
        assert noise == {}

    def test_rates_have_four_decimals(self, make_audit: Make) -> None:
        """A rate of 4.126% is drawn as 4.13%."""
        base = make_audit()
        noise = replace(base.noise_rate, rate=0.04126, low=0.02204, high=0.06)

        page = read_data(replace(base, noise_rate=noise))

        assert [page["noise"][name] for name in ("low", "rate", "high")] == [0.022, 0.0413, 0.06]

    def test_not_assessable(self, make_audit: Make) -> None:
        """Without skill there is no interval to draw, and the cause is given once."""
        base = make_audit()
        noise = replace(base.noise_rate, assessable=False, why="no skill", contradicted=None)
        page = read_data(
            replace(base, noise_rate=noise, skill=replace(base.skill, assessable=False, why="no skill"))
        )

        assert "No skill." in page["noise"].pop("sentence")
        assert page["noise"] == {}
        assert page["skill"] == ""

    @pytest.mark.parametrize(
        ("path", "name"), [("-", "standard input"), ("a/b/rows.csv", "rows.csv"), ("/", "/")]
    )
    def test_name(self, make_audit: Make, path: str, name: str) -> None:
        """The page is named after the file, without its folder."""
        assert read_data(make_audit(path=path))["file"] == name


class TestRows:
    """The doubted rows and their evidence."""

    def test_order(self, make_audit: Make) -> None:
        """Rows are in order of doubt, each with its place in the file."""
        page = read_data(make_audit())

        assert [row[:3] for row in page["pool"][:3]] == [["t0007", 1, 0], ["t0004", 4, 1], ["t0005", 3, 0]]
        assert [row["doubt"] for row in page["doubted"]] == [0.97, 0.8, 0.55]
        assert [row["bin"] for row in page["doubted"]] == [19, 16, 11]

    def test_cut(self, make_audit: Make) -> None:
        """The table has at most so many rows; the figures are of all."""
        page = read_data(make_audit(), max_rows=2)

        assert len(page["doubted"]) == 2
        assert page["counts"]["doubted"] == 3

    def test_evidence(self, make_audit: Make) -> None:
        """A row has its probabilities, nearest rows, duplicates, answers and scores."""
        page = read_data(make_audit())
        first = page["doubted"][0]

        assert first["probs"] == [[2, 0.75], [0, 0.125], [1, 0.125]]
        near = [(page["pool"][place][0], distance) for place, distance in first["near"]]
        assert near == [("t0000", 0.1), ("t0001", 0.2), ("t0002", 0.3)]
        assert first["tally"] == [[0, 1], [1, 1], [2, 1]]
        assert [page["pool"][place][0] for place in first["duplicates"][0]] == ["t0002"]
        assert first["answers"] == [[0, 2], [1, 0]]
        assert [page["reasons"][place]["name"] for place in first["speaks"]] == [
            "low-self-confidence",
            "annotator-disagreement",
            "duplicate-conflict",
        ]
        assert page["doubted"][1]["scores"] == [0.8, None, 0.25, 0.48]

    def test_pool(self, make_audit: Make) -> None:
        """Each row that is mentioned is in the pool once."""
        ids = [row[0] for row in read_data(make_audit())["pool"]]

        assert len(ids) == len(set(ids))

    def test_no_evidence(self, make_audit: Make) -> None:
        """Evidence that was not computed is left out."""
        page = read_data(make_audit(with_models=False, with_neighbors=False, answers=None))

        assert not {"probs", "near", "tally", "duplicates", "answers"} & set(page["doubted"][0])
        assert page["annotators"] == []

    def test_nothing_doubted(self, make_audit: Make) -> None:
        """Without doubted rows the page has figures and no rows."""
        page = read_data(make_audit(doubt=(0.1,) * 8))

        assert (page["doubted"], page["pool"], page["matrix"]) == ([], [], [])

    def test_many_classes(self, make_audit: Make) -> None:
        """With many classes a row has the likeliest six, and always its given and its suggested label."""
        names = tuple(f"class {code:02}" for code in range(77))
        audit = make_audit(class_names=names, given=(70,) * 8, suggested=(71,) * 8, doubt=(0.9,) * 8)

        assert [code for code, _ in read_data(audit)["doubted"][0]["probs"]] == [71, 0, 1, 2, 3, 4, 70]

    def test_few_neighbors(self, make_audit: Make) -> None:
        """With fewer neighbours than asked for, a row has only those."""
        audit = make_audit()
        indices = np.where(np.arange(3) < 1, audit.evidence.neighbor_indices, -1)
        distances = np.where(np.arange(3) < 1, np.nan, np.nan) + np.zeros((8, 3))
        evidence = Evidence(audit.evidence, neighbor_indices=indices, neighbor_distances=distances)

        assert [far for _, far in read_data(replace(audit, evidence=evidence))["doubted"][0]["near"]] == [
            None
        ]

    def test_annotator_without_an_answer(self, make_audit: Make) -> None:
        """An annotator without an answer is left out."""
        answers = [[-1, 2]] * 8
        audit = make_audit(answers=answers)

        assert audit.examples.annotations == Annotations(("ada", "ben"), audit.examples.annotations.codes)
        assert read_data(audit)["doubted"][0]["answers"] == [[1, 2]]


class TestValues:
    """A row's own values."""

    def test_long_text(self, make_audit: Make) -> None:
        """The text of a doubted row is cut after 1,000 characters, that of a mentioned one after 240."""
        page = read_data(make_audit(texts=[str(row) + "x" * 5_000 for row in range(8)]))

        (text,), (mentioned,) = page["pool"][0][3], page["pool"][3][3]
        assert (len(text), text[-1]) == (1_001, "…")
        assert (len(mentioned), mentioned[-1]) == (241, "…")

    def test_columns(self, make_audit: Make) -> None:
        """Texts are first, a missing value is null, and a vector is shown by its length."""
        audit = make_audit()
        table = pa.table(
            {
                "size": pa.array([0.1 + 0.2, None, *[1e6] * 6]),
                "vector": pa.array([[0.5] * 3] * 7 + [None]),
                "text": audit.examples.inputs["text"],
                "made": pa.array([20_000] * 8, pa.date32()),
            }
        )
        page = read_data(replace(audit, examples=replace(audit.examples, inputs=table)))

        assert page["columns"] == ["text", "size", "vector", "made"]
        values = {row[0]: row[3] for row in page["pool"]}
        assert values["t0007"] == ["Where is my parcel?", "1000000", None, "2024-10-04"]
        assert values["t0000"][1:] == ["0.3", "[3 numbers]", "2024-10-04"]
        assert values["t0001"][1:3] == [None, "[3 numbers]"]

    def test_many_columns(self, make_audit: Make) -> None:
        """A mentioned row has only the first of many values."""
        columns = {f"c{place}": ["y" * 100] * 8 for place in range(70)}
        page = read_data(make_audit(extra_inputs=columns))

        assert len(page["columns"]) == 60
        assert [len(row[3]) for row in page["pool"][2:4]] == [60, 4]

    def test_no_columns(self, make_audit: Make) -> None:
        """Rows without inputs, judged by annotators alone, are in the pool without values."""
        audit = make_audit(with_models=False, with_neighbors=False)
        examples = replace(audit.examples, inputs=audit.examples.inputs.select([]), column_roles={})

        assert [row[3] for row in read_data(replace(audit, examples=examples))["pool"]] == [[], [], []]
