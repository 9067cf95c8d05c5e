"""Models that run side by side keep to one thread until the last is done."""

import subprocess
import sys

SIDE_BY_SIDE = """
import numpy, scipy.linalg
from threading import Event, Thread
from threadpoolctl import threadpool_info, threadpool_limits
from regulars.threads import single_threaded

def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

before, entered, may_leave = blas_threads(), Event(), Event()

def first():
    with single_threaded():
        entered.set()
        may_leave.wait(10)

other = Thread(target=first)
other.start()
entered.wait(10)
with single_threaded():
    may_leave.set()
    other.join()
    print(before, blas_threads())
"""


def test_the_first_to_leave_does_not_take_the_limit_from_the_others() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", SIDE_BY_SIDE], capture_output=True, text=True, check=True
    )
    assert finished.stdout.endswith("{1}\n")
