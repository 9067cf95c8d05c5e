"""What the API answers. Money is in the shop's currency, shares are 0 to 1, days are whole days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Item = TypeVar("Item")
# The shop's clock has no offset, so this is no `date-time` of RFC 3339.
LocalTime = Annotated[
    datetime,
    WithJsonSchema({"type": "string", "description": "Local time, such as 2011-12-09T12:50:00."}),
]


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(from_attributes=True)


class Page(Answer, Generic[Item]):
    """Part of a list."""

    items: list[Item]
    total: int = Field(description="Items of all pages.")
    next: str | None = Field(description="Path of the next page; null on the last.")
    as_of_date: date = Field(description="First day that is not counted.")
    publish_id: str = Field(description="Names the published copy that answered.")


class CustomerItem(Answer):
    """One customer of a list."""

    customer_id: str
    segment: str
    previous_segment: str | None = Field(description="Segment at the last month end.")
    country: str | None
    cluster_id: int | None = Field(description="Of the recipe asked for.")
    cluster_name: str | None
    confidence_tier: str
    timing_persona: str
    recency_days: int = Field(description="Days from the last purchase to the as-of date.")
    frequency: int = Field(description="Number of orders.")
    monetary: float = Field(description="Net revenue.")
    r_score: int
    f_score: int
    m_score: int
    rfm_score: str
    churn_probability_90d: float | None = Field(description="No order in the next 90 days.")
    churn_risk_band: str | None
    clv_90d: float | None = Field(description="Expected net revenue of the next 90 days.")
    clv_90d_low: float | None
    clv_90d_high: float | None
    clv_tier: str | None
    value_at_risk_90d: float | None
    campaign_priority_score: float | None = Field(description="Expected gain of one contact.")
    next_purchase_window: str | None
    withheld_reason: str | None = Field(description="Why a prediction is missing.")


class Scores(Answer):
    """Predictions of one customer, with intervals."""

    churn_probability_90d: float | None
    churn_probability_180d: float | None
    churn_risk_band: str | None
    is_above_contact_threshold: bool | None
    clv_90d: float | None
    clv_90d_low: float | None
    clv_90d_high: float | None
    clv_180d: float | None
    clv_180d_low: float | None
    clv_180d_high: float | None
    clv_365d: float | None
    clv_365d_low: float | None
    clv_365d_high: float | None
    is_clv_365d_low_confidence: bool | None
    clv_tier: str | None
    value_at_risk_90d: float | None
    campaign_priority_score: float | None
    next_purchase_window: str | None
    next_order_date_low: date | None
    next_order_date_expected: date | None
    next_order_date_high: date | None
    withheld_reason: str | None


class Reason(Answer):
    """One reason of a score; the contributions of a score sum to it."""

    task: str
    reason_rank: int
    feature: str
    contribution: float
    sentence: str


class CustomerCluster(Answer):
    """The cluster of one customer by one recipe."""

    recipe: str
    cluster_id: int
    cluster_name: str
    distance: float
    is_extreme: bool


class SegmentChange(Answer):
    """The segment at a month end, and why it changed since the one before."""

    as_of_date: date
    segment: str
    recency_days: int
    frequency: int
    monetary: float
    cause: str | None


class Customer(Answer):
    """One customer, whole."""

    customer_id: str
    as_of_date: date
    publish_id: str
    country: str | None
    first_purchase_at: LocalTime
    last_purchase_at: LocalTime
    confidence_tier: str
    timing_persona: str
    segment: str
    previous_segment: str | None
    recency_days: int
    frequency: int
    monetary: float
    r_score: int
    f_score: int
    m_score: int
    rfm_score: str
    scores: Scores | None
    reasons: list[Reason]
    clusters: list[CustomerCluster]
    segment_history: list[SegmentChange]


class Segment(Answer):
    """One segment at the as-of date."""

    segment: str
    display_order: int
    customer_count: int
    customer_share: float
    revenue: float
    revenue_share: float | None
    order_count: int
    avg_recency_days: float | None
    median_recency_days: float | None
    avg_frequency: float | None
    median_frequency: float | None
    avg_monetary: float | None
    median_monetary: float | None
    aov: float | None


class SegmentDetail(Segment):
    """One segment with its past and what its customers buy."""

    as_of_date: date
    publish_id: str
    history: list[dict[str, Any]] = Field(description="Customers and revenue at month ends.")
    top_categories: list[dict[str, Any]]
    rules: list[dict[str, Any]] = Field(description="Scores that make the segment.")


class Cluster(Answer):
    """One cluster of one recipe."""

    recipe: str
    cluster_id: int
    cluster_name: str
    customer_count: int
    customer_share: float
    revenue: float
    revenue_share: float | None
    avg_recency_days: float | None
    avg_frequency: float | None
    avg_monetary: float | None
    aov: float | None
    interpretation: str | None
    recommended_actions: list[str]


class Recommendation(Answer):
    """One recommended product."""

    list: str = Field(description="buy_again or new_for_you.")
    rank: int
    stock_code: str
    description: str | None
    category: str
    score: float
    is_due: bool | None
    reason: str


class Alert(Answer):
    """One alert; amounts in the shop's currency."""

    alert_id: str
    alert: str
    alert_category: str
    title: str
    subject: str | None
    severity: str
    alert_rank: int
    value: float | None
    unit: str | None
    customer_count: int | None
    amount_at_stake: float | None
    sentence: str
    owner: str | None
    action: str | None


