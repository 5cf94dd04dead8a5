"""Columns that give the label away: what each predicts alone, where all others predict another label.

A strong column is no leak. An honest one, such as the petals of an iris, contradicts a wrong label as the
other columns do; a leak agrees with the given label on these rows, too, for it was made from it or beside it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import ModelError
from doubtcli.evidence.content_key import find_or_make, hash_content, hash_examples
from doubtcli.features.blocks import build_features
from doubtcli.predict.crossfit import cross_fit
from doubtcli.predict.folds import spread_rows
from doubtcli.predict.skill import balanced_accuracy, correct_for_chance
from doubtcli.records import Role
from doubtcli.wording.lists import MOST_NAMED, quote_names
from doubtcli.wording.numbers import format_percent_down

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from doubtcli.progress import Progress
    from doubtcli.records import Bools, Codes, Engine, Examples, Keeper
    from doubtcli.records.arrays import Floats

MOST_ROWS, MOST_CELLS = 50_000, 5_000_000
"""The most rows that columns are judged on, and the most rows times classes: 40 MB."""
MOST_FITTED = 3_000
"""The most of these rows that the other columns predict: 5% of them are 150 wrong labels."""
REACHES = (6, 20, 60)
"""How many rows with nearly the same number predict a row: few where short batches have one label each."""
STRONG = 0.3
"""The part of the labels' entropy that a column explains before it is looked at. Below it, models follow the
other columns."""
SKILL_OF_OTHERS = 0.6
"""The chance-corrected balanced accuracy from which on the other columns know a wrong label. Without its
petals, an iris is predicted at .4, and then petals agree with every label that sepals contradict."""
LITTLE = 0.2
"""A label is contradicted if the other columns give it less than this probability."""
SURE = 0.6
"""A label is supported if they give it more."""
ODDS = 3.0
"""A column decides between two labels if one is this many times as likely as the other."""
AGREES, SUPPORTS = 0.97, 0.98
"""The shares of contradicted and of supported rows on which a leak agrees with the label. On 76 honest tables
whose other columns have skill, the first is at most .95 (the catch of each mode of fishing)."""
FEWEST = 5
"""The fewest contradicted rows that a leak decides."""
PREDICTS_ALL = 0.98
"""From this balanced accuracy on, a column is reported, though nothing shows that it is a leak."""
PREDICTS_MUCH = 0.9
"""From this on it is named where the models predict nearly all labels, and doubt none."""
MOST_SPELLED, SAMPLE_OF_TEXTS = 100, 1_000
"""The most classes that are looked for in texts, and how many texts show whether it is worth it."""
FEWEST_ALIKE, FEWEST_CLASSES = 2, 3
_FOLDS = 5


@dataclass(frozen=True)
class Leak:
    """A column that may give the label away, or columns that do so together."""

    columns: tuple[str, ...]
    share: float
    """The share of labels that it predicts alone, each class with the same weight."""
    n_agreeing: int = 0
    n_contradicted: int = 0
    """The rows on which the other columns predict another label, and it decides; and on how many of them it
    agrees with the label."""
    is_certain: bool = False
    """Whether it agrees with the label where the others contradict it."""

    @property
    def is_reported(self) -> bool:
        """Whether the user should know of it in any case."""
        return self.is_certain or self.share >= PREDICTS_ALL


@dataclass(frozen=True, eq=False)
class _Suspect:
    """A strong column, or a set of like ones."""

    columns: tuple[str, ...]
    probs: Floats
    """Shape `(n_rows, n_classes)`: by the other rows with the same or nearly the same value."""
    strength: float


def explain_leak(leak: Leak) -> str:
    """Why a column is taken for a leak, or is reported: "alone it predicts 99.3% of the labels"."""
    alone = "alone" if len(leak.columns) == 1 else f"together with {len(leak.columns) - 1} like it"
    if not leak.is_certain:
        return (
            f"{alone} it predicts {format_percent_down(leak.share)} of the labels (classes weighted equally)"
        )
    return (
        f"{alone} it agrees with {leak.n_agreeing:,} of the {leak.n_contradicted:,} labels that the other "
        "columns contradict: it gives the label away"
    )


def note_leak(leak: Leak, use: Collection[str]) -> str:
    """One sentence for the user: which columns, why, and how to overrule what is done."""
    names = quote_names(leak.columns, MOST_NAMED)
    asked = set(leak.columns) & set(use)
    if asked or not leak.is_certain:
        found = "predicts" if len(leak.columns) == 1 else "predict"
        done = "used, as --use says" if asked else "used; --ignore leaves out what was made from the label"
        share = format_percent_down(leak.share)
        return f"{names} {found} {share} of the labels without the other columns ({done})"
    give, agree = ("gives", "agrees") if len(leak.columns) == 1 else ("give", "agree")
    return (
        f"{names} {give} the label away, and {agree} with {leak.n_agreeing:,} of the {leak.n_contradicted:,} "
        "labels that the other columns contradict: left out (--use NAME keeps a column)"
    )


def find_leaks(
    examples: Examples, seed: int, engine: Engine, progress: Progress, keeper: Keeper | None = None
) -> tuple[Leak, ...]:
    """The columns that give the label away, or might: numbers, categories, times, texts that name classes.

    Args:
        examples: The labelled rows.
        seed: The seed of the folds.
        engine: Fits the models of the other columns.
        progress: Shows the stage.
        keeper: Keeps what was found, for later scans.
    """

    def look() -> tuple[Leak, ...]:
        return _look_for_leaks(examples, seed, engine, progress)

    def make_key() -> str | None:
        labels = (examples.given_labels, examples.class_names)
        return hash_content("leaks", hash_examples(examples), *labels, seed)

    return find_or_make(keeper, make_key, look)


def _look_for_leaks(examples: Examples, seed: int, engine: Engine, progress: Progress) -> tuple[Leak, ...]:
    cells = max(1, MOST_CELLS // max(1, examples.n_classes))
    if examples.n_rows > min(MOST_ROWS, cells):
        examples = examples.take(spread_rows(examples.n_rows, min(MOST_ROWS, cells)))
    suspects = _find_suspects(examples)
    if not suspects:
        return ()
    strong = {name for one in suspects for name in one.columns}
    rows = spread_rows(examples.n_rows, MOST_FITTED)
    with progress.stage("Looking for columns that give the label away"):
        others = _predict_by_others(examples.take(rows), strong, seed, engine)
    labels = examples.given_labels
    judged = (_judge_suspect(one, labels, rows, others) for one in suspects)
    return _drop_parts([one for one in judged if one.is_certain or one.share >= PREDICTS_MUCH])


def find_strongest(leaks: Sequence[Leak], used: Collection[str]) -> Leak | None:
    """The leak of columns in use that predicts most labels; None if there is none."""
    kept = (leak for leak in leaks if set(leak.columns) <= set(used))
    return max(kept, key=lambda leak: leak.share, default=None)


def _list_plain_columns(examples: Examples) -> list[str]:
    plain = (Role.NUMERIC, Role.CATEGORICAL, Role.DATETIME)
    return [name for name, role in examples.column_roles.items() if role in plain]


def _find_suspects(examples: Examples) -> list[_Suspect]:
    """The columns and sets of columns that explain much of the labels."""
    labels, n_classes = examples.given_labels, examples.n_classes
    found = []
    for columns, values, is_ordered in _list_values(examples):
        probs, strength = predict_alone(values, labels, n_classes, is_ordered=is_ordered)
        if strength >= STRONG:
            found.append(_Suspect(columns, probs, strength))
    return found


def _list_values(examples: Examples) -> Iterator[tuple[tuple[str, ...], Codes, bool]]:
    """Each column, and each set of like columns: its values as numbers, and whether their order counts."""
    names = _list_plain_columns(examples)
    numbers = {name: _read_numbers(examples, name) for name in names}
    for name in names:
        is_ordered = examples.column_roles[name] != Role.CATEGORICAL
        values = numbers[name]
        yield (name,), np.unique(values, return_inverse=True)[1].astype(np.intp), is_ordered
    measures = _list_measures(examples)
    flags = group_exclusive_columns({name: numbers[name] for name in measures})
    for alike in dict.fromkeys([*group_like_columns(measures, examples.class_names), *flags]):
        matrix = np.column_stack([numbers[name] for name in alike])
        known = np.where(np.isnan(matrix), -np.inf, matrix)
        highest = known.argmax(axis=1)
        highest[known.max(axis=1) == known.min(axis=1)] = len(alike)  # all equal: no column has the highest
        yield alike, highest.astype(np.intp), False
    for name in examples.columns_of(Role.TEXT):
        last = _find_last_class(examples.inputs.column(name), examples)
        if last is not None:
            yield (name,), last, False


def _find_last_class(texts: pa.ChunkedArray, examples: Examples) -> Codes | None:
    """The class that each text names last, as in "Where is my parcel? => delivery"; 0 where it names none.

    None where a sample of the texts shows that it says little of the labels.
    """
    names = [name.lower() for name in examples.class_names if name.strip()]
    if not names or len(names) > MOST_SPELLED:
        return None
    pattern = rf"(?is)^.*(?:^|\W)(?P<name>{'|'.join(re.escape(name) for name in names)})(?:\W|$)"

    def find(texts: pa.ChunkedArray) -> Codes:
        found = pc.struct_field(pc.extract_regex(texts, pattern), "name")
        words = np.asarray(pc.fill_null(pc.utf8_lower(found), "").to_pylist(), dtype=object)
        return np.unique(words, return_inverse=True)[1].astype(np.intp)

    rows = spread_rows(examples.n_rows, SAMPLE_OF_TEXTS)
    sample = find(texts.take(pa.array(rows)))
    labels = examples.given_labels[rows]
    strength = predict_alone(sample, labels, examples.n_classes, is_ordered=False)[1]
    return find(texts) if strength >= STRONG / 2 else None


def _list_measures(examples: Examples) -> list[str]:
    """The columns of numbers, or of true and false."""
    return [
        name
        for name in _list_plain_columns(examples)
        if examples.column_roles[name] == Role.NUMERIC or _is_true_or_false(examples.inputs.column(name))
    ]


def _is_true_or_false(column: pa.ChunkedArray) -> bool:
    return {str(value).lower() for value in pc.unique(column).to_pylist()} <= {"true", "false", "none"}


def _read_numbers(examples: Examples, name: str) -> Floats:
    """A column as numbers; categories in the order of their names, so that rows may be in any order."""
    column = examples.inputs.column(name)
    role = examples.column_roles[name]
    if role == Role.CATEGORICAL:
        words = pc.fill_null(pc.cast(column, pa.large_string()), "\0missing")
        words_of_rows = np.asarray(words.to_pylist(), dtype=object)
        return np.unique(words_of_rows, return_inverse=True)[1].astype(np.float64)
    if role == Role.DATETIME:
        column = pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64())
    return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def group_like_columns(names: Sequence[str], class_names: Sequence[str]) -> list[tuple[str, ...]]:
    """Columns that are named alike but for a class or a number, about one for each class.

    Example:
        >>> group_like_columns(["prob_a", "prob_b", "prob_c", "age"], ["a", "b", "c"])
        [('prob_a', 'prob_b', 'prob_c')]
    """
    classes = {_to_plain(name) for name in class_names}
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in names:
        plain = _to_plain(name)
        part = next((one for one in sorted(classes, key=len, reverse=True) if _has_part(plain, one)), None)
        numbered = re.fullmatch(r"(.*?)_?\d+", plain)
        if part is not None:
            by_stem[f"_{plain}_".replace(f"_{part}_", "_*_", 1)].append(name)
        elif numbered:
            by_stem[numbered[1]].append(name)
    fewest = max(FEWEST_ALIKE, len(class_names) - 1)
    enough = [tuple(alike) for alike in by_stem.values() if fewest <= len(alike) <= len(class_names) + 1]
    return enough if len(class_names) >= FEWEST_CLASSES else []


def group_exclusive_columns(numbers: Mapping[str, Floats]) -> list[tuple[str, ...]]:
    """Columns of 0 and 1 of which at most one is 1 in each row: one-hot columns, by any names.

    Example:
        >>> group_exclusive_columns({"red": np.array([1, 0, 0]), "blue": np.array([0, 1, 0])})
        [('red', 'blue')]
    """
    groups: list[tuple[list[str], Bools]] = []
    for name, values in numbers.items():
        is_set = values == 1
        if not is_set.any() or not (is_set | (values == 0)).all():
            continue
        for names, taken in groups:
            if not (taken & is_set).any():
                names.append(name)
                np.logical_or(taken, is_set, out=taken)
                break
        else:
            groups.append(([name], is_set))
    return [tuple(names) for names, _ in groups if len(names) >= FEWEST_ALIKE]


def _to_plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


def _has_part(plain: str, part: str) -> bool:
    return bool(part) and f"_{part}_" in f"_{plain}_"


def predict_alone(values: Codes, labels: Codes, n_classes: int, *, is_ordered: bool) -> tuple[Floats, float]:
    """What the other rows with the same value, or with nearly the same number, say of a row's label.

    Args:
        values: Shape `(n_rows,)`: the value of each row, as its place among all values.
        labels: Shape `(n_rows,)`.
        n_classes: How many classes there are.
        is_ordered: Whether values next to each other are nearly the same.

    Returns:
        Probabilities of shape `(n_rows, n_classes)`, and the part of the labels' entropy that they explain:
        1 if they predict every label, 0 or below if none.
    """
    prior = np.bincount(labels, minlength=n_classes) / len(labels)
    entropy = -float(np.log(prior[labels]).mean())
    best, best_strength = np.tile(prior, (len(labels), 1)), 0.0
    for reach in REACHES if is_ordered else (0,):
        counts = _count_near_labels(values, labels, n_classes, reach)
        probs = (counts + prior) / (counts.sum(axis=1, keepdims=True) + 1)
        own = probs[np.arange(len(labels)), labels]
        strength = 1 + float(np.log(own).mean()) / entropy if entropy > 0 else 0.0
        if strength > best_strength:
            best, best_strength = probs, strength
    return best, best_strength


def _count_near_labels(values: Codes, labels: Codes, n_classes: int, reach: int) -> Floats:
    """The labels of the other rows with each row's value; of rare values, also those of the nearest ones."""
    n_values = int(values.max()) + 1
    table = np.bincount(values * n_classes + labels, minlength=n_values * n_classes)
    totals = np.vstack([np.zeros(n_classes), np.cumsum(table.reshape(n_values, n_classes), axis=0)])
    ends = totals.sum(axis=1)
    first, last = np.arange(n_values), np.arange(1, n_values + 1)
    is_rare = np.diff(ends) <= reach
    # whole values, so that the order of rows with the same one doesn't matter
    low = np.searchsorted(ends[1:], np.maximum(ends[:-1] - reach // 2, 0), side="right")
    high = np.searchsorted(ends[:-1], np.minimum(ends[1:] + reach // 2, ends[-1]), side="left")
    first, last = np.where(is_rare, low, first), np.where(is_rare, high, last)
    counts = (totals[last] - totals[first])[values]
    counts[np.arange(len(labels)), labels] -= 1
    return np.asarray(counts)


def _predict_by_others(
    examples: Examples, strong: Collection[str], seed: int, engine: Engine
) -> Floats | None:
    """Out-of-fold probabilities by the columns that are not strong; None if these know too little."""
    kept = [name for name in examples.column_roles if name not in strong]
    others = replace(
        examples,
        inputs=examples.inputs.select(kept),
        column_roles={name: examples.column_roles[name] for name in kept},
    )
    features = build_features(others)
    if features is None:
        return None
    labels = examples.given_labels
    try:
        predictions = cross_fit(
            # the first model of each block is its cheapest
            [block.models((), fast=True)[0] for block in features.blocks],
            labels,
            examples.n_classes,
            np.arange(len(labels)) if examples.groups is None else examples.groups,
            n_folds=_FOLDS,
            n_repeats=1,
            seed=seed,
            engine=engine,
            advance=lambda _: None,
        )
    except ModelError:
        return None
    found = balanced_accuracy(predictions.pooled.argmax(axis=1), labels)
    has_skill = correct_for_chance(found, labels) >= SKILL_OF_OTHERS
    return np.asarray(predictions.pooled, dtype=np.float64) if has_skill else None


def _judge_suspect(suspect: _Suspect, labels: Codes, rows: Codes, others: Floats | None) -> Leak:
    leak = Leak(suspect.columns, balanced_accuracy(suspect.probs.argmax(axis=1), labels))
    if others is None:
        return leak
    probs, labels, places = suspect.probs[rows], labels[rows], np.arange(len(rows))
    own = others[places, labels]
    beside = others.copy()
    beside[places, labels] = -1.0
    rival = beside.argmax(axis=1)
    n_contradicted, n_agreeing = _count_decided(
        probs, labels, rival, (own < LITTLE) & (own < beside.max(axis=1))
    )
    n_supported, n_supporting = _count_decided(probs, labels, rival, own > SURE)
    return replace(
        leak,
        n_agreeing=n_agreeing,
        n_contradicted=n_contradicted,
        is_certain=n_contradicted >= FEWEST
        and n_agreeing >= AGREES * n_contradicted
        and n_supporting >= SUPPORTS * n_supported,
    )


def _count_decided(probs: Floats, labels: Codes, rivals: Codes, among: Bools) -> tuple[int, int]:
    """On how many of these rows a column decides between the label and its rival, and for the label."""
    places = np.arange(len(labels))
    given, rival = probs[places, labels], probs[places, rivals]
    for_given, for_rival = given > ODDS * rival, rival > ODDS * given
    return int((among & (for_given | for_rival)).sum()), int((among & for_given).sum())


def _drop_parts(leaks: Sequence[Leak]) -> tuple[Leak, ...]:
    """Without columns of which a set says as much."""
    return tuple(
        one
        for one in leaks
        if not any(
            set(one.columns) < set(other.columns) and other.is_certain >= one.is_certain for other in leaks
        )
    )
