from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.apply import decisions
from doubtcli.apply.target import WAIVE_ELSEWHERE
from doubtcli.disk.file import OTHER_ERROR
from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.gate.waivers.read import read_waivers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.apply.conftest import Desk, Reviews


def verdict(row_id: str, label: str = "", **fields: str) -> dict[str, str]:
    """One person's verdict on one row."""
    return {"doubt_id": row_id, "verdict": label} | fields


def test_all_rows_dropped(desk: Desk, sentences: Any) -> None:
    """Dropping all rows is refused, since a file needs rows."""
    (desk.folder / "data.csv").write_bytes(b"text,label\ngood,pos\nbad,neg\n")
    rows = desk.audit("data.csv")
    desk.decide(*(verdict(row.row_id, verdict_status="unusable") for row in rows))

    error = desk.check_refused(InputError, "data.csv", "fixed.csv", drop=True)

    assert error.where == desk.path("data.csv")
    sentences.check(error)


def test_label_that_the_encoding_lacks(desk: Desk) -> None:
    """If the file's encoding lacks a letter of a label, the error names the row, and nothing is written."""
    (desk.folder / "data.csv").write_bytes("text,label\ncafé,pos\nbad,neg\nx,pos\n".encode("latin-1"))
    rows = desk.audit("data.csv")
    desk.decide(verdict(rows[0].row_id, "снег"))

    error = desk.check_refused(OutputError, "data.csv", "fixed.csv", new_labels=True)

    assert (error.where, error.row, error.column) == (desk.path("data.csv"), 1, "label")


