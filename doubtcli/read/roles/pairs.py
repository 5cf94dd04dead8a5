"""Which columns are the two sides of a pair that is compared: by their names, and by their values."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow.compute as pc

from doubtcli.errors import SettingsError
from doubtcli.files.values import find_distinct
from doubtcli.read.column_names import word_set
from doubtcli.read.roles.left_out import count_words
from doubtcli.records import Role, Roles
from doubtcli.settings.fields import NO_PAIR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.records import Column, Couple, Table
    from doubtcli.settings import ScanSettings

SIDES: Mapping[str, tuple[str, ...]] = {
    "left": ("right",),
    "l": ("r",),
    "lhs": ("rhs",),
    "ltable": ("rtable",),
    "a": ("b",),
    "x": ("y",),
    "1": ("2",),
    "0": ("1",),
    "first": ("second",),
    "one": ("two",),
    "source": ("target",),
    "src": ("tgt", "trg", "dst"),
    "old": ("new",),
    "before": ("after",),
    "links": ("rechts",),
}
"""What marks the sides in two names that are otherwise equal, such as `title_left` and `title_right`; the
suffixes that pandas gives the columns of merged tables are among them."""
LANGUAGES = word_set(
    "ar bg cs da de el en es et fi fr hi hr hu ja ko lt lv nl pl pt ro ru sk sl sv tr uk vi zh"
)
"""Codes that mark a text and its translation, the first in the alphabet on the left; without those that are
English words, such as `it` and `no`."""
ORDERS = word_set("1 2 0 a b x y l r one two first second")
"""Marks that are also used to number columns that are not compared."""
KNOWN: Mapping[str, tuple[str, ...]] = {
    "premise": ("hypothesis", "conclusion"),
    "text": ("hypothesis", "paraphrase"),
    "sentence": ("paraphrase", "hypothesis"),
    "query": (
        *("document", "doc", "passage", "product", "title", "text", "answer", "result", "response"),
        *("candidate", "item", "description", "page", "keyword", "sentence"),
    ),
    "question": ("answer", "passage", "document", "sentence", "context", "paragraph", "paraphrase"),
    "claim": ("evidence", "document", "sentence", "abstract"),
    "mention": ("entity", "candidate"),
    "anchor": ("positive", "candidate", "other"),
    "reference": ("candidate", "hypothesis", "prediction", "hyp"),
    "ref": ("hyp", "candidate", "hypothesis", "prediction"),
    "original": ("paraphrase", "rewrite", "translation", "duplicate", "edited"),
    "context": ("response", "hypothesis", "reply"),
    "parent": ("reply", "comment", "response"),
    "post": ("reply", "response"),
    "summary": ("document", "article"),
    "resume": ("job",),
}
"""Words for two texts that are compared with each other. Not here are parts of one text, such as a title and
its body."""
NOT_COMPARED = word_set(
    """
    address addr adress street line phone telephone tel mobile fax email mail author url link website
    firstname lastname surname parent guardian contact option choice answer distractor keyword tag
    symptom comment note remark reason diagnosis code step
    """
)
"""What a row has several of, which are not compared: the lines of an address."""
FEWEST_ALIKE = 0.2
"""The cosine of the words of two columns from which on they may hold the same kind of text. Two lines of an
address have less, and the two questions or products of a pair .5 and more."""
MOST_READ = 2_000
"""Rows whose words are compared."""
WORDS_OF_A_TEXT = 1.5
"""Short values that recur, such as the queries of a search, are the side of a pair if they have so many words
on average; `source` and `channel` have one."""
COMPARED = frozenset({Role.TEXT, Role.NUMERIC, Role.CATEGORICAL, Role.DATETIME})
"""The roles of columns that can be the sides of a pair."""
_THIRD = {"2": "3", "1": "2", "b": "c", "y": "z", "second": "third", "two": "three"}
"""What continues a pair's second mark, where the columns are numbered and not compared."""
_WORD = re.compile(r"\w+")
COMPARED_WITH = "; compared with "
"""Parts what a column is from what it is compared with."""


class _Named(NamedTuple):
    """Two columns whose names differ in a mark only; the left side first."""

    left: Column
    right: Column
    place: int
    """Of the mark in the words of their names."""


