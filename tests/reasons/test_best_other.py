import numpy as np
import pytest

from doubtcli.reasons.best_other import best_other_share


@pytest.mark.parametrize(
    ("probs", "share"),
    [
        pytest.param((0.2, 0.8), 0.8, id="another class leads"),
        pytest.param((0.1, 0.3, 0.6), 6 / 7, id="only the best other counts"),
        pytest.param((0.9, 0.1), 0.1, id="the label leads"),
        pytest.param((0.4, 0.4, 0.2), 0.5, id="a tie"),
        pytest.param((0.0, 0.0), 0.5, id="nothing for anybody"),
    ],
)
def test_the_share_of_the_best_other_class(probs, share):
    """Of what it and the label 0 get together."""
    assert best_other_share(np.array([0]), np.array([probs])) == pytest.approx([share])
