"""Pictures that rows name: read from the file's own folder, and nothing else is."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from doubtcli.review.export import make_content
from doubtcli.review.pictures import NoPictureError, Pictures, find_media_type
from tests.review.conftest import make_png, serve_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from doubtcli.review.desk import Desk
    from tests.review.conftest import Site


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data folder with a picture, a text and some links; and a secret picture beside it."""
    folder = tmp_path / "data"
    (folder / "shots").mkdir(parents=True)
    (folder / "shots" / "a.png").write_bytes(make_png())
    (folder / "notes.png").write_text("not a picture", encoding="utf-8")
    (folder / "page.svg.png").write_text("<svg onload='alert(1)'/>", encoding="utf-8")
    (folder / "empty.png").write_bytes(b"")
    (tmp_path / "secret.png").write_bytes(make_png())
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "in.png").symlink_to(folder / "shots" / "a.png")
    (folder / "away").symlink_to(tmp_path)
    return folder


@pytest.fixture
def find(place: Path) -> Callable[..., Pictures]:
    """The pictures of a file with these paths."""

    def find_pictures(*paths: str | None) -> Pictures:
        return Pictures.beside(str(place / "data.csv"), {"shot": pa.chunked_array([pa.array(paths)])})

    return find_pictures


@pytest.mark.parametrize("path", ["shots/a.png", "./shots/../shots/a.png", "in.png", " shots/a.png "])
def test_pictures_in_the_folder(find: Callable[..., Pictures], path: str) -> None:
    """A picture in the folder of the file, or below it, is read, also by a link that stays there."""
    pictures = find(path)

    (one,) = pictures.describe(0)
    assert one == {"column": "shot", "number": 0, "path": path.strip(), "why": ""}
    assert pictures.read(0, 0).content == make_png()
    assert pictures.read(0, 0).media_type == "image/png"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../secret.png", "it leads out of the file's folder"),
        ("shots/../../secret.png", "it leads out of the file's folder"),
        ("../../../../../../etc/passwd", "it leads out of the file's folder"),
        ("out.png", "it leads out of the file's folder"),
        ("away/secret.png", "it leads out of the file's folder"),
        ("/etc/passwd", "only paths relative to the file's folder are opened"),
        ("C:\\secret.png", "only paths relative to the file's folder are opened"),
        ("\\\\server\\share\\secret.png", "only paths relative to the file's folder are opened"),
        ("https://example.org/a.png", "addresses are not opened"),
        ("file:///etc/passwd", "addresses are not opened"),
        ("data:image/png;base64,AAAA", "addresses are not opened"),
        ("javascript:alert(1)//.png", "addresses are not opened"),
        ("a\0.png", "it is not a path"),
        ("shots", "it is not a file"),
        ("none.png", "there is no such file"),
        ("notes.png", "it is not a PNG, JPEG, GIF, WebP or BMP picture"),
        ("page.svg.png", "it is not a PNG, JPEG, GIF, WebP or BMP picture"),
        ("empty.png", "it is not a PNG, JPEG, GIF, WebP or BMP picture"),
    ],
)
def test_refused_paths(find: Callable[..., Pictures], path: str, why: str) -> None:
    """What leads elsewhere or is no picture is not read, and its path is shown with the reason."""
    pictures = find(path)

    (one,) = pictures.describe(0)
    assert (one["path"], one["why"]) == (path, why)
    with pytest.raises(NoPictureError, match=why):
        pictures.read(0, 0)


def test_absolute_path_in_the_folder(find: Callable[..., Pictures], place: Path) -> None:
    """An absolute path is not opened, not even that of a picture in the folder: data from others name it."""
    (one,) = find(str(place / "shots" / "a.png")).describe(0)

    assert one["why"] == "only paths relative to the file's folder are opened"


