"""One training run: backtests, the choice of who serves each task, and the models that do."""

from regulars.threads import importing

with importing():
    import pandas as pd

    from regulars.predictions.documents import train_as_documents
    from regulars.predictions.settings import PredictionSettings
    from regulars.processes import call_apart


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return the rows of all its tables as JSON, as `regulars.predictions.documents` describes them."""
    snapshots = dbt.ref("training_snapshots")
    customers = snapshots.filter("is_scoring_date")
    date, customer_count = customers.aggregate("max(as_of_date), count(*)").fetchall()[0]
    return call_apart(
        train_as_documents,
        snapshots.filter("is_training_customer").to_arrow_table(),
        shop_days=dbt.ref("int_shop_days").to_arrow_table(),
        shop_windows=dbt.ref("int_shop_windows").to_arrow_table(),
        date=pd.Timestamp(date),
        customer_count=customer_count,
        settings=PredictionSettings(**dbt.config.meta_get("settings")),
    )
