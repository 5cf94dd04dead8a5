from __future__ import annotations

import ast
import math
import operator
import pickle
import re
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import ConditionError
from doubtcli.rules.condition import parse_condition

TICKETS = pa.table(
    {
        "text": ["See HTTP://a.b", "call me", None, "  ", "straße 12345"],
        "stars": ["5", "4.0", "none", None, " 3 "],
        "n": pa.array([1, 2, None, 4, 2**53 + 1]),
        "x": [0.5, float("nan"), 2.0, -1.0, 3.0],
        "is_paid": ["True", "FALSE", "yes", None, "true"],
        "flag": [True, False, None, True, False],
        "Order No.": ["7", "07", "8", "9", None],
        "day": ["2024-01-31", "2024-02-01", None, "2023-12-31", "2024-02-01T10:00"],
        "time": pa.array(["2024-01-31", "2024-02-01 10:30", None, None, None]).cast(pa.timestamp("us")),
        "kind": pa.array(["a", "b", None, "a", "c"]).dictionary_encode(),
        "tags": [["new", "big"], [], None, ["old"], ["new"]],
    }
)


def find(condition: str) -> list[int]:
    """The rows of the tickets on which a condition is true."""
    return np.flatnonzero(parse_condition(condition).find(TICKETS)).tolist()


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ('contains(text, "http")', [0]),
        ('contains(text, "STRASSE")', []),
        ('contains(text, ".")', [0]),
        ('not contains(text, "http")', [1, 4]),
        (r'matches(text, r"\d{5}")', [4]),
        (r'matches(text, "\d{5}")', [4]),
        ('matches(text, "^call")', [1]),
        ('matches(text, "(?i)http")', [0]),
        ('contains(tags, "new")', [0, 4]),
        ("missing(text)", [2, 3]),
        ("missing(x)", [1]),
        ("missing(stars) or missing(n)", [2, 3]),
        ("not missing(flag)", [0, 1, 3, 4]),
        ("stars > 3", [0, 1]),
        ("stars == 4", [1]),
        ('stars == "4"', []),
        ('stars == "4.0"', [1]),
        ("stars != 4", [0, 4]),
        ('stars != "4.0"', [0, 2, 4]),
        ("3 <= stars <= 4", [1, 4]),
        ("5 > stars", [1, 4]),
        ("n == 9007199254740993", [4]),
        ("n == 9007199254740992", []),
        ("n < 1.5", [0]),
        ("n < 99999999999999999999", [0, 1, 3, 4]),
        ("x < -0.5", [3]),
        ("x != 2", [0, 3, 4]),
        ("x > n", []),
        ("n > x", [0, 3, 4]),
        ("text == text", [0, 1, 4]),
        ("is_paid == True", [0, 4]),
        ("is_paid != True", [1]),
        ("flag == False", [1, 4]),
        ("flag in [True]", [0, 3]),
        ('column("Order No.") == 7', [0, 1]),
        ('column("Order No.") == "7"', [0]),
        ('day < "2024-02-01"', [0, 3]),
        ('day >= "2024-02"', [1, 4]),
        ('time == "2024-01-31"', [0]),
        ('time > "2024-02-01"', [1]),
        ('time == "2024-02-01 10:30:00"', [1]),
        ('kind in ["a", "c"]', [0, 3, 4]),
        ('kind not in ("a", "c")', [1]),
        ('stars in ["none", 5]', [0, 2]),
        ('kind == "a" and n == 1 or kind == "c"', [0, 4]),
        ('kind == "a" and (n == 1 or kind == "c")', [0]),
        ('missing(n) or kind == "b"', [1, 2]),
        ('not (kind == "a" and x > 0)', [1, 3, 4]),
        ('\n  kind == "a"  # the first kind\n  or kind == "b"\n', [0, 1, 3]),
    ],
)
def test_where_it_is_true(condition, rows):
    """A condition is true on these rows; a comparison with a missing cell is neither true nor false."""
    assert find(condition) == rows


