from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import InputError
from doubtcli.gate.baseline.section import Baseline, KnownDoubt, find_section, make_section, update_baseline
from doubtcli.records import Column, Role, Roles

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import AuditDocument, DoubtTable
    from tests.conftest import Sentences

    Make = Callable[..., DoubtTable]
    Describe = Callable[..., AuditDocument]


def test_what_it_keeps(table: Make, document: Describe) -> None:
    """A section has what was judged, with which settings, and by which version of doubt."""
    settings = {"seed": 7, "verdicts": "queues/done.csv", "queue_size": 9}

    section = make_section("in/data.csv", "known.json", document(**settings), table({}, {}))

    assert (section.path, section.sha256, section.n_rows) == ("in/data.csv", "ab" * 32, 2)
    assert (section.label, section.inputs, section.version) == ("label", ("text", "lang"), "0.1.0")
    assert section.settings == {
        "reasons": None,
        "skip": [],
        "reason_settings": {},
        "seed": 7,
        "folds": 5,
        "repeats": 2,
        "fast": False,
        "group": None,
        "embeddings": None,
        "pred_probs": None,
        "verdicts": "done.csv",
    }


def test_all_inputs(table: Make, document: Describe) -> None:
    """Input columns of every kind count; identifiers and ignored columns don't."""
    of_each_role = tuple(Column(role.value, role, used=True, why="") for role in Role)
    audited = replace(document(), roles=Roles(of_each_role))

    section = make_section("data.csv", "known.json", audited, table({}))

    assert section.inputs == ("text", "numeric", "categorical", "datetime", "embedding")


def test_its_doubts(table: Make, document: Describe) -> None:
    """Doubts are sorted by content and label, equal ones numbered, and rounded to two digits."""
    rows = table(
        {"row_id": "b", "row_hash": "2f", "doubt": 0.617, "reasons": ["outlier", "ambiguous"]},
        {"row_id": "z", "row_hash": "1f", "doubt": 0.7},
        {"row_id": "a", "row_hash": "2f", "doubt": 0.996},
        {"row_id": "c", "row_hash": "2f", "doubt": 0.5, "given_label": "ham"},
        {"row_id": "d", "row_hash": "2f", "doubt": 0.4},
    )

    assert make_section("data.csv", "known.json", document(), rows).doubts == (
        KnownDoubt("1f", 1, "z", "spam", 0.7, ()),
        KnownDoubt("2f", 1, "c", "ham", 0.5, ()),
        KnownDoubt("2f", 1, "a", "spam", 1.0, ()),
        KnownDoubt("2f", 2, "b", "spam", 0.62, ("outlier", "ambiguous")),
    )


def test_waived_rows(table: Make, document: Describe) -> None:
    """A waived row is not a known doubt, but is among the rows; rows equal to it are numbered without it."""
    rows = table({"row_hash": "1f", "doubt": 0.9}, {"row_hash": "1f", "doubt": 0.6})

    section = make_section("data.csv", "known.json", document(), rows, waived={1})

    assert [(doubt.row_id, doubt.n) for doubt in section.doubts] == [("r2", 1)]
    assert section.count_like("1f", "spam") == 2


def test_counts(table: Make, document: Describe) -> None:
    """A row is counted as often as its content occurs with its label; None and "" differ."""
    rows = table({"row_hash": "1f"}, {"row_hash": "1f"}, {"row_hash": "1f", "given_label": None})

    section = make_section("data.csv", "known.json", document(), rows)

    assert section.count_like("1f", "spam") == 2
    assert section.count_like("1f", None) == 1
    assert section.count_like("1f", "") == 0
    assert section.count_like("2f", "spam") == 0


def test_counts_in_many_lines(table: Make, document: Describe) -> None:
    """In a long file each row is found on its line, and no other row is."""
    section = make_section("data.csv", "known.json", document(), table(*[{}] * 1500))

    assert all(section.count_like(f"{place:016x}", "spam") == 1 for place in range(1, 1501))
    assert not any(section.count_like(f"{place:016x}", "ham") for place in range(1, 1501))


