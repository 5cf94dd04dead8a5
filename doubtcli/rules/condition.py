r"""The language of conditions: `contains(text, "http") and stars <= 2` -> the rows on which it is true.

A condition may come with a pull request, so nothing of it is executed: it is parsed with Python's grammar,
and every part that is not on the list below is refused.

| part | meaning |
|---|---|
| `stars`, `column("Order No.")` | a column; the second form is for names that are no names in Python |
| `"refund"`, `2`, `-0.5`, `True`, `False` | a text, a number, a truth value |
| `== != < <= > >=` | a comparison of a column with a value or with another column |
| `in ["a", "b"]`, `not in ["a", "b"]` | a column has one of some values, or none of them |
| `contains(text, "http")` | the text contains another one, in any case |
| `matches(text, r"\d{5}")` | a regular expression of RE2 is found in the text; it always ends soon |
| `missing(stars)` | the cell is missing: nothing, white space, or not a number (NaN) |
| `and`, `or`, `not`, `( )` | as in Python |

A comparison with a missing cell is neither true nor false, and so is its opposite: `not contains(text, "x")`
is not true where there is no text. A condition holds on the rows on which it is true.

What a column is compared with says how: with a number as numbers (a cell that is none is neither true nor
false), with a text as texts (dates as ISO 8601 writes them are in the order of time), with True and False as
truth values; two columns as numbers where both cells are numbers, else as texts.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from doubtcli.errors import ConditionError
from doubtcli.wording.lists import did_you_mean, quote_names
from doubtcli.wording.quoting import shorten_quoted

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.records import Bools
    from doubtcli.rules.terms import Literal, Term

MOST_CHARACTERS = 2000
MOST_DEPTH = 50
"""How deep a condition may be nested: far deeper than anybody reads, and far from Python's own limit."""
MOST_NUMBER = 1e300
_ROWS_AT_ONCE = 2**16
_ONE_AT_A_TIME = Lock()
"""Which warnings are ignored is one setting for all threads."""
_ALLOWED = (
    'columns, texts, numbers, True, False, == != < <= > >=, in ["a", "b"], not in, and, or, not, '
    'contains(text, "http"), matches(text, r"[0-9]+"), missing(text), column("Order No.")'
)
_SIGNS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_IN_QUOTES = re.compile(r"""("[^"\n]*"|'[^'\n]*')""")
_DATE = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
_SINGLE_EQUALS = re.compile(r"(?<![=!<>])=(?!=)")
_OTHER_SIGNS = {"&&": "and", "||": "or", "<>": "!=", "&": "and", "|": "or", "!": "not"}


@dataclass(frozen=True)
class Condition:
    """A condition on columns, as `parse_condition` gives it."""

    text: str
    """As it was written."""
    columns: tuple[str, ...]
    """The columns that it reads, in the order in which it names them."""
    _term: Term
    _perhaps_texts: frozenset[str] = frozenset()
    """The names that are compared with another one: perhaps one is a text whose quotes are missing."""

    def find(self, table: pa.Table) -> Bools:
        """On which rows of a table it is true, shape `(n_rows,)`.

        Raises:
            ConditionError: The table has no column of a name.

        Example:
            >>> import pyarrow as pa
            >>> parse_condition("stars < 3").find(pa.table({"stars": ["1", "4", None, "none"]})).tolist()
            [True, False, False, False]
        """
        import numpy as np
        import pyarrow.compute as pc

        from doubtcli.rules.terms import Cells

        for name in self.columns:
            if name not in table.column_names:
                hint = did_you_mean(name, table.column_names, str.lower)
                if name in self._perhaps_texts:
                    hint = f'{f"{hint} " if hint else ""}a text is written in quotes: "{name}"'
                expected = None if hint else f"one of {quote_names(table.column_names)}"
                raise ConditionError(f"there is no column {name!r}", expected=expected, hint=hint)
        found = np.zeros(table.num_rows, dtype=np.bool_)
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            part = table.select(self.columns).slice(start, _ROWS_AT_ONCE).combine_chunks()
            cells = {
                name: Cells(column.combine_chunks() if column.num_chunks != 1 else column.chunk(0))
                for name, column in zip(part.column_names, part.columns, strict=True)
            }
            is_true = pc.fill_null(self._term.find(cells), False)  # noqa: FBT003  # Arrow's way
            found[start : start + _ROWS_AT_ONCE] = is_true.to_numpy(zero_copy_only=False)
        return found


def parse_condition(text: str) -> Condition:
    """The condition that a text is.

    Raises:
        ConditionError: It is not one; says what was found, at which character, and what is allowed.

    Example:
        >>> parse_condition('contains(text, "http") and not missing(author)').columns
        ('text', 'author')
    """
    if not text.strip():
        raise ConditionError("it is empty", expected=_ALLOWED)
    if len(text) > MOST_CHARACTERS:
        raise ConditionError(
            f"it has {len(text):,} characters", expected=f"at most {MOST_CHARACTERS:,} characters"
        )
    source = re.sub(r"\r\n?", "\n", text)
    tree = _parse_python(source)
    parser = _Parser(source)
    term = parser.parse_truth(tree, 0)
    return Condition(text, tuple(parser.columns), term, frozenset(parser.perhaps_texts))


