"""Threads that share one Python: numerical libraries keep to one, and libraries are imported by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_entered = threading.local()
_importing = threading.RLock()


@contextmanager
def importing() -> Iterator[None]:
    """Import a model's libraries while no other model imports its own.

    dbt begins models side by side. Two threads that import SciPy for the first time find half of it: its modules
    import each other, and Python locks each by itself.
    """
    with _importing:
        yield


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep BLAS and OpenMP to one thread: how a sum is cut into threads decides its last digit.

    OpenMP has a limit for each thread that calls it, which is taken back at the end; a thread that is
    started inside must enter by itself. BLAS has one limit for the whole process, and dbt runs models side
    by side: it stays, since taking it back would take it from a model that is not done.
    """
    if getattr(_entered, "is_inside", False):  # finding the libraries takes milliseconds each time
        yield
        return
    threadpool_limits(limits=1, user_api="blas")
    with threadpool_limits(limits=1, user_api="openmp"):
        _entered.is_inside = True
        try:
            yield
        finally:
            _entered.is_inside = False