def test_standard_input(table: Make, document: Describe) -> None:
    """Standard input keeps its name, even if the baseline is in another folder."""
    assert make_section("-", "ci/known.json", document(), table({})).path == "-"


def test_audit_without_hashes(table: Make, document: Describe) -> None:
    """An audit without hashes of its rows is refused, with the data file's name."""
    with pytest.raises(InputError) as caught:
        make_section("data.csv", "known.json", document(), table({"row_hash": None}))
    assert caught.value.where == "data.csv"


class TestUpdate:
    """New sections in an old baseline."""

    def test_none_before(self, table: Make, document: Describe) -> None:
        """Without an old baseline the new sections are all there is, sorted by path."""
        made = make_section("a.csv", "known.json", document(), table({}))
        other = replace(made, path="b.csv")

        assert update_baseline(None, "known.json", [other, made]) == Baseline("known.json", (made, other))

    def test_others_are_kept(self, table: Make, document: Describe) -> None:
        """The section of the same file is replaced; those of other files are kept."""
        made = make_section("b.csv", "known.json", document(), table({}))
        new, other = replace(made, n_rows=9), replace(made, path="a.csv")

        updated = update_baseline(Baseline("known.json", (made, other)), "known.json", [new])

        assert updated.sections == (other, new)


@pytest.fixture
def baseline(table: Make, document: Describe) -> Baseline:
    """A baseline of data.csv, which has twenty rows."""
    return Baseline("known.json", (make_section("data.csv", "known.json", document(), table(*[{}] * 20)),))


@pytest.fixture
def two_files(baseline: Baseline) -> Baseline:
    """The same with a second file."""
    return replace(baseline, sections=(*baseline.sections, replace(baseline.sections[0], path="other.csv")))


def rows_from(first: int, n_rows: int) -> list[dict[str, Any]]:
    """Rows whose content is numbered from `first`: 1 to 20 are the baseline's."""
    return [{"row_hash": f"{number:016x}"} for number in range(first, first + n_rows)]


def refusal(baseline: Baseline, path: str, audited: AuditDocument, rows: DoubtTable) -> InputError:
    """Why a file is refused."""
    with pytest.raises(InputError) as caught:
        find_section(baseline, path, audited, rows)
    return caught.value


