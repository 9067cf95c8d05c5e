"""Why customers have their scores, by the registry's rows alone."""

from regulars.threads import importing

with importing():
    from regulars.predictions.batches import explain_customers
    from regulars.predictions.score import read_registry


def model(dbt, session):
    """Return up to five rows per customer and task at the scoring date, batch by batch."""
    serving = read_registry(dbt.ref("model_registry").df())
    customers = dbt.ref("training_snapshots").filter("is_scoring_date")
    wordings = dbt.ref("feature_wordings").df()
    return explain_customers(session, customers, serving, wordings=wordings)