ALLOWED = "columns, texts, numbers, True, False, == != < <= > >=,"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('__import__("os").system("touch hacked")', "at character 1 is not allowed"),
        ("text.__class__ == 1", "'text.__class__' at character 1 is not allowed"),
        ("n == 1 and text.upper()", "'text.upper()' at character 12 is not allowed"),
        ("(lambda: n)() == 1", "at character 1 is not a column"),
        ("lambda: n == 1", "'lambda: n == 1' at character 1 is not allowed"),
        ("[n for n in text]", "at character 1 is not allowed"),
        ("n in [x for x in text]", "at character 6 can't be after in"),
        ('text == f"{n}"', "at character 9 is not allowed"),
        ("n == 1 if x else 2", "at character 1 is not allowed"),
        ("(n := 1) == 1", "at character 2 is not allowed"),
        ("n + 1 == 2", "'n + 1' at character 1 is not allowed"),
        ("n == +1", "'+1' at character 6 is not allowed"),
        ("n == --1", "'--1' at character 6 is not allowed"),
        ("n == -True", "'-True' at character 6 is not allowed"),
        ("n == 1j", "'1j' at character 6 is not allowed"),
        ("n == ...", "'...' at character 6 is not allowed"),
        ('text == b"x"', "at character 9 is not allowed"),
        ("n == None", "'None' at character 6 is not allowed"),
        ("n is 1", "'n is 1' at character 1 is not allowed"),
        ("n", "'n' at character 1 is not true or false"),
        ("True", "'True' at character 1 names no column"),
        ("1 == 1", "'1 == 1' at character 1 compares no column"),
        ("n < True", "'True' at character 5 is neither more nor less"),
        ('"a" in text', "'\"a\"' at character 1 is not a column"),
        ("text in text", "'text' at character 9 can't be after in"),
        ('text in ("a")', "at character 10 can't be after in"),
        ("text in []", "'[]' at character 9 can't be after in"),
        ("text in [n]", "'n' at character 10 is not allowed"),
        ('text == ""', "'\"\"' at character 9 is no text"),
        ('contains(text, "")', "'\"\"' at character 16 is no text"),
        ("contains(text)", "'contains(text)' at character 1 is not allowed"),
        ('contains(text, text="a")', "at character 1 is not allowed"),
        ("contains(text, 5)", "'5' at character 16 is not a text"),
        ("contains(text, n)", "'n' at character 16 is not allowed"),
        ('contains("text", "a")', "'\"text\"' at character 10 is not a column"),
        ("missing(text, n)", "at character 1 is not allowed"),
        ("column(n) == 1", "'column(n)' at character 1 is not a column"),
        ('matches(text, "(")', "'\"(\"' at character 15 is not a regular expression"),
        ('matches(text, "(?=a)")', "at character 15 is not a regular expression"),
        (r'matches(text, "(a)\\1")', "at character 15 is not a regular expression"),
        ('matches(text, "((a{0,99}){0,99}){0,99}")', "at character 15 is not a regular expression"),
        (r'matches(text, "\bfree")', "at character 15 has a backspace"),
        (r'text == "\ud800"', "at character 9 has half a character"),
        ("n == 1e999", "'1e999' at character 6 is too large a number"),
        (f"n == {'9' * 500}", "at character 6 is too large a number"),
        ("", "it is empty"),
        (" \n ", "it is empty"),
        ("n = 1", "it can't be read at character 1"),
        ("n == 1 &&", "it can't be read at character 9"),
        ("n == 1) or (n == 2", "a parenthesis or a comma is too many"),
        ("n == 1, n == 2", "a parenthesis or a comma is too many"),
        ("n == 1)", "a parenthesis or a comma is too many"),
        ("n == 1 and", "it ends too soon"),
        ("n ==\n", "it ends too soon"),
        ('contains(text, "a"', "it ends too soon"),
        ("n == 1\x00", "it can't be read"),
        ("n == '\ud800'", "it can't be read"),
        ("größe == 1 and naïve.x == 2", "'naïve.x' at character 16 is not allowed"),
        ("n == 1\n and y.x == 2", "'y.x' at character 13 is not allowed"),
        ("(" * 10_000, "it has 10,000 characters"),
        ("(" * 900 + "n == 1" + ")" * 900, "it can't be read"),
        ("not " * 400 + "n == 1", "it is nested more than 50 deep"),
        ("-" * 1900 + "1 == n", "at character 1"),
    ],
)
def test_refused(condition, found):
    """What is not in the language is refused, and said where it is."""
    with pytest.raises(ConditionError) as caught:
        parse_condition(condition)

    assert found in caught.value.found


