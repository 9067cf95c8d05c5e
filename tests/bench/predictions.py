"""Time and memory of the prediction layer on a built warehouse: training with backtests, and scoring a million.

Usage: python tests/bench/predictions.py WAREHOUSE [CUSTOMERS]. Each stage runs in a process of its own; the
customers to score are the warehouse's own, repeated under new names.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import run_child

SETTINGS_AND_DATA = """
import sys, duckdb, pandas as pd
from regulars.predictions.score import read_registry
connection = duckdb.connect(sys.argv[1], read_only=True)
serving = read_registry(connection.sql("from model_registry").df())
"""
STAGES = {
    "start Python and read the registry": SETTINGS_AND_DATA,
    "train, with all backtests": SETTINGS_AND_DATA
    + """
from regulars.predictions.workflow import train_and_judge
customers = connection.sql("from training_snapshots where is_scoring_date")
date, count = customers.aggregate("max(as_of_date), count(*)").fetchone()
train_and_judge(
    connection.sql("from training_snapshots where is_training_customer").to_arrow_table(),
    shop_days=connection.sql("from main_intermediate.int_shop_days").to_arrow_table(),
    shop_windows=connection.sql("from main_intermediate.int_shop_windows").to_arrow_table(),
    date=pd.Timestamp(date), customer_count=count, settings=serving.settings,
)
""",
    "score {customers:,} customers": SETTINGS_AND_DATA
    + """
from regulars.predictions.batches import score_customers
connection.execute("set memory_limit = '500MB'")
count = connection.sql("select count(*) from training_snapshots where is_scoring_date").fetchone()[0]
copies = -(-int(sys.argv[2]) // count)
customers = connection.sql(
    "select * replace (customer_id || '-' || copy as customer_id) from training_snapshots "
    f"cross join range({copies}) as copies (copy) where is_scoring_date limit {sys.argv[2]}"
)
scored = sum(batch.num_rows for batch in score_customers(connection, customers, serving))
assert scored == int(sys.argv[2]), scored
""",
}


def main() -> None:
    """Measure every stage and print a Markdown table."""
    warehouse = sys.argv[1]
    customers = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    sys.stdout.write("| stage | wall s | CPU s | peak MB |\n|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as directory:
        for stage, code in STAGES.items():
            usage = run_child(
                [sys.executable, "-c", code, warehouse, str(customers)],
                log=Path(directory) / "log",
                env=os.environ,
            )
            sys.stdout.write(
                f"| {stage.format(customers=customers)} | {usage.wall_seconds:.1f} | "
                f"{usage.cpu_seconds:.1f} | {usage.peak_bytes / 1e6:,.0f} |\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
