from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.apply import decisions
from doubtcli.disk.file import OTHER_ERROR
from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.gate.waivers.read import read_waivers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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

    error = desk.refused(OutputError, "'снег'", "data.csv", "fixed.csv", new_labels=True)

    assert (error.where, error.row, error.column) == (desk.path("data.csv"), 1, "label")


def test_slip_in_rewriting(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should rewriting ever change more than labels, nothing is written."""
    honest = decisions.rewrite_content

    def careless(*arguments: Any) -> Any:
        made = honest(*arguments)
        return type(made)(made.content.replace(b"fine", b"wine"), made.n_rows, made.touched)

    monkeypatch.setattr(decisions, "rewrite_content", careless)

    reviews.refused(OutputError, "would change more than labels: column 'text'", "data.csv", "fixed.csv")


def test_no_way_back(desk: Desk) -> None:
    """In an encoding whose letters depend on those before them, what can't be taken back is not done."""
    text = "text,label\nテキスト,甲\nあ,b\nい,甲\n"
    (desk.folder / "data.csv").write_bytes(text.encode("iso-2022-jp"))
    rows = desk.audit("data.csv", encoding="iso-2022-jp")
    desk.decide(verdict(rows[1].row_id, "甲"))

    error = desk.refused(OutputError, "could not be taken back to the byte", "data.csv", "fixed.csv")

    assert "iso-2022-jp" in error.found


ROWS = b"id,text,label\nr1,good,pos\nr2,bad,neg\nr3,fine,pos\nr4,awful,neg\n"


# ----------------------------------------------------------------------- waivers


@pytest.fixture
def judged(desk: Desk) -> Desk:
    """Rows of which the first two are doubted; the first and the third are found right."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv", id="id", doubted=["r1", "r2"])
    desk.decide(
        {"doubt_id": "r1", "verdict": "pos", "annotator": "ann", "time": "2026-11-20", "why": "a joke"},
        {"doubt_id": "r2", "verdict": "pos"},
        {"doubt_id": "r3", "verdict": "pos"},
    )
    return desk


def waivers(desk: Desk) -> list[dict[str, Any]]:
    """What stands in the file of waivers."""
    return tomllib.loads((desk.folder / "waivers.toml").read_text(encoding="utf-8"))["waive"]


def test_kept_and_doubted(judged: Desk) -> None:
    """A doubted row whose label was found right is waived in both files, with its label and who said so."""
    found = judged.apply("data.csv", "fixed.csv")

    assert waivers(judged) == [
        {
            "id": "r1",
            "label": "pos",
            "file": ["data.csv", "fixed.csv"],
            "why": "ann kept its label (doubt, 2026-11-20): a joke",
        }
    ]
    assert (found.waivers, found.n_waived, len(found.kept)) == (judged.path("waivers.toml"), 1, 2)
    assert len(read_waivers(judged.path("waivers.toml"))) == 1


def test_in_place(judged: Desk) -> None:
    """In place there is one file, and so one name."""
    judged.apply("data.csv", in_place=True)

    assert [one["file"] for one in waivers(judged)] == ["data.csv"]


def test_rows_known_by_their_content(desk: Desk) -> None:
    """A row that is known by its content is waived in every file; nobody's name is made up."""
    (desk.folder / "data.csv").write_bytes(b"text,label\ngood,pos\nbad,neg\nfine,pos\n")
    rows = desk.audit("data.csv")
    desk.audit("data.csv", doubted=[rows[0].row_id])
    desk.decide({"doubt_id": rows[0].row_id, "verdict": "pos"})

    desk.apply("data.csv", "fixed.csv")

    assert waivers(desk) == [{"id": rows[0].row_id, "label": "pos", "why": "a person kept its label (doubt)"}]


def test_row_that_nobody_saw(desk: Desk) -> None:
    """A row that was decided on by another, which is the same, is waived by that one's name."""
    (desk.folder / "data.csv").write_bytes(b"text,label\nsame,pos\nsame,pos\nbad,neg\nfine,neg\n")
    one, other, *_ = desk.audit("data.csv")
    desk.audit("data.csv", doubted=[one.row_id, other.row_id])
    desk.verdicts.write_text(
        "doubt_id,verdict,annotator,time,why,doubt_duplicates\n"
        f"{one.row_id},pos,ann,2026-11-20,a joke,{other.row_id}\n"
    )

    desk.apply("data.csv", "fixed.csv", spread=True)

    seen, told = "ann kept its label", f"ann decided on {one.row_id}, which is the same, and kept the label"
    assert {row["id"]: row["why"] for row in waivers(desk)} == {
        one.row_id: f"{seen} (doubt, 2026-11-20): a joke",
        other.row_id: f"{told} (doubt, 2026-11-20): a joke",
    }


def test_any_id_of_another_row(desk: Desk) -> None:
    """The name of the row that was seen may hold anything: the file can be read nevertheless."""
    nasty = "q\"'\x07\u202e]]>\\😀" + "x" * 1000
    rows = f"id,text,label\nr1,same,pos\n{quoted(nasty)},same,pos\nr3,bad,neg\n"
    (desk.folder / "data.csv").write_text(rows, encoding="utf-8")
    desk.audit("data.csv", id="id", doubted=["r1"])
    answer = f"doubt_id,verdict,doubt_duplicates\n{quoted(nasty)},pos,r1\n"
    desk.verdicts.write_text(answer, encoding="utf-8")

    desk.apply("data.csv", "fixed.csv", spread=True)

    told = f"a person decided on {nasty}, which is the same, and kept the label (doubt)"
    assert [row["why"] for row in waivers(desk)] == [told]


def quoted(text: str) -> str:
    """A field of a CSV file."""
    return '"' + text.replace('"', '""') + '"'


def test_added_once(judged: Desk) -> None:
    """What stands in the file stays, and nothing is added twice."""
    before = '# ours\n[[waive]]\nid = "r9"\n'
    (judged.folder / "waivers.toml").write_text(before, encoding="utf-8", newline="\n")

    judged.apply("data.csv", "fixed.csv")
    once = judged.held()["waivers.toml"]
    again = judged.apply("data.csv", "fixed.csv", force=True)

    assert once.decode().startswith(before)
    assert [one["id"] for one in waivers(judged)] == ["r9", "r1"]
    assert judged.held()["waivers.toml"] == once
    assert (again.waivers, again.n_waived) == (None, 0)


def test_another_new_file(judged: Desk) -> None:
    """Of another new file the same rows are waived under its name alone: that of the data stands there."""
    judged.apply("data.csv", "fixed.csv")

    found = judged.apply("data.csv", "other.csv")

    assert [one["file"] for one in waivers(judged)] == [["data.csv", "fixed.csv"], "other.csv"]
    assert found.n_waived == 1


def test_not_wanted(judged: Desk) -> None:
    """Asked not to, nothing is waived."""
    judged.apply("data.csv", "fixed.csv", waive=False)

    assert "waivers.toml" not in judged.held()


def test_usual_file(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file is named, it is the one that a gate reads."""
    monkeypatch.chdir(judged.folder)

    found = judged.apply("data.csv", "fixed.csv", waivers=None)

    assert found.waivers == "doubt-waivers.toml"
    assert "doubt-waivers.toml" in judged.held()


@pytest.mark.parametrize("content", [b"\xff", b"waive = 3\n"])
def test_unusable_file(judged: Desk, content: bytes) -> None:
    """A file of waivers that makes no sense is told before anything is written."""
    (judged.folder / "waivers.toml").write_bytes(content)

    with pytest.raises(InputError) as caught:
        judged.apply("data.csv", "fixed.csv")

    assert caught.value.where == judged.path("waivers.toml")
    assert "fixed.csv" not in judged.held()


def test_dry_run(judged: Desk) -> None:
    """A dry run waives nothing."""
    judged.apply("data.csv", dry_run=True)

    assert "waivers.toml" not in judged.held()


# ------------------------------------------------------------------ where they can't go


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fixed.csv", "the corrected file"),
        ("fixed.csv.ledger.jsonl", "its ledger"),
        ("fixed.csv.ledger.jsonl.old", "its ledger of earlier"),
        ("fixed.csv.bak", "its backup"),
        ("verdicts.csv", "a file that is read"),
        ("data.csv", "a file that is read"),
    ],
)
def test_not_apart(judged: Desk, name: str, message: str) -> None:
    """Waivers in a file that the run writes or reads otherwise are refused, and nothing is written."""
    before = judged.held()

    with pytest.raises(SettingsError, match=f"it is {message}\nto do") as caught:
        judged.apply("data.csv", "fixed.csv", waivers=judged.path(name))

    assert caught.value.where == judged.path(name)
    assert judged.held() == before


@pytest.mark.parametrize("name", ["data.csv.bak", "data.csv.bak2", "data.csv.bak3"])
def test_a_later_backup(judged: Desk, name: str) -> None:
    """Any backup that is there, and the one that comes next, is known for what it is."""
    for backup in ("data.csv.bak", "data.csv.bak2"):
        (judged.folder / backup).write_bytes(b"")

    with pytest.raises(SettingsError, match="it is its backup"):
        judged.apply("data.csv", in_place=True, waivers=judged.path(name))


def test_another_name_of_the_same_file(judged: Desk) -> None:
    """A second name of the corrected file is known for what it is."""
    (judged.folder / "fixed.csv").write_bytes(b"")
    (judged.folder / "waivers.toml").hardlink_to(judged.folder / "fixed.csv")

    with pytest.raises(SettingsError, match="it is the corrected file"):
        judged.apply("data.csv", "fixed.csv", force=True)


def test_place_that_cannot_be_written(judged: Desk) -> None:
    """Where the waivers can't be written, nothing else is either."""
    before = judged.held()

    with pytest.raises(OutputError, match="can't be written") as caught:
        judged.apply("data.csv", "fixed.csv", waivers=judged.path("data.csv/waivers.toml"))

    assert caught.value.where == judged.path("data.csv/waivers.toml")
    assert caught.value.hint == "name another file with --waivers FILE, or waive nothing: --no-waive"
    assert judged.held() == before


def test_name_that_is_too_long(judged: Desk) -> None:
    """What the system says of the file is told, too."""
    error = judged.refused(
        OutputError, "can't be written", "data.csv", "fixed.csv", waivers=judged.path("w" * 240)
    )

    assert str(error.hint).startswith("use a shorter file name; or name another file with --waivers FILE, or")


@pytest.mark.parametrize("again", [False, True])
def test_fails_after_all(judged: Desk, monkeypatch: pytest.MonkeyPatch, *, again: bool) -> None:
    """If they can't be written after all, what was written before them is named, and only that."""

    def refuse(path: Path, _: bytes, *, hints: Mapping[int, str]) -> None:
        raise OutputError("can't be written: no more", where=str(path), hint=hints[OTHER_ERROR])

    if again:
        judged.apply("data.csv", "fixed.csv", waive=False)
    monkeypatch.setattr(decisions, "replace_file", refuse)

    with pytest.raises(OutputError) as caught:
        judged.apply("data.csv", "fixed.csv", force=True)

    files = ", ".join(judged.path(name) for name in ("fixed.csv", "fixed.csv.ledger.jsonl"))
    told = "" if again else f"; written before it, and complete: {files}"
    assert caught.value.found == f"can't be written: no more{told}"
    assert caught.value.hint == "name another file with --waivers FILE, or waive nothing: --no-waive"


def test_what_a_killed_run_left(judged: Desk) -> None:
    """What a run left that was killed while it wrote waivers goes with the next ones; nothing else does."""
    (judged.folder / ".waivers.toml.new.doubt-unfinished").write_bytes(b"half")
    (judged.folder / ".other.toml.new.doubt-unfinished").write_bytes(b"half")

    judged.apply("data.csv", "fixed.csv")

    hidden = {name for name in judged.held() if name.startswith(".")}
    assert hidden == {".other.toml.new.doubt-unfinished"}


# --------------------------------------------------------------------- where a gate finds them


def test_file_that_the_settings_name(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They go into the file that the settings name; its folder is made, and files are told from there."""
    (judged.folder / "doubt.toml").write_text('[gate]\nwaivers = "conf/keep.toml"\n')
    monkeypatch.chdir(judged.folder)

    found = judged.apply("data.csv", "fixed.csv", waivers=None)

    (waiver,) = read_waivers("conf/keep.toml")
    assert (found.waivers, waiver.row_id) == ("conf/keep.toml", "r1")
    assert waiver.files == ("../data.csv", "../fixed.csv")
    assert "doubt-waivers.toml" not in judged.held()


def test_from_a_folder_below(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder below the settings file they stand beside that, where a gate from any folder looks."""
    (judged.folder / "doubt.toml").write_text("")
    (judged.folder / "sub").mkdir()
    monkeypatch.chdir(judged.folder / "sub")

    found = judged.apply("data.csv", "fixed.csv", waivers=None)

    assert found.waivers == "../doubt-waivers.toml"
    assert [one.files for one in read_waivers(judged.path("doubt-waivers.toml"))] == [
        ("data.csv", "fixed.csv")
    ]


def test_settings_that_make_no_sense(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that can't be read are told before anything is written; who waives nothing needs none."""
    (judged.folder / "doubt.toml").write_text("no TOML")
    monkeypatch.chdir(judged.folder)

    judged.refused(SettingsError, "no valid TOML", "data.csv", "fixed.csv", waivers=None)

    assert judged.apply("data.csv", "fixed.csv", waivers=None, waive=False).waivers is None
