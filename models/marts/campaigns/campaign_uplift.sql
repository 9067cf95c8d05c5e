{% set cap_share = var("campaign_revenue_cap_share") | float %}
{% set customers_from = var("campaign_group_customers_from") | int %}
{# the revenue before the wave only steadies the comparison: its cap cuts what a few would dominate #}
{% set prior_cap_share = 0.99 %}
{% set measures = {
    "revenue_per_customer": "least(revenue, revenue_cap)",
    "uncapped_revenue_per_customer": "revenue",
} %}

-- Grain: one row per wave, campaign (and all together) and measure: what the treatment
-- group did beyond the control group, everybody counted as assigned.
with
    -- nobody was contacted from a draft
    members as (
        select *
        from {{ ref("int_wave_members") }}
        where not is_suppressed and not is_draft
    ),

    outcomes as (select * from {{ ref("int_wave_outcomes") }}),

    groups as (
        {% for campaign in ["campaign", "'all'"] %}
            select
                wave,
                wave_date,
                {{ campaign }} as campaign,
                window_end,
                is_finished,
                sum(case when is_control then 0 else 1 end) as treatment_count,
                sum(case when is_control then 1 else 0 end) as control_count
            from members
            group by
                wave,
                wave_date,
                {{ "campaign," if not loop.last }}
                window_end,
                is_finished
                {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    campaign_outcomes as (
        {% for campaign in ["campaign", "'all'"] %}
            select
                wave,
                {{ campaign }} as campaign,
                is_control,
                order_count,
                revenue,
                prior_revenue
            from outcomes {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    {% for column, share in {
        "revenue": cap_share,
        "prior_revenue": prior_cap_share,
    }.items() %}
        {{ column }}_caps as (
            select
                wave,
                campaign,
                cast(
                    percentile_cont({{ share }}) within group (
                        order by cast({{ column }} as double)
                    ) as decimal(18, 4)
                ) as {{ column }}_cap
            from campaign_outcomes
            where {{ column }} > 0
            group by wave, campaign
        ),
    {% endfor %}

    capped as (
        select
            campaign_outcomes.*,
            coalesce(revenue_caps.revenue_cap, 0) as revenue_cap,
            coalesce(prior_revenue_caps.prior_revenue_cap, 0) as prior_revenue_cap
        from campaign_outcomes
        left join
            revenue_caps
            on campaign_outcomes.wave = revenue_caps.wave
            and campaign_outcomes.campaign = revenue_caps.campaign
        left join
            prior_revenue_caps
            on campaign_outcomes.wave = prior_revenue_caps.wave
            and campaign_outcomes.campaign = prior_revenue_caps.campaign
    ),

    -- in whole ten-thousandths, so that sums and their squares are exact
    numbers as (
        {% for measure, expression in measures.items() %}
            select
                '{{ measure }}' as measure,
                wave,
                campaign,
                is_control,
                {{ exact_integer("round(10000 * " ~ expression ~ ")") }} as y,
                {{
                    exact_integer(
                        "round(10000 * "
                        ~ (
                            "least(prior_revenue, prior_revenue_cap)"
                            if expression != "revenue"
                            else "prior_revenue"
                        )
                        ~ ")"
                    )
                }} as x
            from capped {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    -- y is the revenue in the window, x that of the year before the wave
    summed as (
        select
            measure,
            wave,
            campaign,
            {% for name, condition in {
                "treatment": "not is_control",
                "control": "is_control",
            }.items() %}
                cast(
                    sum(case when {{ condition }} then 1 else 0 end) as double
                ) as n_{{ name }},
                {% for term in ["y", "x"] %}
                    sum(
                        case when {{ condition }} then {{ term }} else 0 end
                    ) as sum_{{ term }}_{{ name }},
                {% endfor %}
                {% for a, b in [("y", "y"), ("x", "x"), ("x", "y")] %}
                    {{
                        exact_integer(
                            "sum(case when " ~ condition ~ " then 1 else 0 end)"
                        )
                    }}
                    * sum(case when {{ condition }} then {{ a }} * {{ b }} else 0 end)
                    - sum(case when {{ condition }} then {{ a }} else 0 end)
                    * sum(case when {{ condition }} then {{ b }} else 0 end)
                    as n_deviations_{{ a }}{{ b }}_{{ name }}{{ "," if not loop.last }}
                {% endfor %}
                {{ "," if not loop.last }}
            {% endfor %}
        from numbers
        group by measure, wave, campaign
    ),

    -- money and its squares, as doubles from here on
    moments as (
        select
            measure,
            wave,
            campaign,
            {% for name in ["treatment", "control"] %}
                n_{{ name }},
                {% for term in ["y", "x"] %}
                    cast(sum_{{ term }}_{{ name }} as double)
                    / 1e4
                    / nullif(n_{{ name }}, 0) as mean_{{ term }}_{{ name }},
                {% endfor %}
                {% for pair in ["yy", "xx", "xy"] %}
                    coalesce(
                        cast(n_deviations_{{ pair }}_{{ name }} as double)
                        / 1e8
                        / nullif(n_{{ name }}, 0),
                        0
                    ) as ss_{{ pair }}_{{ name }},
                {% endfor %}
            {% endfor %}
            cast(sum_x_treatment + sum_x_control as double)
            / 1e4
            / (n_treatment + n_control) as mean_x
        from summed
    ),

    slopes as (
        select
            moments.*,
            coalesce(
                (ss_xy_treatment + ss_xy_control)
                / nullif(ss_xx_treatment + ss_xx_control, 0),
                0
            ) as slope
        from moments
    ),

    -- means as if both groups had spent alike before (CUPED, Deng et al. 2013)
    adjusted as (
        select
            measure,
            wave,
            campaign,
            {% for name in ["treatment", "control"] %}
                mean_y_{{ name }}
                - slope * (mean_x_{{ name }} - mean_x) as {{ name }}_value,
                n_{{ name }},
                greatest(
                    0e0,
                    ss_yy_{{ name }}
                    - 2 * slope * ss_xy_{{ name }}
                    + slope * slope * ss_xx_{{ name }}
                )
                / nullif(n_{{ name }} - 1, 0)
                / n_{{ name }} as variance_{{ name }}{{ "," if not loop.last }}
            {% endfor %}
        from slopes
    ),

    deviations as (
        select
            adjusted.*,
            case
                when
                    n_treatment >= {{ customers_from }}
                    and n_control >= {{ customers_from }}
                then sqrt(variance_treatment + variance_control)
            end as standard_error,
            (variance_treatment + variance_control)
            * (variance_treatment + variance_control)
            / nullif(
                variance_treatment * variance_treatment / nullif(n_treatment - 1, 0)
                + variance_control * variance_control / nullif(n_control - 1, 0),
                0
            ) as df
        from adjusted
    ),

    revenue_results as (
        select
            measure,
            wave,
            campaign,
            treatment_value,
            control_value,
            treatment_value - control_value as uplift,
            {% for side in ["-", "+"] %}
                treatment_value
                - control_value {{ side }} coalesce({{ student_quantile_95("df") }}, 0)
                * standard_error as uplift_{{ "low" if side == "-" else "high" }},
            {% endfor %}
            case
                when standard_error > 0
                then
                    {{
                        two_sided_p_value(
                            student_as_normal(
                                "((treatment_value - control_value) / standard_error)",
                                "df",
                            )
                        )
                    }}
            end as p_value
        from deviations
    ),

    order_counts as (
        select
            wave,
            campaign,
            {% for name, condition in {
                "treatment": "not is_control",
                "control": "is_control",
            }.items() %}
                cast(
                    sum(case when {{ condition }} then 1 else 0 end) as double
                ) as n_{{ name }},
                cast(
                    sum(
                        case when {{ condition }} and order_count > 0 then 1 else 0 end
                    ) as double
                ) / nullif(
                    sum(case when {{ condition }} then 1 else 0 end), 0
                ) as {{ name }}_value{{ "," if not loop.last }}
            {% endfor %}
        from campaign_outcomes
        group by wave, campaign
    ),

    order_rates as (
        select
            order_counts.*,
            (n_treatment * treatment_value + n_control * control_value)
            / (n_treatment + n_control) as pooled_rate,
            {% for name in ["treatment", "control"] %}
                {% for side in ["low", "high"] %}
                    {{
                        wilson_bound(
                            name ~ "_value", "nullif(n_" ~ name ~ ", 0)", side
                        )
                    }} as {{ name }}_value_{{ side }}{{ "," if not loop.last }}
                {% endfor %}
                {{ "," if not loop.last }}
            {% endfor %}
        from order_counts
    ),

    rate_errors as (
        select
            order_rates.*,
            sqrt(
                pooled_rate
                * (1 - pooled_rate)
                * (1 / nullif(n_treatment, 0) + 1 / nullif(n_control, 0))
            ) as standard_error
        from order_rates
    ),

    results as (
        select
            'order_rate' as measure,
            wave,
            campaign,
            treatment_value,
            control_value,
            treatment_value - control_value as uplift,
            {% for side in ["low", "high"] %}
                {{ share_difference_bound("treatment_value", "control_value", side) }}
                as uplift_{{ side }},
            {% endfor %}
            case
                when standard_error > 0
                then
                    {{
                        two_sided_p_value(
                            "((treatment_value - control_value) / standard_error)"
                        )
                    }}
                when standard_error = 0
                then 1
            end as p_value
        from rate_errors
        union all
        select *
        from revenue_results
    ),

    measured as (
        select groups.*, measures.measure
        from groups
        cross join
            (
                {% for measure in ["order_rate"] + (measures | list) %}
                    select '{{ measure }}' as measure {{ "union all" if not loop.last }}
                {% endfor %}
            ) as measures
    ),

    uplifts as (
        select
            measured.*,
            results.treatment_value,
            results.control_value,
            results.uplift,
            results.uplift_low,
            results.uplift_high,
            case
                when results.control_value > 0
                then results.uplift / results.control_value
            end as relative_uplift,
            results.p_value,
            {% for column in ["uplift", "uplift_low", "uplift_high"] %}
                results.{{ column }}
                * measured.treatment_count
                as {{ column | replace("uplift", "total_effect") }},
            {% endfor %}
            revenue_caps.revenue_cap
        from measured
        left join
            results
            on measured.wave = results.wave
            and measured.campaign = results.campaign
            and measured.measure = results.measure
        left join
            revenue_caps
            on measured.wave = revenue_caps.wave
            and measured.campaign = revenue_caps.campaign
            and measured.measure = 'revenue_per_customer'
    ),

    worded as (
        select
            uplifts.*,
            {% for value in ["treatment_value", "control_value"] %}
                case
                    when measure = 'order_rate'
                    then {{ share_text(value, 1) }}
                    else {{ amount_text(value, 2) }}
                end as {{ value }}_text,
            {% endfor %}
            {% for value in ["uplift", "uplift_low", "uplift_high"] %}
                case
                    when measure = 'order_rate'
                    then {{ number_text("100 * " ~ value, 1) }}
                    else {{ number_text(value, 2) }}
                end as {{ value }}_text{{ "," if not loop.last }}
            {% endfor %}
        from uplifts
    ),

    campaign_uplift as (
        select
            wave,
            wave_date,
            campaign,
            measure,
            wave_date as window_start,
            window_end,
            cast(treatment_count as bigint) as treatment_count,
            cast(control_count as bigint) as control_count,
            treatment_value,
            control_value,
            uplift,
            uplift_low,
            uplift_high,
            relative_uplift,
            p_value,
            total_effect,
            total_effect_low,
            total_effect_high,
            cast(revenue_cap as double) as revenue_cap,
            is_finished,
            case
                when not is_finished
                then concat('Runs until ', window_end, '; nothing is read before.')
                when control_count = 0
                then
                    'Nobody was held back as control: what the campaign brought cannot be told.'
                when treatment_count = 0
                then 'Nobody was contacted.'
                else
                    concat(
                        case
                            when measure = 'order_rate'
                            then 'Share with an order: '
                            when measure = 'revenue_per_customer'
                            then
                                concat(
                                    'Revenue per customer, up to ',
                                    {{ amount_text("coalesce(revenue_cap, 0)") }},
                                    ' each, as if both had spent alike before: '
                                )
                            else
                                'Revenue per customer without a cap, as if both had spent alike before: '
                        end,
                        treatment_value_text,
                        ' in the treatment group, ',
                        control_value_text,
                        ' in the control group; difference ',
                        uplift_text,
                        case
                            when uplift_low is null
                            then
                                '. Groups below {{ customers_from }} customers have no interval: no more can be told.'
                            else
                                concat(
                                    ' (95 %: ',
                                    uplift_low_text,
                                    ' to ',
                                    uplift_high_text,
                                    '). ',
                                    case
                                        when uplift_low > 0
                                        then 'The campaign raised it.'
                                        when uplift_high < 0
                                        then 'The campaign lowered it.'
                                        else 'Chance alone would explain that.'
                                    end
                                )
                        end
                    )
            end as statement
        from worded
    )

select *
from campaign_uplift
