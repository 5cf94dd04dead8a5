from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from doubtcli.errors import InputError
from doubtcli.gate.baseline.section import Baseline, KnownDoubt, make_section, update_baseline
from doubtcli.records import Column, Role, Roles

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import AuditDocument, DoubtTable

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
        "rules": [],
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
