-- Grain: origin, threshold: what contacting everybody from a churn probability on would
-- have brought.
with
    model_threshold_sweep as (
        {{
            unpacked_documents(
                "thresholds",
                {
                    "origin": "date",
                    "threshold": "double",
                    "is_chosen": "boolean",
                    "contacted_share": "double",
                    "precision": "double",
                    "recall": "double",
                    "net_gain": "double",
                },
            )
        }}
    )

select *
from model_threshold_sweep
