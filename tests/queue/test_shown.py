from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.queue.make import (
    ShownColumns,
    ShownRow,
    count_characters,
    find_picture_columns,
    find_shown_columns,
    is_readable,
    show_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import Roles

    RolesOf = Callable[..., Roles]


class TestParts:
    """Which columns a person is shown."""

    def test_by_role(self, roles_of: RolesOf) -> None:
        """Texts are text; numbers, categories and times are on the card; label and others are not shown."""
        data = pa.table(
            {
                name: ["x"]
                for name in (
                    "id",
                    "label",
                    "body",
                    "subject",
                    "kind",
                    "size",
                    "day",
                    "ana",
                    "leak",
                    "empty_text",
                )
            }
        )
        roles = roles_of(
            id="identifier",
            label="label",
            body="text",
            subject="text",
            kind="categorical",
            size="numeric",
            day="datetime",
            ana="annotator",
            leak="(categorical)",
            empty_text="(text)",
        )

        assert find_shown_columns(data, roles) == ShownColumns(
            ("body", "subject"), ("kind", "size", "day"), ()
        )

    def test_nothing_to_learn_from(self, roles_of: RolesOf) -> None:
        """If no column is an input, a person is shown all columns but the label, vectors and bytes."""
        data = pa.table({"id": ["1"], "label": ["x"], "vector": [[0.5]], "ana": ["x"], "png": [b"\x89"]})
        roles = roles_of(id="identifier", label="label", vector="embedding", ana="annotator", png="(ignored)")

        assert find_shown_columns(data, roles) == ShownColumns((), ("id", "ana"), ())

    @pytest.mark.parametrize(
        ("values", "is_shown"),
        [
            (["a.png", None, "b/c.JPG"], True),
            (["https://x.org/a.webp?w=3&h=4", "x.jpeg ", "y.gif"], True),
            (["a.png", "b.txt"], False),
            (["a.png", ""], False),
            (["see a.png for more"], False),
            (["png"], False),
            ([None], False),
            ([1.5], False),
            ([["a.png"]], False),
        ],
    )
    def test_images(self, roles_of: RolesOf, values: list[Any], is_shown: bool) -> None:
        """A column of any role whose values all end like the path of an image has images."""
        data = pa.table({"file": values, "label": ["x.png"] * len(values)})

        parts = find_shown_columns(data, roles_of(file="(identifier)", label="label"))

        assert parts.images == (("file",) if is_shown else ())

    def test_images_are_no_text(self, roles_of: RolesOf) -> None:
        """A column of images is shown once."""
        data = pa.table({"file": ["a.png"], "caption": ["a dog"]})

        parts = find_shown_columns(data, roles_of(file="text", caption="text"))

        assert parts == ShownColumns(("caption",), (), ("file",))

    @pytest.mark.parametrize(
        ("values", "is_found"),
        [
            (["a.png", "b/c.JPG", "n/a"], True),
            (["a.BMP", "/etc/passwd"], True),
            (["a.png", "scan.pdf", "no ending"], False),
            (["a.png", "", " ", None, None], True),
            (["", None], False),
            ([1.5], False),
            ([], False),
        ],
    )
    def test_picture_columns(self, roles_of: RolesOf, values: list[Any], is_found: bool) -> None:
        """A column names pictures if at least half of its cells with a text do; that of labels never does."""
        data = pa.table({"file": values, "label": ["x.png"] * len(values)})

        found = find_picture_columns(data, roles_of(file="text", label="label", gone="text"))

        assert found == (("file",) if is_found else ())

    def test_large_picture_columns(self, roles_of: RolesOf) -> None:
        """Of a large column, cells from its start to its end are looked at."""
        few = pa.table({"file": ["a.png"] * 12_000 + ["x"] * 13_000})
        most = pa.table({"file": ["a.png"] * 13_000 + ["x"] * 12_000})

        assert find_picture_columns(few, roles_of(file="text")) == ()
        assert find_picture_columns(most, roles_of(file="text")) == ("file",)

    def test_columns_that_are_gone(self, roles_of: RolesOf) -> None:
        """Only columns that are there are shown."""
        assert find_shown_columns(pa.table({"a": ["x"]}), roles_of(a="text", b="text")).text == ("a",)


class TestShow:
    """What a person is shown of a row."""

    def test_one_text_is_shown_as_it_is(self) -> None:
        """A text keeps its line ends and blanks; a missing one is empty."""
        rows = pa.table({"body": [" a\r\nb ", None]})

        shown = show_rows(rows, ShownColumns(("body",), (), ()))

        assert shown == [ShownRow(" a\r\nb ", None, ()), ShownRow("", None, ())]

    def test_several_texts_have_their_names(self) -> None:
        """Texts of several columns are below each other; missing ones are left out."""
        rows = pa.table({"sub\nject": ["Hi", None, None], "body": ["a\nb", "c", None]})

        shown = show_rows(rows, ShownColumns(("sub\nject", "body"), (), ()))

        assert [row.text for row in shown] == ["sub ject: Hi\n\nbody: a\nb", "body: c", ""]

    def test_card(self) -> None:
        """A card has one line a column, for any values, and says which are missing."""
        rows = pa.table(
            {
                "zip": ["007"],
                "n": [1.5],
                "day": [dt.date(2024, 2, 29)],
                "odd": ["two\nlines\t<b>"],
                "none": pa.nulls(1),
                "nan": [float("nan")],
            }
        )

        (shown,) = show_rows(rows, ShownColumns((), ("zip", "n", "day", "odd", "none", "nan"), ()))

        assert (
            shown.card
            == "zip: 007\nn: 1.5\nday: 2024-02-29\nodd: two lines <b>\nnone: (missing)\nnan: (missing)"
        )
        assert shown.text is None

    def test_images(self) -> None:
        """An image is shown by its path, without an empty card."""
        rows = pa.table({"a": ["x.png", None], "b": ["y.png", "z.png"]})

        shown = show_rows(rows, ShownColumns((), (), ("a", "b")))

        assert shown == [ShownRow(None, None, ("x.png", "y.png")), ShownRow(None, None, ("", "z.png"))]

    def test_nothing_to_show(self) -> None:
        """If no column can be shown, the row is an empty card."""
        (shown,) = show_rows(pa.table({"vector": [[0.5]]}), ShownColumns((), (), ()))

        assert shown == ShownRow(None, "", ())

    def test_all_as_one_text(self) -> None:
        """For a tool that shows one text only: image paths, text and card, without those that are empty."""
        assert ShownRow("t", "c: d", ("a.png", "", "b.png")).all_text == "a.png\nb.png\n\nt\n\nc: d"
        assert ShownRow("", "c: d", ()).all_text == "c: d"
        assert ShownRow("t", None, ()).all_text == "t"


def test_characters() -> None:
    """A person reads a row's texts, and the names and values on the card."""
    data = pa.table({"text": ["häuser", None], "size": [1.5, None], "other": ["long", "long"]})

    counted = count_characters(data, ShownColumns(("text",), ("size",), ()))

    assert counted.tolist() == [6 + 4 + 3, 4]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (pa.string(), True),
        (pa.float64(), True),
        (pa.list_(pa.string()), True),
        (pa.struct({"a": pa.int8()}), True),
        (pa.dictionary(pa.int8(), pa.string()), True),
        (pa.list_(pa.float32()), False),
        (pa.large_list(pa.int64()), False),
        (pa.list_(pa.float32(), 3), False),
        (pa.fixed_shape_tensor(pa.float32(), [2]), False),
        (pa.list_(pa.list_(pa.int8())), False),
        (pa.binary(), False),
        (pa.large_binary(), False),
        (pa.binary(3), False),
        (pa.struct({"bytes": pa.binary(), "path": pa.string()}), False),
    ],
    ids=str,
)
def test_is_readable(type_: pa.DataType, expected: bool) -> None:
    """Vectors and bytes are not readable, at any depth."""
    assert is_readable(type_) == expected
