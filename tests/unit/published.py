"""A small published database, made by hand: two customers, one wave, two alerts, two opportunities."""

from __future__ import annotations

from pathlib import Path

import duckdb

SEGMENTS = [
    "Champions", "Loyal Customers", "Potential Loyalists", "Recent Customers", "Promising", "Need Attention",
    "About To Sleep", "At Risk", "Can't Lose Them", "Hibernating", "Lost",
]  # fmt: skip

MARTS = """
create table build_settings (setting varchar primary key, value varchar);
insert into build_settings values ('currency', '"GBP"');

create table customers (as_of_date date, customer_id varchar primary key);
insert into customers values ('2011-12-10', '17850'), ('2011-12-10', '12346');

create table customer_360 (
    as_of_date date, customer_id varchar primary key, segment varchar, previous_segment varchar, recency_days integer,
    frequency integer, monetary decimal(18, 4), r_score integer, f_score integer, m_score integer, rfm_score varchar,
    primary_country varchar, cluster_auto varchar, churn_probability_90d double, clv_90d double,
    churn_reason_1 varchar, value_reason_1 varchar
);
insert into customer_360 values
    ('2011-12-10', '17850', 'Can''t Lose Them', 'Lost', 300, 9, -12.5, 1, 5, 1, '151', 'France', 'Tier 1', 0.25, 10.5, '=1+1', null),
    ('2011-12-10', '12346', 'Champions', null, 3, 2, 500, 5, 4, 5, '545', 'Spain', 'Tier 2', null, null, null, null);

create table customer_scores (as_of_date date, customer_id varchar primary key, churn_probability_90d double, clv_90d double);
insert into customer_scores select as_of_date, customer_id, churn_probability_90d, clv_90d from customer_360;

create table segment_profiles (as_of_date date, segment varchar, display_order integer);

create table campaign_audiences (
    wave varchar, is_draft boolean, wave_date date, customer_id varchar, segment varchar, priority integer, suggested_products varchar,
    message varchar, is_suppressed boolean
);
insert into campaign_audiences values
    ('autumn', false, '2011-09-10', '17850', 'Champions', 1, 'OLD', 'an earlier wave', false),
    ('winter', false, '2011-12-10', '17850', 'Can''t Lose Them', 2, '=cmd|'' /C calc''!A0; "MUG", LARGE', E'two\\nlines \U0001f49c', false),
    ('winter', false, '2011-12-10', '12346', 'Can''t Lose Them', 1, '\u05e9\u05dc\u05d5\u05dd', '-5 % today', true);

create table data_quality_ledger (disposition varchar primary key, row_count bigint);
insert into data_quality_ledger values ('sale', 7), ('return', 2);

create table orders (order_id varchar, gross_revenue decimal(18, 4), revenue decimal(18, 4));
insert into orders values ('B2', 20, 15.5), ('A1', 0.005, 0.005), ('A1', 0.005, 0.005);

create table order_lines (order_line_id bigint, description varchar, source_file varchar);
insert into order_lines values (2, 'B', 'b.csv'), (1, '=A', 'a.csv');

create table portfolio_health (
    as_of_date date, component varchar, title varchar, display_order integer, weight double, value double, unit varchar,
    value_at_0 double, value_at_100 double, score double, sentence varchar, primary key (as_of_date, component)
);
insert into portfolio_health values
    ('2011-12-10', 'repeat_customers', 'Repeat customers', 1, 1, 0.4, 'share', 0.1, 0.7, 50, '2 of 5 customers.'),
    ('2011-12-10', 'revenue_at_risk', 'Revenue at risk', 2, null, null, 'share', 0.9, 0.3, null, 'Left out. Scores are withheld.'),
    ('2011-12-10', 'overall', 'Portfolio health', 3, 1, 50, 'score', 0, 100, 50, 'Portfolio health is 50 of 100 points.');

create table alerts (
    alert_id varchar primary key, as_of_date date, alert varchar, alert_category varchar, title varchar, subject varchar,
    severity varchar, alert_rank integer, value double, unit varchar, comparison varchar, warn_threshold double,
    critical_threshold double, baseline double, customer_count bigint, amount_at_stake decimal(18, 4), period_start date,
    period_end date, sentence varchar, owner varchar, action varchar
);
insert into alerts values
    ('return_rate', '2011-12-10', 'return_rate', 'returns', 'Returns rise', 'MUGS', 'AMBER', 2, 0.12, 'ratio', 'above', 0.1,
     0.2, 0.05, null, null, '2011-11-01', '2011-12-01', 'Returns are 12 %.', 'Operations', 'Look at the goods.'),
    ('silence', '2011-12-10', 'silence', 'churn', 'Best customers are silent', null, 'RED', 1, 1234.565, 'money', 'above',
     500, 1000, null, 7, 1234.5678, null, null, '7 customers.', 'CRM', 'Call them.');

create table alert_checks (
    as_of_date date, alert varchar primary key, status varchar
);
insert into alert_checks values ('2011-12-10', 'silence', 'RED'), ('2011-12-10', 'return_rate', 'AMBER'),
    ('2011-12-10', 'send_time', 'GREEN'), ('2011-12-10', 'decay', 'NOT CHECKED');

create table insights (
    as_of_date date, insight varchar primary key, insight_category varchar, title varchar, insight_rank integer,
    customer_count bigint, probability double, expected_value_per_customer double, expected_value decimal(18, 4),
    expected_value_low decimal(18, 4), expected_value_high decimal(18, 4), drawn_from decimal(18, 4), effort varchar,
    recommended_action varchar, owner varchar, campaign_timing varchar, read_result_on date, sentence varchar
);
insert into insights values
    ('2011-12-10', 'second_order', 'growth', 'Second orders', 2, 10, 0.02, 1.005, 10.05, 5, 20, 500, 'low', 'Welcome them.',
     'CRM', 'now', '2012-03-09', '10 customers.'),
    ('2011-12-10', 'win_back', 'churn', 'Win back', 1, 1, 0.02, 30, 30.128, 10, 60.5, 1500, 'medium', 'Write to them.', 'CRM',
     'now', '2012-03-09', '1 customer.'),
    ('2011-12-10', 'cross_sell', 'cross-sell', 'Cross-sell', 3, 0, null, null, null, null, null, null, 'high', 'Nothing.', 'CRM',
     'never', null, 'Nobody.');
"""


def make_published(path: Path) -> Path:
    """Write the database; what it holds is in `MARTS`."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(MARTS)
        connection.executemany(
            "insert into segment_profiles values ('2011-12-10', ?, ?)",
            [[segment, order] for order, segment in enumerate(SEGMENTS, 1)],
        )
    return path


def change(path: Path, sql: str) -> None:
    """Run SQL on a database."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
