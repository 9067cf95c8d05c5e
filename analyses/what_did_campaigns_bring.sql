-- What did our campaigns bring?
-- How to read: one row per wave and campaign (all: the whole wave), latest first. Rates
-- are percentages of customers with an order in the window; the rise and its 95 %
-- interval are in percentage points, extra_orderers the customers who ordered because
-- of the campaign, and smallest_rise what the wave could have shown at all. An
-- interval that holds 0 is within chance. NULL: the window is not over yet, or the wave
-- is a draft, which is not measured.
with
    campaign_uplift as (select * from {{ ref("campaign_uplift") }}),

    campaign_waves as (select * from {{ ref("campaign_waves") }}),

    results as (
        select
            campaign_waves.wave,
            campaign_waves.wave_date,
            campaign_waves.campaign,
            campaign_waves.treatment_count,
            campaign_waves.control_count,
            round(100 * campaign_uplift.treatment_value, 1) as treatment_rate,
            round(100 * campaign_uplift.control_value, 1) as control_rate,
            round(100 * campaign_uplift.uplift, 1) as rise,
            round(100 * campaign_uplift.uplift_low, 1) as rise_low,
            round(100 * campaign_uplift.uplift_high, 1) as rise_high,
            round(
                100 * campaign_waves.minimum_detectable_order_rate, 1
            ) as smallest_rise,
            round(campaign_uplift.total_effect, 0) as extra_orderers,
            campaign_waves.read_result_on
        from campaign_waves
        left join
            campaign_uplift
            on campaign_waves.wave = campaign_uplift.wave
            and campaign_waves.campaign = campaign_uplift.campaign
            and campaign_uplift.measure = 'order_rate'
    )

select *
from results
order by wave_date desc, wave asc, treatment_count desc, campaign asc