class TestByPath:
    """A file that is in the baseline under its path."""

    def test_found(self, two_files: Baseline, table: Make, document: Describe) -> None:
        """The section of the same path is found, without a note."""
        found, notes = find_section(two_files, "./data.csv", document(), table({}))

        assert found is two_files.sections[0]
        assert notes == ()

    def test_input_columns_in_another_order(
        self, baseline: Baseline, table: Make, document: Describe
    ) -> None:
        """The order of the columns does not matter."""
        found, _ = find_section(baseline, "data.csv", document(inputs=("lang", "text")), table({}))

        assert found is baseline.sections[0]

    def test_one_shared_row(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """One shared row among many is enough to be the same file."""
        found, _ = find_section(baseline, "data.csv", document(), table(*rows_from(20, 300)))

        assert found is baseline.sections[0]

    def test_other_label(
        self, baseline: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """Another label column makes it another data set."""
        error = refusal(baseline, "data.csv", document(label="intent"), table({}))

        assert error.where == "known.json"
        assert "--label label" in (error.hint or "")
        sentences.check(error)

    def test_added_input(
        self, baseline: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """A new input column changes every row's content: the first one is named."""
        audited = document(inputs=("text", "note", "lang", "more"))

        error = refusal(baseline, "data.csv", audited, table({}))

        assert "--ignore note" in (error.hint or "")
        sentences.check(error)

    def test_missing_input(
        self, baseline: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """An input column of the baseline that is not one now is named."""
        error = refusal(baseline, "data.csv", document(inputs=("lang",)), table({}))

        assert "'text'" in error.found
        sentences.check(error)

    def test_no_shared_row(
        self, baseline: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """The same columns without a single row in common are another data set."""
        sentences.check(refusal(baseline, "data.csv", document(), table(*rows_from(21, 5))))

    def test_no_hashes(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """An audit without hashes of its rows is refused."""
        error = refusal(baseline, "data.csv", document(), table({"row_hash": None}))

        assert error.where == "data.csv"


class TestRenamed:
    """A file that is in the baseline under another name."""

    @pytest.mark.parametrize(("n_shared", "n_rows"), [(2, 20), (1, 5), (2, 300)])
    def test_shared_rows(  # noqa: PLR0917  # fixtures
        self,
        baseline: Baseline,
        table: Make,
        document: Describe,
        n_shared: int,
        n_rows: int,
        sentences: Sentences,
    ) -> None:
        """A tenth of the smaller file's rows makes it the same file, with a note."""
        rows = table(*rows_from(21 - n_shared, n_rows))

        found, notes = find_section(baseline, "new/data.tsv", document(), rows)

        assert found is baseline.sections[0]
        (note,) = notes
        sentences.check(note)

    @pytest.mark.parametrize(("n_shared", "n_rows"), [(1, 20), (0, 5), (1, 300)])
    def test_too_few_shared_rows(
        self, baseline: Baseline, table: Make, document: Describe, n_shared: int, n_rows: int
    ) -> None:
        """Fewer shared rows make it another file, which is not in the baseline."""
        rows = table(*rows_from(21 - n_shared, n_rows))

        assert is_unknown(refusal(baseline, "new/data.tsv", document(), rows), "new/data.tsv")

    def test_equal_rows(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """A row that occurs many times counts as shared no more often than the baseline has it."""
        rows = [*[{"row_hash": f"{1:016x}"}] * 19, *rows_from(99, 1)]

        assert is_unknown(refusal(baseline, "new.csv", document(), table(*rows)), "new.csv")

    @pytest.mark.parametrize("columns", [{"label": "y"}, {"inputs": ("text",)}], ids=["label", "inputs"])
    def test_other_columns(
        self, baseline: Baseline, table: Make, document: Describe, columns: dict[str, Any]
    ) -> None:
        """With other columns it is not taken for the same file."""
        error = refusal(baseline, "new.csv", document(**columns), table({}))

        assert is_unknown(error, "new.csv")

    def test_two_files(
        self, two_files: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """In a baseline of several files each is found only by its path."""
        error = refusal(two_files, "new.csv", document(), table({}))

        assert is_unknown(error, "new.csv")
        sentences.check(error)

    def test_many_files(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """Of many files the first twenty are named."""
        sections = tuple(replace(baseline.sections[0], path=f"{n:02}.csv") for n in range(23))

        error = refusal(Baseline("known.json", sections), "new.csv", document(), table({}))

        assert (error.expected or "").endswith("'18.csv', '19.csv' and 3 more")

    def test_no_files(self, table: Make, document: Describe) -> None:
        """An empty baseline has nothing on any file."""
        error = refusal(Baseline("known.json", ()), "new.csv", document(), table({}))

        assert is_unknown(error, "new.csv")


def is_unknown(error: InputError, path: str) -> bool:
    """Whether a file is refused because it is not in the baseline."""
    return error.where == "known.json" and (error.hint or "").endswith(f"doubt baseline {path} -o known.json")


class TestNotes:
    """What can change doubts about rows that did not change themselves."""

    def test_other_settings(
        self, baseline: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """Settings and versions that differ from the baseline's are listed."""
        audited = document(seed=3, skip=["outlier"], version="0.2.0", queue_size=5)

        _, (note,) = find_section(baseline, "data.csv", audited, table({}))

        assert note.endswith('doubt 0.1.0, now 0.2.0; skip = [], now ["outlier"]; seed = 0, now 3')
        sentences.check(note)

    def test_settings_of_a_later_version(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """A setting that the baseline does not have is left out."""
        section = baseline.sections[0]
        settings = {name: value for name, value in section.settings.items() if name != "seed"}
        early = Baseline("known.json", (replace(section, settings=settings),))

        assert find_section(early, "data.csv", document(seed=3), table({}))[1] == ()

    def test_of_a_renamed_file(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """They are listed for a renamed file, too."""
        _, notes = find_section(baseline, "new.csv", document(seed=3), table(*[{}] * 20))

        assert len(notes) == 2
