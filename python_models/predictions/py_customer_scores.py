"""Scores of all customers, by the registry's rows alone."""

from regulars.threads import importing

with importing():
    from regulars.predictions.batches import score_customers
    from regulars.predictions.score import read_registry


def model(dbt, session):
    """Return one row per customer at the scoring date, batch by batch."""
    serving = read_registry(dbt.ref("model_registry").df())
    customers = dbt.ref("training_snapshots").filter("is_scoring_date")
    return score_customers(session, customers, serving)
