"""Processes of their own for work that would keep all other threads waiting.

dbt makes models side by side in threads of one Python, of which one at a time runs: a model that computes
for seconds keeps the others, and dbt itself, from starting. In a process of its own it takes another core.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import ParamSpec, TypeVar

from regulars.errors import RegularsError

P = ParamSpec("P")
T = TypeVar("T")

# What a build computes apart; __main__ too, which every process would import otherwise.
LIBRARIES = (
    "__main__",
    "regulars.baskets.backtest",
    "regulars.baskets.rules",
    "regulars.charts.draw",
    "regulars.clustering",
    "regulars.predictions.documents",
)


class EndedError(RegularsError):
    """A process ended before its work was done."""


def forking_context(*preload: str) -> BaseContext:
    """Start processes by forking one that has no threads and has imported these modules, where the system can.

    Elsewhere each process starts a Python of its own. The modules are the program's: the last call that
    comes before the first process holds.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


def pool(workers: int) -> ProcessPoolExecutor:
    """Make a pool of processes for a build's work."""
    return ProcessPoolExecutor(workers, mp_context=forking_context(*LIBRARIES))


def prepare() -> None:
    """Begin to import what the processes need, in the background; without it the first one waits."""
    if forking_context(*LIBRARIES).get_start_method() == "forkserver":
        from multiprocessing import forkserver  # no such module where the system cannot fork

        forkserver.ensure_running()


def call_apart(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a process of its own and wait for what it returns.

    Args:
        function: One that a module has by name.
        args: Its arguments; they are copied.
        kwargs: Likewise.

    Raises:
        EndedError: If the process ended before, as the system ends one when memory runs out.
        Exception: What the function raises, with the traceback there as its cause.
    """
    with pool(1) as process:
        try:
            return process.submit(function, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise EndedError(
                f"The process of {function.__qualname__} was ended from outside. If memory ran out: set "
                "REGULARS_MODELS_AT_A_TIME=1 and a lower REGULARS_MEMORY_LIMIT."
            ) from error
