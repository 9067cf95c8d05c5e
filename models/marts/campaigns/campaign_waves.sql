{% set cap_share = var("campaign_revenue_cap_share") | float %}
{% set customers_from = var("campaign_group_customers_from") | int %}
{# standard normal quantiles: 5 % two-sided, and 80 % power #}
{% set detectable = (normal_quantile_95() | float) + 0.8416212335729143 %}

-- Grain: one row per wave and campaign, and one for all of the wave: its groups, and
-- what it can show, from what was known when it began.
with
    members as (select * from {{ ref("int_wave_members") }}),

    campaign_members as (
        {% for campaign in ["campaign", "'all'"] %}
            select
                wave,
                is_draft,
                wave_date,
                {{ campaign }} as campaign,
                salt,
                control_share,
                measured_days,
                window_end,
                is_finished,
                group_name,
                order_probability,
                last_window_revenue
            from members {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    revenue_caps as (
        select
            wave,
            campaign,
            cast(
                percentile_cont({{ cap_share }}) within group (
                    order by cast(last_window_revenue as double)
                ) as decimal(18, 4)
            ) as revenue_cap
        from campaign_members
        where group_name <> 'suppressed' and last_window_revenue > 0
        group by wave, campaign
    ),

    -- whoever orders is taken to spend what was spent in the last days with an order;
    -- whole ten-thousandths and millionths, so that sums are exact
    expected as (
        select
            campaign_members.*,
            case
                when campaign_members.group_name <> 'suppressed'
                then
                    {{
                        exact_integer(
                            "round(1000000 * campaign_members.order_probability)"
                        )
                    }}
            end as order_ppm,
            {{
                exact_integer(
                    "round(10000 * least(campaign_members.last_window_revenue, revenue_caps.revenue_cap))"
                )
            }}
            as revenue_units
        from campaign_members
        left join
            revenue_caps
            on campaign_members.wave = revenue_caps.wave
            and campaign_members.campaign = revenue_caps.campaign
    ),

    counted as (
        select
            wave,
            is_draft,
            wave_date,
            campaign,
            salt,
            control_share,
            measured_days,
            window_end,
            is_finished,
            count(*) as customer_count,
            {% for group_name in ["suppressed", "treatment", "control"] %}
                sum(
                    case when group_name = '{{ group_name }}' then 1 else 0 end
                ) as {{ group_name }}_count,
            {% endfor %}
            cast(sum(order_ppm) as double)
            / 1e6
            / nullif(count(order_ppm), 0) as base_order_rate,
            cast(sum(order_ppm * revenue_units) as double)
            / 1e10
            / nullif(count(order_ppm), 0) as mean_revenue,
            cast(sum(order_ppm * revenue_units * revenue_units) as double)
            / 1e14
            / nullif(count(order_ppm), 0) as mean_squared_revenue
        from expected
        group by
            wave,
            is_draft,
            wave_date,
            campaign,
            salt,
            control_share,
            measured_days,
            window_end,
            is_finished
    ),

    sized as (
        select
            counted.*,
            case
                when treatment_count > 0 and control_count > 0
                then
                    {{ detectable }} * sqrt(1e0 / treatment_count + 1e0 / control_count)
            end as detectable_size
        from counted
    ),

    campaign_waves as (
        select
            wave,
            is_draft,
            wave_date,
            campaign,
            salt,
            control_share,
            measured_days,
            cast(customer_count as bigint) as customer_count,
            cast(suppressed_count as bigint) as suppressed_count,
            cast(treatment_count as bigint) as treatment_count,
            cast(control_count as bigint) as control_count,
            base_order_rate,
            -- Cohen's effect size of shares; NULL where even 100 % would not show
            case
                when
                    asin(sqrt(base_order_rate)) + detectable_size / 2
                    <= {{ 3.141592653589793 / 2 }}
                then
                    power(sin(asin(sqrt(base_order_rate)) + detectable_size / 2), 2)
                    - base_order_rate
            end as minimum_detectable_order_rate,
            case
                when
                    treatment_count >= {{ customers_from }}
                    and control_count >= {{ customers_from }}
                then
                    detectable_size * sqrt(
                        greatest(
                            0e0, mean_squared_revenue - mean_revenue * mean_revenue
                        )
                    )
            end as minimum_detectable_revenue,
            is_finished,
            window_end as read_result_on
        from sized
    )

select *
from campaign_waves
