"""Which columns are the two sides of a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.errors import SettingsError
from doubtcli.read.labels import encode_labels
from doubtcli.read.roles.assign import assign_roles
from doubtcli.read.roles.pairs import keep_pairs
from doubtcli.records import Role
from tests.read.conftest import of_user, table

if TYPE_CHECKING:
    from doubtcli.records import Roles
    from tests.conftest import Sentences

N_ROWS = 40
WORDS = tuple(f"{kind}{place}" for kind in ("lamp", "chair", "table") for place in "abcdefg")
STREETS = [f"{number} stanley street" for number in range(N_ROWS)]
FLOORS = [f"unit {number} bega flats block {number % 7}" for number in range(N_ROWS)]


def texts(seed: int) -> list[str]:
    """A text of five words for each row."""
    rng = np.random.default_rng(seed)
    return [" ".join([*rng.choice(WORDS, 5), str(row)]) for row in range(N_ROWS)]


def roles_of(columns: dict[str, Any], **options: Any) -> Roles:
    """The roles of these columns beside a label."""
    rows = table(label=["match", "no match"] * (N_ROWS // 2), **columns)
    return assign_roles(rows, of_user(**options), ("label", "--label"), encode_labels(rows, "label"))


def pairs_of(*names: str, **options: Any) -> tuple[tuple[str, str], ...]:
    """The pairs among columns of like texts with these names."""
    return roles_of({name: texts(seed) for seed, name in enumerate(names)}, **options).pairs


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("left", "right"),
        ("title_left", "title_right"),
        ("leftTitle", "rightTitle"),
        ("ltable_name", "rtable_name"),
        ("question1", "question2"),
        ("sentence_1", "sentence_2"),
        ("Text A", "Text B"),
        ("text_a", "text_b"),
        ("record_a", "record_b"),
        ("name_x", "name_y"),
        ("sentence0", "sentence1"),
        ("first_sentence", "second_sentence"),
        ("source", "target"),
        ("src_text", "tgt_text"),
        ("old_text", "new_text"),
        ("premise", "hypothesis"),
        ("text", "hypothesis"),
        ("query", "document"),
        ("search_query", "product_title"),
        ("question", "answer"),
        ("claim", "evidence"),
        ("original", "paraphrase"),
        ("ref", "hyp"),
        ("text_de", "text_en"),
    ],
)
def test_names_that_say_that_two_texts_are_compared(left, right):
    """Two columns of texts are a pair if their names differ in a side's mark, or are two known words."""
    assert pairs_of(left, right) == ((left, right),)
    assert pairs_of(right, left) == ((left, right),)


@pytest.mark.parametrize(
    "names",
    [
        ("title", "body"),
        ("subject", "message"),
        ("name", "address"),
        ("comment", "reply_by"),
        ("text_1", "text_2", "text_3"),
        ("option_a", "option_b", "option_c"),
        ("sentence1", "sentence3"),
        ("address_1", "address_2"),
        ("phone1", "phone2"),
        ("author_1", "author_2"),
        ("left_title", "right_body"),
        ("text_de", "text_en", "text_fr"),
        ("text_de", "body_en"),
        ("query", "document_1", "document_2", "document_3"),
    ],
)
def test_names_that_say_nothing_about_a_pair(names):
    """Parts of one text, columns that are counted, and things that a row has several of are no pair."""
    assert pairs_of(*names) == ()


def test_numbered_columns_of_other_words_are_no_pair():
    """Names alone are not enough: the second line of an address has other words than the first."""
    assert roles_of({"line_1": STREETS, "line_2": FLOORS}).pairs == ()
    assert roles_of({"part_1": STREETS, "part_2": FLOORS}).pairs == ()
    assert roles_of({"left_part": STREETS, "right_part": FLOORS}).pairs == (("left_part", "right_part"),)


