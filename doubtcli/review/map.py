"""The map of a review: each row as a point, as bytes for the page; and which points a drawn region has.

The places are computed when the map is first looked at, beside all else that the review does.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from threading import Lock, Thread
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.errors import InputError
from doubtcli.evidence.content_key import hash_content, hash_examples
from doubtcli.evidence.neighbors import build_comparison_space
from doubtcli.features.blocks import build_features
from doubtcli.predict.folds import spread_rows
from doubtcli.rank.combine import list_counted_reasons
from doubtcli.records import REASON_SPEAKS
from doubtcli.review.layout import METHODS, PCA, choose_method, lay_out

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from doubtcli.records import Bools, Codes, Floats, Keeper, ScanResult
    from doubtcli.review.session import Session

MOST_POINTS = 1_000_000
"""Points on a map; of more rows all doubted ones are on it, and a sample of the others."""
SIDE = 65_535
"""Places on the page are whole numbers from 0 to this."""
_FEWEST_CORNERS, _MOST_CORNERS = 3, 500
_NAME_DIGITS = 12
_ALIGNED = 8
"""Bytes: each column starts at a multiple of it."""
_NOT_SHOWN = 255
"""The doubt of a row that nobody may know yet; and the reason of a row that has none."""


@dataclass(frozen=True, eq=False)
class Points:
    """The rows on the map, and their places."""

    rows: Codes
    """Shape `(n_points,)`, rising."""
    places: NDArray[np.uint16]
    """Shape `(n_points, 2)`, 0 to `SIDE`: from left to right, and from the bottom to the top."""
    method: str
    is_final: bool
    """Whether no better places are being computed."""
    n_left_out: int = 0
    """How many rows are not on the map."""

    @cached_property
    def name(self) -> str:
        """Of these places: others have another name."""
        return (hash_content(self.rows, self.places) or "")[:_NAME_DIGITS]

    def take(self, rows: Codes) -> Points:
        """The points of some rows, at the same places."""
        chosen = np.isin(self.rows, rows)
        return Points(self.rows[chosen], self.places[chosen], self.method, self.is_final)


@dataclass(frozen=True)
class Region:
    """A part of a map that a person drew: a polygon of places on the map with this name."""

    map_name: str
    corners: NDArray[np.int64]
    """Shape `(n_corners, 2)`."""

    @classmethod
    def parse(cls, text: str) -> Region:
        """The region in a filter: the map's name and the corners, as in "3f2a90c1d2e4:10,20,900,20,10,800".

        Raises:
            InputError: It is none.
        """
        name, _, numbers = text.partition(":")
        parts = numbers.split(",")
        is_valid = all(re.fullmatch(r"[0-9]{1,5}", part) for part in parts)
        n_corners, rest = divmod(len(parts), 2)
        if not (name and is_valid and rest == 0 and _FEWEST_CORNERS <= n_corners <= _MOST_CORNERS):
            raise InputError(
                "the region is not a region of a map",
                expected=f"a map's name, and {_FEWEST_CORNERS} to {_MOST_CORNERS} corners as whole numbers",
            )
        return cls(name, np.array(parts, dtype=np.int64).reshape(-1, 2))

    def find_inside(self, places: NDArray[np.uint16]) -> Bools:
        """Which places are inside, by the number of sides to the right of them: shape `(n_points,)`.

        All numbers are whole, so that the page finds the same ones.
        """
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        near = np.flatnonzero(((places >= low) & (places <= high)).all(axis=1))
        x, y = places[near].astype(np.int64).T
        inside = np.zeros(len(near), dtype=np.bool_)
        for (x1, y1), (x2, y2) in zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True):
            if y1 != y2:
                passes = (y1 > y) != (y2 > y)
                turn = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
                inside ^= passes & (turn > 0 if y2 > y1 else turn < 0)
        found = np.zeros(len(places), dtype=np.bool_)
        found[near] = inside
        return found


class RowMap:
    """The rows of an audit as points.

    Args:
        audit: What a scan found.
        rows: Of all rows those that are shown, rising.
        keeper: Keeps places for later runs.
    """

    def __init__(self, audit: ScanResult, rows: Codes, keeper: Keeper | None = None) -> None:
        self._audit = audit
        self._all, self._keeper = rows, keeper
        self._lock, self._thread = Lock(), Thread(target=self._make, daemon=True)
        self._made: list[Points] = []
        self.trouble: str | None = None
        """Why there is no map."""

    @property
    def points(self) -> Points | None:
        """The best places so far; None if there are none yet. The first look starts computing them."""
        self.start()
        return self._made[-1] if self._made else None

    def start(self) -> None:
        """Compute the places in a thread of their own, if that has not begun."""
        with self._lock:
            if self._thread.ident is None:
                self._thread.start()

    def finish(self) -> None:
        """Wait until the places are computed."""
        self.start()
        self._thread.join()

    def find_region(self, text: str) -> Bools:
        """Which rows are in a region, shape `(n_rows,)`; those that are not on the map are not.

        Raises:
            InputError: It is none, or was drawn on another map.
        """
        region = Region.parse(text)
        self.start()
        on = next((points for points in self._made if points.name == region.map_name), None)
        if on is None:
            raise InputError("the region was drawn on another map", hint="draw it again on the map")
        found = np.zeros(self._audit.examples.n_rows, dtype=np.bool_)
        found[on.rows] = region.find_inside(on.places)
        return found

    # ------------------------------------------------------------------ making it

    def _make(self) -> None:
        try:
            self._lay_out_rows()
        except Exception as error:  # noqa: BLE001  # the review goes on without a map
            self.trouble = f"the map could not be made: {str(error) or type(error).__name__}"

    def _lay_out_rows(self) -> None:
        """Make a quick map, and then a better one."""
        examples, rows = self._audit.examples, choose_points(self._audit, self._all)
        if len(rows) < examples.n_rows:
            examples = examples.take(rows)
        key = None if self._keeper is None else hash_content("map", self._audit.seed, hash_examples(examples))
        kept = None if self._keeper is None or key is None else self._keeper.find(key)
        if kept is not None:
            self._add(rows, *kept, is_final=True)
            return
        features = build_features(examples)
        if features is None:
            self.trouble = "there is no map: the file has no input columns"
            return
        space = build_comparison_space(features)
        method = choose_method(space)
        places = lay_out(space, PCA)
        if method != PCA:
            self._add(rows, places, PCA, is_final=False)
            places = lay_out(space, method, self._audit.seed)
        self._add(rows, places, method, is_final=True)
        if self._keeper is not None and key is not None:
            self._keeper.keep(key, (places, method))

    def _add(self, rows: Codes, places: Floats, method: str, *, is_final: bool) -> None:
        whole = np.rint((places.astype(np.float64) + 1) / 2 * SIDE).astype(np.uint16)
        points = Points(rows, whole, method, is_final, len(self._all) - len(rows))
        _ = points.name  # takes a moment for many points, so now
        self._made.append(points)


def choose_points(audit: ScanResult, rows: Codes, most: int = MOST_POINTS) -> Codes:
    """The rows on the map: all, or the doubted ones and of each given label its share of the others.

    Args:
        audit: What a scan found.
        rows: Those to choose from, rising.
        most: How many to choose, but for doubted rows.
    """
    if len(rows) <= most:
        return rows
    doubted = audit.ranking.doubted[rows]
    others = rows[~doubted]
    # one label after the other, so that evenly spaced ones have their share of each
    by_label = others[np.argsort(audit.examples.given_labels[others], kind="stable")]
    chosen = by_label[spread_rows(len(by_label), max(0, most - int(doubted.sum())))]
    return np.union1d(rows[doubted], chosen)


# -------------------------------------------------------------------------- for the page


def pack_points(
    points: Points, session: Session, queue: Codes, hidden: Collection[int], edition: str
) -> bytes:
    """The points as columns of bytes, after a header in JSON that says what they are.

    Its length comes first (4 bytes, like all numbers little-endian). Each column starts at a multiple of 8
    bytes: one bit for each row of the audit, which is 1 if it is on the map; then for each point its place
    from left to right and from bottom to top (two bytes each), its doubt (0 to 254, 255 for one that is not
    shown), its strongest reason to doubt (255 for none), and its given and suggested labels (one byte each,
    or two if there are more than 256 labels); and one bit for each point, which is 1 if it is in the queue.

    Args:
        points: On the map.
        session: The review.
        queue: The rows to review.
        hidden: Rows whose doubt and suggestion are not shown.
        edition: Another one where anything of it is different.
    """
    audit, rows = session.audit, points.rows
    reasons = [one for one in list_counted_reasons(audit.reasons, audit.skill) if one.family == "error"]
    is_hidden = np.isin(rows, np.fromiter(hidden, dtype=np.intp))
    given, suggested = audit.examples.given_labels[rows], audit.ranking.suggested_labels[rows]
    code = np.dtype("<u2" if len(session.labels) > 2**8 else "<u1")
    scores = np.array([one.scores[rows] for one in reasons]).reshape(len(reasons), len(rows))
    columns = (
        _mark_rows(rows, audit.examples.n_rows),
        points.places[:, 0].astype("<u2"),
        points.places[:, 1].astype("<u2"),
        np.where(is_hidden, _NOT_SHOWN, np.rint(audit.ranking.doubt[rows] * (_NOT_SHOWN - 1))).astype(
            np.uint8
        ),
        np.where(is_hidden, _NOT_SHOWN, _find_strongest(scores)).astype(np.uint8),
        given.astype(code),
        np.where(is_hidden, given, suggested).astype(code),
        np.packbits(np.isin(rows, queue), bitorder="little"),
    )
    header = {
        "name": points.name,
        "edition": edition,
        "method": points.method,
        "meaning": METHODS[points.method],
        "isFinal": points.is_final,
        "points": len(rows),
        "rows": audit.examples.n_rows,
        "leftOut": points.n_left_out,
        "labelBytes": code.itemsize,
        "reasons": [one.name for one in reasons],
    }
    head = json.dumps(header, separators=(",", ":")).encode()
    start = len(head).to_bytes(4, "little") + head
    return b"".join(_pad(part) for part in (start, *(column.tobytes() for column in columns)))


def pack_bits(through: Bools, points: Points) -> bytes:
    """One bit for each point: whether its row is let through.

    Args:
        through: Shape `(n_rows,)`.
        points: On the map.
    """
    return _pad(np.packbits(through[points.rows], bitorder="little").tobytes())


def pack_states(states: NDArray[np.int8], points: Points) -> bytes:
    """One byte for each point: what became of its row, as a place in `STATES`."""
    return _pad(states[points.rows].astype(np.uint8).tobytes())


def _mark_rows(rows: Codes, n_rows: int) -> NDArray[np.uint8]:
    is_there = np.zeros(n_rows, dtype=np.bool_)
    is_there[rows] = True
    return np.packbits(is_there, bitorder="little")


def _find_strongest(scores: Floats) -> Codes:
    """The reason with the highest score of each point, if it raises doubt.

    Args:
        scores: Shape `(n_reasons, n_points)`.
    """
    if not len(scores):
        return np.full(scores.shape[1], _NOT_SHOWN)
    known = np.nan_to_num(scores, nan=-1.0)
    strongest = known.argmax(axis=0)
    return np.where(known.max(axis=0) >= REASON_SPEAKS, strongest, _NOT_SHOWN)


def _pad(content: bytes) -> bytes:
    return content + bytes(-len(content) % _ALIGNED)
