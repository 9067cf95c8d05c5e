"""Classify a file of transactions by the SQL, the clusters and the models of a published database."""

from regulars.classify.drift import FeatureDrift, measure_drift
from regulars.classify.engine import Classification, Limits, classify
from regulars.classify.kit import Kit, NoKitError, read_kit

__all__ = [
    "Classification",
    "FeatureDrift",
    "Kit",
    "Limits",
    "NoKitError",
    "classify",
    "measure_drift",
    "read_kit",
]
