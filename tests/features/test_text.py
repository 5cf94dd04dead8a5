import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from doubtcli.features import text
from doubtcli.features.table import TableBlock
from doubtcli.features.text import make_text_block

TEXTS = ["Card lost, card stolen!", "card lost again", "", "refund please", "please refund the card"]


def test_rows_of_words_have_length_one():
    """A text's words and pairs have length 1, an empty text's length 0."""
    words = make_text_block(TEXTS).words

    lengths = np.sqrt(words.multiply(words).sum(axis=1)).ravel()

    np.testing.assert_allclose(lengths, [[1, 1, 0, 1, 1]], atol=1e-6)


def test_case_is_folded_and_punctuation_marks_are_words():
    """Card is card, and a comma is a word."""
    tokens = make_text_block(["Card, card", "x"]).tokens

    counts = tokens[0].toarray().ravel()

    assert np.count_nonzero(counts) == 2
    np.testing.assert_allclose(counts.max() / counts[counts > 0].min(), 2)  # card twice, the comma once


def test_a_pair_of_words_that_occurs_once_is_dropped():
    """Of "card lost", "lost again", … only the pair that two texts have is kept."""
    features = make_text_block(["card lost now", "card lost again"])

    n_words, n_pairs = 4, 1
    assert features.words.shape == (2, n_words + n_pairs)


def test_spelling_counts_the_same_character_ngrams_as_scikit_learn():
    """Tokens times spelling has n-grams exactly where scikit-learn's character analyser finds common ones."""
    texts = ["refund card", "refunds cards", "card"]
    features = make_text_block(texts)
    oracle = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2).fit(texts)

    product = (features.tokens @ features.spelling).toarray()

    assert product.shape[1] == len(oracle.vocabulary_)
    assert (np.count_nonzero(product, axis=1) == np.count_nonzero(oracle.transform(texts).toarray(), 1)).all()


def test_texts_without_any_word_give_empty_matrices():
    """Blank texts are empty rows, not an error."""
    features = make_text_block(["", "  "])

    assert features.words.nnz == features.tokens.nnz == 0


@settings(max_examples=30)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_any_texts_give_finite_features(texts):
    """For all letters, every entry is a finite number and every row is there."""
    features = make_text_block(texts)

    assert features.words.shape[0] == features.tokens.shape[0] == len(texts)
    assert np.isfinite(features.words.data).all()
    assert np.isfinite(features.tokens.data).all()


@pytest.mark.parametrize("widths", [(), (2,), (2, 3)])
def test_the_ridge_sees_the_numbers_of_all_other_blocks(widths):
    """The numbers of several blocks are side by side, those of one block are not copied."""
    beside = tuple(TableBlock(np.ones((2, width), dtype=np.float32)) for width in widths)

    *_, ridge, _ = make_text_block(["card lost", "card gone"]).models(beside, fast=False)

    assert (0 if ridge.dense is None else ridge.dense.shape[1]) == sum(widths)
    assert len(widths) != 1 or ridge.dense is beside[0].dense


def test_copies_differ_in_case_punctuation_and_blanks_alone():
    """An underscore is a mark, too; in a text of nothing but marks, they count."""
    texts = ["Card lost!", "card  LOST", "card_lost", "_card_, lost", "cardlost", "?!", "? !", "!", ""]

    keys = make_text_block(texts).exact_keys

    first, _, _, _, other, marks, same, mark, empty = keys
    assert (keys[:4] == first).all()
    assert marks == same
    assert len({first, other, marks, mark, empty}) == 5


def test_texts_are_read_in_parts(monkeypatch):
    """With two texts in memory at a time, the features are the same to the bit."""
    texts = ["card lost", "", "card lost again", "snake_case card", "lost again", "?"]
    whole = make_text_block(texts)

    monkeypatch.setattr(text, "_AT_ONCE", 2)
    parts = make_text_block(texts)

    for name in ("words", "tokens", "spelling"):
        assert (getattr(parts, name) != getattr(whole, name)).nnz == 0
    assert parts.exact_keys.tolist() == whole.exact_keys.tolist()


def test_in_large_files_a_pair_must_occur_more_often(monkeypatch):
    """Of ten words and at most three pairs, a pair that occurs thrice is kept, one that does twice is not."""
    monkeypatch.setattr(text, "_MOST_PAIRS", 3)
    texts = ["card lost", "card lost", "card lost", "is gone", "is gone"]

    words = make_text_block(texts).words

    assert words.shape == (5, 4 + 1)
