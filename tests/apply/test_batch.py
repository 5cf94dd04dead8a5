from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubtcli.apply import batch
from doubtcli.errors import InputError, OutputError

if TYPE_CHECKING:
    import pytest

    from tests.apply.conftest import Desk, Reviews


def verdict(row_id: str, label: str = "", **told: str) -> dict[str, str]:
    """What one person said of one row."""
    return {"doubt_id": row_id, "verdict": label} | told


def test_every_row_dropped(desk: Desk) -> None:
    """A file without rows is none: dropping all of them is refused."""
    (desk.folder / "data.csv").write_bytes(b"text,label\ngood,pos\nbad,neg\n")
    rows = desk.audit("data.csv")
    desk.decide(*(verdict(row.row_id, verdict_status="unusable") for row in rows))

    desk.refused(InputError, "every row was judged unusable", "data.csv", "fixed.csv", drop=True)


def test_label_that_the_encoding_lacks(desk: Desk) -> None:
    """A label that the file's encoding can't hold is named, and nothing is written."""
    (desk.folder / "data.csv").write_bytes("text,label\ncafé,pos\nbad,neg\nx,pos\n".encode("latin-1"))
    rows = desk.audit("data.csv")
    desk.decide(verdict(rows[0].row_id, "снег"))

    error = desk.refused(
        OutputError, "'снег' can't be written: latin-1 lacks", "data.csv", "fixed.csv", new_labels=True
    )

    assert (error.where, error.row, error.column) == (desk.path("data.csv"), 1, "label")


def test_slip_in_rewriting(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should rewriting ever change more than labels, nothing is written."""
    honest = batch.rewrite_content

    def careless(*arguments: Any) -> Any:
        made = honest(*arguments)
        return type(made)(made.content.replace(b"fine", b"wine"), made.n_rows, made.touched)

    monkeypatch.setattr(batch, "rewrite_content", careless)

    reviews.refused(OutputError, "without changing more than labels: column 'text'", "data.csv", "fixed.csv")


def test_no_way_back(desk: Desk) -> None:
    """In an encoding whose letters depend on those before them, what can't be taken back is not done."""
    text = "text,label\nテキスト,甲\nあ,b\nい,甲\n"
    (desk.folder / "data.csv").write_bytes(text.encode("iso-2022-jp"))
    rows = desk.audit("data.csv", encoding="iso-2022-jp")
    desk.decide(verdict(rows[1].row_id, "甲"))

    error = desk.refused(OutputError, "could not be taken back to the byte", "data.csv", "fixed.csv")

    assert "iso-2022-jp" in error.found
