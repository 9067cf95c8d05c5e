-- Grain: task, horizon_days, origin, decile: what was predicted and what happened.
with
    model_calibration as (
        {{
            unpacked_documents(
                "calibration",
                {
                    "task": "text",
                    "horizon_days": "integer",
                    "origin": "date",
                    "decile": "integer",
                    "customer_count": "bigint",
                    "predicted_mean": "double",
                    "actual_mean": "double",
                    "residual_low": "double",
                    "residual_median": "double",
                    "residual_high": "double",
                },
            )
        }}
    )

select *
from model_calibration
