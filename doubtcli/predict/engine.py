"""Jobs -> their results: the engine that fits the models.

There is one layer of parallelism: jobs run in parallel, and each native library uses one thread. More threads
would wait for each other, and a waiting thread costs as much as a working one. This also keeps sums in one
order, so that the result is the same to the bit on any number of cores.
"""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from threadpoolctl import ThreadpoolController

    from doubtcli.records import Job
    from doubtcli.records.learning import Result


class SharedContext:
    """A context of the whole process that several threads can use at the same time.

    The first thread enters it, and the last one leaves it. So no thread undoes what another still needs, and
    at the end the process is as before.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._n_inside = 0
        self._entered = ExitStack()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Enter the context, unless another thread is already inside."""
        with self._lock:
            if not self._n_inside:
                self._entered.enter_context(self._make())
            self._n_inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_inside -= 1
                if not self._n_inside:
                    self._entered.close()


def _limit_threads() -> AbstractContextManager[object]:
    import scipy.linalg  # noqa: F401  # loads a second BLAS beside NumPy's; only what is loaded can be limited
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


@contextmanager
def _accept_short_fits() -> Iterator[None]:
    """Hide the warning about fits that stop early: they are only penalised more."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        yield


_ONE_THREAD = SharedContext(_limit_threads)
_SHORT_FITS = SharedContext(_accept_short_fits)


def limit_native_threads() -> AbstractContextManager[None]:
    """Limit each native library to one thread: for a whole pipeline, and in every other process.

    Several pipelines may run at the same time, each in its own thread.
    """
    return _ONE_THREAD.enter()


@dataclass(frozen=True)
class ThreadEngine:
    """Runs jobs in threads of this process."""

    n_threads: int = 1

    def map(self, jobs: Iterable[Job[Result]]) -> Iterator[Result]:
        """The result of each job, in the order of the jobs."""
        from joblib import Parallel, delayed

        waiting = tuple(jobs)
        native = _load_native_libraries(
            tuple(dict.fromkeys(name for job in waiting for name in job.libraries))
        )

        def run(job: Job[Result]) -> Result:
            # OpenMP has a limit for each thread that starts others
            with native.limit(limits=1, user_api="openmp"):
                return job.run()

        parallel = Parallel(n_jobs=self.n_threads, backend="threading", return_as="generator")
        # warning filters belong to the whole process: threads that set their own would undo each other's
        with _SHORT_FITS.enter():
            yield from parallel(delayed(run)(job) for job in waiting)


def make_engine(n_threads: int | None) -> ThreadEngine:
    """An engine with this many threads of this process; as many as there are cores if None."""
    return ThreadEngine(n_threads or os.cpu_count() or 1)


@cache
def _load_native_libraries(modules: tuple[str, ...]) -> ThreadpoolController:
    """Controls the threads of the native libraries of some modules.

    The modules are imported before there are threads: if two threads import one at the same time, the second
    may see half of it.
    """
    from threadpoolctl import ThreadpoolController

    for module in modules:
        import_module(module)
    return ThreadpoolController()
