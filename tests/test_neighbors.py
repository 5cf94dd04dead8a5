import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from doubtcli import neighbors
from doubtcli.features.text import text_features
from doubtcli.neighbors import comparison_space, find_duplicates, find_neighbors, neighbor_votes
from doubtcli.records import Features, TextFeatures


def duplicates(texts):
    """The rows of each group, and what was found."""
    found = find_duplicates(Features(text_features(texts), None), texts)
    return [
        sorted(np.flatnonzero(found.groups == group).tolist()) for group in np.unique(found.groups)
    ], found


def neighbors_of(features, labels, n_classes, groups):
    """Neighbours where only duplicates belong together."""
    return find_neighbors(features, labels, n_classes, groups, groups)


class TestDuplicates:
    """Which rows have the same input."""

    def test_case_marks_and_blanks_do_not_make_a_text_another(self):
        """Card lost! is card  lost, and card found is not."""
        groups, _ = duplicates(["Card lost!", "card  lost", "card found"])

        assert groups == [[0, 1], [2]]

    def test_one_word_in_ten_makes_a_near_duplicate(self):
        """Nine shared words of eleven distinct ones are a similarity of .82."""
        shared = "the card that i ordered last month did not arrive"
        filler = [f"{word} is something else entirely for row {word}" for word in "abcdefghijklmnopqrs"]

        groups, _ = duplicates([f"{shared} today", f"{shared} yesterday", *filler])

        assert groups[0] == [0, 1]

    def test_short_texts_are_duplicates_only_when_equal(self):
        """Not good at all and good at all share three of four words and mean the opposite."""
        groups, _ = duplicates(["good at all", "not good at all", "x", "y"])

        assert groups == [[0], [1], [2], [3]]

    def test_near_duplicates_do_not_chain(self):
        """Each member is alike to the first one, so a slow drift does not end up in one group."""
        words = [f"w{i}" for i in range(40)]
        drift = [" ".join(words[start : start + 20]) for start in range(0, 20, 2)]
        filler = [f"x{i} y{i} z{i} q{i} r{i}" for i in range(200)]

        groups, _ = duplicates(drift + filler)

        for group in groups:
            sets = [set(([*drift, *filler])[row].split()) for row in group]
            assert all(len(sets[0] & other) / len(sets[0] | other) >= 0.8 for other in sets)
        assert len(groups[0]) < len(drift)

    def test_one_huge_near_group_falls_back_to_exact_duplicates(self):
        """Half of all rows alike would make folds uneven: only equal ones are grouped, and a note says so."""
        template = "your order number {} has been shipped and will arrive on monday"
        texts = [template.format(i) for i in range(30)] + [f"a{i} b{i} c{i} d{i}" for i in range(30)]

        groups, found = duplicates(texts)

        assert len(groups) == 60
        assert "one group of 30 rows" in found.note

    def test_equal_table_rows_are_duplicates(self):
        """The same values are the same input; beside a short text they must be equal, too."""
        dense = np.array([[1, 2], [1, 2], [1, 3]], dtype=np.float32)
        texts = ["same text", "same text", "same text"]

        alone = find_duplicates(Features(None, dense), None).groups
        with_text = find_duplicates(Features(text_features(texts), dense), ["a", "b", "a"]).groups

        assert alone.tolist() == [0, 0, 1]
        assert with_text.tolist() == [0, 1, 2]

    def test_texts_without_words_are_compared_as_they_are(self):
        """Marks alone equal the same marks and no others; empty texts equal each other."""
        groups, _ = duplicates(["!!!", "???", "!!!", "", ""])

        assert groups == [[0, 2], [1], [3, 4]]


