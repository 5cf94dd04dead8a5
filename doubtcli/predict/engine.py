"""Jobs -> what they give: the engine that models are fitted on.

There is one layer of parallelism: jobs run side by side, and each library of native code on one thread. More
threads would wait for each other, and waiting costs as much as working. It also keeps sums in one order, so
that the result is the same to the bit on any number of cores.
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
    """A context of the whole process that several threads may be in at once.

    The first thread enters it and the last one leaves it. So no thread undoes what another still needs, and
    in the end everything is as it was.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._n_inside = 0
        self._entered = ExitStack()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Be inside."""
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
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


@contextmanager
def _accept_short_fits() -> Iterator[None]:
    """A fit that is cut short has a stronger penalty: not a fault that a user could mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        yield


_ONE_THREAD = SharedContext(_limit_threads)
_SHORT_FITS = SharedContext(_accept_short_fits)


def limit_native_threads() -> AbstractContextManager[None]:
    """Keep native libraries on one thread each: for a whole pipeline, and once in every other process.

    Several pipelines may run at once, each in its own thread.
    """
    return _ONE_THREAD.enter()


@dataclass(frozen=True)
class ThreadEngine:
    """Runs jobs in threads of this process."""

    n_threads: int = 1

    def map(self, jobs: Iterable[Job[Result]]) -> Iterator[Result]:
        """What each job gives, in the order of the jobs."""
        from joblib import Parallel, delayed

        waiting = tuple(jobs)
        native = _native_libraries(tuple(dict.fromkeys(name for job in waiting for name in job.libraries)))

        def run(job: Job[Result]) -> Result:
            # OpenMP counts threads for each thread that starts some
            with native.limit(limits=1, user_api="openmp"):
                return job.run()

        parallel = Parallel(n_jobs=self.n_threads, backend="threading", return_as="generator")
        # filters belong to the whole process: threads of their own would undo each other's
        with _SHORT_FITS.enter():
            yield from parallel(delayed(run)(job) for job in waiting)


def make_engine(n_threads: int | None) -> ThreadEngine:
    """Threads of this process, so many; as many as there are cores if left out."""
    return ThreadEngine(n_threads or os.cpu_count() or 1)


@cache
def _native_libraries(modules: tuple[str, ...]) -> ThreadpoolController:
    """A hold on the native code of some modules.

    They are loaded before there are threads: of two that load one at once the second may see half of it.
    """
    from threadpoolctl import ThreadpoolController

    for module in modules:
        import_module(module)
    return ThreadpoolController()
