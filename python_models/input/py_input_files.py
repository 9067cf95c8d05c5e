"""The registry of the input's files: which there are, and which are known already."""

from regulars.threads import importing

with importing():
    from regulars.ingest import REGISTRY_SCHEMA, register_files


def model(dbt, session):
    """Return one row per file, or sheet of a workbook; files that did not change are not opened."""
    paths = dbt.config.meta_get("transactions_path")
    if not paths:
        return REGISTRY_SCHEMA.empty_table()
    paths = [paths] if isinstance(paths, str) else list(paths)
    known = session.sql(f"from {dbt.this}").to_arrow_table() if dbt.is_incremental else None
    return register_files(session, paths, known=known, **dbt.config.meta_get("reading"))
