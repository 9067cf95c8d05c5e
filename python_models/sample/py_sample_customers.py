"""The truth behind the sample shop's purchases, for tests of what models recover."""

from regulars.threads import importing

with importing():
    from datetime import date

    from regulars.simulate import ShopSettings, simulate_customers


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return one row per customer of the sample shop; none for the user's own data."""
    sample = dict(dbt.config.meta_get("sample"))
    settings = ShopSettings(**sample | {"start": date.fromisoformat(sample["start"])})
    customers = simulate_customers(settings)
    return customers if dbt.config.meta_get("is_sample") else customers.slice(0, 0)
