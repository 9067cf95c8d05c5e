"""From natural units to the space that clusters are found in, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from regulars.clustering.recipe import RecipeFeature

# log1p is sign(x) ln(1 + |x|): the usual one for x >= 0, and defined for revenue below zero.
TRANSFORMS = ("identity", "log1p")
# Tukey's "far out": beyond the quartiles by three times their distance.
FAR_OUT_FACTOR = 3.0


@dataclass(frozen=True)
class Scaler:
    """Fill, clip, transform, standardise. All arrays have one entry per feature.

    Attributes:
        features: Names of the columns.
        transforms: `identity` or `log1p`.
        fill: Natural units; stands for NULL (the median of the fit, 0 if all are NULL).
        lower: Natural units; smaller values are clipped to it.
        upper: Natural units; larger values are clipped to it.
        center: Mean of the transformed values of the fit.
        scale: Their population standard deviation; 1 where they do not vary.
        far_low: Natural units; values below are extreme. NaN where the quartiles are equal.
        far_high: Natural units; values above are extreme. NaN where the quartiles are equal.
    """

    features: tuple[str, ...]
    transforms: tuple[str, ...]
    fill: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    far_low: np.ndarray
    far_high: np.ndarray

    def scaled(self, frame: pd.DataFrame) -> np.ndarray:
        """Scale customers; shape (customers, features)."""
        values = self._filled(frame)
        transformed = self._transformed(np.clip(values, self.lower, self.upper))
        return (transformed - self.center) / self.scale

    def natural(self, scaled: np.ndarray) -> np.ndarray:
        """Turn points of the scaled space back to natural units; same shape."""
        transformed = np.asarray(scaled) * self.scale + self.center
        is_log = np.array([transform == "log1p" for transform in self.transforms])
        with np.errstate(over="ignore"):
            back = np.sign(transformed) * np.expm1(np.abs(transformed))
        return np.where(is_log, back, transformed)

    def is_extreme(self, frame: pd.DataFrame) -> np.ndarray:
        """Say which customers lie far out in any feature; shape (customers,)."""
        values = self._filled(frame)
        return ((values < self.far_low) | (values > self.far_high)).any(axis=1)

    def _filled(self, frame: pd.DataFrame) -> np.ndarray:
        values = _values(frame, self.features)
        return np.where(np.isnan(values), self.fill, values)

    def _transformed(self, values: np.ndarray) -> np.ndarray:
        return _transform(values, self.transforms)


def fit_scaler(
    frame: pd.DataFrame, features: tuple[RecipeFeature, ...], *, winsorise_share: float
) -> Scaler:
    """Fit a scaler on customers.

    Args:
        frame: One row per customer; the features in natural units, NaN where undefined.
        features: Columns and their transforms.
        winsorise_share: Share of customers beyond each bound that values are clipped to (0: none is clipped).

    Returns:
        The scaler; a feature without variation is 0 for everyone.
    """
    names = tuple(item.feature for item in features)
    transforms = tuple(item.transform for item in features)
    values = _values(frame, names)
    known = ~np.isnan(values)
    columns = [column[mask] for column, mask in zip(values.T, known.T, strict=True)]

    def quantile(share: float) -> np.ndarray:
        return np.array([np.quantile(c, share) if c.size else 0.0 for c in columns])

    fill = quantile(0.5)
    lower, upper = quantile(winsorise_share), quantile(1 - winsorise_share)
    clipped = np.clip(np.where(known, values, fill), lower, upper)
    transformed = _transform(clipped, transforms)
    center = transformed.mean(axis=0)
    spread = transformed.std(axis=0)
    first, third = quantile(0.25), quantile(0.75)
    reach = np.where(third > first, FAR_OUT_FACTOR * (third - first), np.nan)
    return Scaler(
        features=names,
        transforms=transforms,
        fill=fill,
        lower=lower,
        upper=upper,
        center=center,
        # equal values leave a spread of rounding errors, not of 0
        scale=np.where(upper > lower, np.where(spread > 0, spread, 1.0), 1.0),
        far_low=first - reach,
        far_high=third + reach,
    )


def _values(frame: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    # rows in one piece, however the frame keeps its columns: sums may depend on it in the last digit
    return np.ascontiguousarray(frame[list(names)].to_numpy(dtype=float, na_value=np.nan))


def _transform(values: np.ndarray, transforms: tuple[str, ...]) -> np.ndarray:
    is_log = np.array([transform == "log1p" for transform in transforms])
    return np.where(is_log, np.sign(values) * np.log1p(np.abs(values)), values)
