"""Excel workbooks (.xlsx) -> the table in one of their sheets, as text columns; never written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.files.delimited import ROW_NUMBERS, are_row_numbers
from doubtcli.files.formats import BATCH_ROWS, check_names, check_rows, watch_batches
from doubtcli.files.values import TEXT, ComparedByCell
from doubtcli.files.workbook import is_workbook, name_cell, name_column, name_other_kind, open_workbook
from doubtcli.records.file_format import ColumnsBy, Parsed
from doubtcli.wording.lists import MOST_NAMED, did_you_mean, join_first, quote_names
from doubtcli.wording.quoting import shell_word, shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from doubtcli.files.workbook import Merged, SheetRow, Workbook
    from doubtcli.records import ReadOptions
    from doubtcli.records.file_format import Edit, FileLayout, LineSpan, OnRows, Rewritten, StoredFile

SAMPLE_ROWS = 100
"""The rows in which the header of a table is looked for."""
FEWEST_COLUMNS = 2
"""A single column is no table where there are several sheets: it may be a note, or a list to choose from."""
FEW_REMARKS, MOST_REMARKS = 3, 0.1
"""Up to this many cells in a column without a name, or this share of rows, are remarks beside the table."""


LONG_NUMBER, SHORTENED = r"^-?\d{16,}$", r"^-?\d{15,17}0+$"
"""A spreadsheet keeps 15 to 17 digits of a number, since it has doubles; of a text it keeps all."""


class Xlsx(ComparedByCell):
    """Excel workbooks: the table of one sheet."""

    name = "xlsx"
    title = "Excel workbook"
    endings = (".xlsx", ".xlsm")
    is_text = False
    columns_by = ColumnsBy.PLACE
    has_sheets = True
    corrected_as = "csv"

    def recognise(self, head: bytes) -> str | None:
        """Any spreadsheet, also of kinds that are named for what they are, and not read."""
        return self.title if is_workbook(head) else name_other_kind(head)

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Every row of the table, as text columns."""
        with open_workbook(stored) as book:
            return _read_table(choose_table(book, options), on_rows)

    def sheet_rows(self, stored: StoredFile, options: ReadOptions) -> Iterator[LineSpan]:
        """The number of each row in the sheet."""
        with open_workbook(stored) as book:
            for number, _ in choose_table(book, options).list_rows():
                yield number, number

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """Never: a corrected file is CSV, since formulas and formats would be lost."""
        raise NotImplementedError


