from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.errors import InputError
from doubtcli.gate.baseline.match import find_section
from doubtcli.gate.baseline.section import Baseline, make_section
from doubtcli.read.row_ids import hash_rows, hash_rows_as_before
from doubtcli.records import Column, Embedder, Role, Roles, Source, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import AuditDocument, DoubtTable
    from tests.conftest import Sentences

    Make = Callable[..., DoubtTable]
    Describe = Callable[..., AuditDocument]


SMALL, LARGE = Embedder("small", "ab" * 32), Embedder("large", "cd" * 32)


def read_nothing() -> Table:
    """Fails: the data file need not be read again."""
    raise AssertionError("the data file was read")


def data(*, format_: str = "csv", **columns: Any) -> Table:
    """A file of these columns."""
    return Table(Source("data.csv", format_, 0, "ab" * 32), pa.table(columns))


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
        find_section(baseline, path, audited, rows, read_nothing)
    return caught.value


class TestByPath:
    """A file that is in the baseline under its path."""

    def test_found(self, two_files: Baseline, table: Make, document: Describe) -> None:
        """The section of the same path is found, without a note."""
        found, _, notes = find_section(two_files, "./data.csv", document(), table({}), read_nothing)

        assert found is two_files.sections[0]
        assert notes == ()

    def test_input_columns_in_another_order(
        self, baseline: Baseline, table: Make, document: Describe
    ) -> None:
        """The order of the columns does not matter."""
        found, *_ = find_section(
            baseline, "data.csv", document(inputs=("lang", "text")), table({}), read_nothing
        )

        assert found is baseline.sections[0]

    def test_one_shared_row(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """One shared row among many is enough to be the same file."""
        found, *_ = find_section(baseline, "data.csv", document(), table(*rows_from(20, 300)), read_nothing)

        assert found is baseline.sections[0]

    def test_other_label(
        self, baseline: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """Another label column makes it another data set."""
        with_both = document(label="intent", inputs=("text", "lang", "label"))

        error = refusal(baseline, "data.csv", with_both, table({}))
        gone = refusal(baseline, "data.csv", document(label="intent"), table({}))

        assert error.where == gone.where == "known.json"
        assert "--label label" in (error.hint or "")
        assert "--label" not in (gone.hint or "")
        sentences.check(error)

    def test_missing_input(
        self, baseline: Baseline, table: Make, document: Describe, sentences: Sentences
    ) -> None:
        """An input column of the baseline that the file does not have is named."""
        audited, rows = document(inputs=("lang",)), table({})

        with pytest.raises(InputError) as caught:
            find_section(baseline, "data.csv", audited, rows, lambda: data(lang=["de"], label=["a"]))

        assert "'text'" in caught.value.found
        sentences.check(caught.value)

    def test_arrays_alone(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """A baseline of rows that only vectors outside of the file describe has no columns to read again."""
        of_arrays = Baseline("known.json", (replace(baseline.sections[0], inputs=()),))

        assert "'lang'" in refusal(of_arrays, "data.csv", document(inputs=("lang",)), table({})).found

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

        found, _, notes = find_section(baseline, "new/data.tsv", document(), rows, read_nothing)

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
        with pytest.raises(InputError) as caught:
            find_section(
                baseline, "new.csv", document(**columns), table({}), lambda: data(text=["a"], label=["a"])
            )

        assert is_unknown(caught.value, "new.csv")

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

        *_, (note,) = find_section(baseline, "data.csv", audited, table({}), read_nothing)

        assert note.endswith('doubt 0.1.0, now 0.2.0; skip = [], now ["outlier"]; seed = 0, now 3')
        sentences.check(note)

    @pytest.mark.parametrize(
        "models",
        [(None, SMALL), (SMALL, None), (SMALL, LARGE), (SMALL, replace(SMALL, sha256="ef" * 32))],
        ids=["now only", "then only", "another", "of the same name"],
    )
    def test_other_embedding_model(
        self,
        models: tuple[Embedder | None, Embedder | None],
        baseline: Baseline,
        table: Make,
        document: Describe,
        sentences: Sentences,
    ) -> None:
        """Another embedding model than the baseline's is named, with what to do."""
        section = replace(baseline.sections[0], embedder=models[0])
        audited = replace(document(), embedder=models[1])

        *_, (note,) = find_section(
            Baseline("known.json", (section,)), "data.csv", audited, table({}), read_nothing
        )

        sentences.check(note)

    def test_moved_embedding_model(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """The same files of a model under another name are the same model."""
        section = replace(baseline.sections[0], embedder=SMALL)
        audited = replace(document(), embedder=replace(SMALL, name="moved"))

        known = Baseline("known.json", (section,))

        assert find_section(known, "data.csv", audited, table({}), read_nothing)[-1] == ()

    def test_settings_of_a_later_version(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """A setting that the baseline does not have is left out."""
        section = baseline.sections[0]
        settings = {name: value for name, value in section.settings.items() if name != "seed"}
        early = Baseline("known.json", (replace(section, settings=settings),))

        assert find_section(early, "data.csv", document(seed=3), table({}), read_nothing)[-1] == ()

    def test_of_a_renamed_file(self, baseline: Baseline, table: Make, document: Describe) -> None:
        """They are listed for a renamed file, too."""
        _, _, notes = find_section(baseline, "new.csv", document(seed=3), table(*[{}] * 20), read_nothing)

        assert len(notes) == 2


TEXTS = [f"text {row}\nof two lines" for row in range(6)]
LANGS = ["de", "en"] * 3
LABELS = ["ham", "spam"] * 3


class TestOwnColumns:
    """A baseline is read with the columns that it was written with."""

    @staticmethod
    def audit(
        table: Make,
        document: Describe,
        read: Table,
        *inputs: str,
        id_column: str | None = None,
        earlier: bool = False,
    ) -> tuple[AuditDocument, DoubtTable]:
        """An audit that uses these columns of a file; by an earlier version, if it says so."""
        roles = Roles(tuple(Column(name, Role.TEXT, used=True, why="") for name in inputs))
        hashes = hash_rows(read, roles)
        before = hash_rows_as_before(read, roles, hashes)
        names = read.data.column(id_column).to_pylist() if id_column else hashes
        rows = [
            {"row_id": name, "row_hash": old[0] if earlier else new, "given_label": label}
            | ({} if earlier else {"earlier_hashes": old})
            for name, new, old, label in zip(
                names, hashes, before, read.data.column("label").to_pylist(), strict=True
            )
        ]
        made = document(inputs=inputs)
        others = tuple(one for one in made.roles.columns if one.name != "no")
        ids = (Column(id_column, Role.IDENTIFIER, used=True, why=""),) if id_column else ()
        version = 1 if earlier else 2
        return replace(made, roles=Roles((*ids, *others)), row_hash_version=version), table(*rows)

    @classmethod
    def write(cls, *args: Any, **how: Any) -> Baseline:
        """A baseline of such an audit."""
        made, rows = cls.audit(*args, **how)
        section = make_section("data.csv", "known.json", made, rows)
        if how.get("earlier"):
            section = replace(section, roles={}, id=None, numbers=None, row_hash_version=1)
        return Baseline("known.json", (section,))

    @staticmethod
    def count_known(baseline: Baseline, named: DoubtTable) -> int:
        """How many rows the baseline knows, by their content and label."""
        pairs = zip(named.row_hash.to_pylist(), named.given_label.to_pylist(), strict=True)
        return sum(baseline.sections[0].count_like(*pair) > 0 for pair in pairs)

    @pytest.mark.parametrize("earlier", [False, True])
    def test_added_column(
        self, table: Make, document: Describe, *, earlier: bool, sentences: Sentences
    ) -> None:
        """With a new input column, all rows are known as before; a note says that there is one."""
        before = data(text=TEXTS, lang=LANGS, label=LABELS)
        after = data(text=TEXTS, lang=LANGS, more=["x"] * 6, label=LABELS)
        baseline = self.write(table, document, before, "text", "lang", earlier=earlier)
        made, rows = self.audit(table, document, after, "text", "lang", "more")

        _, named, (note,) = find_section(baseline, "data.csv", made, rows, lambda: after)

        assert self.count_known(baseline, named) == 6
        sentences.check(note)

    def test_other_roles(self, table: Make, document: Describe, sentences: Sentences) -> None:
        """A column that is no input today, such as a group, still is one for the baseline."""
        read = data(text=TEXTS, lang=LANGS, label=LABELS)
        baseline = self.write(table, document, read, "text", "lang")
        made, rows = self.audit(table, document, read, "text")

        _, named, (note,) = find_section(baseline, "data.csv", made, rows, lambda: read)

        assert self.count_known(baseline, named) == 6
        sentences.check(note)

    def test_other_ids(self, table: Make, document: Describe) -> None:
        """Rows have the ids of the baseline's column, even if it is not that of today's ids."""
        read = data(id=["a", "b", "c", None, "e", "a"], text=TEXTS, label=LABELS)
        baseline = self.write(table, document, read, "text", id_column="id")
        made, rows = self.audit(table, document, read, "text")

        _, named, _ = find_section(baseline, "data.csv", made, rows, lambda: read)

        ids, hashes = named.row_id.to_pylist(), named.row_hash.to_pylist()
        assert ids == ["a", "b", "c", hashes[3], "e", hashes[5]]

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            pytest.param([1, 2, 3, 4, 5, 6], [1.0, 2.0, 3.0, 4.0, 5.0, 6.5], id="a fraction"),
            pytest.param(
                [1.5, 2.0, 3.0, 4.0, 5.0, 6.0], ["1.5", "2.0", "3.0", "4", "5.0", "n/a"], id="a word"
            ),
        ],
    )
    def test_other_types(self, table: Make, document: Describe, before: Any, after: Any) -> None:
        """One odd cell gives a JSON column another type; all other rows are known as before."""
        old = data(text=TEXTS, score=before, label=LABELS)
        numbers = ("score",) if isinstance(before[0], float) else ()
        baseline = self.write(table, document, old, "text", "score")
        section = replace(baseline.sections[0], numbers=numbers)
        new = data(text=TEXTS, score=after, label=LABELS)
        made, rows = self.audit(table, document, new, "text", "score")

        named = find_section(replace(baseline, sections=(section,)), "data.csv", made, rows, lambda: new)[1]

        assert self.count_known(baseline, named) == 5

    def test_missing_key(self, table: Make, document: Describe) -> None:
        """A JSON key that no row has any more is empty on every row."""
        old = data(text=TEXTS, lang=[None] * 5 + ["de"], label=LABELS)
        new = data(format_="jsonl", text=TEXTS, label=LABELS)
        baseline = self.write(table, document, old, "text", "lang")
        made, rows = self.audit(table, document, new, "text")

        named = find_section(baseline, "data.csv", made, rows, lambda: new)[1]

        assert self.count_known(baseline, named) == 5

    def test_line_ends_of_an_earlier_version(self, table: Make, document: Describe) -> None:
        """A baseline whose hashes count the ends of lines knows all rows, with any ends."""
        crlf = [text.replace("\n", "\r\n") for text in TEXTS]
        read = data(text=crlf, label=LABELS)
        baseline = self.write(table, document, read, "text", earlier=True)

        for texts in (crlf, TEXTS):
            made, rows = self.audit(table, document, data(text=texts, label=LABELS), "text")
            named = find_section(baseline, "data.csv", made, rows, read_nothing)[1]
            assert self.count_known(baseline, named) == 6

    def test_an_earlier_audit(self, table: Make, document: Describe, sentences: Sentences) -> None:
        """An audit by an earlier version is refused where the baseline has hashes that it doesn't have."""
        read = data(text=TEXTS, label=LABELS)
        baseline = self.write(table, document, read, "text")
        made, rows = self.audit(table, document, read, "text", earlier=True)

        sentences.check(refusal(baseline, "data.csv", made, rows))
