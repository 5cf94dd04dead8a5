"""Jobs -> what they give: the engine that models are fitted on.

There is one layer of parallelism: jobs run side by side, and each library of native code on one thread. More
threads would wait for each other, and waiting costs as much as working. It also keeps sums in one order, so
that the result is the same to the bit on any number of cores.
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadpoolctl import ThreadpoolController

    from doubtcli.records import Job
    from doubtcli.records.learning import Result


@contextmanager
def limit_native_threads() -> Iterator[None]:
    """Keep native libraries on one thread each: for a whole pipeline, and once in every other process."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


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
        # filters are the whole process's: set once, here, and not by threads that undo each other's
        with warnings.catch_warnings():
            # a fit cut short is a stronger penalty, no fault that a user could mend
            warnings.filterwarnings("ignore", message="lbfgs failed to converge")
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
