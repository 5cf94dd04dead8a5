import os
import pickle
import subprocess
import sys
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
    """Runs one job after the other."""

    def map(self, jobs):
        """The result of each job."""
        return (job.run() for job in jobs)


class ProcessEngine:
    """Runs jobs in another process, which shares nothing with this one."""

    def map(self, jobs):
        """The result of each job."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            yield from pool.map(methodcaller("run"), list(jobs))


@dataclass(frozen=True)
class StopsEarly:
    """A job that stops before it converges."""

    libraries: ClassVar = ()

    def run(self):
        """Give a result and a warning."""
        warnings.warn("lbfgs failed to converge (status=1)", stacklevel=1)
        return 1


@pytest.fixture(scope="module")
def features():
    """Texts and two columns of numbers, for all eight models."""
    dense = np.random.default_rng(0).normal(size=(24, 2)).astype(np.float32)
    return Features((make_text_block(TEXTS), TableBlock(dense)))


def fit(features, engine):
    """The predictions of cross-fitting, as bytes."""
    found = cross_fit(
        features.models(),
        LABELS,
        2,
        np.arange(24),
        n_folds=2,
        n_repeats=2,
        seed=0,
        engine=engine,
        advance=lambda _: None,
    )
    return found.model_names, *(array.tobytes() for array in (found.by_model, found.by_repeat, found.pooled))


@pytest.fixture(scope="module")
def expected(features):
    """The predictions of one job after the other."""
    with limit_native_threads():
        return fit(features, SerialEngine())


@pytest.mark.parametrize(
    "engine", [ThreadEngine(1), ThreadEngine(2), ProcessEngine()], ids=["1 thread", "2 threads", "a process"]
)
def test_all_engines_give_the_same_bytes(features, expected, engine, monkeypatch):
    """Threads and another process give the bytes of one job after the other."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")

    with limit_native_threads():
        assert fit(features, engine) == expected


def test_jobs_survive_pickling(features, monkeypatch):
    """A job gives the same result after it was sent to another process."""
    monkeypatch.setattr("doubtcli.predict.table_models._VOTES", 6)
    for model in features.models():
        job = FitModel(model, LABELS, np.arange(24) % 3, 2, 5)

        sent = pickle.loads(pickle.dumps(job))

        assert sent.model.name == model.name
        with limit_native_threads():
            assert sent.run().tobytes() == job.run().tobytes()


def test_boosting_uses_one_thread_of_openmp_where_two_are_allowed(features):
    """The bytes do not depend on how many threads native code may start."""
    job = FitModel(features.models()[-1], LABELS, np.arange(24) % 3, 2, 0)

    results = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="openmp"):
            results += ThreadEngine(2).map([job])

    assert results[0].tobytes() == results[1].tobytes()


def test_native_libraries_that_are_loaded_later_use_one_thread_too():
    """SciPy has a BLAS of its own, loaded with its first fit: its sums have one order on any cores."""
    script = """
from doubtcli.predict.engine import limit_native_threads
from threadpoolctl import threadpool_info
with limit_native_threads():
    import scipy.linalg, scipy.optimize
    print({one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"})
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}

    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )

    assert found.stdout == "{1}\n"


def test_a_fit_that_stops_early_gives_no_warning():
    """A user can do nothing about it."""
    assert list(ThreadEngine(2).map([StopsEarly(), StopsEarly()])) == [1, 1]


def test_the_number_of_threads(monkeypatch):
    """There are as many as asked for, else as many as cores."""
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