def test_bug_in_rewriting(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """If rewriting changed more than labels, nothing would be written."""
    honest = decisions.rewrite_content

    def careless(*arguments: Any) -> Any:
        made = honest(*arguments)
        return type(made)(made.content.replace(b"fine", b"wine"), made.n_rows, made.touched)

    monkeypatch.setattr(decisions, "rewrite_content", careless)

    error = reviews.check_refused(OutputError, "data.csv", "fixed.csv")

    assert "'text'" in error.found


def test_no_way_back(desk: Desk, sentences: Any) -> None:
    """In an encoding whose letters depend on those before them, a change that can't be undone is refused."""
    text = "text,label\nテキスト,甲\nあ,b\nい,甲\n"
    (desk.folder / "data.csv").write_bytes(text.encode("iso-2022-jp"))
    rows = desk.audit("data.csv", encoding="iso-2022-jp")
    desk.decide(verdict(rows[1].row_id, "甲"))

    error = desk.check_refused(OutputError, "data.csv", "fixed.csv")

    assert error.where == desk.path("data.csv")
    sentences.check(error)


ROWS = b"id,text,label\nr1,good,pos\nr2,bad,neg\nr3,fine,pos\nr4,awful,neg\n"


# ----------------------------------------------------------------------- waivers


@pytest.fixture
def judged(desk: Desk) -> Desk:
    """Rows of which the first two are doubted; the labels of the first and third are confirmed."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv", id="id", doubted=["r1", "r2"])
    desk.decide(
        {"doubt_id": "r1", "verdict": "pos", "annotator": "ann", "time": "2026-11-20", "why": "a joke"},
        {"doubt_id": "r2", "verdict": "pos"},
        {"doubt_id": "r3", "verdict": "pos"},
    )
    return desk


def read_waiver_rows(desk: Desk) -> list[dict[str, Any]]:
    """The content of the file of waivers."""
    return tomllib.loads((desk.folder / "waivers.toml").read_text(encoding="utf-8"))["waive"]


def test_kept_and_doubted(judged: Desk, sentences: Any) -> None:
    """A doubted row whose label was kept gets a waiver for both files, with its label and who kept it."""
    found = judged.apply("data.csv", "fixed.csv")

    [waiver] = read_waiver_rows(judged)
    why = waiver.pop("why")
    assert waiver == {"id": "r1", "label": "pos", "file": ["data.csv", "fixed.csv"]}
    sentences.check(why)
    assert (found.waivers, found.n_waived, len(found.kept)) == (judged.path("waivers.toml"), 1, 2)
    assert len(read_waivers(judged.path("waivers.toml"))) == 1


def test_in_place(judged: Desk) -> None:
    """In place, a waiver names one file."""
    judged.apply("data.csv", in_place=True)

    assert [one["file"] for one in read_waiver_rows(judged)] == ["data.csv"]


def test_rows_identified_by_content(desk: Desk, sentences: Any) -> None:
    """A row that is identified by its content has a waiver for all files; the person may be unknown."""
    (desk.folder / "data.csv").write_bytes(b"text,label\ngood,pos\nbad,neg\nfine,pos\n")
    rows = desk.audit("data.csv")
    desk.audit("data.csv", doubted=[rows[0].row_id])
    desk.decide({"doubt_id": rows[0].row_id, "verdict": "pos"})

    desk.apply("data.csv", "fixed.csv")

    [waiver] = read_waiver_rows(desk)
    why = waiver.pop("why")
    assert waiver == {"id": rows[0].row_id, "label": "pos"}
    sentences.check(why)


def test_waiver_of_a_duplicate(desk: Desk, sentences: Any) -> None:
    """The waiver of a duplicate names the row that the person saw."""
    (desk.folder / "data.csv").write_bytes(b"text,label\nsame,pos\nsame,pos\nbad,neg\nfine,neg\n")
    one, other, *_ = desk.audit("data.csv")
    desk.audit("data.csv", doubted=[one.row_id, other.row_id])
    desk.verdicts.write_text(
        "doubt_id,verdict,annotator,time,why,doubt_duplicates\n"
        f"{one.row_id},pos,ann,2026-11-20,a joke,{other.row_id}\n"
    )

    desk.apply("data.csv", "fixed.csv", spread=True)

    found = {row["id"]: row["why"].replace(one.row_id, "ID") for row in read_waiver_rows(desk)}
    sentences.check("\n".join([found[one.row_id], found[other.row_id]]))


def test_any_id_of_another_row(desk: Desk) -> None:
    """The id of the row that was seen may have any characters: the file is valid."""
    nasty = "q\"'\x07\u202e]]>\\😀" + "x" * 1000
    rows = f"id,text,label\nr1,same,pos\n{quote_field(nasty)},same,pos\nr3,bad,neg\n"
    (desk.folder / "data.csv").write_text(rows, encoding="utf-8")
    desk.audit("data.csv", id="id", doubted=["r1"])
    answer = f"doubt_id,verdict,doubt_duplicates\n{quote_field(nasty)},pos,r1\n"
    desk.verdicts.write_text(answer, encoding="utf-8")

    desk.apply("data.csv", "fixed.csv", spread=True)

    assert [nasty in row["why"] for row in read_waiver_rows(desk)] == [True]


def quote_field(text: str) -> str:
    """A field of a CSV file."""
    return '"' + text.replace('"', '""') + '"'


def test_added_once(judged: Desk) -> None:
    """The content of the file stays, and nothing is added twice."""
    before = '# ours\n[[waive]]\nid = "r9"\n'
    (judged.folder / "waivers.toml").write_text(before, encoding="utf-8", newline="\n")

    judged.apply("data.csv", "fixed.csv")
    once = judged.list_files()["waivers.toml"]
    again = judged.apply("data.csv", "fixed.csv", force=True)

    assert once.decode().startswith(before)
    assert [one["id"] for one in read_waiver_rows(judged)] == ["r9", "r1"]
    assert judged.list_files()["waivers.toml"] == once
    assert (again.waivers, again.n_waived) == (None, 0)


def test_another_new_file(judged: Desk) -> None:
    """For a second new file, waivers have only its name, since the data file already has waivers."""
    judged.apply("data.csv", "fixed.csv")

    found = judged.apply("data.csv", "other.csv")

    assert [one["file"] for one in read_waiver_rows(judged)] == [["data.csv", "fixed.csv"], "other.csv"]
    assert found.n_waived == 1


def test_not_wanted(judged: Desk) -> None:
    """With --no-waive, nothing is waived."""
    judged.apply("data.csv", "fixed.csv", waive=False)

    assert "waivers.toml" not in judged.list_files()


def test_usual_file(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default file is the one that `doubt gate` reads."""
    monkeypatch.chdir(judged.folder)

    found = judged.apply("data.csv", "fixed.csv", waivers=None)

    assert found.waivers == "doubt-waivers.toml"
    assert "doubt-waivers.toml" in judged.list_files()


@pytest.mark.parametrize("content", [b"\xff", b"waive = 3\n"])
def test_unusable_file(judged: Desk, content: bytes) -> None:
    """An invalid file of waivers is an error before anything is written."""
    (judged.folder / "waivers.toml").write_bytes(content)

    with pytest.raises(InputError) as caught:
        judged.apply("data.csv", "fixed.csv")

    assert caught.value.where == judged.path("waivers.toml")
    assert "fixed.csv" not in judged.list_files()


def test_dry_run(judged: Desk) -> None:
    """A dry run writes no waivers."""
    judged.apply("data.csv", dry_run=True)

    assert "waivers.toml" not in judged.list_files()


# --------------------------------------------------- where they can't be written


@pytest.mark.parametrize(
    "name",
    [
        "fixed.csv",
        "fixed.csv.ledger.jsonl",
        "fixed.csv.ledger.jsonl.old",
        "fixed.csv.bak",
        "verdicts.csv",
        "data.csv",
    ],
)
def test_not_apart(judged: Desk, name: str, sentences: Any) -> None:
    """Waivers in a file that the run reads or writes are refused; the error says which file it is."""
    error = judged.check_refused(SettingsError, "data.csv", "fixed.csv", waivers=judged.path(name))

    assert error.where == judged.path(name)
    sentences.check(error)


@pytest.mark.parametrize("name", ["data.csv.bak", "data.csv.bak2", "data.csv.bak3"])
def test_a_later_backup(judged: Desk, name: str) -> None:
    """All existing backups are refused, and the name of the next one."""
    for backup in ("data.csv.bak", "data.csv.bak2"):
        (judged.folder / backup).write_bytes(b"")

    error = judged.check_refused(SettingsError, "data.csv", in_place=True, waivers=judged.path(name))

    assert error.where == judged.path(name)


def test_another_name_of_the_same_file(judged: Desk) -> None:
    """A hard link to the corrected file is refused."""
    (judged.folder / "fixed.csv").write_bytes(b"")
    (judged.folder / "waivers.toml").hardlink_to(judged.folder / "fixed.csv")

    error = judged.check_refused(SettingsError, "data.csv", "fixed.csv", force=True)

    assert error.where == judged.path("waivers.toml")


def test_place_that_cannot_be_written(judged: Desk, sentences: Any) -> None:
    """If the waivers can't be written, nothing is."""
    path = judged.path("data.csv/waivers.toml")

    error = judged.check_refused(OutputError, "data.csv", "fixed.csv", waivers=path)

    assert error.where == path
    sentences.check(error.hint)


def test_name_that_is_too_long(judged: Desk) -> None:
    """The hint is on the name, and on waivers."""
    error = judged.check_refused(OutputError, "data.csv", "fixed.csv", waivers=judged.path("w" * 240))

    assert error.where == judged.path("w" * 240)
    assert error.hint.endswith(WAIVE_ELSEWHERE)
    assert error.hint != WAIVE_ELSEWHERE


@pytest.mark.parametrize("again", [False, True])
def test_fails_at_the_end(judged: Desk, monkeypatch: pytest.MonkeyPatch, *, again: bool) -> None:
    """If writing waivers fails at the end, the error names exactly the files that were written before."""

    def refuse(path: Path, _: bytes, *, hints: Mapping[int, str]) -> None:
        raise OutputError("full", where=str(path), hint=hints[OTHER_ERROR])

    if again:
        judged.apply("data.csv", "fixed.csv", waive=False)
    monkeypatch.setattr(decisions, "replace_file", refuse)

    with pytest.raises(OutputError) as caught:
        judged.apply("data.csv", "fixed.csv", force=True)

    files = ", ".join(judged.path(name) for name in ("fixed.csv", "fixed.csv.ledger.jsonl"))
    assert caught.value.found == "full" if again else caught.value.found.endswith(f": {files}")
    assert caught.value.hint == WAIVE_ELSEWHERE


def test_what_a_killed_run_left(judged: Desk) -> None:
    """A half-written file of waivers, from a killed run, is removed; other hidden files stay."""
    (judged.folder / ".waivers.toml.new.doubt-unfinished").write_bytes(b"half")
    (judged.folder / ".other.toml.new.doubt-unfinished").write_bytes(b"half")

    judged.apply("data.csv", "fixed.csv")

    hidden = {name for name in judged.list_files() if name.startswith(".")}
    assert hidden == {".other.toml.new.doubt-unfinished"}


# --------------------------------------------------------- where `doubt gate` finds them


def test_file_that_the_settings_name(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are written to the file that the settings name; paths are relative to its folder."""
    (judged.folder / "doubt.toml").write_text('[gate]\nwaivers = "conf/keep.toml"\n')
    monkeypatch.chdir(judged.folder)

    found = judged.apply("data.csv", "fixed.csv", waivers=None)

    (waiver,) = read_waivers("conf/keep.toml")
    assert (found.waivers, waiver.row_id) == ("conf/keep.toml", "r1")
    assert waiver.files == ("../data.csv", "../fixed.csv")
    assert "doubt-waivers.toml" not in judged.list_files()


def test_from_a_subfolder(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a subfolder, they are written next to the settings file, where `doubt gate` looks."""
    (judged.folder / "doubt.toml").write_text("")
    (judged.folder / "sub").mkdir()
    monkeypatch.chdir(judged.folder / "sub")

    found = judged.apply("data.csv", "fixed.csv", waivers=None)

    assert found.waivers == "../doubt-waivers.toml"
    assert [one.files for one in read_waivers(judged.path("doubt-waivers.toml"))] == [
        ("data.csv", "fixed.csv")
    ]


def test_invalid_settings(judged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invalid settings are an error before anything is written, except with --no-waive."""
    (judged.folder / "doubt.toml").write_text("no TOML")
    monkeypatch.chdir(judged.folder)

    judged.check_refused(SettingsError, "data.csv", "fixed.csv", waivers=None)

    assert judged.apply("data.csv", "fixed.csv", waivers=None, waive=False).waivers is None