def decaying(n_rows, n_columns, seed):
    """A matrix whose singular values are 1, 1/2, 1/4 and so on."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.normal(size=(n_rows, 20)))[0]
    right = np.linalg.qr(rng.normal(size=(n_columns, 20)))[0]
    return (left * 0.5 ** np.arange(20)) @ right.T


def as_sparse(matrix):
    """The matrix as texts are held."""
    return sparse.csr_matrix(matrix.astype(np.float32))


class TestComparisonSpace:
    """Where rows lie, before anybody asks what is near."""

    def test_texts_lie_where_scikit_learns_truncated_svd_puts_them(self, monkeypatch):
        """In 5 dimensions, cosines between rows are the means of those by words and by spelling."""
        monkeypatch.setattr(neighbors, "_DIMENSIONS", 5)
        words, product = decaying(60, 40, 0), decaying(60, 30, 1)
        spelling = np.random.default_rng(2).normal(size=(30, 30))
        tokens = product @ np.linalg.inv(spelling)  # the same product in two factors
        text = TextFeatures(as_sparse(words), as_sparse(tokens), as_sparse(spelling))

        space = comparison_space(Features(text, None))

        by_words, by_spelling = (
            cosine_similarity(TruncatedSVD(5, algorithm="arpack", random_state=0).fit_transform(matrix))
            for matrix in (words, product)
        )
        np.testing.assert_allclose(space @ space.T, (by_words + by_spelling) / 2, atol=1e-3)

    def test_words_spelt_alike_bring_texts_nearer(self):
        """No word is shared: the misspelt text lies nearer than the other one."""
        texts = ["delivery", "delivary", "refund", "refunds", "invoice", "invoices"]

        space = comparison_space(Features(text_features(texts), None))

        assert space[0] @ space[1] > 0.1
        assert abs(space[0] @ space[2]) < 0.01

    def test_a_text_without_words_lies_at_the_origin(self):
        """It is like nothing, and no division by its length of 0 is tried."""
        space = comparison_space(Features(text_features(["card lost", "card gone", ""]), None))

        np.testing.assert_allclose(np.linalg.norm(space, axis=1), [1, 1, 0], atol=1e-5)

    def test_texts_that_share_no_spelling_are_told_apart_by_their_words(self):
        """Where no two words share an n-gram, spelling has no dimension, and words have half the weight."""
        space = comparison_space(Features(text_features(["xq", "zw"]), None))

        np.testing.assert_allclose(space @ space.T, [[0.5, 0], [0, 0.5]], atol=1e-6)

    def test_table_values_stand_beside_the_texts(self):
        """Two columns, divided by the square root of 2, come before what the text says."""
        dense = np.array([[2.0, 4.0], [6.0, 8.0]], dtype=np.float32)
        text = text_features(["card lost", "card gone"])

        space = comparison_space(Features(text, dense))

        np.testing.assert_allclose(space[:, :2], dense / 2**0.5)
        np.testing.assert_array_equal(space[:, 2:], comparison_space(Features(text, None)))


class TestNeighbors:
    """Which rows are most alike."""

    def test_the_nearest_rows_are_those_of_scikit_learn(self):
        """On distinct rows the indices and distances are the brute-force ones, the row itself left out."""
        dense = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)

        found = neighbors_of(Features(None, dense), np.zeros(40, dtype=np.intp), 1, np.arange(40))

        space = dense / np.sqrt(3)
        distances, indices = NearestNeighbors(n_neighbors=11).fit(space).kneighbors(space)
        np.testing.assert_array_equal(found.indices, indices[:, 1:])
        np.testing.assert_allclose(found.distances, distances[:, 1:], atol=1e-3)

    def test_votes_are_the_neighbours_labels_as_shares(self):
        """Of a row's two neighbours one is labelled 0 and one 1."""
        dense = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)

        found = neighbors_of(Features(None, dense), np.array([0, 0, 1]), 2, np.arange(3))

        np.testing.assert_allclose(found.votes, [[0.5, 0.5], [0.5, 0.5], [1, 0]])
        assert (found.indices[:, 2:] == -1).all()
        assert np.isnan(found.distances[:, 2:]).all()

    def test_other_labels_give_the_same_neighbours_other_votes(self):
        """Row 0 hears rows 1 and 2, which stands for 3, too: 1/2 for its 0, 1/4 for each of 1 and 2."""
        indices = np.array([[1, 2], [0, -1], [-1, -1], [-1, -1]])

        votes = neighbor_votes(indices, np.array([5, 9, 7, 7]), np.array([2, 0, 1, 2]), 3)

        np.testing.assert_allclose(votes, [[0.5, 0.25, 0.25], [0, 0, 1], [0, 0, 0], [0, 0, 0]])

    def test_duplicates_do_not_vouch_for_each_other(self):
        """Rows 0 and 1 are one input labelled twice: neither is a neighbour, their votes are a mix."""
        dense = np.array([[0.0], [0.0], [5.0]], dtype=np.float32)

        found = neighbors_of(Features(None, dense), np.array([0, 1, 1]), 2, np.array([0, 0, 1]))

        np.testing.assert_allclose(found.votes, [[0, 1], [0, 1], [0.5, 0.5]])
        assert found.indices[:, 0].tolist() == [2, 2, 0]

    def test_a_long_text_is_a_copy_whatever_stands_beside_it(self):
        """Four words or more: another price does not make it another text."""
        dense = np.array([[1.0], [2.0]], dtype=np.float32)
        texts = ["this lamp flickers badly", "This lamp flickers badly."]

        assert find_duplicates(Features(text_features(texts), dense), texts).groups.tolist() == [0, 0]

    def test_empty_texts_beside_a_table_copy_nothing(self):
        """A column of comments that most leave empty makes no duplicates of unlike rows."""
        dense = np.arange(4, dtype=np.float32)[:, None]
        texts = ["", "", "", "fine"]

        assert find_duplicates(Features(text_features(texts), dense), texts).groups.tolist() == [0, 1, 2, 3]

    def test_nobody_is_near_where_all_rows_are_one(self):
        """A single unlike row has no neighbours."""
        dense = np.zeros((3, 1), dtype=np.float32)

        assert (
            neighbors_of(Features(None, dense), np.zeros(3, dtype=np.intp), 1, np.zeros(3, dtype=int)) is None
        )

    def test_rows_of_one_group_are_no_neighbours(self):
        """What a model may not learn from, a neighbour may not say: rows 0 and 1 are one patient's."""
        dense = np.array([[0.0], [0.1], [5.0]], dtype=np.float32)

        found = find_neighbors(
            Features(None, dense), np.array([0, 0, 1]), 2, np.arange(3), np.array([7, 7, 8])
        )

        np.testing.assert_allclose(found.votes, [[0, 1], [0, 1], [1, 0]])

    def test_large_files_are_compared_with_a_sample_and_say_so(self, monkeypatch):
        """Every row still gets neighbours, all of them out of the sample."""
        monkeypatch.setattr(neighbors, "_MOST_CANDIDATES", 20)
        dense = np.arange(100, dtype=np.float32)[:, None]

        found = neighbors_of(Features(None, dense), np.zeros(100, dtype=np.intp), 1, np.arange(100))

        assert len(np.unique(found.indices)) <= 20
        assert "among 20 of 100" in found.note

    @pytest.mark.parametrize("texts", [["a", "a b"], ["one", "two", "three"]])
    def test_tiny_vocabularies_still_have_neighbours(self, texts):
        """Two or three words are too few to reduce, and are compared as they are."""
        features = Features(text_features(texts), None)

        found = neighbors_of(features, np.zeros(len(texts), dtype=np.intp), 1, np.arange(len(texts)))

        assert (found.indices[:, 0] >= 0).all()
