"""A segmentation as rows of numbers, and back: no pickles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from regulars.clustering.algorithms import Clusters
from regulars.clustering.evaluation import Evaluation
from regulars.clustering.refresh import Refreshed
from regulars.clustering.scaling import Scaler
from regulars.clustering.segmentation import Segmentation
from regulars.frames import TEXT

COLUMNS = {
    "recipe": TEXT,
    "parameter": TEXT,
    "cluster_id": "Int64",
    "feature": TEXT,
    "axis": "Int64",
    "value": "float64",
    "label": TEXT,
}
_SCALER_VALUES = ("fill", "lower", "upper", "center", "scale", "far_low", "far_high")
_EVALUATION = tuple(name for name in Evaluation.__dataclass_fields__ if name != "cluster_count")


def parameter_rows(runs: Sequence[Refreshed], *, algorithms: dict[str, str]) -> pd.DataFrame:
    """Write segmentations as rows.

    Args:
        runs: What to use from now on, one for each recipe.
        algorithms: The algorithm of each recipe.

    Returns:
        Columns recipe, parameter, cluster_id, feature, axis, value, label (see `COLUMNS`): each row is
        one number or text. `evaluation` rows hold the number of clusters tried in `cluster_id`.
    """
    rows = [
        {"recipe": run.segmentation.recipe} | row
        for run in runs
        for row in _rows(run, algorithms[run.segmentation.recipe])
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def segmentations_from_rows(rows: pd.DataFrame) -> dict[str, Segmentation]:
    """Read back what `parameter_rows` wrote.

    Returns:
        The segmentation of each recipe.
    """
    return {recipe: _segmentation(recipe, own) for recipe, own in rows.groupby("recipe")}


def _rows(run: Refreshed, algorithm: str) -> Iterator[dict[str, Any]]:
    fit = run.segmentation
    yield {"parameter": "definition", "label": fit.definition}
    yield {"parameter": "algorithm", "label": algorithm}
    yield {"parameter": "fitted_as_of", "label": fit.fitted_as_of.isoformat()}
    yield {"parameter": "decision", "label": run.decision}
    yield {"parameter": "reason", "label": run.reason}
    yield {"parameter": "stability_index", "value": run.stability_index}
    yield {"parameter": "customer_count", "value": fit.customer_count}
    yield {"parameter": "wanted_cluster_count", "value": fit.wanted}
    yield {"parameter": "shortfall", "label": fit.shortfall}
    yield {"parameter": "converged", "value": float(fit.clusters.converged)}
    scaler = fit.scaler
    for j, feature in enumerate(scaler.features):
        own = {"feature": feature}
        yield own | {"parameter": "position", "value": j, "label": scaler.transforms[j]}
        for name in _SCALER_VALUES:
            yield own | {"parameter": name, "value": getattr(scaler, name)[j]}
        for axis, loading in enumerate(fit.loadings[j]):
            yield own | {"parameter": "loading", "axis": axis, "value": loading}
    natural = scaler.natural(fit.clusters.centroids)
    for i, name in enumerate(fit.names):
        own = {"cluster_id": i}
        yield own | {"parameter": "name", "value": fit.shares[i], "label": name}
        if fit.clusters.offsets is not None:
            yield own | {"parameter": "offset", "value": fit.clusters.offsets[i]}
        for j, feature in enumerate(scaler.features):
            at = own | {"feature": feature}
            yield at | {"parameter": "centroid", "value": fit.clusters.centroids[i, j]}
            yield at | {"parameter": "natural_centroid", "value": natural[i, j]}
            if fit.clusters.whitening is not None:
                for axis, weight in enumerate(fit.clusters.whitening[i, j]):
                    yield at | {"parameter": "whitening", "axis": axis, "value": weight}
    for evaluation in fit.evaluations:
        measures = asdict(evaluation)
        for name in _EVALUATION:
            yield {
                "parameter": name,
                "cluster_id": evaluation.cluster_count,
                "label": "evaluation",
                "value": measures[name],
            }


def _segmentation(recipe: str, rows: pd.DataFrame) -> Segmentation:
    by_parameter = dict(list(rows.groupby("parameter")))

    def label(parameter: str) -> str | None:
        value = by_parameter[parameter]["label"].iloc[0]
        return None if pd.isna(value) else str(value)

    def number(parameter: str) -> float | None:
        value = by_parameter[parameter]["value"].iloc[0]
        return None if pd.isna(value) else float(value)

    position = by_parameter["position"].sort_values("value")
    features = tuple(position["feature"])

    def per_feature(parameter: str) -> np.ndarray:
        return by_parameter[parameter].set_index("feature")["value"].loc[list(features)].to_numpy()

    names = by_parameter["name"].sort_values("cluster_id")
    ids = names["cluster_id"].astype(int).tolist()
    centroids = (
        by_parameter["centroid"]
        .pivot(index="cluster_id", columns="feature", values="value")
        .loc[ids, list(features)]
    )
    whitening = offsets = None
    if "whitening" in by_parameter:
        size = len(features)
        weights = by_parameter["whitening"].pivot(
            index=["cluster_id", "feature"], columns="axis", values="value"
        )
        order = pd.MultiIndex.from_product([ids, features])
        whitening = weights.loc[order].to_numpy().reshape(len(ids), size, size)
        offsets = by_parameter["offset"].sort_values("cluster_id")["value"].to_numpy()
    loadings = by_parameter["loading"].pivot(index="feature", columns="axis", values="value")
    wanted = number("wanted_cluster_count")
    return Segmentation(
        recipe=str(recipe),
        definition=label("definition") or "",
        fitted_as_of=date.fromisoformat(label("fitted_as_of") or ""),
        scaler=Scaler(
            features=features,
            transforms=tuple(position["label"]),
            **{name: per_feature(name) for name in _SCALER_VALUES},
        ),
        clusters=Clusters(
            centroids=centroids.to_numpy(),
            whitening=whitening,
            offsets=offsets,
            converged=bool(number("converged")),
        ),
        names=tuple(names["label"]),
        shares=names["value"].to_numpy(),
        loadings=loadings.loc[list(features)].to_numpy(),
        evaluations=_evaluations(rows[rows["label"] == "evaluation"]),
        customer_count=int(number("customer_count") or 0),
        wanted=None if wanted is None else int(wanted),
        shortfall=label("shortfall"),
    )


def _evaluations(rows: pd.DataFrame) -> tuple[Evaluation, ...]:
    table = rows.pivot(index="cluster_id", columns="parameter", values="value").sort_index()
    return tuple(
        Evaluation(
            cluster_count=int(count),
            **{name: None if pd.isna(row[name]) else float(row[name]) for name in _EVALUATION},
        )
        for count, row in table.iterrows()
    )