class Insight(Answer):
    """One opportunity; a customer is in one only."""

    insight: str
    insight_category: str
    title: str
    insight_rank: int
    customer_count: int
    expected_value: float | None
    expected_value_low: float | None
    expected_value_high: float | None
    effort: str | None
    recommended_action: str | None
    owner: str | None
    campaign_timing: str | None
    read_result_on: date | None
    sentence: str


class ModelMetric(Answer):
    """Who serves a prediction, why, and how it did on the latest past date that could be judged."""

    task: str
    horizon_days: int
    rung: str
    reason: str
    customer_count: int
    judged_on: date | None
    figure_name: str
    figure: float | None
    bg_nbd_figure: float | None
    difference_to_bg_nbd: float | None
    difference_to_bg_nbd_low: float | None
    difference_to_bg_nbd_high: float | None
    grade: str | None


class RfmValues(Answer):
    """Recency in days, number of orders, net revenue."""

    recency: int
    frequency: int
    monetary: float


class ClassifiedCustomer(Answer):
    """One customer of an upload."""

    customer_id: str
    predicted_cluster_id: int | None
    cluster_name: str | None
    cluster_interpretation: str | None
    cluster_recommendations: list[str]
    rfm_values: RfmValues
    r_score: int
    f_score: int
    m_score: int
    rfm_score: str
    segment: str
    confidence_tier: str
    churn_probability_90d: float | None
    churn_risk_band: str | None
    clv_90d: float | None
    clv_90d_low: float | None
    clv_90d_high: float | None
    next_purchase_window: str | None
    withheld_reason: str | None


class RuleCount(Answer):
    """Rows that one rule decided about."""

    disposition: str
    outcome: str
    reason: str
    row_count: int
    unit_count: int
    amount: float


class Drift(Answer):
    """How far the file's customers differ from the training population in one feature."""

    feature: str
    stability_index: float
    chance_index: float
    verdict: str


class ClassificationPage(Answer):
    """Customers of an upload, with what became of its rows on the first page."""

    items: list[ClassifiedCustomer]
    total: int
    next: str | None
    upload_id: str = Field(description="Names the upload until it is deleted.")
    recipe: str
    reference_date: date = Field(description="First day that was not counted.")
    reference_reason: str
    row_count: int
    rows_by_rule: list[RuleCount]
    drift: list[Drift]
    notes: list[str]
    publish_id: str


class Health(Answer):
    """The process lives."""

    status: str


class Ready(Answer):
    """There is a published database to answer from."""

    status: str
    as_of_date: date
    publish_id: str


class Version(Answer):
    """What answers."""

    version: str
    api_version: str
    as_of_date: date | None
    publish_id: str | None


class ProblemDocument(Answer):
    """RFC 9457 problem details."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
