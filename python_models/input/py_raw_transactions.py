"""The rows of the input, as read: the user's files or table, or else the sample shop."""

from datetime import date

import pyarrow as pa

from regulars.ingest import read_arrow, read_relation, read_transactions
from regulars.simulate import TRANSACTION_SCHEMA, ShopSettings, simulate_batches


def model(dbt, session):
    """Return one row per row of the input, in file order, as `regulars.ingest` describes them."""
    reading = dbt.config.meta_get("reading")
    paths = dbt.config.meta_get("transactions_path")
    relation = dbt.config.meta_get("transactions_relation")
    if paths:
        paths = [paths] if isinstance(paths, str) else list(paths)
        return read_transactions(session, paths, **reading)
    if relation:
        return read_relation(session, relation, **reading)
    sample = dict(dbt.config.meta_get("sample"))
    settings = ShopSettings(**sample | {"start": date.fromisoformat(sample["start"])})
    rows = pa.RecordBatchReader.from_batches(TRANSACTION_SCHEMA, simulate_batches(settings))
    return read_arrow(session, rows, source_file="sample shop, part {number}", **reading)
