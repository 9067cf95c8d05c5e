{{
    config(
        materialized="incremental",
        unique_key=["shop", "wave"],
        incremental_strategy="delete+insert",
        on_schema_change="append_new_columns",
    )
}}

{% set wave = var("campaign_wave") %}
{% if wave == "draft" %}
    {{
        exceptions.raise_compiler_error(
            "var campaign_wave is 'draft', which is what a wave without a name is called; give it another"
        )
    }}
{% endif %}
{% set cap_days = var("campaign_contact_cap_days") | int %}
{% set salt = text_literal(var("campaign_salt")) %}

-- Grain: shop, wave, customer_id. Everybody of each wave, with what was known when it
-- began, kept from build to build. A build without a name makes the draft anew. The
-- first build with a name fixes that wave: later dates keep it as it was sent.
-- `dbt build --full-refresh` forgets them.
with
    opportunity_customers as (select * from {{ ref("int_opportunity_customers") }}),

    opportunities as (select * from {{ ref("opportunities") }}),

    scores as (select * from {{ ref("customer_scores") }}),

    clv_groups as (select * from {{ ref("customer_clv_groups") }}),

    expectations as (select * from {{ ref("int_wave_expectations") }}),

    send_habits as (select * from {{ ref("int_send_habits") }}),

    recommendations as (select * from {{ ref("product_recommendations") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    playbooks as (
        select * from {{ ref("int_segment_playbooks") }} where audience_type = 'segment'
    ),

    waves as (
        select
            shops.label as shop,
            cast({{ text_literal(wave or "draft") }} as string) as wave,
            scoring_date.as_of_date as wave_date
        from {{ ref("int_as_of_dates") }} as scoring_date
        cross join {{ ref("int_cluster_parameters") }} as shops
        where
            scoring_date.is_scoring_date and shops.parameter = 'shop'
            {% if is_incremental() and wave is not none %}
                and not exists (
                    select 1
                    from {{ this }} as fixed
                    where
                        fixed.shop = shops.label
                        and fixed.wave = {{ text_literal(wave) }}
                        and fixed.wave_date < scoring_date.as_of_date
                )
            {% endif %}
    ),

    -- earlier waves that have a name only: neither this one's former build nor any
    -- later
    -- wave. A draft, which nothing is built on, knows those of its own date too.
    earlier_waves as (
        {% if is_incremental() %}
            select
                earlier.wave,
                earlier.wave_date,
                earlier.customer_id,
                earlier.group_name,
                {{ add_days("earlier.wave_date", "earlier.measured_days") }} as end_date
            from {{ this }} as earlier
            inner join
                waves
                on earlier.shop = waves.shop
                and earlier.wave <> waves.wave
                and not earlier.is_draft
                and earlier.wave_date {{ "<=" if wave is none else "<" }} waves.wave_date
        {% else %}
            select
                wave,
                wave_date,
                cast(null as string) as customer_id,
                cast(null as string) as group_name,
                wave_date as end_date
            from waves
            where false
        {% endif %}
    ),

    last_contacts as (
        select
            earlier_waves.customer_id,
            earlier_waves.wave,
            earlier_waves.wave_date,
            row_number() over (
                partition by earlier_waves.customer_id
                order by earlier_waves.wave_date desc, earlier_waves.wave desc
            ) as contact_rank
        from earlier_waves
        cross join waves
        where
            earlier_waves.group_name = 'treatment'
            and earlier_waves.wave_date > {{ add_days("waves.wave_date", -cap_days) }}
    ),

    -- whoever was contacted before the result is read is no control any more
    running_controls as (
        select
            earlier_waves.customer_id,
            earlier_waves.wave,
            earlier_waves.end_date,
            row_number() over (
                partition by earlier_waves.customer_id
                order by earlier_waves.end_date desc, earlier_waves.wave desc
            ) as control_rank
        from earlier_waves
        cross join waves
        where
            earlier_waves.group_name = 'control'
            and earlier_waves.end_date > waves.wave_date
    ),

    ranked_products as (
        select
            recommendations.customer_id,
            recommendations.description,
            row_number() over (
                partition by recommendations.customer_id
                order by
                    case when recommendations.list = 'new_for_you' then 1 else 0 end,
                    recommendations.rank
            ) as position,
            opportunities.opportunity_category
        from recommendations
        inner join
            opportunity_customers
            on recommendations.customer_id = opportunity_customers.customer_id
        left join
            opportunities
            on opportunity_customers.opportunity = opportunities.opportunity
        where
            coalesce(opportunities.opportunity_category, '') <> 'cross-sell'
            or recommendations.list = 'new_for_you'
    ),

    suggestions as (
        select
            customer_id,
            concat_ws(
                '; '
                {% for position in range(
                    1, (var("campaign_suggested_products") | int) + 1
                ) %}
                    , max(case when position = {{ position }} then description end)
                {% endfor %}
            ) as suggested_products
        from ranked_products
        group by customer_id
    ),

    members as (
        select
            waves.shop,
            waves.wave,
            waves.wave_date,
            customer_segments.customer_id,
            customer_segments.segment,
            clv_groups.clv_group,
            coalesce(opportunity_customers.opportunity, 'none') as campaign,
            opportunity_customers.expected_value,
            coalesce(
                opportunity_customers.reason, opportunity_customers.withheld_reason
            ) as reason,
            suggestions.suggested_products,
            send_habits.best_send_hour,
            send_habits.best_send_weekday,
            send_habits.best_send_reason,
            scores.churn_probability_90d,
            scores.clv_90d,
            scores.confidence_tier,
            case
                when last_contacts.customer_id is not null
                then
                    concat(
                        'Contacted on ',
                        last_contacts.wave_date,
                        ' in wave ',
                        last_contacts.wave,
                        ' (cap {{ cap_days }} days).'
                    )
                when running_controls.customer_id is not null
                then
                    concat(
                        'Control group of wave ',
                        running_controls.wave,
                        ' until ',
                        running_controls.end_date,
                        '.'
                    )
                when scores.is_withheld
                then concat('Scores withheld: ', scores.withheld_reason)
                when opportunity_customers.opportunity is null
                then concat('No campaign pays: ', opportunity_customers.withheld_reason)
            end as suppression_reason,
            {{
                is_drawn_into_control(
                    "waves.wave",
                    salt,
                    "customer_segments.customer_id",
                    var("campaign_control_share"),
                )
            }} as is_drawn_into_control,
            playbooks.objective,
            playbooks.message,
            playbooks.channel,
            playbooks.offer,
            expectations.order_probability,
            expectations.last_window_revenue,
            expectations.prior_revenue
        from customer_segments
        cross join waves
        inner join scores on customer_segments.customer_id = scores.customer_id
        inner join
            opportunity_customers
            on customer_segments.customer_id = opportunity_customers.customer_id
        inner join clv_groups on customer_segments.customer_id = clv_groups.customer_id
        inner join
            expectations on customer_segments.customer_id = expectations.customer_id
        inner join
            send_habits on customer_segments.customer_id = send_habits.customer_id
        inner join playbooks on customer_segments.segment = playbooks.audience
        left join suggestions on customer_segments.customer_id = suggestions.customer_id
        left join
            last_contacts
            on customer_segments.customer_id = last_contacts.customer_id
            and last_contacts.contact_rank = 1
        left join
            running_controls
            on customer_segments.customer_id = running_controls.customer_id
            and running_controls.control_rank = 1
    ),

    campaign_audiences as (
        select
            shop,
            wave,
            {{ "true" if wave is none else "false" }} as is_draft,
            wave_date,
            customer_id,
            segment,
            clv_group,
            campaign,
            cast(
                row_number() over (
                    order by
                        case when suppression_reason is null then 0 else 1 end asc,
                        expected_value desc nulls last,
                        customer_id asc
                ) as integer
            ) as priority,
            expected_value,
            reason,
            suggested_products,
            best_send_hour,
            best_send_weekday,
            best_send_reason,
            churn_probability_90d,
            clv_90d,
            confidence_tier,
            suppression_reason is not null as is_suppressed,
            suppression_reason,
            case
                when suppression_reason is null then is_drawn_into_control
            end as is_control,
            case
                when suppression_reason is not null
                then 'suppressed'
                when is_drawn_into_control
                then 'control'
                else 'treatment'
            end as group_name,
            objective,
            message,
            channel,
            offer,
            order_probability,
            last_window_revenue,
            prior_revenue,
            {{ salt }} as salt,
            cast(
                {{ var("campaign_control_share") | float }} as double
            ) as control_share,
            cast({{ var("campaign_measured_days") | int }} as integer) as measured_days
        from members
    )

select *
from campaign_audiences
