-- Grain: one row per model of this project. Where the rows of a table come from: its
-- file and, for models of the report, the SQL that made it.
with report_sources as ({{ model_sources() }}) select * from report_sources
