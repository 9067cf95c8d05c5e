{{ config(severity="warn") }}

-- A warning means that in the latest backtest our full recipe ordered customers worse
-- than BG/NBD alone. BG/NBD serves then; `model_eligibility` has the figures.
select task, horizon_days, judged_on, figure_name, figure, bg_nbd_figure
from {{ ref("model_eligibility") }}
where grade = 'C'