@pytest.mark.parametrize(
    ("condition", "found", "hint"),
    [
        ("when > 2026-06-01", "can't be read", 'write dates as texts: "2026-06-01"'),
        ("when > 2026-10-12", "is not allowed", 'write dates as texts: "2026-10-12"'),
        ('text == "2026-06-01" 3', "can't be read", "a column whose name is not one word"),
        ('text = "a & b"', "can't be read", "write == to compare"),
        ('text == "a', "the quote at character 9 is not closed", None),
        ("True", "names no column", "compare a column with a value"),
        ("text == großes", "no column 'großes'", 'a text is written in quotes: "großes"'),
        ("großes == text", "no column 'großes'", 'a text is written in quotes: "großes"'),
        ("stars == star", "no column 'star'", "did you mean 'stars'? a text is written in quotes: \"star\""),
        ("großes == 3", "no column 'großes'", None),
        ('column("a b") == text', "no column 'a b'", None),
        ("STARS > 3", "no column 'STARS'", "did you mean 'stars'?"),
    ],
)
def test_hints(condition, found, hint):
    """What people write by mistake is answered with what to write instead."""
    with pytest.raises(ConditionError) as caught:
        parse_condition(condition).find(TICKETS)

    assert found in caught.value.found
    assert caught.value.hint is None if hint is None else hint in caught.value.hint


def test_sentences_of_errors(sentences):
    """An error says what was found, at which character, and what is allowed."""
    with pytest.raises(ConditionError) as caught:
        parse_condition('stars < 3 and text.startswith("Re:")')

    sentences.check(caught.value)


def test_unknown_column(sentences):
    """A column that a table does not have is an error with the nearest one that it has."""
    with pytest.raises(ConditionError) as caught:
        parse_condition("star > 3").find(TICKETS)

    sentences.check(caught.value)


def test_columns():
    """The columns that a condition reads are known, in the order in which it names them."""
    condition = parse_condition('n > 1 and (contains(text, "a") or missing(column("Order No.")) or n < 5)')

    assert condition.columns == ("n", "text", "Order No.")


def test_names_in_other_scripts():
    """A column's name is read letter by letter, also where Python would take another one for the same."""
    table = pa.table({"größe": [1, 2], "ﬁt": [2, 1], "标签": ["a", "b"]})

    assert parse_condition("größe == 2").find(table).tolist() == [False, True]
    assert parse_condition("ﬁt == 2").find(table).tolist() == [True, False]
    assert parse_condition('标签 == "b"').find(table).tolist() == [False, True]


def test_many_rows():
    """Rows are looked at in parts, and a table in several pieces gives the same."""
    numbers = np.arange(200_000)
    whole = pa.table({"n": numbers, "text": numbers.astype(str)})
    pieces = pa.concat_tables([whole.slice(0, 70_001), whole.slice(70_001)])
    condition = parse_condition('n >= 100 and matches(text, "^1.*7$")')

    found = condition.find(pieces)

    assert found.dtype == np.bool_
    assert found.tolist() == [n >= 100 and bool(re.search("^1.*7$", str(n))) for n in range(200_000)]
    assert condition.find(whole).tolist() == found.tolist()


def test_no_rows():
    """A table without rows has none on which it is true."""
    assert parse_condition("n == 1").find(TICKETS.slice(0, 0)).tolist() == []


def test_it_can_be_sent_to_another_process():
    """A condition that was pickled finds the same rows."""
    condition = parse_condition('kind in ["a"] and n < 2')

    assert pickle.loads(pickle.dumps(condition)).find(TICKETS).tolist() == condition.find(TICKETS).tolist()


def test_patterns_that_take_long_elsewhere():
    """A pattern that takes exponential time in other engines is done at once."""
    table = pa.table({"text": ["a" * 100_000 + "!"]})

    assert parse_condition('matches(text, "^(a+)+$")').find(table).tolist() == [False]


# ------------------------------------------------------------ any condition, any table