def find_pairs(columns: Sequence[Column], table: Table, settings: ScanSettings) -> Roles:
    """The roles of all columns, and which of them are compared; a column that is says so.

    What the user said comes first. Otherwise columns are compared if their names differ only in the mark of
    a side (1 and 2, left and right, en and de), or have two words for texts that are compared (premise and
    hypothesis), and if at least one couple of them holds texts. Marks that may be mere numbers count only if
    both columns have the same kind of words, and no third column continues them (text_1, text_2, text_3).
    A text in three languages has no two sides.

    Args:
        columns: All of a table, each with its role.
        table: The file.
        settings: The user's settings.

    Raises:
        SettingsError: A column that is named as a side of a pair is no input.
    """
    if settings.pair == NO_PAIR:
        return Roles(tuple(columns))
    by_name = {column.name: column for column in columns}
    if settings.pair:
        for name in settings.pair:
            _check_side(by_name[name], table)
        return _mark_columns(
            columns, list(zip(settings.pair[::2], settings.pair[1::2], strict=True)), "--pair"
        )
    usable = [column for column in columns if column.used and column.role in COMPARED]
    found = _find_marked(usable, table) or _find_known(usable, table)
    return _mark_columns(columns, found, "by their names; --pair none ends that")


def _check_side(column: Column, table: Table) -> None:
    if column.used and column.role in COMPARED:
        return
    raise SettingsError(
        f"it can't be a side of a pair: {column.role}, {column.why}",
        where=table.source.path,
        column=column.name,
        expected="--pair with two columns of texts, numbers, categories or times that models learn from",
    )


def _mark_columns(columns: Sequence[Column], couples: Sequence[Couple], how: str) -> Roles:
    other = {one: two for couple in couples for one, two in (couple, couple[::-1])}
    return Roles(
        tuple(
            replace(column, why=f"{column.why}{COMPARED_WITH}{other[column.name]} ({how})")
            if column.name in other
            else column
            for column in columns
        ),
        tuple(couples),
    )


def keep_pairs(columns: Sequence[Column], pairs: Iterable[Couple]) -> Roles:
    """The roles with the pairs of which both sides are used; a side that is left alone says so no more."""
    used = {column.name for column in columns if column.used}
    kept = tuple(pair for pair in pairs if used.issuperset(pair))
    paired = {name for pair in kept for name in pair}
    alone = (
        column if column.name in paired else replace(column, why=column.why.partition(COMPARED_WITH)[0])
        for column in columns
    )
    return Roles(tuple(alone), kept)


def is_wordy(column: Column, table: Table) -> bool:
    """Whether a column holds texts, or short values of several words that recur, such as queries."""
    if column.role == Role.TEXT:
        return True
    values = find_distinct(table.data.column(column.name))
    return column.role == Role.CATEGORICAL and count_words(values) >= WORDS_OF_A_TEXT


# ----------------------------------------------------------------------- by names


