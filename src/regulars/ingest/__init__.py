"""The user's transactions, from files or tables, as canonical rows."""

from regulars.ingest.readers import read_arrow, read_relation, read_transactions

__all__ = ["read_arrow", "read_relation", "read_transactions"]
