import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubtcli.errors import InputError
from doubtcli.read.verdicts import read_together

Write = Callable[..., str]

HEAD = "doubt_id,verdict,annotator,time\n"
EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"
NOT_TOLD = (
    "doccano does not tell which rows were looked at: those that still bear their given label count as "
    "undecided"
)


def doccano(label: str) -> list[dict[str, Any]]:
    """What doccano exports for one person."""
    return [{"doubt_id": "a", "label": [label], "Comments": []}]


def label_studio(label: str, time: str) -> list[dict[str, Any]]:
    """What a server of one user exports."""
    choice = {"from_name": "label", "type": "choices", "value": {"choices": [label]}}
    said = {"completed_by": 1, "result": [choice], "was_cancelled": False, "updated_at": time}
    return [{"data": {"doubt_id": "a"}, "annotations": [said]}]


def test_all_files_are_read(write: Write) -> None:
    """One behind the other; what holds for all of them is told once."""
    one, other = write(doccano("ham"), "one"), write(doccano("spam"), "two")

    found = read_together([one, other])

    assert [(answer.file, answer.verdict) for answer in found.answers] == [(one, "ham"), (other, "spam")]
    assert (found.path, found.notes) == (f"{one}, {other}", (NOT_TOLD,))


def test_what_is_told_of_how_files_were_read_is_told_once(tmp_path: Path) -> None:
    """Wherever in each of them the first strange byte stands; no option is named, since none is taken."""
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, why in zip(paths, ("café", "another café"), strict=True):
        path.write_bytes(f"{HEAD.strip()},why\na,ham,,,{why}\n".encode("latin-1"))

    found = read_together(map(str, paths))

    assert found.notes == ("not UTF-8: read as latin-1",)


def test_a_file_that_is_named_twice_is_read_once(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is named."""
    path = write(doccano("ham"), "one")
    (tmp_path / "link").symlink_to(path)
    monkeypatch.chdir(tmp_path)

    found = read_together([path, "one", "./one", "link", path])

    assert [(answer.file, answer.repeated) for answer in found.answers] == [(path, False)]
    assert (found.path, found.notes) == (path, (NOT_TOLD,))


@pytest.mark.parametrize("said", ["a,ham,ann,\n", f"a,ham,,{EARLY}\n", f"a,ham,1,{EARLY}\nb,ham,,\n"])
def test_a_copy_counts_once(write: Write, tmp_path: Path, said: str) -> None:
    """Under another name or packed: nobody else was called the same, or answered at the same time."""
    path, copy = write(HEAD + said, "one"), write(HEAD + said, "two")
    packed = tmp_path / "three"
    packed.write_bytes(gzip.compress(Path(path).read_bytes()))

    found = read_together([path, copy, str(packed)])

    assert found.answers == read_together([path]).answers
    assert found.notes == (f"files that are copies of another, passed over: {copy!r}, {str(packed)!r}",)


def test_files_that_are_the_same_may_be_of_two_people(write: Write) -> None:
    """Where they tell neither who answered nor when, that can't be told: they are marked, and named."""
    one, two, three = (write(doccano(label), name) for name, label in (("1", "x"), ("2", "y"), ("3", "x")))

    found = read_together([one, two, three], confirmed=True)

    assert [(answer.file, answer.repeated) for answer in found.answers] == [
        (one, False),
        (two, False),
        (three, True),
    ]
    [note] = found.notes
    assert note == (
        f"files that are the same as another, and don't tell who answered: {three!r}; "
        "a majority counts only if it is the same without them"
    )


def test_people_who_answered_again(write: Write) -> None:
    """In one file or in another: one note counts both."""
    one = write(HEAD + f"a,ham,ann,{EARLY}\na,spam,ann,{LATE}\nb,ham,ann,{EARLY}\n", "one")
    other = write(HEAD + f"b,spam,ann,{LATE}\n", "two")

    alone, both = read_together([one]), read_together([one, other])

    assert alone.notes == ("answers of people who answered again, passed over: 1",)
    assert both.notes == ("answers of people who answered again, passed over: 2 (1 of them in another file)",)
    assert [(answer.row_id, answer.verdict) for answer in both.answers] == [("a", "spam"), ("b", "spam")]


def test_the_first_users_of_two_servers_are_two_people(write: Write) -> None:
    """Nothing is passed over."""
    paths = [write(label_studio("ham", EARLY), "one"), write(label_studio("spam", LATE), "two")]

    found = read_together(paths)

    assert [(answer.annotator, answer.verdict) for answer in found.answers] == [("1", "ham"), ("1", "spam")]
    assert found.notes == ()


def test_a_project_that_was_exported_twice(write: Write) -> None:
    """What stands in both exports is one answer, though its annotator is only a number."""
    task = label_studio("ham", "2026-01-01T10:00:00.206269Z")
    more = json.loads(json.dumps(task))
    more[0]["annotations"] += label_studio("spam", "2026-01-02T10:00:00.1Z")[0]["annotations"]
    more[0]["annotations"][1]["completed_by"] = 2

    found = read_together([write(task, "monday"), write(more, "tuesday")])

    assert [answer.verdict for answer in found.answers] == ["ham", "spam"]


def test_a_file_that_is_none_is_named(write: Write) -> None:
    """Whichever it is."""
    path = write("text\nhi\n", "none")

    with pytest.raises(InputError) as refused:
        read_together([write(doccano("ham"), "one"), path])

    assert refused.value.where == path