def _parse_python(source: str) -> ast.expr:
    """The syntax tree of a text in parentheses, so that it may have several lines."""
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "\d", which has the meaning that it should have here
            tree = ast.parse(f"({source}\n)", mode="eval").body
    except SyntaxError as error:
        raise _make_syntax_error(source, error) from None
    except (ValueError, RecursionError, MemoryError):
        raise ConditionError("it can't be read", expected=_ALLOWED) from None
    if (tree.lineno, tree.col_offset) == (1, 0):  # what is outside the parentheses was added to them
        raise ConditionError("it can't be read: a parenthesis or a comma is too many", expected=_ALLOWED)
    return tree


def _make_syntax_error(source: str, error: SyntaxError) -> ConditionError:
    lines = source.split("\n")
    line = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
    column = max((error.offset or 1) - (2 if line == 0 else 1), 0)
    place = min(sum(len(one) + 1 for one in lines[:line]) + column, len(source)) + 1
    hint = 'a column whose name is not one word is written column("Order No.")'
    bare = _IN_QUOTES.sub('""', source)
    sign = next((sign for sign in _OTHER_SIGNS if sign in bare), None)
    if error.msg.startswith("unterminated string"):
        return ConditionError(f"the quote at character {place} is not closed", expected=_ALLOWED)
    if date := _DATE.search(bare):
        hint = _write_date_hint(date[0])
    elif _SINGLE_EQUALS.search(bare):
        hint = "write == to compare"
    elif sign is not None:
        hint = f"write {_OTHER_SIGNS[sign]} instead of {sign}"
    is_at_end = (error.lineno or 1) > len(lines)  # at the parenthesis that was added
    if is_at_end and "unmatched" in error.msg:
        return ConditionError("it can't be read: a parenthesis or a comma is too many", expected=_ALLOWED)
    if is_at_end or (error.lineno, error.offset) == (1, 1):  # at the other one
        return ConditionError("it ends too soon", expected=_ALLOWED)
    return ConditionError(f"it can't be read at character {place}", expected=_ALLOWED, hint=hint)


def _write_date_hint(date: str) -> str:
    return f'write dates as texts: "{date}"'


@dataclass(frozen=True)
class _ColumnName:
    """A column, where a value may be."""

    name: str


