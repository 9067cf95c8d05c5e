-- Grain: task, horizon_days, origin, decile: how much of what is looked for is found
-- among the customers with the highest predictions.
with
    model_gains as (
        {{
            unpacked_documents(
                "gains",
                {
                    "task": "text",
                    "horizon_days": "integer",
                    "origin": "date",
                    "decile": "integer",
                    "customer_share": "double",
                    "captured_share": "double",
                },
            )
        }}
    )

select *
from model_gains
