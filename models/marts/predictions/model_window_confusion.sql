-- Grain: origin, predicted_window, actual_window: when the next order was expected, and
-- when it came.
with
    model_window_confusion as (
        {{
            unpacked_documents(
                "confusion",
                {
                    "origin": "date",
                    "predicted_window": "text",
                    "actual_window": "text",
                    "customer_count": "bigint",
                },
            )
        }}
    )

select *
from model_window_confusion
