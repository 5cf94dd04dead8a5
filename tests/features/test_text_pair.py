"""How alike two texts on each row are, as numbers; and a scan of pairs."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.cli import main
from doubtcli.features.text_pair import Sides, measure_sides, text_pair_block
from doubtcli.records import Examples

LEFT_ALONE, RIGHT_ALONE = "rarest word of the left side alone", "rarest word of the right side alone"
LEFT_IN_RIGHT = "share of the left side that the right one has"
RIGHT_IN_LEFT = "share of the right side that the left one has"
OF_ONE_SIDE = {
    LEFT_IN_RIGHT: RIGHT_IN_LEFT,
    LEFT_ALONE: RIGHT_ALONE,
    "numbers of the left side alone": "numbers of the right side alone",
    "length of the left side": "length of the right side",
}
"""The measures that change places when the sides do."""
TEXTS = st.lists(st.sampled_from(["red", "lamp", "Lamp!", "42", "xm4", "ein", "…"]), max_size=4).map(" ".join)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4)


def measure(*rows: tuple[str, str]) -> dict[str, list[float]]:
    """All measures of these rows, by name."""
    left, right = zip(*rows, strict=True)
    return {name: values.tolist() for name, values in measure_sides(Sides(left, right)).items()}


def test_equal_texts():
    """Apart from case and punctuation, they are as alike as can be, and nothing is on the left side alone."""
    found = {name: values[0] for name, values in measure(("red lamp 42", "Red lamp, 42")).items()}

    assert found["equal"] == 1
    assert found["likeness of spelling"] == pytest.approx(1, abs=1e-5)
    assert found[LEFT_IN_RIGHT] == 1
    assert found["share of numbers that are common"] == 1
    assert found[LEFT_ALONE] == 0


def test_different_texts():
    """Without a common word or letter, likeness and shares are 0."""
    found = measure(("red", "lot"))

    assert found["likeness of words"] == found["likeness of spelling"] == [0]
    assert found[LEFT_IN_RIGHT] == found[RIGHT_IN_LEFT] == found["equal"] == found["common start"] == [0]


def test_shares_weigh_rare_words_more():
    """A word in one of two texts weighs ln(3/2) + 1 = 1.405, a word in both 1."""
    found = measure(("red lamp", "red chair lamp door"))

    assert found[LEFT_IN_RIGHT] == [1]
    assert found[RIGHT_IN_LEFT] == pytest.approx([2 / (2 + 2 * 1.4055)], abs=1e-4)
    assert found["rarest common word"] == [1]
    assert found[LEFT_ALONE] == [0]
    assert found[RIGHT_ALONE] == pytest.approx([1.4055], abs=1e-4)


def test_numbers_and_lengths():
    """Of 42, 2019, xm4 and xm5 one is on both sides; "sony " are 5 of the 7 letters of the shorter text."""
    numbers = measure(("tv 42 in 2019 XM4", "tv 42 in xm5"))
    texts = measure(("Sony TV", "sony radio"))

    assert numbers["share of numbers that are common"] == [0.25]
    assert numbers["numbers of the left side alone"] == [2]
    assert numbers["numbers of the right side alone"] == [1]
    assert texts["length of the left side"] == pytest.approx([np.log(8)])
    assert texts["common start"] == pytest.approx([5 / 7])
    assert texts["share of numbers that are common"] == [0.5]


def test_misspelled_words_are_alike_in_spelling():
    """Words with a letter too many have nothing in common with the right ones, but their n-grams."""
    found = measure(("stanley street", "stanly streeet"), ("winston hills", "north ryde"))

    assert found["likeness of words"] == [0, 0]
    assert found["likeness of spelling"][0] > 0.4
    assert found["likeness of spelling"][1] == 0


@settings(max_examples=30)
@given(ROWS)
def test_sides_that_change_places(rows):
    """Measures of both sides stay, and measures of one side become those of the other; all are finite."""
    there, back = measure(*rows), measure(*((right, left) for left, right in rows))

    other = OF_ONE_SIDE | {right: left for left, right in OF_ONE_SIDE.items()}
    for name, values in there.items():
        assert np.isfinite(values).all()
        assert back[other.get(name, name)] == pytest.approx(values, abs=1e-5)


@settings(max_examples=30)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_text_and_itself(texts):
    """Both sides are equal, also where they are missing, and neither has something alone."""
    found = measure(*((text, text) for text in texts))

    assert found["equal"] == [1] * len(texts)
    assert found[LEFT_ALONE] == found["numbers of the right side alone"] == [0] * len(texts)
    assert found["likeness of words"] == pytest.approx([float(bool(text)) for text in texts], abs=1e-5)


def make_examples(pairs, **columns) -> Examples:
    """Rows with these columns, by name: a role and values."""
    roles = {name: role for name, (role, _) in columns.items()}
    inputs = pa.table({name: values for name, (_, values) in columns.items()})
    n_rows, rows = inputs.num_rows, np.arange(inputs.num_rows)
    return Examples(
        tuple(map(str, rows)), rows, np.zeros(n_rows, dtype=np.intp), ("a",), inputs, roles, pairs
    )


def test_couples_of_other_kinds():
    """Prices and days have a difference (-1 if one is missing), brands are equal or not, or missing."""
    day = np.datetime64("2026-01-01", "us")
    couples = (("title_1", "title_2"), ("price_1", "price_2"), ("brand_1", "brand_2"), ("day_1", "day_2"))
    examples = make_examples(
        couples,
        title_1=("text", ["red lamp", "chair"]),
        title_2=("text", ["red lamp", None]),
        price_1=("numeric", [10.0, None]),
        price_2=("numeric", [8.0, 5.0]),
        brand_1=("categorical", ["Ikea", None]),
        brand_2=("categorical", ["ikea", "Ikea"]),
        day_1=("datetime", [day, day]),
        day_2=("datetime", [day, day + np.timedelta64(2, "D")]),
    )

    block = text_pair_block(examples)

    named = dict(zip(block.names, block.numbers.T.tolist(), strict=True))
    assert named["price_1, price_2: relative difference"] == pytest.approx([0.2, -1])
    assert named["price_1, price_2: difference"] == pytest.approx([np.log(2), -1])
    assert named["brand_1, brand_2: equal"] == [1, 0]
    assert named["brand_1, brand_2: missing"] == [0, 1]
    assert named["day_1, day_2: difference"] == pytest.approx([0, np.log(2)])
    assert named["title_1, title_2: likeness of spelling"] == pytest.approx([1, 0], abs=1e-5)
    assert named["length of the left side"][1] == pytest.approx(
        np.log1p(len("chair \n 2026-01-01 00:00:00.000000"))
    )


def test_pairs_of_columns_that_are_no_inputs():
    """A couple of which one column is not used is not compared."""
    examples = make_examples((("left", "right"),), left=("text", ["a"]))

    assert text_pair_block(examples) is None


def test_pairs_are_equal_if_both_sides_are():
    """The same words in other places are another pair."""
    rows = {"left": ("text", ["red lamp", "Red lamp", "red"]), "right": ("text", ["x", "x!", "lamp x"])}

    block = text_pair_block(make_examples((("left", "right"),), **rows))

    assert block.exact_keys[0] == block.exact_keys[1] != block.exact_keys[2]


def test_a_scan_of_pairs(tmp_path, monkeypatch):
    """Pairs that match have the same words, which models of words do not see: the wrong label is first."""
    rng, words = np.random.default_rng(0), [f"w{number}" for number in range(60)]
    lines = ["id,question1,question2,label"]
    for row in range(90):
        one, other = (list(rng.choice(words, 6, replace=False)) for _ in range(2))
        is_match = row % 3 == 0
        label = "match" if is_match != (row == 8) else "no match"
        lines.append(f"r{row:02},{' '.join(one)},{' '.join(one[::-1] if is_match else other)},{label}")
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)

    assert main.run(["scan", "rows.csv", "--fast", "--folds", "3", "--quiet", "--isolated"]) == 0

    found = json.loads((tmp_path / "rows.doubt" / "audit.json").read_text())
    assert found["pairs"] == [["question1", "question2"]]
    assert "compared with question1" in found["columns"][2]["why"]
    assert "gradient boosting on pairs" in found["models"]
    assert (
        (tmp_path / "rows.doubt" / "queue.csv").read_text().splitlines()[1].startswith("r08,match,no match")
    )