def split_name(name: str) -> tuple[str, ...]:
    """The words and numbers of a column's name, in lower case.

    Example:
        >>> split_name("leftTitle"), split_name("question1"), split_name("title_x")
        (('left', 'title'), ('question', '1'), ('title', 'x'))
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[^\W\d_])(?=\d)", "_", name)
    return tuple(part for part in re.split(r"[\W_]+", spaced.lower()) if part)


def _find_marked(columns: Sequence[Column], table: Table) -> list[Couple]:
    """The couples of the mark that has the most of them, if one of texts is surely compared."""
    parts = {column.name: split_name(column.name) for column in columns}
    by_mark: dict[tuple[str, str, int], list[_Named]] = defaultdict(list)
    for named in _list_named_alike(columns, parts):
        left, right = (parts[side.name] for side in named[:2])
        # a mark is the first word or the last, so it is counted from both ends
        for place in (named.place, named.place - len(left)):
            by_mark[left[named.place], right[named.place], place].append(named)
    for mark in sorted(by_mark, key=lambda mark: (-len(by_mark[mark]), mark)):
        couples = by_mark[mark]
        is_plain = not ORDERS.issuperset(mark[:2])
        if _is_unclear(couples) or _is_continued(couples, parts):
            continue
        wordy = [
            one for one in couples if _holds_texts(one, table) and (is_plain or _is_alike(one, parts, table))
        ]
        if wordy:
            return sorted((one.left.name, one.right.name) for one in couples)
    return []


def _list_named_alike(columns: Sequence[Column], parts: Mapping[str, tuple[str, ...]]) -> Iterator[_Named]:
    """All couples whose names differ in one word, and these words mark two sides."""
    marks = {*SIDES, *(right for rights in SIDES.values() for right in rights), *LANGUAGES}
    alike: dict[tuple[int, tuple[str, ...]], list[Column]] = defaultdict(list)
    for column in columns:
        words = parts[column.name]
        for place in [place for place, word in enumerate(words) if word in marks]:
            alike[place, (*words[:place], *words[place + 1 :])].append(column)
    for (place, _), some in alike.items():
        n_languages = sum(parts[column.name][place] in LANGUAGES for column in some)
        for one, two in permutations(some, 2):
            left, right = parts[one.name][place], parts[two.name][place]
            is_translated = n_languages == 2 and left < right and LANGUAGES.issuperset((left, right))  # noqa: PLR2004
            if is_translated or right in SIDES.get(left, ()):
                yield _Named(one, two, place)


def _holds_texts(named: _Named, table: Table) -> bool:
    """Whether one of the two holds texts, and the other one, too, or several words in a few values."""
    both = (named.left, named.right)
    return any(one.role == Role.TEXT for one in both) and all(is_wordy(one, table) for one in both)


def _is_unclear(couples: Sequence[_Named]) -> bool:
    """Whether a column would be compared with two others."""
    return max(Counter(column.name for named in couples for column in named[:2]).values()) > 1


def _is_continued(couples: Sequence[_Named], parts: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a third column continues a couple: text_3 after text_1 and text_2."""
    names = set(parts.values())
    for named in couples:
        words = parts[named.right.name]
        third = _THIRD.get(words[named.place])
        if third and (*words[: named.place], third, *words[named.place + 1 :]) in names:
            return True
    return False


def _find_known(columns: Sequence[Column], table: Table) -> list[Couple]:
    """The one couple whose names have two known words; of several right sides, the one that is known best."""
    wordy = {column.name: split_name(column.name) for column in columns if is_wordy(column, table)}
    texts = {column.name for column in columns if column.role == Role.TEXT}
    for word, others in KNOWN.items():
        lefts = [name for name, words in wordy.items() if word in words]
        if len(lefts) != 1:
            continue
        places = {
            name: sorted(others.index(part) for part in words if part in others)
            for name, words in wordy.items()
            if name != lefts[0]
        }
        rights = sorted((found, name) for name, found in places.items() if found)
        is_clear = len(rights) == 1 or (len(rights) > 1 and rights[0][0] != rights[1][0])
        if is_clear and texts & {lefts[0], rights[0][1]}:
            return [(lefts[0], rights[0][1])]
    return []


# ---------------------------------------------------------------------- by values


def _is_alike(named: _Named, parts: Mapping[str, tuple[str, ...]], table: Table) -> bool:
    """Whether both columns have the same kind of words, and are not what rows have several of."""
    if NOT_COMPARED.intersection(parts[named.left.name]):
        return False
    return _compare_vocabularies(named.left.name, named.right.name, table) >= FEWEST_ALIKE


def _compare_vocabularies(one: str, two: str, table: Table) -> float:
    """The cosine of how often each word is in two columns."""
    counts = [Counter(_list_words(name, table)) for name in (one, two)]
    words = sorted(counts[0] | counts[1])
    left, right = (np.array([count[word] for word in words], dtype=float) for count in counts)
    lengths = float(np.linalg.norm(left) * np.linalg.norm(right))
    return float(left @ right) / lengths if lengths else 0.0


def _list_words(name: str, table: Table) -> Iterator[str]:
    """The words of some texts, spread over all in alphabetical order: so the order of rows does not count."""
    texts = find_distinct(table.data.column(name)).texts
    texts = texts.take(pc.sort_indices(texts))[:: 1 + len(texts) // MOST_READ]
    for text in texts.to_pylist():
        yield from set(_WORD.findall(text.casefold()))