class _Parser:
    """Turns a syntax tree into terms, and refuses all that is not in the language."""

    def __init__(self, source: str) -> None:
        self._lines = f"({source}\n)".encode().split(b"\n")
        self.columns: dict[str, None] = {}
        self.perhaps_texts: set[str] = set()

    def parse_truth(self, node: ast.expr, depth: int) -> Term:
        """A part that is true or false."""
        from doubtcli.rules.terms import AllOf, AnyOf, Opposite

        if depth > MOST_DEPTH:
            raise ConditionError(f"it is nested more than {MOST_DEPTH} deep", expected="a simpler condition")
        match node:
            case ast.BoolOp():
                terms = tuple(self.parse_truth(value, depth + 1) for value in node.values)
                return AllOf(terms) if isinstance(node.op, ast.And) else AnyOf(terms)
            case ast.UnaryOp(op=ast.Not()):
                return Opposite(self.parse_truth(node.operand, depth + 1))
            case ast.Compare():
                return self._parse_comparisons(node)
            case ast.Call(func=ast.Name(id="contains" | "matches" | "missing")):
                return self._parse_call(node)
            case ast.Constant():
                raise self._refuse(
                    node, "names no column", "compare a column with a value, such as paid == True"
                )
            case ast.Name() | ast.Call(func=ast.Name(id="column")):
                hint = "compare it with a value, such as == True"
                raise self._refuse(node, "is not true or false", hint)
            case _:
                raise self._refuse(node)

    def _parse_comparisons(self, node: ast.Compare) -> Term:
        from doubtcli.rules.terms import AllOf

        sides = [node.left, *node.comparators]
        parts = zip(sides, node.ops, sides[1:], strict=False)
        terms = tuple(self._parse_comparison(node, *part) for part in parts)
        return terms[0] if len(terms) == 1 else AllOf(terms)

    def _parse_comparison(self, node: ast.expr, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Term:
        from doubtcli.rules.terms import MIRRORED, Among, ComparedColumns, ComparedToValue, Opposite

        if isinstance(sign, ast.In | ast.NotIn):
            among = Among(self._parse_column(left), self._parse_list(right))
            return among if isinstance(sign, ast.In) else Opposite(among)
        if type(sign) not in _SIGNS:
            raise self._refuse(node, hint="write == to compare, and missing(x) for a missing cell")
        name = _SIGNS[type(sign)]
        match self._parse_value(left), self._parse_value(right):
            case _ColumnName() as one, _ColumnName() as other:
                sides = ((left, one.name), (right, other.name))
                self.perhaps_texts |= {found for side, found in sides if isinstance(side, ast.Name)}
                return ComparedColumns(one.name, name, other.name)
            case _ColumnName() as one, str() | int() | float() as value:
                return ComparedToValue(one.name, name, self._check_ordered(value, name, right))
            case str() | int() | float() as value, _ColumnName() as one:
                return ComparedToValue(one.name, MIRRORED[name], self._check_ordered(value, name, left))
            case _:
                raise self._refuse(node, "compares no column", "compare a column with a value")

    def _check_ordered(self, value: Literal, sign: str, node: ast.expr) -> Literal:
        if isinstance(value, bool) and sign not in ("==", "!="):
            raise self._refuse(node, "is neither more nor less", "write == or !=")
        return value

    def _parse_call(self, node: ast.Call) -> Term:
        from doubtcli.rules.terms import Contains, Matches, Missing

        name = self._show(node.func)
        n_arguments = 1 if name == "missing" else 2
        if node.keywords or len(node.args) != n_arguments:
            form = "missing(text)" if name == "missing" else f'{name}(text, "http")'
            raise self._refuse(node, hint=f"write {form}")
        column = self._parse_column(node.args[0])
        if name == "missing":
            return Missing(column)
        text = self._parse_literal(node.args[1])
        if not isinstance(text, str):
            raise self._refuse(node.args[1], "is not a text", "write it in quotes")
        if name == "contains":
            return Contains(column, text)
        self._check_pattern(text, node.args[1])
        return Matches(column, text)

    def _check_pattern(self, pattern: str, node: ast.expr) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if "\b" in pattern:
            raise self._refuse(node, "has a backspace", r'for the edge of a word, write r"\b" with an r')
        try:
            pc.match_substring_regex(pa.array([""]), pattern)
        except pa.ArrowInvalid:
            expected = "one of RE2: without look-around and references, and not too large"
            raise self._refuse(node, "is not a regular expression", expected=expected) from None

    def _parse_list(self, node: ast.expr) -> tuple[Literal, ...]:
        if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
            hint = 'write a list of values, such as ["a", "b"], or contains(text, "a")'
            raise self._refuse(node, "can't be after in", hint)
        return tuple(self._parse_literal(one) for one in node.elts)

    def _parse_value(self, node: ast.expr) -> _ColumnName | Literal:
        if isinstance(node, ast.Name | ast.Call):
            return _ColumnName(self._parse_column(node))
        return self._parse_literal(node)

    def _parse_column(self, node: ast.expr) -> str:
        match node:
            case ast.Name():
                name = self._show(node)  # as it is written: Python changes some letters of names
            case ast.Call(func=ast.Name(id="column"), args=[ast.Constant(value=str(name))], keywords=[]):
                pass
            case _:
                raise self._refuse(node, "is not a column", 'write its name, or column("Order No.")')
        self.columns[name] = None
        return name

    def _parse_literal(self, node: ast.expr) -> Literal:
        match node:
            case ast.Constant(value=str(text)):
                if not text.strip():
                    raise self._refuse(node, "is no text", "write missing(x) for an empty cell")
                if not text.isascii() and not _has_bytes(text):
                    raise self._refuse(node, "has half a character")
                return text
            case ast.Constant(value=bool() | int() | float() as value):
                return self._check_size(value, node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)) if not (
                isinstance(value, bool)
            ):
                return -self._check_size(value, node)
            case ast.Constant(value=None):
                raise self._refuse(node, hint="write missing(x) for a missing cell")
            case _:
                date = _DATE.fullmatch(self._show(node))
                raise self._refuse(node, hint=_write_date_hint(date[0]) if date else None)

    def _check_size(self, value: float, node: ast.expr) -> float:
        if abs(value) > MOST_NUMBER:
            raise self._refuse(node, "is too large a number")
        return value

    def _refuse(
        self, node: ast.expr, found: str = "is not allowed", hint: str | None = None, expected: str = _ALLOWED
    ) -> ConditionError:
        """The error for a part of the condition."""
        shown = shorten_quoted(self._show(node))
        place = self._find_place(node.lineno, node.col_offset)
        return ConditionError(f"{shown} at character {place} {found}", expected=expected, hint=hint)

    def _show(self, node: ast.expr) -> str:
        """A part as it is written, on one line."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lines = self._lines[first : last + 1]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(line.decode().strip() for line in lines)

    def _find_place(self, line: int, column: int) -> int:
        """The character where a part begins, counted from 1."""
        before = sum(len(one.decode()) + 1 for one in self._lines[: line - 1])
        return before + len(self._lines[line - 1][:column].decode())


def _has_bytes(text: str) -> bool:
    """Whether UTF-8 has bytes for a text: not for halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
