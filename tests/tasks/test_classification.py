import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records import Evidence, arrays
from doubtcli.tasks.classification import Classification, measure_confusions, plant_errors

LABELS = np.array([0, 0, 1, 2])
PROBS = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.2, 0.7, 0.1], [0.0, 0.2, 0.8]])


def test_confusions_are_shares_of_the_other_classes():
    """Class 0 gives .6 to class 1 and .2 to class 2: three of four times it is confused with class 1."""
    found = measure_confusions(LABELS, PROBS)

    np.testing.assert_allclose(found, [[0, 3 / 4, 1 / 4], [2 / 3, 0, 1 / 3], [0, 1, 0]], atol=1e-7)


def test_a_class_without_confusions_gets_confused_with_all_others():
    """If its rows give other classes nothing, or it has no rows, the other classes have equal shares."""
    found = measure_confusions(np.array([0, 0]), np.array([[1.0, 0, 0], [1.0, 0, 0]]))

    np.testing.assert_allclose(found, [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def test_errors_are_planted_the_way_classes_get_confused():
    """Of 2,000 planted rows of class 0, three of four become class 1 (within four standard errors)."""
    labels = np.repeat(LABELS, 10_000)

    planting = plant_errors(labels, np.repeat(PROBS, 10_000, axis=0), labels == 0, seed=0)

    became = np.bincount(planting.labels[planting.is_planted], minlength=3)
    assert became[0] == 0
    assert became.sum() == 2_000  # a twentieth of all 40,000 rows
    assert abs(became[1] - 1_500) < 4 * np.sqrt(2_000 * 0.75 * 0.25)


def test_one_error_is_planted_in_a_tiny_file():
    """A twentieth of four rows is less than one row, and one error is planted."""
    assert plant_errors(LABELS, PROBS, np.ones(4, dtype=bool), seed=0).is_planted.sum() == 1


def test_another_seed_plants_other_rows():
    """The two plantings differ."""
    labels, probs, every = np.repeat(LABELS, 100), np.repeat(PROBS, 100, axis=0), np.ones(400, dtype=bool)

    one, other = (plant_errors(labels, probs, every, seed).is_planted for seed in (0, 1))

    assert (one != other).any()


@st.composite
def tables(draw):
    """Labels, any probabilities, and which rows may be planted."""
    n_rows, n_classes = draw(st.integers(1, 120)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    probs = rng.dirichlet(np.full(n_classes, draw(st.sampled_from([0.01, 1.0, 100.0]))), n_rows)
    return rng.integers(0, n_classes, n_rows), probs, rng.random(n_rows) < draw(st.floats(0, 1))


@given(tables(), st.integers(0, 2**32 - 1))
def test_only_eligible_rows_change(table, seed):
    """A planted row has another class; no other row changes, nor do the given labels."""
    labels, probs, eligible = table
    before = labels.copy()

    planting = plant_errors(labels, probs, eligible, seed)

    np.testing.assert_array_equal(planting.is_planted, planting.labels != labels)
    assert not planting.is_planted[~eligible].any()
    assert ((planting.labels >= 0) & (planting.labels < probs.shape[1])).all()
    np.testing.assert_array_equal(labels, before)


@given(tables(), st.integers(0, 2**32 - 1))
def test_a_twentieth_is_planted(table, seed):
    """It is a twentieth of all rows, at least one, and not more than are eligible."""
    labels, probs, eligible = table

    planting = plant_errors(labels, probs, eligible, seed)

    assert planting.is_planted.sum() == min(max(1, round(len(labels) / 20)), eligible.sum())


@given(tables(), st.integers(0, 2**32 - 1))
def test_the_same_seed_plants_the_same(table, seed):
    """Nothing depends on anything else that is random."""
    one, other = plant_errors(*table, seed), plant_errors(*table, seed)

    np.testing.assert_array_equal(one.labels, other.labels)


def judge_many_rows():
    """What is said of 500 random rows of 7 classes, some of them equal, some with annotators."""
    rng = np.random.default_rng(1)
    task, judgeable = Classification(), rng.random(500) < 0.9
    evidence = Evidence(
        given_labels=rng.integers(0, 7, 500),
        n_classes=7,
        equal_groups=rng.integers(0, 300, 500),
        annotations=rng.integers(-1, 7, (500, 2)),
    )
    opinion = rng.dirichlet(np.ones(7), 500).astype(np.float32)
    doubt = rng.random(500)
    suggestions = task.suggest(evidence, opinion, doubt, judgeable, 7)
    noise = task.estimate_noise([opinion], evidence, np.arange(500), seed=0)
    return [
        task.contradict(opinion, evidence),
        task.find_contradicted(opinion, evidence),
        suggestions.labels,
        suggestions.confidence,
        np.array([noise.curve_rate, noise.noise_rate.at_least]),
    ]


def test_blocks_of_rows_make_no_difference(monkeypatch):
    """In blocks of 3 rows of 7 classes, all is the same to the last digit as of all rows at once."""
    at_once = judge_many_rows()

    monkeypatch.setattr(arrays, "BLOCK_CELLS", 21)

    for one, other in zip(judge_many_rows(), at_once, strict=True):
        np.testing.assert_array_equal(one, other)
