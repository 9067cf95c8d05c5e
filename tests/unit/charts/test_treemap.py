"""Areas are shares, nothing overlaps, nothing sticks out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.charts.treemap import squarify

SIZES = st.lists(st.floats(min_value=0.01, max_value=1e6), min_size=1, max_size=20)


@given(SIZES)
def test_areas_are_shares_of_the_whole(sizes: list[float]) -> None:
    sizes = sorted(sizes, reverse=True)
    spaces = squarify(sizes, width=160, height=60)
    assert [space.width * space.height for space in spaces] == pytest.approx(
        [size / sum(sizes) * 160 * 60 for size in sizes], rel=1e-6
    )


@given(SIZES)
def test_rectangles_lie_within_the_whole_and_apart(sizes: list[float]) -> None:
    spaces = squarify(sorted(sizes, reverse=True), width=160, height=60)
    for space in spaces:
        assert space.x >= -1e-9
        assert space.y >= -1e-9
        assert space.x + space.width <= 160 + 1e-6
        assert space.y + space.height <= 60 + 1e-6
    for one, other in itertools.combinations(spaces, 2):
        is_apart = (
            one.x + one.width <= other.x + 1e-6
            or other.x + other.width <= one.x + 1e-6
            or one.y + one.height <= other.y + 1e-6
            or other.y + other.height <= one.y + 1e-6
        )
        assert is_apart


def test_the_example_of_the_paper() -> None:
    # Bruls, Huizing and van Wijk, figure 4: the first strip holds two squares of 6
    spaces = squarify([6, 6, 4, 3, 2, 2, 1], width=6, height=4)
    assert [(space.width, space.height) for space in spaces[:2]] == [(3, 2), (3, 2)]
    assert (spaces[2].width, spaces[2].height) == pytest.approx((12 / 7, 7 / 3))


@pytest.mark.parametrize("sizes", [[1, 0], [1, -1], [1, 2]])
def test_sizes_must_be_positive_and_in_order(sizes: list[float]) -> None:
    with pytest.raises(ValueError, match="sizes of a treemap"):
        squarify(sizes, width=1, height=1)


def test_nothing_has_no_rectangle() -> None:
    assert squarify([], width=1, height=1) == []
