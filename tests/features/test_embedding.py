import numpy as np
import pytest

from doubtcli.features.embedding import make_embedding_block


def test_vectors_become_directions_from_their_mean():
    """(1, 0) and (0, 1) have the mean (.5, .5): seen from there, they point in opposite directions."""
    block = make_embedding_block(np.array([[3.0, 0.0], [0.0, 2.0]], dtype=np.float32))

    half = 0.5**0.5
    np.testing.assert_allclose(block.directions, [[half, -half], [-half, half]], rtol=1e-6)


def test_the_length_of_a_vector_has_no_meaning():
    """(3, 4) and (6, 8) are the same direction, and equal rows; (4, 3) is another."""
    block = make_embedding_block(np.array([[3, 4], [6, 8], [4, 3]], dtype=np.float32))

    assert block.exact_keys.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(block.directions[0], block.directions[1])


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_tiny_and_huge_vectors_have_a_direction(size):
    """Squares outside the range of float32 are never computed."""
    vectors = np.array([[1, 0], [0, 1]], dtype=np.float32) * np.float32(size)

    lengths = np.linalg.norm(make_embedding_block(vectors).directions, axis=1)

    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


def test_a_row_of_zeros_has_no_direction():
    """A missing vector stays 0, and does not move the mean of the others."""
    block = make_embedding_block(np.array([[0, 0], [1, 0], [0, 1]], dtype=np.float32))

    assert block.directions[0].tolist() == [0, 0]
    np.testing.assert_allclose(np.abs(block.directions[1:]), 0.5**0.5, rtol=1e-6)


@pytest.mark.parametrize("vector", [[0.0, 0.0], [0.1, 0.7]])
def test_vectors_that_are_all_equal_have_no_direction(vector):
    """What is left after the mean is taken away is rounding, and becomes 0."""
    block = make_embedding_block(np.array([vector] * 5, dtype=np.float32))

    assert not block.directions.any()
    assert len(set(block.exact_keys)) == 1


def test_long_vectors_are_shortened_and_keep_their_angles():
    """600 columns that repeat 3 become at most as many as there are rows; cosines stay."""
    rng = np.random.default_rng(0)
    short = rng.normal(size=(20, 3)).astype(np.float32)

    block = make_embedding_block(np.tile(short, 200))

    assert block.directions.shape[1] <= 20
    expected = make_embedding_block(short).directions
    np.testing.assert_allclose(block.directions @ block.directions.T, expected @ expected.T, atol=1e-4)


def test_other_blocks_do_not_see_its_numbers():
    """It has no columns for models of texts, and no words; equal vectors alone make no copies."""
    block = make_embedding_block(np.eye(3, dtype=np.float32))

    assert (block.dense, block.tokens) == (None, None)
    assert not block.decides_alone.any()
    assert block.neighbor_space() is block.directions


def test_its_models_have_its_name():
    """Vectors of another kind beside these have models of other names; a fast scan has fewer."""
    block = make_embedding_block(np.eye(3, dtype=np.float32), on="meaning")

    models = block.models((), fast=False)
    names = [model.name for model in models]
    assert names == [
        "linear discriminant on meaning",
        "nearest centroid on meaning",
        "logistic regression on meaning",
        "nearest neighbours on meaning",
    ]
    assert [model.name for model in block.models((), fast=True)] == names[:2]
