"""Processes of their own for work that would keep all other threads waiting.

dbt makes models side by side in threads of one Python, of which one at a time runs: a model that computes
for seconds keeps the others, and dbt itself, from starting. In a process of its own it takes another core.

As with all of Python's `multiprocessing`, a script that runs dbt itself must be a file and do so under
`if __name__ == "__main__":`, since processes import it.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import ParamSpec, TypeVar

from regulars.errors import RegularsError

P = ParamSpec("P")
T = TypeVar("T")

# What a build computes apart.
LIBRARIES = (
    "regulars.baskets.backtest",
    "regulars.baskets.rules",
    "regulars.charts.draw",
    "regulars.clustering",
    "regulars.predictions.documents",
)


# What the GNU C library, by environment and by mallopt, and pyarrow do with memory that is freed: 128 KiB and
# more go back to the system at once, and threads share what is kept. Else each thread keeps its own for later.
ALLOCATION = {
    "MALLOC_ARENA_MAX": 2,
    "MALLOC_TRIM_THRESHOLD_": 128 * 1024,
    "MALLOC_MMAP_THRESHOLD_": 128 * 1024,
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
_MALLOPT = {"MALLOC_ARENA_MAX": -8, "MALLOC_TRIM_THRESHOLD_": -1, "MALLOC_MMAP_THRESHOLD_": -3}


class EndedError(RegularsError):
    """A process ended before its work was done."""


def forking_context(*preload: str) -> BaseContext:
    """Start processes by forking one that has no threads and has imported these modules, where the system can.

    Elsewhere each process starts a Python of its own. There is one such process to fork from: what is imported
    was named when it started.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # the program itself too, which every process would import otherwise
    context.set_forkserver_preload(["__main__", *preload])
    return context


def prepare() -> None:
    """Get ready for a build, here and in the processes that it will start.

    Freed memory is given back (see ALLOCATION, but for what the environment says already), and what processes
    need is imported in the background; without it the first one waits.
    """
    for name, value in ALLOCATION.items():
        if name not in os.environ:
            os.environ[name] = str(value)
            _set_allocation(name, value)
    if forking_context(*LIBRARIES).get_start_method() == "forkserver":
        from multiprocessing import forkserver  # no such module where the system cannot fork

        forkserver.ensure_running()


def _set_allocation(name: str, value: int | str) -> None:
    """Change it in this process too, whose library has read the environment; not where there is no such library."""
    if os.name == "posix" and name in _MALLOPT:
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_MALLOPT[name], value)


def call_apart(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a process of its own and wait for what it returns.

    Args:
        function: One that a module has by name.
        args: Its arguments; they are copied.
        kwargs: Likewise.

    Raises:
        EndedError: If the process ended before, as the system ends one when memory runs out.
        Exception: What the function raises, with the traceback there as its cause, but for errors made for users.
    """
    with ProcessPoolExecutor(1, mp_context=forking_context(*LIBRARIES)) as process:
        try:
            return process.submit(function, *args, **kwargs).result()
        except RegularsError as error:
            raise error from None  # made for users, who are shown what follows its name
        except BrokenProcessPool as error:
            raise EndedError(
                f"The process of {function.__qualname__} was ended from outside. If memory ran out: set "
                "REGULARS_MODELS_AT_A_TIME=1 and a lower REGULARS_MEMORY_LIMIT."
            ) from error
