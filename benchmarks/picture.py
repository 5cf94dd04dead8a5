"""Draws docs/numbers.svg: in each known label set, how many labels are wrong at each margin.

Usage: python benchmarks/picture.py      (run it after `make bench-numbers`)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.special import expit

from doubtcli.rank.prior import ErrorCurves, KnownSets, list_curves, read_known_sets

PICTURE = Path(__file__).parents[1] / "docs" / "numbers.svg"
WIDTH, HEIGHT, LEFT, TOP = 640, 330, 70, 20
INNER = (WIDTH - LEFT - 20, HEIGHT - TOP - 70)
ODDS = np.linspace(-2.0, 6.0, 81)
TICKS = {0.0: "even", np.log(3): "3 to 1", np.log(10): "10 to 1", np.log(100): "100 to 1"}


def main() -> None:
    """Write the picture."""
    known = read_known_sets()
    mean = ErrorCurves(known.curves.mean(axis=0))
    lines = [draw_line(curve, "#8a8f98", 0.35, 1) for curve in list_curves_of(known)]
    lines.append(draw_line(expit(mean.to_log_odds(ODDS)), "#b3261e", 1.0, 3))
    PICTURE.write_text(frame("".join(lines)), encoding="utf-8")


def list_curves_of(known: KnownSets) -> np.ndarray:
    """The mean curve of each set: shape `(n_sets, n_margins)`."""
    intercepts, slopes = list_curves()
    return known.curves @ expit(intercepts[:, None] + slopes[:, None] * ODDS)


def place(odds: float, share: float) -> tuple[float, float]:
    """Where a point is in the picture."""
    across = (odds - ODDS[0]) / (ODDS[-1] - ODDS[0])
    return LEFT + across * INNER[0], TOP + (1 - share) * INNER[1]


def draw_line(shares: np.ndarray, color: str, opacity: float, width: int) -> str:
    """A curve."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, ODDS, shares))
    style = f'stroke="{color}" stroke-opacity="{opacity}" stroke-width="{width}" fill="none"'
    return f'<polyline points="{points}" {style}/>\n'


def frame(lines: str) -> str:
    """The whole picture."""
    texts = []
    for share in (0.0, 0.5, 1.0):
        x, y = place(ODDS[0], share)
        texts.append(f'<line x1="{x}" y1="{y}" x2="{x + INNER[0]}" y2="{y}" stroke="#ccc"/>')
        texts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{share:.0%}</text>')
    for odds, name in TICKS.items():
        x, y = place(odds, 0.0)
        texts.append(f'<text x="{x:.1f}" y="{y + 20}" text-anchor="middle">{name}</text>')
    middle = LEFT + INNER[0] / 2
    texts.append(
        f'<text x="{middle}" y="{HEIGHT - 16}" text-anchor="middle">models\' odds for another label</text>'
    )
    texts.append(f'<text x="{LEFT + 8}" y="{TOP + 16}">share of labels that are wrong</text>')
    body = "\n".join(texts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#444">\n'
        "<title>In each known label set, the share of wrong labels by models' odds for another</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{body}\n{lines}</svg>\n'
    )


if __name__ == "__main__":
    main()
