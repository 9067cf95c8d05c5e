-- Grain: task, horizon_days, origin, model, slice_type, slice. How every model would
-- have done at each earlier origin, trained with what was known then.
with
    model_backtest as (
        {{
            unpacked_documents(
                "backtest",
                {
                    "task": "text",
                    "horizon_days": "integer",
                    "origin": "date",
                    "slice_type": "text",
                    "slice": "text",
                    "model": "text",
                    "is_low_confidence": "boolean",
                    "customer_count": "bigint",
                    "base_rate": "double",
                    "roc_auc": "double",
                    "roc_auc_low": "double",
                    "roc_auc_high": "double",
                    "pr_auc": "double",
                    "brier": "double",
                    "brier_low": "double",
                    "brier_high": "double",
                    "brier_skill": "double",
                    "log_loss": "double",
                    "calibration_error": "double",
                    "top_decile_precision": "double",
                    "spearman": "double",
                    "spearman_low": "double",
                    "spearman_high": "double",
                    "gini": "double",
                    "gini_low": "double",
                    "gini_high": "double",
                    "mean_absolute_error": "double",
                    "top_decile_value_share": "double",
                    "top_decile_ideal_share": "double",
                    "predicted_to_actual": "double",
                    "interval_coverage": "double",
                    "upper_90_coverage": "double",
                    "difference_to_bg_nbd": "double",
                    "difference_to_bg_nbd_low": "double",
                    "difference_to_bg_nbd_high": "double",
                },
            )
        }}
    )

select *
from model_backtest
