"""The user's transactions, from files or tables, as canonical rows."""

from regulars.ingest.loading import loaded_keys, read_registered, register_files
from regulars.ingest.readers import read_arrow, read_relation, read_transactions
from regulars.ingest.registry import REGISTRY_SCHEMA

__all__ = [
    "REGISTRY_SCHEMA",
    "loaded_keys",
    "read_arrow",
    "read_registered",
    "read_relation",
    "read_transactions",
    "register_files",
]
