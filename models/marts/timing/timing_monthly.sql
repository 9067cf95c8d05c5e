-- Grain: one row per month_start from the first order to the scoring date.
{{ timing_by_period("month") }}
