-- Grain: one row per segment and order_hour; rows with NULL hold orders without a
-- time.
{{ segment_timing("order_hour") }}
