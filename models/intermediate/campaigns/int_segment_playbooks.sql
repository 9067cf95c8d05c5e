{{ config(materialized="table") }}

{% set advice = [
    "who_they_are",
    "objective",
    "message",
    "channel",
    "offer",
    "cadence",
    "what_to_measure",
] %}

-- Grain: audience_type, audience. The playbooks once they are known to be complete: one
-- that is missing, unknown, doubled or has an empty cell stops the build.
with
    playbooks as (select * from {{ ref("segment_playbooks") }}),

    audiences as (
        select 'segment' as audience_type, segment as audience
        from {{ ref("segments") }}
        union
        select 'cluster' as audience_type, cluster_name as audience
        from {{ ref("cluster_naming_rules") }}
        union
        select 'clv_group' as audience_type, clv_group as audience
        from {{ ref("clv_group_rules") }}
    ),

    problems as (
        select concat(audience_type, ' "', audience, '" is missing') as problem
        from audiences
        where
            not exists (
                select 1
                from playbooks
                where
                    playbooks.audience_type = audiences.audience_type
                    and playbooks.audience = audiences.audience
            )
        union all
        select
            concat(
                coalesce(audience_type, '(empty)'),
                ' "',
                coalesce(audience, '(empty)'),
                '" is unknown'
            ) as problem
        from playbooks
        where
            not exists (
                select 1
                from audiences
                where
                    playbooks.audience_type = audiences.audience_type
                    and playbooks.audience = audiences.audience
            )
        union all
        select concat(audience_type, ' "', audience, '" is there twice') as problem
        from playbooks
        group by audience_type, audience
        having count(*) > 1
        {% for column in advice %}
            union all
            select
                concat(
                    audience_type, ' "', audience, '" has no {{ column }}'
                ) as problem
            from playbooks
            where trim(coalesce({{ column }}, '')) = ''
        {% endfor %}
    ),

    verdict as (
        select
            case
                when count(*) > 0
                then
                    {{
                        raise_error(
                            "concat('Seed segment_playbooks: ', "
                            ~ joined_texts("problem", "'; '")
                            ~ ", '.')"
                        )
                    }}
            end as error_message
        from problems
    ),

    segment_playbooks as (
        select playbooks.*
        from playbooks
        cross join verdict
        where verdict.error_message is null
    )

select *
from segment_playbooks