@dataclass(frozen=True)
class SheetTable:
    """The table in a sheet: where it is, and the names of its columns."""

    book: Workbook
    sheet: str
    above: Sequence[SheetRow]
    """The filled rows above the header."""
    header: int
    """The number of the row with the names of columns."""
    columns: Mapping[int, str]
    """The names of columns by their number, from 1; the first may be empty."""
    merged: Sequence[Merged] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns that have one."""
        return tuple(filter(None, self.columns.values()))

    @property
    def where(self) -> str:
        """Its place in messages."""
        return f"{self.book.path}, sheet {self.sheet!r}"

    @property
    def looks_like_one(self) -> bool:
        """Whether there are several columns, and rows below their names."""
        return len(self.columns) >= FEWEST_COLUMNS and next(self.list_rows(), None) is not None

    def list_rows(self) -> Iterator[SheetRow]:
        """Every row with something in a column of the table; merged cells have the value of the first."""
        values: dict[Merged, str] = {}
        for number, cells in self.book.list_rows(self.sheet, self.header + 1):
            for one in self.merged:
                if number == one.first and one.column in cells:
                    values[one] = cells[one.column]
                elif one in values and number <= one.last:
                    cells[one.column] = values[one]
            if not self.columns.keys().isdisjoint(cells):
                yield number, cells


# ------------------------------------------------------------------- which sheet, and where


def choose_table(book: Workbook, options: ReadOptions) -> SheetTable:
    """The table of the sheet that is named, or of the only visible sheet that has one.

    Raises:
        InputError: There is no such sheet, or none or several have a table.
    """
    if options.sheet is not None and options.sheet not in book.sheets:
        raise InputError(
            f"there is no sheet {options.sheet!r}",
            where=book.path,
            expected=f"one of {quote_names(book.sheets, MOST_NAMED)}",
            hint=did_you_mean(options.sheet, list(book.sheets)),
        )
    hidden = book.hidden
    wanted = [options.sheet] if options.sheet else [name for name in book.sheets if name not in hidden]
    tables = [_find_table(book, name, has_header=options.has_header) for name in wanted]
    if len(tables) > 1:
        tables = [one for one in tables if one.looks_like_one]
    if options.holding and len(tables) > 1:
        holding = [one for one in tables if options.holding in {name.strip().lower() for name in one.names}]
        tables = holding or tables
    if len(tables) != 1:
        raise _explain_choice(book, tables)
    chosen = tables[0]
    is_chosen = not (options.sheet or options.holding) and len(book.sheets) > 1
    notes = (f"read the sheet {chosen.sheet!r}, one of {len(book.sheets)}",) if is_chosen else ()
    _check_calculated(chosen)
    return SheetTable(
        book,
        chosen.sheet,
        chosen.above,
        chosen.header,
        chosen.columns,
        book.find_merged(chosen.sheet, chosen.header + 1),
        notes,
    )


def _explain_choice(book: Workbook, tables: Sequence[SheetTable]) -> InputError:
    if tables:
        shown = [f"{one.sheet!r} ({', '.join(one.names[:MOST_NAMED])})" for one in tables]
        return InputError(
            f"{len(tables)} sheets hold a table: {join_first(shown, MOST_NAMED, between='; ')}",
            where=book.path,
            expected="one sheet with a table",
            hint=f"name the sheet to read: --sheet {shell_word(tables[0].sheet)}",
        )
    hidden = f"; hidden: {quote_names(book.hidden, MOST_NAMED)}" if book.hidden else ""
    visible = [name for name in book.sheets if name not in book.hidden]
    return InputError(
        f"no sheet holds a table (sheets: {quote_names(visible, MOST_NAMED)}{hidden})",
        where=book.path,
        expected="a sheet with a row of column names, and rows below it",
        hint=f"name the sheet to read: --sheet {shell_word([*book.hidden, *visible][0])}",
    )


def _find_table(book: Workbook, sheet: str, *, has_header: bool) -> SheetTable:
    sample = list(islice(book.list_rows(sheet), SAMPLE_ROWS))
    if not sample:
        return SheetTable(book, sheet, (), 0, {})
    if not has_header:
        filled = sorted({column for _, cells in sample for column in cells})
        unnamed = {column: f"column_{place}" for place, column in enumerate(filled, start=1)}
        return SheetTable(book, sheet, (), sample[0][0] - 1, unnamed)
    place = find_header([(number, cells.keys()) for number, cells in sample])
    header, names = sample[place]
    used = {column for _, cells in sample[place + 1 :] for column in cells}
    first = min(names) - 1
    row_numbers = {first: ""} if first in used else {}
    return SheetTable(book, sheet, sample[:place], header, row_numbers | dict(sorted(names.items())))


def find_header(rows: Sequence[tuple[int, Collection[int]]]) -> int:
    """The place of the row that names the columns; the rows above it are titles.

    It is the first row that fills more than half as many cells as the widest; or a row further down, where
    lines such as "Author", "Ana" are above it: then an empty row is before it, and it fills more cells than
    each of these lines, and all columns that are filled in most rows below.

    Args:
        rows: The number of each row that is not empty, and the numbers of its filled columns.

    Example:
        >>> find_header([(1, {1}), (2, {1, 2}), (4, {1, 2, 3}), (5, {1, 3}), (6, {1, 2, 3})])
        2
    """
    widest = max(len(columns) for _, columns in rows)
    first = next(place for place, (_, columns) in enumerate(rows) if 2 * len(columns) > widest)
    most_above = len(rows[first][1])
    for place in range(first + 1, len(rows)):
        (above, _), (number, columns) = rows[place - 1 : place + 1]
        if number > above + 1 and len(columns) > most_above:
            counts = Counter(column for _, below in rows[place:] for column in below)
            usual = {column for column in counts if 2 * counts[column] > len(rows) - place}
            if usual <= {*columns} and not usual <= {*rows[first][1]}:
                return place
        most_above = max(most_above, len(columns))
    return first


def _check_calculated(table: SheetTable) -> None:
    """Refuse formulas without a value: their cells would seem to be empty."""
    columns = [column for column in table.columns if table.columns[column]]
    empty = table.book.find_uncalculated(table.sheet, table.header + 1, max(columns, default=1))
    empty = [one for one in empty if one[1] in columns]
    if empty:
        raise InputError(
            f"formulas without a value: {len(empty):,} "
            f"({join_first([name_cell(*one) for one in empty], MOST_NAMED)})",
            where=table.where,
            expected="a value beside each formula, which a spreadsheet stores when it saves the file",
            hint="open the file in a spreadsheet and save it: the program that wrote it calculated nothing",
        )


# --------------------------------------------------------------------- the table


@dataclass
class _Beside:
    """Cells in columns without a name."""

    counts: Counter[int] = field(default_factory=Counter)
    first: dict[int, str] = field(default_factory=dict)
    """The first cell of each column."""

    def add(self, number: int, columns: set[int]) -> None:
        """Count the cells of one row."""
        for column in columns:
            self.counts[column] += 1
            self.first.setdefault(column, name_cell(number, column))

    def note(self, table: SheetTable, n_rows: int) -> Iterator[str]:
        """A note on remarks beside the table.

        Raises:
            InputError: They are too many to be remarks.
        """
        for column, count in sorted(self.counts.items()):
            if count > max(FEW_REMARKS, MOST_REMARKS * n_rows):
                raise _explain_unnamed(table, column)
        if self.counts:
            cells = [self.first[column] for column in sorted(self.first)]
            yield (
                f"cells in columns without a name, left out: {self.counts.total():,} "
                f"({join_first(cells, MOST_NAMED)})"
            )


def _read_table(table: SheetTable, on_rows: OnRows | None) -> Parsed:
    """Every row of the table.

    Raises:
        InputError: Columns have no name or the same one, or there are no rows.
    """
    names = [name or ROW_NUMBERS for name in table.columns.values()]
    check_names(names, table.where)
    schema = pa.schema([(name, TEXT) for name in names])
    beside = _Beside()
    data = pa.Table.from_batches(watch_batches(_list_batches(table, schema, beside), on_rows), schema)
    check_rows(data.num_rows, names, table.where)
    notes = (
        *table.notes,
        *_note_above(table),
        *_note_row_numbers(table, data),
        *beside.note(table, data.num_rows),
        *_note_merged(table),
        *_note_shortened(data),
    )
    return Parsed(data, notes, sheet=table.sheet)


def _list_batches(table: SheetTable, schema: pa.Schema, beside: _Beside) -> Iterator[pa.RecordBatch]:
    rows = table.list_rows()
    while batch := list(islice(rows, BATCH_ROWS)):
        for number, cells in batch:
            beside.add(number, cells.keys() - table.columns.keys())
        columns = [pa.array([cells.get(column) for _, cells in batch], TEXT) for column in table.columns]
        yield pa.record_batch(columns, schema=schema)


def _note_above(table: SheetTable) -> Iterator[str]:
    if table.above:
        numbers = join_first([str(number) for number, _ in table.above], MOST_NAMED)
        said = shorten_quoted(next(iter(table.above[0][1].values())))
        rows = "row" if len(table.above) == 1 else "rows"
        yield f"row {table.header} names the columns; left out above it: {rows} {numbers} ({said})"


def _note_row_numbers(table: SheetTable, data: pa.Table) -> Iterator[str]:
    """A note on a first column without a name; raises InputError if it does not only number the rows."""
    column, name = next(iter(table.columns.items()))
    if name:
        return
    if not are_row_numbers(data.column(0)):
        raise _explain_unnamed(table, column)
    yield f"the first column has no name and only numbers the rows: named {ROW_NUMBERS!r}"


def _note_merged(table: SheetTable) -> Iterator[str]:
    if table.merged:
        cells = [
            f"{name_cell(first, column)}:{name_cell(last, column)}" for first, last, column in table.merged
        ]
        yield f"merged cells have their value in each of their rows: {join_first(cells, MOST_NAMED)}"


def _note_shortened(data: pa.Table) -> Iterator[str]:
    """A note on columns whose long numbers all end with zeros: they have lost their last digits."""
    for name, column in zip(data.column_names, data.columns, strict=True):
        long = column.filter(pc.fill_null(pc.match_substring_regex(column, LONG_NUMBER), False))  # noqa: FBT003
        if len(long) and pc.all(pc.match_substring_regex(long, SHORTENED)).as_py():
            yield (
                f"column {name!r} has numbers of more than 15 digits ({len(long):,}), which a spreadsheet "
                f"rounds: {long[0].as_py()}; write them as text"
            )


def _explain_unnamed(table: SheetTable, column: int) -> InputError:
    return InputError(
        f"column {name_column(column)} has values, and no name",
        where=table.where,
        expected=f"its name in cell {name_cell(table.header, column)}",
        hint="name the column there, or empty it; if the header is further down, put an empty row above it",
    )