WORDS = st.sampled_from(["a", "b", "ab", "7", "7.0", "-1", "x y", "True"])
TEXTS = st.none() | WORDS | st.sampled_from(["", " "])
NUMBERS = st.none() | st.integers(-3, 8) | st.sampled_from([0.5, 7.0, float("nan")])
ROWS = st.lists(st.tuples(TEXTS, TEXTS, NUMBERS), min_size=1, max_size=6)
VALUES = WORDS.map(repr) | st.sampled_from(["7", "-1", "0.5", "True", "False"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
COLUMNS = st.sampled_from(["one", "two", "n"])


@st.composite
def comparisons(draw):
    """A column compared with a value."""
    value, sign = draw(VALUES), draw(SIGNS)
    sign = "==" if value in ("True", "False") else sign
    return f"{draw(COLUMNS)} {sign} {value}"


LEAVES = st.one_of(
    comparisons(),
    st.builds("{} {} {}".format, COLUMNS, SIGNS, COLUMNS),
    st.builds("contains({}, {!r})".format, COLUMNS, WORDS),
    st.builds("missing({})".format, COLUMNS),
    st.builds("{} in [{}, {}]".format, COLUMNS, VALUES, VALUES),
    st.builds("{} not in [{}]".format, COLUMNS, VALUES),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=6,
)
OPERATORS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def make_table(rows) -> pa.Table:
    """A table of texts, categories and numbers."""
    columns = list(zip(*rows, strict=True))
    return pa.table(
        {
            "one": pa.array(columns[0], pa.string()),
            "two": pa.array(columns[1], pa.string()).dictionary_encode(),
            "n": pa.array([None if n is None else float(n) for n in columns[2]], pa.float64()),
        }
    )


def as_text(cell: Any) -> str | None:
    """A cell as text; None if it is missing."""
    text = "" if cell is None else cell if isinstance(cell, str) else f"{cell:g}"
    return None if text.strip() in ("", "nan") else text


def as_number(cell: Any) -> float | None:
    """A cell as a number; None if it is none."""
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def as_truth(cell: Any) -> bool | None:
    """A cell as a truth value; None if it is none."""
    return {"true": True, "false": False}.get(str(cell).strip().lower())


def compare(sign: Any, one: Any, other: Any) -> bool | None:
    """Two values compared; None if one of them is."""
    return None if one is None or other is None else bool(OPERATORS[type(sign)](one, other))


def judge(node: ast.AST, row: dict[str, Any]) -> bool | None:  # noqa: PLR0911  # one for each kind of part
    """The truth of a condition on one row, by plain Python: True, False, or None for neither."""
    match node:
        case ast.BoolOp(op=ast.And()):
            found = [judge(value, row) for value in node.values]
            return False if False in found else None if None in found else True
        case ast.BoolOp():
            found = [judge(value, row) for value in node.values]
            return True if True in found else None if None in found else False
        case ast.UnaryOp(op=ast.Not()):
            found = judge(node.operand, row)
            return None if found is None else not found
        case ast.Call(func=ast.Name(id="missing"), args=[ast.Name(id=name)]):
            return as_text(row[name]) is None
        case ast.Call(func=ast.Name(id="contains"), args=[ast.Name(id=name), ast.Constant(value=value)]):
            text = as_text(row[name])
            return None if text is None else value.lower() in text.lower()
        case ast.Compare(left=ast.Name(id=name), ops=[ast.In() | ast.NotIn() as sign], comparators=[values]):
            found = [judge_value(ast.Eq(), row[name], ast.literal_eval(value)) for value in values.elts]
            among = True if True in found else None if None in found else False
            return among if isinstance(sign, ast.In) else None if among is None else not among
        case ast.Compare(left=ast.Name(id=name), ops=[sign], comparators=[ast.Name(id=other)]):
            one, two = as_number(row[name]), as_number(row[other])
            if one is None or two is None:
                one, two = as_text(row[name]), as_text(row[other])
            return compare(sign, one, two)
        case ast.Compare(left=ast.Name(id=name), ops=[sign], comparators=[value]):
            return judge_value(sign, row[name], ast.literal_eval(value))
    raise AssertionError(ast.dump(node))


def judge_value(sign: Any, cell: Any, value: Any) -> bool | None:
    """A cell compared with a value, as what the value is."""
    read = as_truth if isinstance(value, bool) else as_text if isinstance(value, str) else as_number
    return compare(sign, read(cell), value)


@given(CONDITIONS, ROWS)
def test_as_plain_python_says(condition, rows):
    """A condition is true on the same rows as by three-valued logic in plain Python, row by row."""
    tree = ast.parse(condition, mode="eval").body

    found = parse_condition(condition).find(make_table(rows))

    assert found.tolist() == [
        judge(tree, dict(zip(("one", "two", "n"), row, strict=True))) is True for row in rows
    ]


@given(CONDITIONS, CONDITIONS, ROWS)
def test_de_morgan(one, other, rows):
    """Not both is the same as not one or not the other, also where a part is neither true nor false."""
    table = make_table(rows)
    both = parse_condition(f"not ({one} and {other})").find(table)
    either = parse_condition(f"not ({one} or {other})").find(table)

    assert both.tolist() == parse_condition(f"not ({one}) or not ({other})").find(table).tolist()
    assert either.tolist() == parse_condition(f"not ({one}) and not ({other})").find(table).tolist()


PIECES = (
    'n one and or not in is == < ( ) [ ] , . : = + - * ** @ " \' \\ f" r" 1 1e9 None True lambda if else for '
    "contains missing matches column await yield := \n # ü \x00 \ud800 { } ~ ; ..."
)


@given(st.lists(st.sampled_from(PIECES.split(" ")), max_size=30).map(" ".join) | st.text(max_size=40))
def test_any_text(text):
    """Any text is a condition or refused with our error, and nothing else happens."""
    with suppress(ConditionError):
        assert parse_condition(text).columns
