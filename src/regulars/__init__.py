"""Regulars: customer intelligence for retailers in one dbt build."""
