"""The rows of the input, as read: the user's files or table, or else the sample shop."""

from regulars.threads import importing

with importing():
    from datetime import date

    import pyarrow as pa

    from regulars.ingest import loaded_keys, read_arrow, read_registered, read_relation
    from regulars.simulate import TRANSACTION_SCHEMA, ShopSettings, simulate_batches


def model(dbt, session):
    """Return one row per row of the input, as `regulars.ingest` describes them; of files, those not loaded yet."""
    reading = dbt.config.meta_get("reading")
    registry = dbt.ref("py_input_files").to_arrow_table()
    if dbt.config.meta_get("transactions_path"):
        loaded = loaded_keys(session, str(dbt.this)) if dbt.is_incremental else set()
        rows = read_registered(session, registry, loaded=loaded, **reading)
        return session.sql(f"from {dbt.this} limit 0") if rows is None else rows
    relation = dbt.config.meta_get("transactions_relation")
    if relation:
        rows = read_relation(session, relation, **reading)
    else:
        sample = dict(dbt.config.meta_get("sample"))
        settings = ShopSettings(**sample | {"start": date.fromisoformat(sample["start"])})
        batches = pa.RecordBatchReader.from_batches(TRANSACTION_SCHEMA, simulate_batches(settings))
        rows = read_arrow(session, batches, source_file="sample shop, part {number}", **reading)
    return rows.project("*, cast(null as varchar) as file_key")
