"""Baskets: what is bought together, and what to recommend."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.charts import baskets, segments
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import Words, count, percent

RARE = "No two of them are bought together in enough orders (vars basket_…)."


def _lede(rows: Mapping[str, list[Row]], _words: Words) -> str | None:
    return _pair(rows["product_pairs"], _words)


def _pair(rows: list[Row], _words: Words) -> str | None:
    if not rows:
        return None
    best = rows[0]
    return (
        f"{best['first_of_pair']} and {best['second_of_pair']} are in one order {best['lift']:.1f} times as "
        f"often as chance would have it ({count(best['orders_with_both'])} orders)."
    )


def _rule(rows: list[Row], _words: Words) -> str | None:
    if not rows:
        return None
    best = rows[0]
    return (
        f"Strongest rule: who takes {best['antecedents']} also takes {best['consequents']} in "
        f"{percent(best['confidence'], 0)} of orders, {best['lift']:.1f} times the usual."
    )


def _categories(rows: list[Row], words: Words) -> str | None:
    compared = [row for row in rows if row["revenue_same_90d_last_year"]]
    if not compared:
        return None

    def difference(row: Row) -> float:
        return float(row["revenue_last_90d"] - row["revenue_same_90d_last_year"])

    up, down = max(compared, key=difference), min(compared, key=difference)
    return (
        f"Against the same 90 days last year {up['category']} gained most "
        f"({words.money(difference(up))}) and {down['category']} least ({words.money(difference(down))})."
    )


def _gap(rows: list[Row], words: Words) -> str | None:
    if not rows:
        return None
    best = rows[0]
    return (
        f"If {best['segment']} spent on {best['category']} the share that all customers do, that would be "
        f"{words.money(best['revenue_gap'])}; what an offer would bring only a test tells."
    )


def _shares_of_segment(rows: list[Row], _words: Words) -> str | None:
    known = [
        row for row in rows if row["revenue_index"] is not None and row["revenue_share"] > 0.01
    ]
    if not known:
        return None
    most_over = max(known, key=lambda row: row["revenue_index"])
    return (
        f"Furthest above the usual: {most_over['segment']} spend {most_over['revenue_index'] / 100:.1f} times "
        f"the usual share on {most_over['category']}."
    )


BASKETS = Tab(
    key="baskets",
    title="Baskets",
    question="What is bought together, and what could be recommended?",
    lede=_lede,
    panels=(
        Panel(
            key="copurchase",
            title="Categories in one order",
            about="Lift of the most frequent categories: how many times as often together as chance would have it.",
            tables=("category_copurchase_matrix",),
            query="""
select category, other_category, lift, share_of_category, orders_with_both
from category_copurchase_matrix
where category <> other_category
order by category_rank, other_category_rank""",
            missing="There are not two categories with orders.",
            chart=baskets.copurchase,
            figures=(Figure("copurchase_matrix", "lift of two categories in one order"),),
        ),
        Panel(
            key="product_pairs",
            title="Products bought together",
            about="Pairs that chance does not explain, by lift.",
            tables=("product_pairs",),
            query="""
select
    coalesce(description_a, stock_code_a) || ' + ' || coalesce(description_b, stock_code_b) as pair,
    coalesce(description_a, stock_code_a) as first_of_pair,
    coalesce(description_b, stock_code_b) as second_of_pair,
    lift, orders_with_both, support, confidence_a_to_b, confidence_b_to_a, q_value
from product_pairs
where is_significant
order by pair_rank
limit 20""",
            missing=RARE,
            chart=baskets.pairs,
            finding=_pair,
            columns=(
                "first_of_pair",
                "second_of_pair",
                "lift",
                "orders_with_both",
                "support",
                "confidence_a_to_b",
                "confidence_b_to_a",
                "q_value",
            ),
            figures=(Figure("product_pairs", "lift of the twenty strongest pairs of products"),),
        ),
        Panel(
            key="category_pairs",
            title="Categories bought together",
            about="Pairs that chance does not explain, by lift; all customers.",
            tables=("category_pairs",),
            query="""
select
    category_a || ' + ' || category_b as pair, category_a as first_of_pair,
    category_b as second_of_pair, lift, orders_with_both, support, confidence_a_to_b,
    confidence_b_to_a, q_value
from category_pairs
where is_significant and segment = 'All customers'
order by pair_rank
limit 20""",
            missing=RARE,
            chart=baskets.pairs,
            finding=_pair,
            columns=(
                "first_of_pair",
                "second_of_pair",
                "lift",
                "orders_with_both",
                "support",
                "confidence_a_to_b",
                "confidence_b_to_a",
                "q_value",
            ),
            figures=(Figure("category_pairs", "lift of pairs of categories"),),
        ),
        Panel(
            key="rules",
            title="Rules",
            about="If the first are in an order, the second is too, with this confidence. The fifty strongest of each level.",
            tables=("basket_rules",),
            query="""
select
    level, antecedents, consequents, lift, confidence, support, order_count, leverage, conviction,
    q_value
from basket_rules
where is_significant and rule_rank <= 50
order by level, rule_rank""",
            missing=RARE,
            chart=baskets.rules,
            finding=_rule,
            select="level",
            figures=(Figure("basket_rules", "support and confidence of rules"),),
        ),
        Panel(
            key="category_performance",
            title="Categories now and a year ago",
            tables=("category_performance",),
            query="""
select
    category, revenue_last_90d, revenue_same_90d_last_year, revenue_previous_90d, revenue,
    order_count, customer_count, return_rate
from category_performance
where revenue > 0
order by revenue_last_90d desc, category""",
            missing="No category of the taxonomy was sold: see seed product_category_rules.",
            chart=baskets.category_performance,
            finding=_categories,
            figures=(
                Figure("category_performance", "net revenue of 90 days; tick: a year before"),
            ),
            width="half",
        ),
        Panel(
            key="cross_sell_gaps",
            title="What segments leave out",
            tables=("cross_sell_gaps",),
            query="""
select
    segment || ': ' || category as gap, segment, category, revenue_gap, revenue_share,
    all_revenue_share, penetration, other_penetration, statement
from cross_sell_gaps
where not is_within_chance
order by revenue_gap desc, segment, category
limit 15""",
            missing="No segment spends clearly less on a category than all customers do.",
            chart=baskets.gaps,
            finding=_gap,
            columns=(
                "segment",
                "category",
                "revenue_gap",
                "revenue_share",
                "all_revenue_share",
                "penetration",
                "other_penetration",
                "statement",
            ),
            figures=(Figure("cross_sell_gaps", "revenue if a segment spent as all customers do"),),
            width="half",
        ),
        Panel(
            key="segment_categories",
            title="Segments and categories",
            about="100 is as usual; deeper cells are what a segment spends more on than all customers do.",
            tables=("report_segment_categories",),
            query="""
select
    segment, category, revenue_index, revenue_share, all_revenue_share, penetration,
    customer_count, is_suppressed
from report_segment_categories
order by display_order, category""",
            missing="No category was sold.",
            chart=segments.category_map,
            finding=_shares_of_segment,
            figures=(Figure("segment_categories", "share of revenue against all customers"),),
        ),
    ),
)
