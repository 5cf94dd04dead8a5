from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.errors import InputError
from doubtcli.records import Annotations, Examples, Labels, Stratum, Verdicts
from doubtcli.verdicts.for_scan import read_verdicts, with_verdicts

LABELS = Labels(np.array([1, 0, 0, 1]), ("ham", "spam"), ("ham", "spam"))
EXAMPLES = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.array([3, 2, 1, 0]),
    given_labels=np.array([1, 0, 0, 1]),
    class_names=LABELS.class_names,
    inputs=pa.table({"text": ["one", "two", "three", "four"]}),
)


class TestSettingAside:
    """Unusable rows leave the examples."""

    def test_all_that_belongs_to_a_row_goes_with_it(self) -> None:
        """Every array loses the same rows, and the rows' names are kept."""
        whole = Examples(
            row_ids=EXAMPLES.row_ids,
            positions=EXAMPLES.positions,
            given_labels=EXAMPLES.given_labels,
            class_names=EXAMPLES.class_names,
            inputs=EXAMPLES.inputs,
            embeddings=np.eye(4, dtype=np.float32),
            groups=np.array([0, 1, 2, 3]),
            annotations=Annotations(("ana",), np.array([[0], [1], [-1], [1]])),
            given_pred_probs=np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]),
        )
        strata = (None, Stratum(1, 1, 4), None, None)
        verdicts = Verdicts("v.csv", np.array([-1, 0, -2, -1]), strata, np.array([np.nan, 1, np.nan, np.nan]))

        found = with_verdicts(whole, verdicts)

        assert found.row_ids == ("a", "b", "d")
        assert found.positions.tolist() == [3, 2, 0]
        assert found.given_labels.tolist() == [1, 0, 1]
        assert found.inputs.column("text").to_pylist() == ["one", "two", "four"]
        assert found.embeddings is not None
        assert found.embeddings.argmax(axis=1).tolist() == [0, 1, 3]
        assert found.groups is not None
        assert found.groups.tolist() == [0, 1, 3]
        assert found.annotations is not None
        assert found.annotations.codes.tolist() == [[0], [1], [1]]
        assert found.given_pred_probs is not None
        assert found.given_pred_probs[:, 0].tolist() == [0.1, 0.2, 0.4]
        assert found.verdicts is not None
        assert found.verdicts.codes.tolist() == [-1, 0, -1]
        assert found.verdicts.strata == (*strata[:2], None)
        assert (found.unusable_row_ids, found.unusable_positions) == (("c",), (1,))

    def test_rows_without_inputs_are_kept_apart_too(self) -> None:
        """Where only annotators judge there is no input column to take rows from."""
        bare = Examples(("a", "b", "c"), np.arange(3), np.array([0, 1, 0]), ("ham", "spam"), pa.table({}))

        found = with_verdicts(
            bare, Verdicts("v.csv", np.array([-2, -1, -1]), (None,) * 3, np.full(3, np.nan))
        )

        assert found.row_ids == ("b", "c")

    @pytest.mark.parametrize(
        ("codes", "left"), [((0, 0, 0, 0), "one label"), ((-2, -2, -2, -2), "no label")], ids=["one", "none"]
    )
    def test_verdicts_that_leave_one_class_are_refused(self, codes: tuple[int, ...], left: str) -> None:
        """There must be something to tell apart."""
        verdicts = Verdicts("v.csv", np.array(codes), (None,) * 4, np.full(4, np.nan))

        with pytest.raises(InputError, match=f"by these verdicts the rows bear {left} only"):
            with_verdicts(EXAMPLES, verdicts)


class TestReading:
    """From a file to the rows in one step, as a scan takes it."""

    def test_a_file_becomes_the_rows_with_their_verdicts(self, tmp_path: Path) -> None:
        """Row "a" was called ham where the file says spam, "c" is unusable."""
        path = tmp_path / "v.csv"
        path.write_text("doubt_id,verdict,verdict_status\na,ham,\nc,,unusable\n")

        found = read_verdicts(str(path), EXAMPLES, LABELS, "data.csv")

        assert found.row_ids == ("a", "b", "d")
        assert found.taught_labels.tolist() == [0, 0, 1]

    def test_a_tools_export_is_taken_as_well(self, tmp_path: Path) -> None:
        """Its verdicts are followed, and what is to be known of its shape is told first."""
        path = tmp_path / "all.jsonl"
        path.write_text(
            '{"doubt_id": "a", "label": ["ham"], "Comments": []}\n'
            '{"doubt_id": "b", "label": ["ham"], "Comments": []}\n'
        )

        found = read_verdicts(str(path), EXAMPLES, LABELS, "data.csv")

        assert found.verdicts is not None
        assert found.verdicts.codes.tolist() == [0, -1, -1, -1]
        [note] = found.verdicts.notes
        assert note == (
            "doccano does not tell which rows were looked at: those that still bear their given label count "
            "as undecided"
        )