def test_columns_without_texts_are_no_pair():
    """Two numbers, or two categories of one word, are no texts, although they are named alike."""
    numbers = np.random.default_rng(0).normal(size=N_ROWS)
    kinds = ["web", "mail"] * (N_ROWS // 2)

    assert roles_of({"score_1": numbers, "score_2": numbers[::-1]}).pairs == ()
    assert roles_of({"source": kinds, "target": texts(0)}).pairs == ()


def test_queries_that_recur_are_a_side():
    """Ten queries of two words, each on four rows, are categories by their values, and a side of a pair."""
    queries = [f"{WORDS[row % 10]} lamp" for row in range(N_ROWS)]

    roles = roles_of({"query": queries, "document": texts(0)})

    assert {column.name: column.role for column in roles.columns}["query"] == Role.CATEGORICAL
    assert roles.pairs == (("query", "document"),)


def test_documents_that_recur_are_a_side():
    """Documents of two rows each are texts, and no groups that are kept together, as an author's name is."""
    documents = [" ".join([*WORDS[row // 2 :], f"number {row // 2}"]) for row in range(N_ROWS)]

    assert roles_of({"query": texts(0), "document": documents}).pairs == (("query", "document"),)


@pytest.mark.parametrize("form", ["left_{}", "{}_1", "{}_a"])
def test_records_of_several_columns(form):
    """All columns of the side's mark are couples, numbers too; two lines of one address are none."""
    other = form.replace("left", "right").replace("_1", "_2").replace("_a", "_b")
    prices = np.random.default_rng(0).uniform(1, 9, size=N_ROWS)
    parts = {"title": texts, "address_1": lambda seed: STREETS[seed:] + STREETS[:seed], "address_2": texts}
    columns: dict[str, Any] = {}
    for seed, side in enumerate((form, other)):
        columns |= {side.format(name): make(seed) for name, make in parts.items()}
        columns[side.format("price")] = prices + seed

    found = roles_of(columns).pairs

    assert found == tuple(
        (form.format(name), other.format(name)) for name in ("address_1", "address_2", "price", "title")
    )


def test_a_pair_is_reported(sentences: Sentences):
    """A column says what it is compared with, how that was found, and how to end it."""
    found = roles_of({"question1": texts(0), "question2": texts(1)})
    asked = roles_of({"one": texts(0), "other": texts(1)}, pair=("other", "one"))

    sentences.check(found.columns[1].why)
    sentences.check(asked.columns[1].why)
    assert asked.pairs == (("other", "one"),)


def test_the_user_says_that_there_is_no_pair():
    """With `--pair none` columns are compared by nothing."""
    assert pairs_of("left", "right", pair=("none",)) == ()


def test_the_user_names_several_couples():
    """They replace what names say."""
    assert pairs_of("left", "right", "a", "z", pair=("left", "z", "a", "right")) == (
        ("left", "z"),
        ("a", "right"),
    )


@pytest.mark.parametrize(
    "options",
    [
        {"pair": ("left", "rihgt")},
        {"pair": ("left", "label")},
        {"pair": ("left", "right"), "ignore": ("right",)},
    ],
)
def test_columns_that_can_be_no_side(options, sentences: Sentences):
    """A column that does not exist, or that models do not learn from, is refused."""
    columns = {"left": texts(0), "right": texts(1)}

    with pytest.raises(SettingsError) as caught:
        roles_of(columns, **options)

    sentences.check(caught.value)


def test_codes_that_are_named_as_a_side_are_used():
    """Texts that look like ids are compared if the user says so."""
    codes = [f"wh-{row}00xm{row}" for row in range(N_ROWS)]

    assert roles_of({"model_left": codes, "model_right": codes[::-1]}).pairs == ()
    assert roles_of(
        {"model_left": codes, "model_right": codes[::-1]}, pair=("model_left", "model_right")
    ).pairs == (("model_left", "model_right"),)


def test_a_side_that_is_left_alone():
    """If one side is left out, the other one is a plain input, and no longer says that it is compared."""
    roles = roles_of({"left": texts(0), "right": texts(1)})
    columns = [
        column if column.name != "left" else type(column)("left", Role.TEXT, used=False, why="a leak")
        for column in roles.columns
    ]

    kept = keep_pairs(columns, roles.pairs)

    assert kept.pairs == ()
    assert "compared" not in kept.columns[2].why
