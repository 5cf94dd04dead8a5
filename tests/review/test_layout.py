from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.review import layout
from doubtcli.review.layout import LOCALMAP, PCA, TSNE, choose_method, lay_out
from doubtcli.review.map import RowMap
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def groups() -> NDArray[np.float32]:
    """Three groups of 20 rows in ten dimensions, far from each other, one after the other."""
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(3, 10, dtype=np.float32) * 20, 20, axis=0)
    return centres + rng.normal(size=(60, 10)).astype(np.float32)


@pytest.fixture
def without_pacmap(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra `map` were not installed."""
    monkeypatch.setattr(layout, "find_spec", lambda _: None)


def share_of_own_group(places: NDArray[np.float32]) -> float:
    """The share of rows whose nearest other row is of the same group of 20."""
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    return float(np.mean(squares.argmin(axis=1) // 20 == np.arange(60) // 20))


@pytest.mark.parametrize("method", [PCA, TSNE])
def test_groups_stay_together(groups: NDArray[np.float32], method: str) -> None:
    """Rows that are alike are near each other on the map."""
    assert share_of_own_group(lay_out(groups, method)) == 1


@pytest.mark.parametrize("method", [PCA, TSNE])
def test_same_places_again(groups: NDArray[np.float32], method: str) -> None:
    """The same rows have the same places, to the bit."""
    assert lay_out(groups, method, 3).tobytes() == lay_out(groups.copy(), method, 3).tobytes()


@pytest.mark.parametrize("method", [PCA, TSNE])
def test_range(groups: NDArray[np.float32], method: str) -> None:
    """Places are from -1 to 1, and reach both in the direction in which they are spread most."""
    places = lay_out(groups, method)

    assert (places.dtype, places.shape) == (np.float32, (60, 2))
    assert np.abs(places).max() == 1
    assert (places.max(axis=0) - places.min(axis=0)).max() == 2


def test_longest_direction_is_across() -> None:
    """By PCA rows on a line have places on a line from left to right, in its proportions."""
    places = lay_out(np.array([[0, 0], [1, 1], [4, 4]], dtype=np.float32), PCA)

    assert places == pytest.approx(np.array([[-1, 0], [-0.5, 0], [1, 0]]), abs=1e-6)


@pytest.mark.parametrize(
    "space",
    [
        pytest.param(np.ones((1, 3), np.float32), id="one row"),
        pytest.param(np.ones((50, 3), np.float32), id="equal rows"),
        pytest.param(np.zeros((5, 0), np.float32), id="no columns"),
    ],
)
def test_nothing_to_tell_apart(space: NDArray[np.float32]) -> None:
    """Rows that are all equal are in the middle."""
    assert choose_method(space) == PCA
    assert (lay_out(space, PCA) == 0).all()


def test_equal_rows_have_one_place(groups: NDArray[np.float32]) -> None:
    """Rows that are equal have the same place, also where zeros have different signs."""
    rows = groups.copy()
    rows[[7, 41], 0] = 0.0, -0.0
    rows[41, 1:] = rows[7, 1:]

    for method in (PCA, TSNE):
        places = lay_out(rows, method)
        assert (places[7] == places[41]).all()


def test_constant_columns_make_no_difference(groups: NDArray[np.float32]) -> None:
    """Columns that are the same in all rows change no place."""
    wider = np.hstack([groups, np.full((60, 4), 7, np.float32)])

    assert lay_out(wider, PCA) == pytest.approx(lay_out(groups, PCA), abs=1e-4)


@pytest.mark.parametrize(("n_rows", "expected"), [(11, PCA), (12, TSNE), (5_000, TSNE), (5_001, PCA)])
@pytest.mark.usefixtures("without_pacmap")
def test_method_by_size(n_rows: int, expected: str) -> None:
    """t-SNE is used where there are enough rows for neighbours, and not too many to wait for."""
    assert choose_method(np.arange(n_rows, dtype=np.float32)[:, None]) == expected


@pytest.mark.parametrize(("n_rows", "expected"), [(11, PCA), (5_001, LOCALMAP), (200_001, PCA)])
def test_method_with_the_extra(n_rows: int, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pacmap LocalMAP is used, up to 200,000 rows."""
    monkeypatch.setattr(layout, "find_spec", lambda _: object())

    assert choose_method(np.arange(n_rows, dtype=np.float32)[:, None]) == expected


def test_copies_are_not_counted() -> None:
    """A thousand copies of a few rows have too few neighbours for t-SNE."""
    assert choose_method(np.tile(np.eye(3, dtype=np.float32), (1_000, 1))) == PCA


@pytest.mark.integration
def test_localmap(groups: NDArray[np.float32]) -> None:
    """With the extra, groups stay together, and the places are the same again."""
    places = lay_out(groups, LOCALMAP)

    assert share_of_own_group(places) > 0.9
    assert places.tobytes() == lay_out(groups, LOCALMAP).tobytes()


def test_file_in_another_order(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Each row of a file has the same place if the file is in another order, and with other labels."""
    lines = (pytestconfig.rootpath / "fixtures" / "penguins.csv").read_text().splitlines(keepends=True)
    places = []
    for name, rows in (("a.csv", lines[1:81]), ("b.csv", lines[80:0:-1])):
        path = tmp_path / name
        path.write_text("".join([lines[0], *rows]))
        settings = ScanSettings(path=str(path), label="species", fast=True)
        audit = make_audit(settings, progress=Silence())[0]
        row_map = RowMap(audit, np.arange(audit.examples.n_rows))
        row_map.finish()
        ids = [audit.examples.row_ids[row] for row in row_map.points.rows]
        places.append(dict(zip(ids, map(tuple, row_map.points.places.tolist()), strict=True)))

    assert places[0] == places[1]
    assert len(places[0]) == 80


def test_file_without_inputs(tmp_path: Path) -> None:
    """Without input columns there is no map, and it is said why."""
    path = tmp_path / "labels.csv"
    path.write_text("id,label,annotator_1\n" + "".join(f"r{n},{'ab'[n % 2]},a\n" for n in range(30)))
    settings = ScanSettings(path=str(path), label="label", fast=True)
    audit = make_audit(replace(settings, id="id", annotators=("annotator_1",)), progress=Silence())[0]
    row_map = RowMap(audit, np.arange(audit.examples.n_rows))

    row_map.finish()

    assert (row_map.points, row_map.trouble) == (None, "there is no map: the file has no input columns")
