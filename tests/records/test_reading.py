from dataclasses import fields

import numpy as np
import pyarrow as pa

from doubtcli.records import Annotations, Examples, Rule, RuleLabels, Stratum, Verdicts

WHOLE = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.array([3, 2, 1, 0]),
    given_labels=np.array([1, 0, 0, 1]),
    class_names=("ham", "spam"),
    inputs=pa.table({"text": ["one", "two", "three", "four"]}),
    column_roles={"text": "text"},
    embeddings=np.eye(4, dtype=np.float32),
    groups=np.array([0, 1, 2, 3]),
    annotations=Annotations(("ana",), np.array([[0], [1], [-1], [1]])),
    given_pred_probs=np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]),
    rule_labels=RuleLabels((Rule("a", "text == 'one'", "ham"),), np.array([[0], [-1], [-1], [1]])),
    unlabelled_row_ids=("e",),
    unlabelled_positions=(4,),
    verdicts=Verdicts(
        "v.csv",
        np.array([-1, 0, 1, -1]),
        (None, Stratum(1, 1, 4), None, None),
        np.array([np.nan, 1, np.nan, np.nan]),
        from_equal=np.array([False, False, True, False]),
    ),
    unusable_row_ids=("f",),
    unusable_positions=(5,),
    row_hashes=tuple("012345"),
    earlier_hashes=((),) * 6,
    hashed_as_numbers=("size",),
    equal_inputs=np.array([0, 1, 1, 0]),
    pairs=(("text", "size"),),
)
"""Four rows of a file of six, with every field set."""


def n_entries(value: object) -> int:
    """How many rows a part of examples has an entry for."""
    if isinstance(value, pa.Table):
        return int(value.num_rows)
    if isinstance(value, bool):
        return 1
    rows = value.codes if isinstance(value, Annotations | RuleLabels | Verdicts) else value
    return len(rows)  # type: ignore[arg-type]


def test_some_of_the_rows() -> None:
    """Rows are taken in the order asked for, each with all its data."""
    taken = WHOLE.take(np.array([3, 1]))

    assert taken.row_ids == ("d", "b")
    assert taken.positions.tolist() == [0, 2]
    assert taken.given_labels.tolist() == [1, 0]
    assert taken.inputs.column("text").to_pylist() == ["four", "two"]
    assert taken.embeddings is not None
    assert taken.embeddings.argmax(axis=1).tolist() == [3, 1]
    assert taken.groups is not None
    assert taken.groups.tolist() == [3, 1]
    assert taken.annotations is not None
    assert taken.annotations.codes.tolist() == [[1], [1]]
    assert taken.rule_labels is not None
    assert taken.rule_labels.codes.tolist() == [[1], [-1]]
    assert taken.given_pred_probs is not None
    assert taken.given_pred_probs[:, 0].tolist() == [0.4, 0.2]
    assert taken.verdicts is not None
    assert taken.verdicts.codes.tolist() == [-1, 0]
    assert taken.verdicts.strata == (None, Stratum(1, 1, 4))
    assert np.isnan(taken.verdicts.inclusion).tolist() == [True, False]
    assert taken.verdicts.from_equal is not None
    assert taken.verdicts.from_equal.tolist() == [False, False]
    assert taken.equal_inputs is not None
    assert taken.equal_inputs.tolist() == [0, 1]


def test_no_part_is_forgotten() -> None:
    """A field with an entry for each of four rows has two after two rows are taken; all others stay."""
    before = {one.name: n_entries(getattr(WHOLE, one.name)) for one in fields(WHOLE)}

    taken = WHOLE.take(np.array([3, 1]))

    assert 0 not in before.values(), "a new field must be set here, too"
    after = {name: n_entries(getattr(taken, name)) for name in before}
    assert after == {name: 2 if number == 4 else number for name, number in before.items()}


def test_rows_without_inputs() -> None:
    """Rows are taken also where there are no input columns, since only annotators judge."""
    bare = Examples(("a", "b", "c"), np.arange(3), np.array([0, 1, 0]), ("ham", "spam"), pa.table({}))

    taken = bare.take(np.array([1, 2]))

    assert (taken.row_ids, taken.given_labels.tolist(), taken.verdicts) == (("b", "c"), [1, 0], None)