def test_size_limit(find: Callable[..., Pictures], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture above the limit is not read."""
    monkeypatch.setattr("doubtcli.review.pictures.MOST_PICTURE_BYTES", 1_000_000)
    (place / "large.png").write_bytes(make_png() + bytes(1_000_000))

    (one,) = find("large.png").describe(0)

    assert one["why"] == "it has more than 1 MB"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_pipes(find: Callable[..., Pictures], place: Path) -> None:
    """A pipe with a picture's name is not read, which would never end."""
    os.mkfifo(place / "pipe.png")

    (one,) = find("pipe.png").describe(0)

    assert one["why"] == "it is not a file"


def test_rows_without_a_path(find: Callable[..., Pictures]) -> None:
    """A row without a path has no picture; numbers of columns that are not there are refused."""
    pictures = find(None, "  ", "shots/a.png")

    assert pictures.describe(0) == pictures.describe(1) == []
    with pytest.raises(NoPictureError, match="no such picture"):
        pictures.read(0, 0)
    for number in (1, -1):
        with pytest.raises(NoPictureError, match="no such column"):
            pictures.read(2, number)


def test_no_folder() -> None:
    """What comes from a pipe has no folder, so it has no pictures."""
    column = pa.chunked_array([pa.array(["shots/a.png"])])

    assert Pictures.beside("-", {"shot": column}).describe(0) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"BM\x46\x00\x00\x00\x00\x00\x00\x00", "image/bmp"),
        (b"BMW cars: a text", None),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", None),
        (b"<svg xmlns=", None),
    ],
)
def test_kinds_of_pictures(content: bytes, kind: str | None) -> None:
    """The first bytes say what a file is; its name does not."""
    assert find_media_type(content) == kind


# ---------------------------------------------------------------------------- on the page


@pytest.fixture
def shots_site(shots: Desk) -> Iterator[Site]:
    """This review, served."""
    with serve_desk(shots) as served:
        yield served


def find_row(desk: Desk, position: int) -> int:
    """The row at a place in the file."""
    return desk.session.audit.examples.positions.tolist().index(position)


def test_card_names_pictures(shots: Desk) -> None:
    """A card has the path of each picture, and why one can't be shown."""
    rows = [find_row(shots, position) for position in (0, 5)]

    cards = shots.make_cards(rows)["cards"]

    assert cards[0]["pictures"] == [
        {"column": "shot", "number": 0, "path": "../up.png", "why": "it leads out of the file's folder"}
    ]
    assert cards[1]["pictures"] == [{"column": "shot", "number": 0, "path": "5.png", "why": ""}]


def test_cell_that_names_no_picture(shots: Desk) -> None:
    """One cell without a path hides the pictures of no other row, and its own card says what is wrong."""
    (card,) = shots.make_cards([find_row(shots, 3)])["cards"]

    assert [(one["path"], one["why"]) for one in card["pictures"]] == [("n/a", "there is no such file")]


def test_served_picture(shots_site: Site) -> None:
    """A picture is asked for by row and column, and comes with its type and the headers of all answers."""
    row = find_row(shots_site.desk, 7)

    status, content, headers = shots_site.send(f"/{shots_site.token}/picture/{row}/0", method="GET")

    assert (status, content, headers["content-type"]) == (200, make_png(7), "image/png")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "{zero}/0",
        "{one}/0",
        "{two}/0",
        "{five}/1",
        "{five}/-1",
        "999999/0",
        "{five}/..%2f5.png",
        "5.png",
        "-1/0",
    ],
)
def test_refused_pictures(shots_site: Site, path: str) -> None:
    """Pictures that are elsewhere, and rows, columns and paths that are not there, are refused."""
    names = {"zero": 0, "one": 1, "two": 2, "five": 5}
    rows = {name: find_row(shots_site.desk, position) for name, position in names.items()}

    status, content, headers = shots_site.send(
        f"/{shots_site.token}/picture/{path.format(**rows)}", method="GET"
    )

    assert status in {400, 404}
    assert headers["content-type"] == "application/json"
    assert json.loads(content).keys() == {"error"}


def test_picture_needs_the_token(shots_site: Site) -> None:
    """Without the token, or from another page, there is no picture."""
    row = find_row(shots_site.desk, 7)

    assert shots_site.send(f"/guess/picture/{row}/0", method="GET")[0] == 404
    other = shots_site.send(f"/{shots_site.token}/picture/{row}/0", method="GET", Host="example.org")
    assert other[0] == 421


def test_pictures_in_the_file(shots: Desk) -> None:
    """The page in one file has the pictures of its rows as addresses that have the content, each once."""
    content = make_content(shots)

    shown = {
        picture["path"]
        for card in content["cards"]
        for row in (card, *card["partners"])
        for picture in row["pictures"]
        if not picture["why"]
    }
    assert shown
    assert content["pictures"].keys() == shown
    for path, address in content["pictures"].items():
        start, _, text = address.partition(",")
        assert start == "data:image/png;base64"
        assert base64.b64decode(text) == make_png(int(path.removesuffix(".png")))


def test_large_pictures_are_left_out(shots: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that is too large for the page is not in it."""
    monkeypatch.setattr("doubtcli.review.export.MOST_EMBEDDED_BYTES", 10)

    assert make_content(shots)["pictures"] == {}
