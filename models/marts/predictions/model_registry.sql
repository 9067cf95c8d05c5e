-- Grain: one row per model_name: the models that serve, as text. Scoring needs these
-- rows only.
with
    model_registry as (
        {{
            unpacked_documents(
                "registry",
                {
                    "as_of_date": "date",
                    "model_name": "text",
                    "model_version": "text",
                    "task": "text",
                    "horizon_days": "integer",
                    "origins": "text",
                    "feature_names": "text",
                    "parameters": "text",
                    "model_text": "text",
                    "metrics": "text",
                    "library_versions": "text",
                },
            )
        }}
    )

select *
from model_registry
