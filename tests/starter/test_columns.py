from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubtcli.records import Column, Role, Roles
from doubtcli.starter.columns import column_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

LABEL = Column("intent", Role.LABEL, used=True, why="named like a label")
BODY = Column("body", Role.TEXT, used=True, why="606 different texts")


def lines(*columns: Column, said: Mapping[str, Any] | None = None) -> list[str]:
    """The lines on these columns."""
    return list(column_lines(said or {}, Roles(columns)))


def test_label_and_id() -> None:
    """The label and the column that names the rows are on, each with how it was found."""
    name = Column("ticket", Role.IDENTIFIER, used=True, why="named like an id")

    assert lines(LABEL, name) == [
        "# The labels to judge.",
        'label = "intent"  # named like a label',
        "# The name of each row.",
        'id = "ticket"  # named like an id',
    ]


def test_told_label() -> None:
    """Of a label that the user named there is nothing to tell; rows without a name are said to have none."""
    told = Column("intent", Role.LABEL, used=True, why="--label")

    assert lines(told, said={"label": "intent"}) == [
        "# The labels to judge.",
        'label = "intent"',
        "# No column names the rows: they are known by what stands in them.",
    ]


def test_found_columns() -> None:
    """What doubt finds by itself stands behind a "#", with what it found."""
    assert lines(LABEL, BODY)[3:] == [
        "",
        '# The other columns; those behind a "#" are what doubt sees in them by itself.',
        "# Written text.",
        "#text = [",
        '#  "body",  # 606 different texts',
        "#]",
    ]


def test_told_columns() -> None:
    """What the user named is on, in one line where doubt found nothing besides."""
    told = Column("body", Role.TEXT, used=True, why="--text")

    assert lines(LABEL, told, said={"text": ("body",)})[-1] == 'text = ["body"]'


def test_told_and_found_columns() -> None:
    """Of one role, told columns are on and found ones off, in one array."""
    told = Column("title", Role.TEXT, used=True, why="--text")

    assert lines(LABEL, told, BODY, said={"text": ("title",)})[-4:] == [
        "text = [",
        '  "title",',
        '#  "body",  # 606 different texts',
        "]",
    ]


def test_patterns() -> None:
    """A pattern for annotators stands as it was given, and not once more column by column."""
    ann = Column("rater_ann", Role.ANNOTATOR, used=True, why="--annotators")

    assert lines(LABEL, ann, said={"annotators": ("rater_*",)})[-1] == 'annotators = ["rater_*"]'


def test_group() -> None:
    """A group that the user named is on."""
    customer = Column("customer", Role.GROUP, used=True, why="--group")

    assert 'group = "customer"' in lines(LABEL, customer, said={"group": "customer"})


def test_ignored_columns() -> None:
    """A column that the user ignores is on under `ignore`."""
    price = Column("price", Role.IGNORED, used=False, why="--ignore")

    assert lines(LABEL, price, said={"ignore": ("price",)})[-1] == 'ignore = ["price"]'


def test_columns_left_out() -> None:
    """A column that doubt left out stands behind a "#" under `use`, with why."""
    code = Column("code", Role.CATEGORICAL, used=False, why="it goes one to one with the label")

    assert lines(LABEL, code)[-3:] == ["#use = [", '#  "code",  # it goes one to one with the label', "#]"]


def test_columns_that_no_key_takes_in() -> None:
    """A column that can't be used at all is told of, and offered under no key."""
    image = Column("image", Role.IGNORED, used=False, why="bytes: can't be learnt from")

    assert lines(LABEL, image)[3:] == ['# Not used: "image", bytes: can\'t be learnt from']


def test_many_columns() -> None:
    """Of more than 30 columns of one role, 30 are listed and the rest counted."""
    pixels = [Column(f"p{number}", Role.NUMERIC, used=True, why="numbers") for number in range(32)]

    found = lines(LABEL, *pixels)

    assert found[-3:] == ['#  "p29",  # numbers', "#  # and 2 more", "#]"]
