"""Squarified treemaps: rectangles whose areas are shares, as square as can be.

Source: Bruls, Huizing and van Wijk (2000), *Squarified Treemaps*, Data Visualization 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rectangle:
    """A rectangle; x to the right, y downwards."""

    x: float
    y: float
    width: float
    height: float


def squarify(sizes: Sequence[float], *, width: float, height: float) -> list[Rectangle]:
    """Lay out rectangles in the order of their sizes.

    Args:
        sizes: Positive numbers, largest first.
        width: Of the whole.
        height: Of the whole.

    Returns:
        A rectangle for each size, with its share of the area.

    Raises:
        ValueError: If a size is not positive or the sizes are not in order.
    """
    if any(size <= 0 for size in sizes):
        raise ValueError("The sizes of a treemap must be positive.")
    if list(sizes) != sorted(sizes, reverse=True):
        raise ValueError("The sizes of a treemap must be given largest first.")
    total = sum(sizes)
    areas = [size * width * height / total for size in sizes]
    left, done = Rectangle(0.0, 0.0, width, height), []
    while areas:
        side = min(left.width, left.height)
        count = 1
        while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(
            areas[:count], side
        ):
            count += 1
        placed, left = _strip(areas[:count], sum(areas), left)
        done += placed
        areas = areas[count:]
    return done


def _worst(areas: Sequence[float], side: float) -> float:
    """Largest ratio of long to short side if these areas make a strip along a side."""
    depth = sum(areas) / side
    return max(max(area / depth / depth, depth * depth / area) for area in areas)


def _strip(
    areas: Sequence[float], left_area: float, space: Rectangle
) -> tuple[list[Rectangle], Rectangle]:
    """Fill a strip along the shorter side; return what it holds and the space that is left.

    Sides are shares of the space's own, never areas over sides: what rounding has taken from a narrow rest must not
    make its rectangles stick out.
    """
    placed, total = [], sum(areas)
    if space.width >= space.height:
        depth, at = space.width * (total / left_area), space.y
        for area in areas:
            placed.append(Rectangle(space.x, at, depth, space.height * (area / total)))
            at += placed[-1].height
        rest = Rectangle(space.x + depth, space.y, max(space.width - depth, 0.0), space.height)
    else:
        depth, at = space.height * (total / left_area), space.x
        for area in areas:
            placed.append(Rectangle(at, space.y, space.width * (area / total), depth))
            at += placed[-1].width
        rest = Rectangle(space.x, space.y + depth, space.width, max(space.height - depth, 0.0))
    return placed, rest
