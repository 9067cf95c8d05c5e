"""Classify files for the command line: one table, one recipe, nothing kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from regulars.classify.engine import READING, Classification, Limits, classify
from regulars.classify.kit import Kit, read_kit
from regulars.errors import InvalidSettingError
from regulars.warehouse import open_read_only

# The command line is the user's own machine: as much as a build may take.
LIMITS = Limits(rows=1 << 40, memory="4GB", spill="200GB", threads=2, set_aside_rows=0)


def classify_files(
    database: Path,
    paths: Sequence[str],
    *,
    reading: Mapping[str, Any],
    reference_date: date | None,
    recipe: str | None,
    on_step: Callable[[int, int, str], None] | None = None,
) -> Classification:
    """Classify files; the customers carry the clusters of one recipe.

    Args:
        database: The published database.
        paths: Files, folders and globs.
        reading: Vars of reading that differ from the build's.
        reference_date: As for `regulars.classify.classify`.
        recipe: A segmentation recipe; None: the first.
        on_step: As for `regulars.classify.classify`.

    Returns:
        The classification, its `customers` with cluster_id and cluster_name of the recipe.

    Raises:
        InvalidSettingError: The recipe is unknown, or a var is none of reading.
        UnusableInputError: The files cannot be used.
        NotBuiltError: Nothing is published there.
    """
    unknown = sorted(set(reading) - set(READING))
    if unknown:
        raise InvalidSettingError(
            f"{', '.join(unknown)}: a file is classified by the rules of the published build. "
            f"What may be given is how it is written: {', '.join(READING)}."
        )
    with open_read_only(database) as connection:
        kit = read_kit(connection)
    chosen = known_recipe(kit, recipe)
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
        found = classify(
            kit,
            paths,
            reading=reading,
            reference_date=reference_date,
            limits=LIMITS,
            folder=Path(folder),
            on_step=on_step or (lambda _done, _total, _name: None),
        )
    return replace(found, customers=with_clusters(found, kit, chosen))


def known_recipe(kit: Kit, recipe: str | None) -> str:
    """The recipe, or the first where none is named.

    Raises:
        InvalidSettingError: There is no such recipe.
    """
    if recipe is None:
        return kit.recipes[0]
    if recipe not in kit.recipes:
        raise InvalidSettingError(
            f"There is no recipe '{recipe}'; there are {', '.join(kit.recipes)}."
        )
    return recipe


def with_clusters(found: Classification, kit: Kit, recipe: str) -> pa.Table:
    """The customers with cluster_id, cluster_name, what the cluster is and what to do, of one recipe.

    Args:
        found: A classification.
        kit: What it was made with.
        recipe: One of its recipes.

    Returns:
        One row per customer, sorted by customer_id.
    """
    of_recipe = pc.equal(found.clusters.column("recipe"), recipe)
    labels = found.clusters.filter(of_recipe).drop_columns(["recipe"])
    words = kit.clusters.filter(pc.equal(kit.clusters.column("recipe"), recipe))
    words = words.select(["cluster_id", "interpretation", "recommended_actions"])
    return (
        found.customers.join(labels, "customer_id", join_type="left outer")
        .join(words, "cluster_id", join_type="left outer")
        .sort_by("customer_id")
    )
