import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from doubtcli.evidence import neighbors
from doubtcli.evidence.neighbors import NearestRows, build_comparison_space, count_votes, find_neighbors
from doubtcli.features import text as texts_as_features
from doubtcli.features.table import TableBlock
from doubtcli.features.text import TextBlock, make_text_block
from doubtcli.progress import Silence
from doubtcli.records import Features


def neighbors_of(dense, groups=None):
    """Neighbours where only duplicates are held out together; without `groups` there are none."""
    groups = np.arange(len(dense)) if groups is None else groups
    return find_neighbors(Features((TableBlock(dense),)), groups, groups)


def decaying(n_rows, n_columns, seed):
    """A matrix whose singular values are 1, 1/2, 1/4 and so on."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.normal(size=(n_rows, 20)))[0]
    right = np.linalg.qr(rng.normal(size=(n_columns, 20)))[0]
    return (left * 0.5 ** np.arange(20)) @ right.T


def as_sparse(matrix):
    """The matrix as text features have it."""
    return sparse.csr_matrix(matrix.astype(np.float32))


class TestComparisonSpace:
    """The space in which rows are compared."""

    def test_texts_are_where_scikit_learns_truncated_svd_puts_them(self, monkeypatch):
        """In 5 dimensions, the cosines of rows are the means of those by words and by spelling."""
        monkeypatch.setattr(texts_as_features, "_DIMENSIONS", 5)
        words, product = decaying(60, 40, 0), decaying(60, 30, 1)
        spelling = np.random.default_rng(2).normal(size=(30, 30))
        tokens = product @ np.linalg.inv(spelling)  # the same product in two factors
        matrices = as_sparse(words), as_sparse(tokens), as_sparse(spelling)
        text = TextBlock(*matrices, exact_keys=np.arange(60), decides_alone=np.ones(60, dtype=bool))

        space = build_comparison_space(Features((text,)))

        by_words, by_spelling = (
            cosine_similarity(TruncatedSVD(5, algorithm="arpack", random_state=0).fit_transform(matrix))
            for matrix in (words, product)
        )
        np.testing.assert_allclose(space @ space.T, (by_words + by_spelling) / 2, atol=1e-3)

    def test_similar_spelling_brings_texts_nearer(self):
        """Without a common word, the misspelt text is nearer than the other one."""
        texts = ["delivery", "delivary", "refund", "refunds", "invoice", "invoices"]

        space = build_comparison_space(Features((make_text_block(texts),)))

        assert space[0] @ space[1] > 0.1
        assert abs(space[0] @ space[2]) < 0.01

    def test_a_text_without_words_is_at_the_origin(self):
        """It is similar to nothing, and nothing is divided by its length of 0."""
        space = build_comparison_space(Features((make_text_block(["card lost", "card gone", ""]),)))

        np.testing.assert_allclose(np.linalg.norm(space, axis=1), [1, 1, 0], atol=1e-5)

    def test_texts_without_common_spelling_differ_by_their_words(self):
        """Where no two words share an n-gram, spelling has no dimension, and words half of the weight."""
        space = build_comparison_space(Features((make_text_block(["xq", "zw"]),)))

        np.testing.assert_allclose(space @ space.T, [[0.5, 0], [0, 0.5]], atol=1e-6)

    def test_table_values_are_next_to_the_texts(self):
        """Two columns, divided by the square root of 2, come before those of the text."""
        dense = np.array([[2.0, 4.0], [6.0, 8.0]], dtype=np.float32)
        text = make_text_block(["card lost", "card gone"])

        space = build_comparison_space(Features((text, TableBlock(dense))))

        np.testing.assert_allclose(space[:, :2], dense / 2**0.5)
        np.testing.assert_array_equal(space[:, 2:], build_comparison_space(Features((text,))))


class TestNeighbors:
    """The most similar rows."""

    def test_the_nearest_rows_are_those_of_scikit_learn(self):
        """Without duplicates, indices and distances are those of brute force, without the row itself."""
        dense = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)

        found = neighbors_of(dense)

        space = dense / np.sqrt(3)
        distances, indices = NearestNeighbors(n_neighbors=11).fit(space).kneighbors(space)
        np.testing.assert_array_equal(found.indices, indices[:, 1:])
        np.testing.assert_allclose(found.distances, distances[:, 1:], atol=1e-3)

    def test_votes_are_the_neighbours_labels_as_shares(self):
        """One of two neighbours of a row is labelled 0, the other 1."""
        dense = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)

        found = neighbors_of(dense)

        votes = count_votes(found.indices, np.arange(3), np.array([0, 0, 1]), 2)
        np.testing.assert_allclose(votes, [[0.5, 0.5], [0.5, 0.5], [1, 0]])
        assert (found.indices[:, 2:] == -1).all()
        assert np.isnan(found.distances[:, 2:]).all()

    def test_other_labels_give_the_same_neighbours_other_votes(self):
        """Row 0 has neighbours 1 and 2; row 2 has a duplicate, 3: 1/2 for label 0, 1/4 each for 1 and 2."""
        indices = np.array([[1, 2], [0, -1], [-1, -1], [-1, -1]])

        votes = count_votes(indices, np.array([5, 9, 7, 7]), np.array([2, 0, 1, 2]), 3)

        np.testing.assert_allclose(votes, [[0.5, 0.25, 0.25], [0, 0, 1], [0, 0, 0], [0, 0, 0]])

    def test_duplicates_are_not_neighbours(self):
        """Rows 0 and 1 are one input with two labels: they are not neighbours, and vote with the mix."""
        dense = np.array([[0.0], [0.0], [5.0]], dtype=np.float32)

        alike = np.array([0, 0, 1])

        found = neighbors_of(dense, alike)

        votes = count_votes(found.indices, alike, np.array([0, 1, 1]), 2)
        np.testing.assert_allclose(votes, [[0, 1], [0, 1], [0.5, 0.5]])
        assert found.indices[:, 0].tolist() == [2, 2, 0]

    def test_rows_with_a_single_input_have_no_neighbours(self):
        """All rows are duplicates of each other."""
        dense = np.zeros((3, 1), dtype=np.float32)

        assert neighbors_of(dense, np.zeros(3, dtype=np.intp)) is None

    def test_rows_of_one_group_are_not_neighbours(self):
        """Rows 0 and 1 are of one patient, so that neither votes on the other."""
        dense = np.array([[0.0], [0.1], [5.0]], dtype=np.float32)

        found = find_neighbors(Features((TableBlock(dense),)), np.arange(3), np.array([7, 7, 8]))

        votes = count_votes(found.indices, np.arange(3), np.array([0, 0, 1]), 2)
        np.testing.assert_allclose(votes, [[0, 1], [0, 1], [1, 0]])

    def test_large_files_are_compared_with_a_sample(self, monkeypatch, sentences):
        """Every row still has neighbours, all of them in the sample, and a note says so."""
        monkeypatch.setattr(neighbors, "_MOST_COMPARED", 50)
        monkeypatch.setattr(neighbors, "_SAMPLED", 20)
        monkeypatch.setattr(neighbors, "can_search_graph", lambda: False)
        dense = np.arange(100, dtype=np.float32)[:, None]

        found = neighbors_of(dense)

        assert len(np.unique(found.indices)) <= 20
        sentences.check(found.note)

    def test_in_large_files_all_rows_are_searched_where_faiss_is_installed(self, monkeypatch, sentences):
        """Neighbours are those of a small file, and a note says how many of them are found."""
        pytest.importorskip("faiss")
        dense = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
        small = neighbors_of(dense)
        monkeypatch.setattr(neighbors, "_MOST_COMPARED", 50)

        found = neighbors_of(dense)

        np.testing.assert_array_equal(found.indices, small.indices)
        np.testing.assert_allclose(found.distances, small.distances, rtol=1e-4)
        sentences.check(found.note)

    def test_the_provider_passes_the_note_on(self, monkeypatch):
        """What the user should know of the search becomes a note of the audit."""
        monkeypatch.setattr(neighbors, "_MOST_COMPARED", 50)
        monkeypatch.setattr(neighbors, "_SAMPLED", 20)
        monkeypatch.setattr(neighbors, "can_search_graph", lambda: False)
        dense, rows, notes = np.arange(100, dtype=np.float32)[:, None], np.arange(100), []

        made = NearestRows().make(Features((TableBlock(dense),)), rows, rows, Silence(), notes.append)

        assert made["neighbor_indices"].shape[0] == 100
        assert notes == [neighbors_of(dense).note]

    def test_the_provider_makes_nothing_where_there_are_no_neighbours(self):
        """Reasons that need neighbours are skipped then."""
        dense, same = np.zeros((3, 1), dtype=np.float32), np.zeros(3, dtype=np.intp)

        assert NearestRows().make(Features((TableBlock(dense),)), same, same, Silence(), print) == {}

    @pytest.mark.parametrize("texts", [["a", "a b"], ["one", "two", "three"]])
    def test_tiny_vocabularies_still_have_neighbours(self, texts):
        """Two or three words are too few to reduce, and are compared directly."""
        features = Features((make_text_block(texts),))

        found = find_neighbors(features, np.arange(len(texts)), np.arange(len(texts)))

        assert (found.indices[:, 0] >= 0).all()
