-- Grain: one row per segment and weekday.
{{ segment_timing("weekday", names=["weekday_name"]) }}
