from dataclasses import replace

import numpy as np
import pyarrow as pa

from doubtcli.compare.sides import find_edited, take_inputs
from doubtcli.records import Annotations, Examples, Verdicts


def examples(n_rows=3, **columns):
    """Rows with these columns, each a text."""
    return Examples(
        row_ids=tuple(f"r{row}" for row in range(n_rows)),
        positions=np.arange(n_rows)[::-1],
        given_labels=np.arange(n_rows) % 2,
        class_names=("ham", "spam"),
        inputs=pa.table({name: pa.array(values) for name, values in columns.items()}),
        column_roles=dict.fromkeys(columns, "text"),
    )


class TestEdited:
    """Rows whose inputs have changed."""

    def test_one_cell(self):
        """A row with one changed cell is edited; the others are not."""
        before = examples(text=["a", "b", "c"], place=["x", "x", "x"])
        after = examples(text=["a", "b", "c"], place=["x", "y", "x"])

        assert find_edited(before, after).tolist() == [False, True, False]

    def test_missing(self):
        """A missing value is equal to a missing one only."""
        before, after = examples(text=[None, None, "c"]), examples(text=[None, "b", None])

        assert find_edited(before, after).tolist() == [False, True, True]

    def test_numbers(self):
        """A number that is missing or different is an edit."""
        before, after = examples(size=[1.5, None, 2.0]), examples(size=[1.5, 1.0, 2.5])

        assert find_edited(before, after).tolist() == [False, True, True]

    def test_vectors(self):
        """A row is edited when its vector is."""
        before = replace(examples(), embeddings=np.zeros((3, 2), dtype=np.float32))
        after = replace(examples(), embeddings=np.array([[0, 0], [0, 1], [0, 0]], dtype=np.float32))

        assert find_edited(before, after).tolist() == [False, True, False]

    def test_vectors_of_another_length(self):
        """With vectors of another length, every row is edited."""
        before = replace(examples(), embeddings=np.zeros((3, 2), dtype=np.float32))
        after = replace(examples(), embeddings=np.zeros((3, 4), dtype=np.float32))

        assert find_edited(before, after).tolist() == [True, True, True]


class TestTake:
    """Some of the rows, with their inputs only."""

    def test_rows(self):
        """Each row keeps its id, place, label, inputs, vector and group."""
        whole = replace(
            examples(text=["a", "b", "c"]),
            embeddings=np.arange(6, dtype=np.float32).reshape(3, 2),
            groups=np.array([7, 8, 9]),
        )

        some = take_inputs(whole, np.array([2, 0]))

        assert some.row_ids == ("r2", "r0")
        assert some.inputs.to_pydict() == {"text": ["c", "a"]}
        assert (some.positions.tolist(), some.given_labels.tolist()) == ([0, 2], [0, 0])
        assert some.embeddings is not None
        assert some.embeddings.tolist() == [[4, 5], [0, 1]]
        assert some.groups is not None
        assert some.groups.tolist() == [9, 7]

    def test_inputs_alone(self):
        """Annotations, verdicts and given probabilities are left out."""
        whole = replace(
            examples(text=["a", "b", "c"]),
            annotations=Annotations(("ana",), np.zeros((3, 1), dtype=int)),
            given_pred_probs=np.full((3, 2), 0.5),
            verdicts=Verdicts("v.csv", np.zeros(3, dtype=int), (None,) * 3, np.full(3, np.nan)),
        )

        some = take_inputs(whole, np.array([1]))

        assert (some.annotations, some.given_pred_probs, some.verdicts) == (None, None, None)
        assert (some.embeddings, some.groups) == (None, None)
