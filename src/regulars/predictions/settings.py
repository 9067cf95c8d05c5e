"""Settings of the predictions: business numbers, passed in by name; None is refused."""

from __future__ import annotations

from dataclasses import dataclass, fields

from regulars.errors import InvalidSettingError


@dataclass(frozen=True, kw_only=True)
class PredictionSettings:
    """Numbers that a shop may tune.

    Attributes:
        contact_cost: Money: cost of contacting one customer.
        contact_success_rate: Share of contacted customers, lost otherwise, who buy after all.
        margin: Share of revenue that is kept after the cost of goods.
        risk_medium_from: Churn probability from which the risk band is Medium.
        risk_high_from: Churn probability from which the risk band is High.
        segment_rates_below_customers: With fewer customers, segment rates serve.
        segment_rates_below_days: With fewer days of history, segment rates serve.
        recipe_from_customers: Customers that the full recipe needs.
        recipe_from_origins: Origins with a finished window that the full recipe needs.
        recipe_from_labelled_days: Days from the first origin to the scoring date that it needs.
        recipe_from_outcomes: Positive and negative outcomes that it needs, of each.
        share_growth_limit: Most that the share of existing customers may grow in a window, 0 to 1.
        season_days: Days of history needed before last year's sales forecast levels.
        interval_coverage: Coverage that intervals aim at, 0 to 1.
        bootstrap_resamples: Resamples behind the intervals of figures.
        random_state: Seed of everything random.
    """

    contact_cost: float
    contact_success_rate: float
    margin: float
    risk_medium_from: float
    risk_high_from: float
    segment_rates_below_customers: int
    segment_rates_below_days: int
    recipe_from_customers: int
    recipe_from_origins: int
    recipe_from_labelled_days: int
    recipe_from_outcomes: int
    share_growth_limit: float
    season_days: int
    interval_coverage: float
    bootstrap_resamples: int
    random_state: int

    def __post_init__(self) -> None:
        """Refuse settings without a value, such as those of a mistyped var."""
        for field in fields(self):
            if getattr(self, field.name) is None:
                raise InvalidSettingError(f"Setting {field.name} has no value; a number is needed.")
        if not 0 < self.risk_medium_from < self.risk_high_from < 1:
            raise InvalidSettingError(
                "Settings risk_medium_from and risk_high_from must ascend between 0 and 1; found "
                f"{self.risk_medium_from} and {self.risk_high_from}."
            )
        if not 0 < self.interval_coverage < 1:
            raise InvalidSettingError(
                f"Setting interval_coverage must lie between 0 and 1; found {self.interval_coverage}."
            )
