-- Grain: one row per quarter_start from the first order to the scoring date.
{{ timing_by_period("quarter") }}
