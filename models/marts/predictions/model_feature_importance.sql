-- Grain: task, feature: what the models that serve lean on.
with
    importance as (
        {{
            unpacked_documents(
                "importance",
                {
                    "task": "text",
                    "measure": "text",
                    "feature": "text",
                    "importance": "double",
                    "rank": "integer",
                },
            )
        }}
    ),

    wordings as (select * from {{ ref("feature_wordings") }}),

    model_feature_importance as (
        select
            importance.task,
            importance.feature,
            wordings.wording,
            importance.measure,
            importance.importance,
            importance.rank as importance_rank
        from importance
        left join wordings on importance.feature = wordings.feature
    )

select *
from model_feature_importance
