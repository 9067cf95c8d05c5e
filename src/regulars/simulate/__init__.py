"""A simulated gift shop whose customers buy by a known process, with the dirt of real books.

`simulate_batches` streams its transactions in UCI Online Retail II's columns, `write_parquet`
writes them to two files, and `simulate_customers` tells the truth about each customer. The process
is documented, with its parameters, in `regulars.simulate.customers`; the clock that gives it season
and opening hours in `regulars.simulate.clock`; the dirt in `regulars.simulate.dirt`.
"""

from regulars.simulate.clock import ShopClock
from regulars.simulate.customers import simulate_customers
from regulars.simulate.files import write_parquet
from regulars.simulate.settings import ShopSettings
from regulars.simulate.stream import TRANSACTION_SCHEMA, simulate_batches

__all__ = [
    "TRANSACTION_SCHEMA",
    "ShopClock",
    "ShopSettings",
    "simulate_batches",
    "simulate_customers",
    "write_parquet",
]
