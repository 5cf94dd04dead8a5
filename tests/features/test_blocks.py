import numpy as np
import pyarrow as pa

from doubtcli.features.blocks import build_features
from doubtcli.features.text import join_texts
from doubtcli.records import Examples


def examples(columns, **roles):
    """Rows of one class with these columns."""
    table = pa.table(columns)
    n_rows = table.num_rows or 2
    return Examples(
        row_ids=tuple(map(str, range(n_rows))),
        positions=np.arange(n_rows),
        given_labels=np.zeros(n_rows, dtype=np.intp),
        class_names=("a",),
        inputs=table,
        **roles,
    )


def test_text_columns_are_joined_with_missing_ones_empty():
    """A row's texts follow each other, in column order."""
    rows = examples(
        {"title": ["Hi", None], "body": ["there", "you"]}, column_roles={"title": "text", "body": "text"}
    )

    assert list(join_texts(rows)) == ["Hi \n there", " \n you"]


def test_without_inputs_there_are_no_features():
    """A file of labels and answers alone has no inputs for models."""
    assert build_features(examples({})) is None


def test_tables_and_embeddings_are_two_blocks():
    """A number and an embedding of two dimensions: models of the number don't see the embedding."""
    embeddings = np.array([[3.0, 4.0], [4.0, 3.0]], dtype=np.float32)

    features = build_features(
        examples({"x": [1.0, 2.0]}, column_roles={"x": "numeric"}, embeddings=embeddings)
    )

    table, vectors = features.blocks
    assert table.dense.shape == (2, 1)
    assert vectors.directions.shape == (2, 2)
    assert vectors.dense is None
