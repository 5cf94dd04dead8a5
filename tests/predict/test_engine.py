import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from operator import methodcaller
from typing import ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from doubtcli.features.table import TableBlock
from doubtcli.features.text import make_text_block
from doubtcli.predict.crossfit import FitModel, cross_fit
from doubtcli.predict.engine import SharedContext, ThreadEngine, limit_native_threads, make_engine
from doubtcli.records import Features

TEXTS = ["card lost", "card stolen", "my card is gone", "refund please", "please refund me", "money back"] * 4
LABELS = np.array([0, 0, 0, 1, 1, 1] * 4)


class SerialEngine:
    """Does one job after the other."""

    def map(self, jobs):
        """What each job gives."""
        return (job.run() for job in jobs)


class ProcessEngine:
    """Does jobs in another process, which shares nothing with this one."""

    def map(self, jobs):
        """What each job gives."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            yield from pool.map(methodcaller("run"), list(jobs))


@dataclass(frozen=True)
class Hasty:
    """A job that is not done within its steps."""

    libraries: ClassVar = ()

    def run(self):
        """Done, but for a warning."""
        warnings.warn("lbfgs failed to converge (status=1)", stacklevel=1)
        return 1


@pytest.fixture(scope="module")
def features():
    """Texts and two columns of numbers: all eight models."""
    dense = np.random.default_rng(0).normal(size=(24, 2)).astype(np.float32)
    return Features((make_text_block(TEXTS), TableBlock(dense)))


def fit(features, engine):
    """All that cross-fitting gives, as bytes."""
    found = cross_fit(
        features.models(),
        LABELS,
        2,
        np.arange(24),
        n_folds=3,
        n_repeats=2,
        seed=0,
        engine=engine,
        advance=lambda _: None,
    )
    return found.model_names, *(array.tobytes() for array in (found.by_model, found.by_repeat, found.pooled))


@pytest.mark.parametrize(
    "engine", [ThreadEngine(1), ThreadEngine(2), ProcessEngine()], ids=["1 thread", "2 threads", "a process"]
)
def test_no_engine_changes_a_bit(features, engine, monkeypatch):
    """Threads and another process give the bytes that one job after the other gives."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")

    with limit_native_threads():
        assert fit(features, engine) == fit(features, SerialEngine())


def test_jobs_survive_pickling(features):
    """A job that was sent away does there what it would have done here."""
    for model in features.models():
        job = FitModel(model, LABELS, np.arange(24) % 3, 2, 5)

        sent = pickle.loads(pickle.dumps(job))

        assert sent.model.name == model.name
        assert sent.run().tobytes() == job.run().tobytes()


def test_boosting_uses_one_thread_of_openmp_where_two_are_allowed(features):
    """The bits do not depend on how many threads native code may start."""
    job = FitModel(features.models()[-1], LABELS, np.arange(24) % 3, 2, 0)

    results = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="openmp"):
            results += ThreadEngine(2).map([job])

    assert results[0].tobytes() == results[1].tobytes()


def test_a_fit_cut_short_is_no_reason_to_warn():
    """It is a stronger penalty, which nobody could mend."""
    assert list(ThreadEngine(2).map([Hasty(), Hasty()])) == [1, 1]


def test_as_many_threads_as_asked_for(monkeypatch):
    """Else as many as there are cores."""
    monkeypatch.setattr("os.cpu_count", lambda: 7)

    assert (make_engine(3), make_engine(None)) == (ThreadEngine(3), ThreadEngine(7))


def test_threads_share_the_context_of_the_process():
    """The first thread enters it, and the last one leaves it: in between no thread undoes it."""
    seen = []

    @contextmanager
    def watch():
        seen.append("entered")
        yield
        seen.append("left")

    shared = SharedContext(watch)

    with shared.enter():
        with shared.enter():
            pass
        seen.append("one is still inside")
    with shared.enter():
        pass

    assert seen == ["entered", "one is still inside", "left", "entered", "left"]
